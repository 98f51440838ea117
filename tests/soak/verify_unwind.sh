#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2329 # the workloads are called by name
# verify_unwind.sh [MILLIONS [WORKLOAD...]] - every stack of many programs is compared with libunwind's full walk
# (SEEP_OPTIONS=verify_unwind=1), MILLIONS of them in all (20). Prints a table; fails when one differs, when a workload
# fails, or when there were fewer. Servers listen on loopback only and are stopped by process id.
set -u

# shellcheck source=tests/lib/common.bash
source "$(dirname "$0")/../lib/common.bash"
build=$(realpath "${BUILD:-build}")
programs=$build/tests/programs
millions=${1:-20}
shift
folder=$(mktemp -d)
server=0
total=0 failures=0
PATH=$PATH:/usr/sbin:/sbin
trap 'stop; rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder" || exit 3

# scaled COUNT: COUNT is meant for 20 million in all
scaled() {
  echo $(($1 * millions / 20 + 1))
}

# ---- running ----

under=()
# preload [PLUGIN...]: sets `under`, the words before a command
preload() {
  local plugin list=$build/libseep.so
  for plugin in "$@"; do list+=:$programs/$plugin.so; done
  under=(env "LD_PRELOAD=$list" "SEEP_OPTIONS=out=$folder/seep.db:arena=$folder/arena:verify_unwind=1")
}

run() { # CMD...
  timeout -k 5 400 "${under[@]}" "$@" >out 2>err
}

start() { # PORT CMD...
  local port=$1
  shift
  (exec "${under[@]}" "$@") >out 2>err &
  server=$!
  wait_until 20 listens "$port"
}

stop() {
  ((server > 0)) || return 0
  kill "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  server=0
}

figure() { # NAME
  query seep.db "SELECT coalesce(sum(value), 0) FROM trust WHERE name = '$1'" 2>/dev/null
}

# One line of the table: workload, what was compared, and what the recording says of these stacks.
report() { # WORKLOAD CODE SECONDS
  local name captures different
  wait_until 30 is_finished seep.db
  captures=$(figure verify_captures)
  different=$(figure verify_differences)
  printf '%-22s %11s %11s' "$1" "$captures" "$different"
  for name in broken_stacks truncated_stacks guessed_frames missing_stacks; do printf ' %10s' "$(figure $name)"; done
  printf ' %6s s\n' "$3"
  total=$((total + captures))
  if [[ $2 != 0 || $different != 0 || $captures == 0 ]]; then
    failures=$((failures + 1))
    echo "  $1 ended with code $2; $(tail -n 4 err)"
  fi
}

# ---- workloads ----

frames() { run "$programs/unwind_patterns" frames "$(scaled 1500000)"; }
stale() { run "$programs/unwind_patterns" stale "$(scaled 1000000)"; }
depth() { run "$programs/unwind_patterns" depth "$(scaled 40000)"; }
coroutines() { run "$programs/unwind_patterns" coroutines "$(scaled 1500000)"; }
bare() { run "$programs/unwind_patterns" bare "$(scaled 1000000)"; }
nested_signals() { run "$programs/unwind_patterns" nested "$(scaled 600000)"; }
jumps_from_handlers() { run "$programs/unwind_patterns" jumps "$(scaled 600000)"; }
timer_signals() { preload reentrant_plugin; run "$programs/unwind_patterns" timer "$(scaled 60000)"; }
each_instruction() { preload reentrant_plugin; run "$programs/unwind_patterns" steps "$(scaled 200000)"; }
cxx_coroutines() { run "$programs/unwind_coroutines" "$(scaled 1500000)"; }
cxx_exceptions() { run "$programs/stack_exceptions" "$(scaled 1000)"; }
dlopen_churn() { run "$programs/stack_dlopen" "$(scaled 30000)"; }
everything_at_once() { preload reentrant_plugin; run "$programs/nodeadlock" 10; }

python_json() {
  run env PYTHONMALLOC=malloc /usr/bin/python3 -c '
import json, sys
document = {"k%d" % i: [i, str(i), {"x": i}] for i in range(2000)}
for _ in range(int(sys.argv[1])): json.loads(json.dumps(document))' "$(scaled 30)"
}

