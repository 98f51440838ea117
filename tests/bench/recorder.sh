#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# recorder.sh - what the recorder takes: user and system time and page faults of its process, by wait4, from its exec to its end;
# of several builds in turn, ROUNDS times, and the medians. `steady` is instead the share of a core that it takes while 2,048
# callsites change each second (schedstat, 8 s). `start` is what a process that does next to nothing takes more under Seep, without
# the recorder: user and system time of 100 of them.
# `cold` is `redis` without the names that recorders keep from run to run (seep-record(1)); all others have them from the second round on.
# usage: tests/bench/recorder.sh [ROUNDS [BUILD...]]     (BUILD of the environment, or build, if none is named; WORKLOADS="...")
set -u
rounds=${1:-5}
[ $# -gt 0 ] && shift
builds=("${@:-${BUILD:-build}}")
tools=$(cd "${BUILD:-build}" && pwd)
work=$(mktemp -d)
arena=$(mktemp -u /dev/shm/recorder.XXXXXX) # where it lies by default: on a file system of memory
server=0
export XDG_CACHE_HOME=$work
trap 'end_server; rm -rf "$work" "$arena"' EXIT

end_server() {
  [ "$server" -gt 0 ] || return 0
  kill "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  server=0
}

redis() {
  "$@" redis-server --port 0 --unixsocket "$work/redis" --save '' >/dev/null 2>&1 &
  server=$!
  for _ in $(seq 100); do
    redis-cli -s "$work/redis" ping >/dev/null 2>&1 && break
    sleep 0.1
  done
  timeout 2 redis-benchmark -s "$work/redis" -t set -r 10000 -q -n 9000000 >/dev/null 2>&1
  end_server
}

cold() {
  rm -rf "$XDG_CACHE_HOME/seep"
  redis "$@"
}

cc1() {
  local compiler
  compiler=$(gcc -print-prog-name=cc1)
  [ -f "$work/cc1.i" ] || gcc -E -P -include stdio.h -include stdlib.h -include unistd.h -x c preload/state.c -D_GNU_SOURCE >"$work/cc1.i"
  "$@" "$compiler" -quiet -O2 -std=gnu11 "$work/cc1.i" -o /dev/null
}

python() { "$@" /usr/bin/python3 -c pass; }

sqlite() { echo "CREATE TABLE t(a, b); INSERT INTO t SELECT value, hex(value) FROM generate_series(1, 50000); CREATE INDEX i ON t(b);" | "$@" sqlite3 :memory:; }

true() { "$@" env >/dev/null; }

begin() { # BUILD: sets `under`
  rm -f "$work"/seep.db* "$arena" "$work/cost"
  under=(env "LD_PRELOAD=$1/libseep.so" "RECORDER=$1/seep" "RECORDER_COST=$work/cost"
    "SEEP_OPTIONS=out=$work/seep.db:arena=$arena:recorder=$tools/tests/bench/recorder_cost")
}

recorder_pid() { sed -n 's/^pid //p' "$work/cost" 2>/dev/null; }

await_recorder() {
  for _ in $(seq 400); do
    grep -q '^cpu' "$work/cost" 2>/dev/null && return
    sleep 0.05
  done
}

# one figure or two: milliseconds and page faults, or percent
measure() { # WORKLOAD BUILD
  begin "$2"
  case $1 in
  steady) steady ;;
  start) start "$2" ;;
  *)
    $1 "${under[@]}"
    await_recorder
    awk '$1 == "cpu" { print $2 / 1000, $4 }' "$work/cost"
    ;;
  esac
}

steady() {
  local before after
  "${under[@]}" "$tools/tests/bench/steady_sites" 2048 14 &
  server=$!
  sleep 4
  before=$(cut -d' ' -f1 "/proc/$(recorder_pid)/schedstat")
  sleep 8
  after=$(cut -d' ' -f1 "/proc/$(recorder_pid)/schedstat")
  end_server
  await_recorder
  awk -v ns=$((after - before)) 'BEGIN { print ns / 8e7 }'
}

# An arena is not used twice.
cpu_of_hundred() { # WORDS...: milliseconds
  PATH=/usr/bin:/bin python3 -c '
import os, resource, subprocess, sys
for _ in range(100):
    subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL)
    if os.path.exists(sys.argv[1]): os.unlink(sys.argv[1])
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(1e3 * (usage.ru_utime + usage.ru_stime))' "$arena" "$@"
}

start() { # BUILD
  local bare with
  bare=$(cpu_of_hundred env)
  with=$(cpu_of_hundred env "LD_PRELOAD=$1/libseep.so" "SEEP_OPTIONS=out=$work/seep.db:arena=$arena:recorder=none" env)
  awk -v bare="$bare" -v with="$with" 'BEGIN { print (with - bare) / 100 }'
}

median() { # COLUMN of standard input
  awk -v column="$1" 'NF >= column { print $column }' | sort -n | awk '{ value[NR] = $1 } END { if (NR) printf "%.2f", value[int((NR + 1) / 2)] }'
}

printf '%-8s %-30s %10s %10s   (medians of %s interleaved rounds)\n' workload build 'ms or %' faults "$rounds"
for workload in ${WORKLOADS:-cold redis cc1 python sqlite true start steady}; do
  for _ in $(seq "$rounds"); do
    for at in "${!builds[@]}"; do
      measure "$workload" "$(cd "${builds[$at]}" && pwd)" >>"$work/$workload.$at"
    done
  done
  for at in "${!builds[@]}"; do
    printf '%-8s %-30s %10s %10s\n' "$workload" "${builds[$at]}" "$(median 1 <"$work/$workload.$at")" "$(median 2 <"$work/$workload.$at")"
  done
done
