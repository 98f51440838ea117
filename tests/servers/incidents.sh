#!/bin/bash
# SPDX-License-Identifier: MIT
# incidents.sh [SECONDS [REGEX]] - what `make incidents` does: every sample server, buggy and fixed, under Seep with its
# driver for SECONDS (20), several at the same time, or only those whose title matches REGEX. Writes one report: what the
# drivers counted, and what Seep says, to $BUILD/incidents.md and stdout. 1: a driver or a server found a fault.
set -u

# title | variants | server | types of seep top | driver
# %V is the variant, %P the server's port, %M that of a memcached. Each driver takes --seconds N. Before the server may
# stand settings of its environment.
table='
chat, timerfd      | buggy fixed | chat_%V                    | timers inuse_space | chat_load %P
chat, timer_create | buggy fixed | chat_posix_%V              | timers inuse_space | chat_load %P
kvclient           | buggy fixed | kvclient_%V --memcached %M | inuse_space timers | kvclient_load %P
actor              | buggy fixed | actor_%V                   | inuse_objects      | actor_load %P
overlapped         | buggy fixed | overlapped_%V              | inuse_objects sockets | overlapped_load %P
playground, /staticstring  | buggy fixed | playground_%V | inuse_space | playground_load %P --rate 50 --endpoint /staticstring
playground, /fileprovider  | buggy fixed | playground_%V | watches fds | playground_load %P --rate 1 --endpoint /fileprovider
playground, steady strings and clients | fixed | playground_%V | alloc_space inuse_space sockets | playground_load %P --endpoint /bigstring --endpoint /httpclient1 --endpoint /httpclient2
playground, steady blocks and arrays   | fixed | playground_%V | alloc_space inuse_space | playground_load %P --endpoint /loh/131000 --endpoint /loh/200000 --endpoint /array/20000 --endpoint /pooledarray/20000
playground, /spike         | fixed | playground_%V | inuse_space | playground_load %P --rate 20 --endpoint /spike/100000..10000000
playground, /spike, memory not trimmed | fixed | MALLOC_TRIM_THRESHOLD_=268435456 playground_%V | inuse_space | playground_load %P --rate 20 --endpoint /spike/100000..10000000
playground, /scatter       | fixed | playground_%V | inuse_space | playground_load %P --rate 20 --endpoint /scatter/100000..10000000
'

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib/common.bash
source tests/lib/common.bash
BUILD=$(realpath "${BUILD:-build}")
SEEP=$BUILD/seep
seconds=${1:-20}
pattern=${2:-.}
report=${REPORT:-$BUILD/incidents.md}
at_a_time=$((3 * $(nproc)))
folder=$(mktemp -d)