python_crypto() { # and a handler that comes while libcrypto's hand-written assembly runs
  preload reentrant_plugin unwind_signal_plugin
  run /usr/bin/python3 -c '
import hashlib, hmac, ssl, sys
data = bytes(range(256)) * 4096
for i in range(int(sys.argv[1])):
    for name in "sha1", "sha256", "sha512", "sha3_256", "blake2b", "md5": hashlib.new(name, data).digest()
    ssl.create_default_context(); hashlib.pbkdf2_hmac("sha256", b"x", b"y", 20000)' "$(scaled 6)"
}

openssl_speed() {
  preload reentrant_plugin unwind_signal_plugin
  run openssl speed -seconds 2 -bytes 4096 -multi 2 aes-256-cbc sha1 sha256 sha512 ghash rsa2048 ecdsap256 &&
    run openssl speed -seconds 2 -bytes 4096 -evp chacha20-poly1305
}

compiler() {
  {
    for i in $(seq "$(scaled 150)"); do
      echo "struct s$i { int a, b[$i % 7 + 1]; struct s$i *next; }; int f$i(struct s$i *s, int n) { int t = 0;
        for (int i = 0; i < n && s; i++, s = s->next) { switch (s->a & 3) { case 0: t += s->b[0] * $i; break;
        case 1: t ^= n << 3; break; default: t -= f$i(s->next, n / 2); } } return t; }"
    done
  } >source.c
  run gcc -O2 -g -c -o source.o source.c
}

cxx_compiler() {
  echo '#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <string>
int main(int n, char **v) { std::map<std::string, std::function<int(int)>> m; m["a"] = [](int x) { return x; };
return std::regex_match(v[0], std::regex("a+(b|c)*")) ? m["a"](n) : 0; }' >source.cc
  run g++ -O1 -c -o source.o source.cc
}

perl_script() {
  run perl -e 'my %h; for my $i (1 .. $ARGV[0]) { push @{$h{$i % 1000}}, join(",", map { $_ * $i } 1 .. 5);
    delete $h{$i % 777}; my $s = "k$i" x 3; $s =~ s/(\d+)/<$1>/g; $h{$s} = [split /</, $s]; }' "$(scaled 60000)"
}

sqlite_script() {
  run sqlite3 :memory: "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL); CREATE INDEX i ON t(b);
    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < $(scaled 60000))
    INSERT INTO t SELECT x, 'text' || (x * 7919 % 10007), x / 3.0 FROM n;
    SELECT b, count(*), group_concat(a) FROM t GROUP BY b ORDER BY 2; SELECT json_group_array(json_object('a', a, 'b', b)) FROM t;
    UPDATE t SET b = replace(b, 'e', 'xx'); DELETE FROM t WHERE a % 3 = 0;"
}

redis() {
  local port
  port=$(free_port)
  start "$port" redis-server --port "$port" --save '' --bind 127.0.0.1 || return 1
  redis-benchmark -p "$port" -t set,lpush,hset,sadd,zadd,lrange_100 -r 10000 -q -n "$(scaled 60000)" -P 16 >load 2>&1
  local code=$?
  stop
  return $code
}

memcached_load() {
  local port
  port=$(free_port)
  start "$port" memcached -u root -l 127.0.0.1 -p "$port" -t 2 || return 1
  /usr/bin/python3 - "$port" "$(scaled 3000)" <<'CLIENT'
import socket, sys
for i in range(int(sys.argv[2])):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
        s.sendall(b"set k%d 0 0 5\r\nhello\r\nget k%d k1 k2 k3\r\nstats\r\n" % (i, i))
        s.recv(100000)
CLIENT
  local code=$?
  stop
  return $code
}

nginx_wrk() {
  local port
  port=$(free_port)
  mkdir -p site
  chmod 755 site
  head -c 20000 /dev/urandom | base64 >site/index.html
  cat >nginx.conf <<CONF
daemon off; worker_processes 1; pid $folder/nginx.pid; error_log $folder/nginx.error;
events { worker_connections 512; }
http { access_log off; gzip on; gzip_types *; server { listen 127.0.0.1:$port; root $folder/site; } }
CONF
  start "$port" nginx -c "$folder/nginx.conf" -e "$folder/nginx.error" || return 1
  wrk -t1 -c32 -H 'Accept-Encoding: gzip' -H 'Connection: close' -d "$(scaled 8)" "http://127.0.0.1:$port/" >load
  local code=$?
  stop
  return $code
}

