#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# selfcost.sh - Seep's estimate of what its hooks cost, held against the truth: each workload bare and under Seep in turn, ROUNDS times.
# Measured is the difference in CPU time (user and system of the program, without the recorder); estimated is hook_ns of the
# recording, for the same run. What a process does without an event costs Seep nothing, so that the two should agree but for
# what an estimate of the hooks cannot see: the start, page tables, and what the hooks displace from caches and branch prediction.
# usage: tests/bench/selfcost.sh [ROUNDS]     (BUILD names the build; SAMPLE=BYTES: sampled, as --sample)
set -u
rounds=${1:-5}
build=$(cd "${BUILD:-build}" && pwd)
python=$(PATH=/usr/bin:/bin command -v python3)
work=$(mktemp -d)
server=0
trap 'end_server; rm -rf "$work"' EXIT
cd "$work" || exit 3

# below TOOL: sets `tool` to the words that stand before a command
below() {
  tool=(env)
  [ "$1" = bare ] && return
  rm -f "$work"/seep.db* "$work/arena"
  tool=(env "LD_PRELOAD=$build/libseep.so" "SEEP_OPTIONS=out=$work/seep.db:arena=$work/arena${SAMPLE:+:sample=$SAMPLE}")
}

# hook_ns and error_ns of the newest recording, as soon as that is complete; 0 0 for a bare run
estimate() {
  [ "$1" = bare ] && echo 0 0 && return
  for _ in $(seq 200); do
    [ "$(sqlite3 -cmd '.timeout 5000' "$work/seep.db" "SELECT value FROM meta WHERE key = 'state'" 2>/dev/null)" = ended ] && break
    sleep 0.1
  done
  sqlite3 -cmd '.timeout 5000' -separator ' ' "$work/seep.db" "SELECT sum(hook_ns), sum(error_ns) FROM hook_cost"
}

# CPU nanoseconds of a command, and the estimate
timed() { # TOOL CMD...
  local on=$1 cpu
  below "$on"
  shift
  cpu=$("$python" -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdin=open("input") if sys.argv[-1] == ":memory:" else None, stdout=subprocess.DEVNULL)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(round(1e9 * (usage.ru_utime + usage.ru_stime)))' "${tool[@]}" "$@") || exit 3
  echo "$cpu $(estimate "$on")"
}

python_json() {
  PYTHONMALLOC=malloc PYTHONHASHSEED=0 timed "$1" "$python" -c '
import json
d = {"k%d" % i: [i, str(i), {"x": i}] for i in range(2000)}
for _ in range(200): json.loads(json.dumps(d))'
}

sqlite_script() {
  cat >input <<'SQL'
CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c REAL);
INSERT INTO t SELECT value, printf('%d-%s', value, hex(value)), value / 7.0 FROM generate_series(1, 200000);
CREATE INDEX i ON t (b);
SELECT count(*), sum(length(b)), max(c) FROM t WHERE b LIKE '%7%';
SELECT substr(b, 1, 3) AS k, count(*), group_concat(a) FROM t GROUP BY k;
SELECT json_group_array(json_object('a', a, 'b', b)) FROM t;
UPDATE t SET b = b || 'x' WHERE a % 3 = 0;
SQL
  timed "$1" sqlite3 :memory:
}

start_only() { timed "$1" env; }

churn_pairs() { timed "$1" "$build/tests/programs/cost_events" pairs "${PAIRS:-20000000}"; }

end_server() {
  [ "$server" -gt 0 ] || return 0
  kill "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  server=0
}

# of the server alone: the sum of utime and stime, which are fields 14 and 15 of stat
server_cpu_ns() {
  sed 's/.*) //' "/proc/$server/stat" | awk -v hertz="$(getconf CLK_TCK)" '{ printf "%.0f\n", 1e9 * ($12 + $13) / hertz }'
}

redis_pipelined() {
  local cpu
  below "$1"
  "${tool[@]}" redis-server --port 0 --unixsocket "$work/redis" --save '' >log 2>&1 &
  server=$!
  for _ in $(seq 100); do
    redis-cli -s "$work/redis" ping >/dev/null 2>&1 && break
    sleep 0.1
  done
  redis-benchmark -s "$work/redis" -t set -r 10000 -q -n 2000000 -P 16 >/dev/null 2>&1 || exit 3
  cpu=$(server_cpu_ns)
  end_server
  echo "$cpu $(estimate "$1")"
}

printf '%-16s %9s %10s %10s %10s   %s\n' workload 'bare, s' 'added, s' 'estimate' 'stated +-' \
  "estimate / added: median of $rounds interleaved rounds, least and greatest"
for workload in ${WORKLOADS:-python_json sqlite_script redis_pipelined churn_pairs start_only}; do
  : >"$work/rounds"
  for _ in $(seq "$rounds"); do
    for on in bare seep; do $workload $on; done | paste -sd' ' >>"$work/rounds"
  done
  "$python" - "$work/rounds" "$workload" <<'PYTHON'
import statistics, sys
rows = [[float(x) / 1e9 for x in line.split()] for line in open(sys.argv[1])]
middle = lambda values: statistics.median(values)
ratios = sorted(row[4] / (row[3] - row[0]) for row in rows)
print("%-16s %9.2f %10.2f %10.2f %10.2f   %.2f (%.2f-%.2f)" % (
    sys.argv[2], middle([row[0] for row in rows]), middle([row[3] - row[0] for row in rows]),
    middle([row[4] for row in rows]), middle([row[5] for row in rows]), middle(ratios), ratios[0], ratios[-1]))
PYTHON
done