end() {
  local file
  for file in "$folder"/*.pid; do
    [[ ! -e $file ]] || kill -KILL "$(<"$file")" 2>/dev/null
  done
  rm -rf "$folder"
}
trap end EXIT

give_up() {
  echo "incidents: $*" >&2
  exit 1
}

start_memcached() {
  local tries
  for tries in {1..10}; do
    memcached_port=$((20000 + RANDOM % 20000))
    listens "$memcached_port" && continue
    memcached -l 127.0.0.1 -p "$memcached_port" -U 0 -t 1 -u nobody 2>"$folder/memcached.err" &
    echo $! >"$folder/memcached.pid"
    disown # it is not waited for
    wait_until 5 listens "$memcached_port" && return
  done
  give_up "memcached did not start after $tries tries: $(<"$folder/memcached.err")"
}

filled() { # TEXT VARIANT PORT: the command with its names and numbers
  local text=${1//%V/$2}
  text=${text//%P/$3}
  echo "${text//%M/${memcached_port:-}}"
}

# What Seep says of a server that has done its work and still runs.
incident_look() { # RUN TYPE...
  local run=$folder/$1 type
  for type in "${@:2}"; do
    "$SEEP" top --type "$type" -n 5 "$run.db" >"$run.$type" 2>&1 || echo "seep top ended with $?" >>"$run.fault"
  done
  if "$SEEP" help | grep -q '^  growth '; then
    "$SEEP" growth "$run.db" >"$run.growth" 2>&1 || echo "seep growth ended with $?" >>"$run.fault"
  fi
}

# One server with one driver. Leaves RUN.counts, RUN.TYPE, RUN.growth; RUN.fault if something went wrong.
incident_run() { # RUN TITLE VARIANT TYPES SERVER DRIVER
  local run=$folder/$1 pid command settings=()
  read -ra command <<<"$(filled "$5" "$3" '')"
  while [[ ${command[0]} == *=* ]]; do
    settings+=("${command[0]}")
    command=("${command[@]:1}")
  done
  env "${settings[@]}" LD_PRELOAD="$BUILD/libseep.so" SEEP_OPTIONS="out=$run.db" \
    "$BUILD/tests/servers/${command[0]}" "${command[@]:1}" \
    >"$run.port" 2>"$run.err" &
  pid=$!
  echo "$pid" >"$run.pid"
  wait_until 10 test -s "$run.port" || echo 'the server did not start' >>"$run.fault"
  read -ra command <<<"$(filled "$6" "$3" "$(<"$run.port")")"
  "$BUILD/tests/servers/${command[0]}" "${command[@]:1}" --seconds "$seconds" >"$run.counts" 2>>"$run.fault" ||
    echo "the driver ended with $?" >>"$run.fault"
  sleep 1.5 # the recorder has seen what is left
  # shellcheck disable=SC2086 # several words
  incident_look "$1" $4
  kill -TERM "$pid"
  wait "$pid" || echo "the server ended with $?: $(<"$run.err")" >>"$run.fault"
  rm "$run.pid"
}

# How much, and where: the first line of a `seep top`.
top_first() { # FILE
  awk 'found { print (NF < 6 ? "nothing" : $1 " in " $6); exit } $1 == "flat" { found = 1 }' "$1"
}

block() { # FILE
  # shellcheck disable=SC2016 # Markdown's quotes, not the shell's
  [[ ! -e $1 ]] || printf '\n```\n%s\n```\n' "$(sed "s,$folder/,,g; s/[[:space:]]*\$//" "$1")"
}

counts() { # RUN
  paste -sd, "$folder/$1.counts" | sed 's/,/, /g'
}

# The callsites that leak by `seep growth`.
leaks() { # RUN
  [[ -e $folder/$1.growth ]] || return
  awk '$1 == "LEAK" { printf "%s%s", separator, $2; separator = ", " } END { if (!separator) printf "none" }' "$folder/$1.growth"
}

summary_line() { # RUN TITLE VARIANT TYPES
  local type most='' fault=''
  for type in $4; do
    most+="${most:+; }$type: $(top_first "$folder/$1.$type")"
  done
  [[ ! -s $folder/$1.fault ]] || fault='; **fault**'
  echo "| $2 | $3 | $(counts "$1") | $most$fault | $(leaks "$1") |"
}

incident_print() { # RUN TITLE VARIANT TYPES
  local type
  printf '\n## %s, %s\n\n%s\n' "$2" "$3" "$(counts "$1")"
  [[ ! -s $folder/$1.fault ]] || printf '\n**Fault:** %s\n' "$(<"$folder/$1.fault")"
  for type in $4; do
    block "$folder/$1.$type"
  done
  block "$folder/$1.growth"
}

report_print() {
  # shellcheck disable=SC2016 # as above
  printf '# Incidents\n\nEach sample server, %d s under its driver (`make incidents`).\n\n' "$seconds"
  printf '| server | variant | what the driver did | what is held most, and where | leaks |\n|---|---|---|---|---|\n'
  each summary_line
  each incident_print
}

# Calls CMD RUN TITLE VARIANT TYPES SERVER DRIVER for each run that was asked for.
each() { # CMD
  local title variants server types driver variant run=0
  while IFS='|' read -r title variants server types driver; do
    read -r title <<<"$title" # without the spaces around it
    [[ -n $title && $title =~ $pattern ]] || continue
    for variant in $variants; do
      run=$((run + 1))
      "$1" "$run" "$title" "$variant" "$types" "$server" "$driver"
    done
  done <<<"$table"
}

incident_start() { # as for incident_run
  while (($(jobs -rp | wc -l) >= at_a_time)); do
    wait -n
  done
  if [[ $5 == *%M* && -z $memcached_port ]]; then
    start_memcached
  fi
  echo "incidents: $2, $3" >&2
  incident_run "$@" &
  runs+=($!)
}

memcached_port=''
runs=()
each incident_start
((${#runs[@]} > 0)) || give_up "no title matches $pattern"
wait "${runs[@]}"
report_print >"$report"
cat "$report"
echo "incidents: the report is in $report" >&2
faults=$(find "$folder" -name '*.fault' -size +0)
[[ -z $faults ]]