# PostgreSQL does not run as root; the recording is written by whom the server runs as.
postgres() {
  local port bin code
  port=$(free_port)
  bin=$(postgres_programs)
  rm -rf data
  mkdir data
  if [[ $(id -u) == 0 ]]; then
    chown postgres data
    chmod 777 .
  fi
  "${as_postgres[@]}" "$bin/initdb" -D data -A trust -U postgres >load 2>&1 || return 1
  under=("${as_postgres[@]}" "${under[@]}")
  start "$port" "$bin/postgres" -D data -p "$port" -k "$folder" -c listen_addresses=127.0.0.1 -c fsync=off || return 1
  wait_until 10 "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"
  "$bin/pgbench" -h 127.0.0.1 -p "$port" -U postgres -i -q postgres >load 2>&1 &&
    "$bin/pgbench" -h 127.0.0.1 -p "$port" -U postgres -c 4 -C -T "$(scaled 10)" postgres >>load 2>&1 &&
    "$bin/pgbench" -h 127.0.0.1 -p "$port" -U postgres -c 2 -T "$(scaled 5)" postgres >>load 2>&1
  code=$?
  stop
  return $code
}

javascript() {
  cat >script.js <<'SCRIPT'
const crypto = require("crypto"), zlib = require("zlib"), { Worker, isMainThread } = require("worker_threads");
const hash = crypto.createHash("sha256");
for (let i = 0; i < +process.argv[2]; i++) {
  hash.update(JSON.stringify({ a: i, b: "x".repeat(i % 100) }));
  const buffer = Buffer.alloc(100 + i % 5000);
  if (i % 50 == 0) zlib.deflateSync(buffer);
  if (i % 9 == 0) /(a+)(\d*)$/.exec("a".repeat(i % 40) + i);
  if (i % 10 == 0) try { throw new Error("x" + i); } catch (error) { hash.update(error.stack); }
}
if (isMainThread) new Worker(__filename, { argv: [500] });
SCRIPT
  run node script.js "$(scaled 40000)"
}

# A program of the run-time itself. Compiled code has other things in rbp unless it is told to keep frame pointers.
java() { # OPTION...
  local java
  java=$(dirname "$(realpath "$(command -v keytool)")")
  run "$java/keytool" "$@" -genkeypair -keystore "keys$RANDOM" -storepass secret1 -alias seep -dname CN=seep -keyalg EC
}
java_plain() { java; }
java_interpreted() { java -J-Xint; }
java_compiled() { java -J-Xcomp -J-XX:TieredStopAtLevel=1; }
java_frame_pointers() { java -J-Xcomp -J-XX:TieredStopAtLevel=1 -J-XX:+PreserveFramePointer; }

# ---- the table ----

workloads=(frames stale depth coroutines bare nested_signals jumps_from_handlers timer_signals each_instruction cxx_coroutines
  cxx_exceptions dlopen_churn everything_at_once python_json python_crypto openssl_speed compiler cxx_compiler
  perl_script sqlite_script redis memcached_load nginx_wrk postgres)
for tool in node:javascript keytool:java_{plain,interpreted,compiled,frame_pointers}; do
  command -v "${tool%%:*}" >/dev/null && workloads+=("${tool#*:}")
done
(($# == 0)) || workloads=("$@")

printf '%-22s %11s %11s %10s %10s %10s %10s\n' workload compared different broken truncated guessed missing
for workload in "${workloads[@]}"; do
  rm -rf seep.db* arena
  preload
  from=$SECONDS
  $workload
  report "$workload" $? $((SECONDS - from))
done
printf '%-22s %11s stacks compared, %s of %s workloads failed\n' 'in all' "$total" "$failures" "${#workloads[@]}"
((failures == 0)) || exit 1
((total >= millions * 1000000)) || { echo "fewer than $millions million stacks were compared" >&2; exit 1; }
