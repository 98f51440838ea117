#!/usr/bin/env bash
# What Seep and heaptrack cost: each workload bare, under Seep and under heaptrack in turn, ROUNDS times; CPU time (user and system)
# of the program and of all processes that the tool adds, for the same work, as the medians of the ratios to the bare run of the same round. usage: tests/bench/overhead.sh [ROUNDS]     (BUILD names the build)
# Servers listen on loopback only and are stopped by process id.
set -u
rounds=${1:-3}
build=$(cd "${BUILD:-build}" && pwd)
work=$(mktemp -d)
server=0
trap 'stop; rm -rf "$work"' EXIT
cd "$work" || exit 3

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# below TOOL: sets `tool` to the words that stand before a command
below() {
  case $1 in
    bare) tool=(env) ;;
    seep) tool=(env "LD_PRELOAD=$build/libseep.so" "SEEP_OPTIONS=out=$work/seep.$RANDOM.db:arena=$work/arena") ;;
    heaptrack) tool=(heaptrack -o "$work/heaptrack") ;;
  esac
}

# start TOOL CMD...: in the background; `exec` so that $! is the command or the tool
start() {
  below "$1"
  shift
  (exec "${tool[@]}" "$@") >"$work/log" 2>&1 &
  server=$!
}

stop() {
  local pid=$server child
  [ "$pid" -gt 0 ] || return 0
  for child in $(pgrep -P "$pid"); do kill "$child" 2>/dev/null; done
  kill "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  for _ in $(seq 100); do
    pgrep -f "record --arena $work/arena" >/dev/null || break
    sleep 0.1
  done
  server=0
}

answers() {
  for _ in $(seq 100); do
    (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
    sleep 0.1
  done
  echo "overhead: no server on port $1: $(tail -1 "$work/log")" >&2
  exit 3
}

# The server, its children, and the recorder, which is nobody's child.
processes() {
  local child
  echo "$1"
  for child in $(pgrep -P "$1"); do processes "$child"; done
}
cpu_ticks() {
  local pid
  for pid in $(processes "$server") $(pgrep -f "record --arena $work/arena"); do
    sed 's/.*) //' "/proc/$pid/stat"
  done 2>/dev/null | awk '{ ticks += $12 + $13 } END { print ticks }'
}

# Each workload prints its cost for a fixed amount of work.
redis() {
  local port before
  port=$(free_port)
  start "$1" redis-server --port "$port" --save '' --bind 127.0.0.1
  answers "$port"
  before=$(cpu_ticks)
  redis-benchmark -p "$port" -t set -r 10000 -q -n "$2" -P "$3" >/dev/null 2>&1
  echo $(($(cpu_ticks) - before))
  stop
}
redis_plain() { redis "$1" 200000 1; }
redis_pipelined() { redis "$1" 2000000 16; }

nginx_wrk() {
  local port before
  port=$(free_port)
  mkdir -p "$work/nginx"
  echo hello >"$work/nginx/index.html"
  cat >"$work/nginx.conf" <<CONF
daemon off; worker_processes 1; pid $work/nginx.pid; error_log $work/nginx.error;
events { worker_connections 512; }
http { access_log off; server { listen 127.0.0.1:$port; root $work/nginx; } }
CONF
  chmod 755 "$work" "$work/nginx"
  start "$1" nginx -c "$work/nginx.conf" -e "$work/nginx.error"
  answers "$port"
  before=$(cpu_ticks)
  wrk -t1 -c32 -d3 "http://127.0.0.1:$port/" >"$work/wrk"
  awk -v ticks=$(($(cpu_ticks) - before)) '/requests in/ { print 1e6 * ticks / $1 }' "$work/wrk"
  stop
}

# User and system time of the program and of what it waits for.
python_json() {
  local program='
import json
d = {"k%d" % i: [i, str(i), {"x": i}] for i in range(2000)}
for _ in range(60): json.loads(json.dumps(d))'
  below "$1"
  PYTHONMALLOC=malloc python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(usage.ru_utime + usage.ru_stime)' "${tool[@]}" /usr/bin/python3 -c "$program"
}

printf '%-18s %10s %10s   (cost against bare, median of %d interleaved rounds; least and greatest)\n' \
  workload seep heaptrack "$rounds"
for workload in redis_plain redis_pipelined nginx_wrk python_json; do
  : >"$work/$workload"
  for _ in $(seq "$rounds"); do
    for tool in bare seep heaptrack; do $workload $tool; done | paste -sd' ' >>"$work/$workload"
  done
  python3 - "$work/$workload" "$workload" <<'PYTHON'
import statistics, sys
rows = [[float(x) for x in line.split()] for line in open(sys.argv[1])]
cells = []
for column in (1, 2):
    ratios = sorted(row[column] / row[0] for row in rows)
    cells.append("%.2f (%.2f-%.2f)" % (statistics.median(ratios), ratios[0], ratios[-1]))
print("%-18s %s   %s" % (sys.argv[2], *cells))
PYTHON
done
