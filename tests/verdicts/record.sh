#!/bin/bash
# SPDX-License-Identifier: MIT
# record.sh [-e] [REGEX] - what `make verdicts-record` does: runs the scenarios of scenarios.txt (or those whose names match
# REGEX) under Seep, real servers with bounded loads on free ports of the loopback, several at the same time, and writes
# what was recorded to tests/verdicts/NAME.series with its true labels. The recordings stay in $BUILD/verdicts; -e only
# exports them anew. AT_A_TIME says how many run together. 1: a server or a load found a fault; its series is not written.
#
# A third of the series is held out while the judgement is tuned: those whose name's cksum is divisible by 3.
set -u

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib/common.bash
source tests/lib/common.bash
BUILD=$(realpath "${BUILD:-build}")
PATH=/usr/bin:/bin:$PATH:/usr/sbin:/sbin # the distribution's Python
verdicts=$PWD/tests/verdicts
table=$verdicts/scenarios.txt
recordings=$BUILD/verdicts
at_a_time=${AT_A_TIME:-$((6 * $(nproc)))}
folder=$(mktemp -d)
chmod 755 "$folder"
mkdir -p "$recordings"
export LIB=$BUILD/libseep.so

end() {
  local file
  for file in "$folder"/*/*.pid; do
    [[ ! -e $file ]] || kill -TERM "$(<"$file")" 2>/dev/null
  done
  rm -rf "$folder"
}
trap end EXIT
trap 'exit 1' INT TERM

# ---- servers: each in a directory of its own; sets $pid, $port, and $version ----

begin() { # CMD...
  env "${settings[@]}" LD_PRELOAD="$LIB" SEEP_OPTIONS="out=$PWD/run.db" "$@" >server.out 2>server.err &
  pid=$!
  echo "$pid" >server.pid
}

begin_with_port() { # CMD...: it prints its port
  begin "$@"
  wait_until 20 test -s server.out
  port=$(head -n 1 server.out)
  [[ -n $port ]]
}

begin_at_port() { # CMD...
  begin "$@"
  wait_until 20 listens "$port"
}

serve_redis() {
  version=$(redis-server --version | grep -o 'v=[0-9.]*')
  begin_at_port redis-server --port "$port" --save '' --dir "$PWD" "$@"
}

serve_memcached() {
  version=$(memcached --version)
  begin_at_port memcached -l 127.0.0.1 -p "$port" -U 0 -u nobody "$@"
}

serve_python() { # MODE
  version=$(python3 --version)
  begin_with_port python3 "$verdicts/growth_server.py" "$@"
}

serve_node() { # MODE
  version=$(node --version)
  begin_with_port node "$verdicts/growth_server.js" "$@"
}

serve_nginx() { # [DIRECTIVE]...: with '~' for spaces
  local directives=("${@//'~'/' '}") i
  version=$(nginx -v 2>&1)
  mkdir site
  for i in {0..1499}; do
    printf '%0*d\n' $((i % 500 + 1)) "$i" >"site/$i"
  done
  cat >nginx.conf <<CONF
worker_processes 2;
daemon off;
pid $PWD/nginx.pid;
error_log $PWD/error.log;
events { worker_connections 512; }
http {
  access_log $PWD/access.log;
  client_body_temp_path $PWD/temp; proxy_temp_path $PWD/temp; fastcgi_temp_path $PWD/temp; uwsgi_temp_path $PWD/temp;
  scgi_temp_path $PWD/temp;
  server {
    listen 127.0.0.1:$port;
    root $PWD/site;
    ${directives[*]}
  }
}
CONF
  begin_at_port nginx -c "$PWD/nginx.conf" -e "$PWD/error.log"
}

serve_postgres() { # SETTING...
  local bin
  bin=$(postgres_programs)
  version=$("$bin/postgres" --version)
  # the user postgres may not be able to enter the build
  cp "$LIB" "$BUILD/seep" .
  LIB=$PWD/libseep.so
  [[ $(id -u) != 0 ]] || chown -R postgres .
  "${as_postgres[@]}" "$bin/initdb" -D "$PWD/data" -A trust -U postgres --no-sync >initdb.out || return
  # the user's own wrapper is not recorded: Seep begins in the server
  "${as_postgres[@]}" env LD_PRELOAD="$LIB" SEEP_OPTIONS="out=$PWD/run.db" \
    "$bin/postgres" -D "$PWD/data" -p "$port" -k "$PWD" -c listen_addresses=127.0.0.1 -c fsync=off "$@" \
    >server.out 2>server.err &
  pid=$!
  echo "$pid" >server.pid
  wait_until 20 "$bin/pg_isready" -h 127.0.0.1 -p "$port"
}

# ---- loads ----

load() { # PROTOCOL OPTION...
  python3 "$verdicts/load.py" "$1" "$port" --seconds "$seconds" "${@:2}"
}

# A query of one of so many tables by each of a few connections: their caches of relations, plans and types warm.
tables() { # COUNT PGBENCH_OPTION...
  local i
  for ((i = 0; i < $1; i++)); do
    echo "CREATE TABLE t$i (id int PRIMARY KEY, a text, b numeric); INSERT INTO t$i VALUES (1, 'one', 1);"
  done | psql -q -h 127.0.0.1 -p "$port" -U postgres postgres
  # shellcheck disable=SC2016 # pgbench's variable
  printf '\\set table random(0, %d)\nSELECT a, b FROM t:table WHERE id = 1;\n' $(($1 - 1)) >script
  pgbench -h 127.0.0.1 -p "$port" -U postgres -n -f script -T "$seconds" "${@:2}" postgres
}

bench() { # PGBENCH_OPTION...
  pgbench -h 127.0.0.1 -p "$port" -U postgres -i -s 1 postgres
  pgbench -h 127.0.0.1 -p "$port" -U postgres -T "$seconds" "$@" postgres
}

every() { # SECONDS WHAT...
  local until=$((SECONDS + seconds - 2))
  while sleep "$1" && ((SECONDS < until)); do
    "${@:2}" || return
  done
}

reload() {
  kill -HUP "$pid"
}

rotate() {
  mv access.log access.log.1 && kill -USR1 "$pid"
}

sample_load() { # NAME_load OPTION...
  "$BUILD/tests/servers/$1" "$port" --seconds "$seconds" "${@:2}"
}

# ---- what a recording has of each second ----

# A recorder keeps the seconds of two minutes: copies, made while it runs, keep the others.
seconds_copy() {
  local i=0
  while sleep 60 && [[ -e server.pid ]]; do
    sqlite3 -cmd '.timeout 5000' run.db ".backup copy-$((i++)).db" 2>>copy.err
  done
}

seconds_restore() {
  local copy
  for copy in copy-*.db; do
    [[ -e $copy ]] || continue
    sqlite3 -cmd '.timeout 10000' run.db "ATTACH '$copy' AS copy;
      INSERT OR IGNORE INTO sample_second SELECT * FROM copy.sample_second;
      INSERT OR REPLACE INTO process_sample SELECT * FROM copy.process_sample WHERE resolution = 1;
      INSERT OR REPLACE INTO event_series SELECT * FROM copy.event_series WHERE resolution = 1;
      UPDATE meta SET value = 0 WHERE key = 'seconds_from';" || return
  done
}

# ---- scenarios ----

server_start() { # SERVER...
  settings=()
  while [[ $1 == *=* ]]; do
    settings+=("$1")
    shift
  done
  version=''
  port=$(free_port)
  case $1 in
  kvclient_*)
    memcached -l 127.0.0.1 -p "$port" -U 0 -t 1 -u nobody 2>memcached.err &
    echo $! >memcached.pid
    wait_until 10 listens "$port"
    begin_with_port "$BUILD/tests/servers/$1" --memcached "$port" "${@:2}"
    ;;
  patterns | *_buggy | *_fixed) begin_with_port "$BUILD/tests/servers/$1" "${@:2}" ;;
  *) "serve_$1" "${@:2}" ;;
  esac
}

load_run() { # LOAD
  local part words code=0 pids=()
  while IFS= read -r part; do
    read -ra words <<<"$part"
    [[ ${words[0]} != *_load ]] || words=(sample_load "${words[@]}")
    "${words[@]}" >>load.out 2>>load.err &
    pids+=($!)
  done <<<"${1//&/$'\n'}"
  for part in "${pids[@]}"; do
    wait "$part" || code=$?
  done
  return "$code"
}

server_stop() {
  local signal=TERM
  [[ ! -d data ]] || signal=INT
  sleep 1.5
  kill -"$signal" "$pid" 2>/dev/null
  wait_until 30 gone "$pid" || kill -KILL "$pid"
  [[ ! -e memcached.pid ]] || kill -TERM "$(<memcached.pid)"
  rm -f ./*.pid
  wait_until 60 is_finished run.db
}

scenario_run() { # NAME SECONDS SERVER LOAD
  local words pid='' port version seconds=$2 settings copier
  mkdir "$folder/$1" && cd "$folder/$1" || return
  read -ra words <<<"$3"
  server_start "${words[@]}" || { echo "$1: the server did not start: $(tail -n 3 server.err)" >&2; server_stop; return 1; }
  seconds_copy &
  copier=$!
  load_run "$4" || { echo "$1: the load failed: $(tail -n 3 load.err)" >&2; server_stop; return 1; }
  server_stop || { echo "$1: the recording did not end" >&2; return 1; }
  kill "$copier"
  seconds_restore || { echo "$1: the copies cannot be read" >&2; return 1; }
  echo "$version" >version
  cp run.db "$recordings/$1.db" && cp version "$recordings/$1.version"
  cd "$folder" && rm -rf "${folder:?}/$1"
}

scenario_export() { # NAME SECONDS SERVER LOAD LABELS
  local labels=() label set=tuned version
  (($(printf %s "$1" | cksum | cut -d' ' -f1) % 3)) || set=held-out
  version=$(<"$recordings/$1.version")
  set -f
  for label in $5; do
    case $label in
    merge) labels+=(--merge yes) ;;
    *) labels+=(--label "$label") ;;
    esac
  done
  set +f
  "$BUILD/tests/verdicts/judge_series" --export --set "$set" --source "$3${version:+ ($version)}, $2 s of $4" --most 10 \
    "${labels[@]}" "$recordings/$1.db" >"$folder/$1.series" && mv "$folder/$1.series" "$verdicts/$1.series"
}

each() { # CMD: with NAME SECONDS SERVER LOAD LABELS
  local name seconds server load labels
  while IFS='|' read -r name seconds server load labels; do
    read -r name <<<"$name" # without the spaces around it
    [[ -n $name && $name != '#'* && $name =~ $pattern ]] || continue
    read -r server <<<"$server"
    read -r load <<<"$load"
    "$1" "$name" "${seconds// /}" "$server" "$load" "$labels"
  done <"$table"
}

scenario_start() {
  while (($(jobs -rp | wc -l) >= at_a_time)); do
    wait -n || failed=1
  done
  echo "verdicts-record: $1, $2 s" >&2
  (trap - EXIT && scenario_run "$@" && scenario_export "$@") &
}

is_export=0
if [[ ${1:-} == -e ]]; then
  is_export=1
  shift
fi
pattern=${1:-.}
failed=0
if ((is_export)); then
  each scenario_export
else
  each scenario_start
  while [[ -n $(jobs -rp) ]]; do
    wait -n || failed=1
  done
fi
((failed == 0))
