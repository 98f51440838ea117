#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid, code and started
# servers.bats - more servers and runtimes that do not notice; the same checks as in tests/e2e/servers.bats.

load ../lib/helpers

fetch() { # URL COUNT: the bodies' sizes and sums
  "$PYTHON" - "$1" "$2" <<'CLIENT'
import hashlib, sys, urllib.request
for _ in range(int(sys.argv[2])):
    body = urllib.request.urlopen(sys.argv[1], timeout=10).read()
print(len(body), hashlib.sha256(body).hexdigest())
CLIENT
}

lighttpd_session() { # FILE DIRECTORY
  local port
  port=$(free_port)
  mkdir -p site
  head -c 30000 /dev/zero | tr '\0' 'l' >site/page.txt
  cat >lighttpd.conf <<CONF
server.bind = "127.0.0.1"
server.port = $port
server.document-root = "$PWD/site"
CONF
  start_under "$1" lighttpd lighttpd -D -f "$PWD/lighttpd.conf"
  wait_until 10 listens "$port"
  timeout 30 wrk -t 1 -c 10 -d 1 "http://127.0.0.1:$port/page.txt" | grep -c 'Non-2xx' >"$2/answers" || true
  fetch "http://127.0.0.1:$port/page.txt" 20 >>"$2/answers"
  sleep 0.3
  view_of "$pid" | grep -v page.txt >"$2/view" # kept open for a second, by its cache
  stop "$pid"
  echo "$code" >"$2/code"
}

@test "lighttpd: static files" {
  compare_sessions lighttpd_session lighttpd
}

haproxy_session() { # FILE DIRECTORY
  local port
  port=$(free_port)
  cat >haproxy.conf <<CONF
global
  maxconn 200
  nbthread 2
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend in
  bind 127.0.0.1:$port
  http-request return status 200 content-type text/plain string "hello" if { path /hello }
  default_backend self
backend self
  http-request set-path /hello
  server self 127.0.0.1:$port
CONF
  start_under "$1" haproxy haproxy -W -db -f haproxy.conf
  wait_until 10 listens "$port"
  timeout 30 wrk -t 1 -c 10 -d 1 "http://127.0.0.1:$port/forwarded" | grep -c 'Non-2xx' >"$2/answers" || true
  fetch "http://127.0.0.1:$port/forwarded" 20 >>"$2/answers"
  sleep 0.3
  view_of "$pid" >"$2/view"
  stop "$pid"
  echo "$code" >"$2/code"
}

@test "haproxy: master and worker, threads, a backend" {
  compare_sessions haproxy_session haproxy
}

mosquitto_session() { # FILE DIRECTORY
  local port listener
  port=$(free_port)
  start_under "$1" mosquitto mosquitto -p "$port"
  local server=$pid
  wait_until 10 listens "$port"
  start subscriber mosquitto_sub -h 127.0.0.1 -p "$port" -t 'seep/#' -q 1 -C 500 -W 20
  listener=$pid
  wait_until 10 grep -q 'SUBSCRIBE\|Sending SUBACK\|New client connected' mosquitto.err
  sleep 0.3
  seq 500 | mosquitto_pub -h 127.0.0.1 -p "$port" -t seep/numbers -q 1 -l
  wait_end "$listener"
  cp subscriber.out "$2/answers"
  sleep 0.3
  view_of "$server" >"$2/view"
  stop "$server"
  echo "$code" >"$2/code"
}

@test "mosquitto: publish and subscribe" {
  compare_sessions mosquitto_session mosquitto
}

node_session() { # FILE DIRECTORY
  cat >server.js <<'SCRIPT'
const http = require("http"), crypto = require("crypto"), { Worker } = require("worker_threads");
const server = http.createServer((request, response) => response.end("x".repeat(10000) + request.url));
let sum = crypto.createHash("sha256"), left = 300;
server.listen(0, "127.0.0.1", () => ask(0));
function ask(number) {
  http.get({ port: server.address().port, host: "127.0.0.1", path: "/" + number }, (response) => {
    response.on("data", (data) => sum.update(data));
    response.on("end", () => (--left ? ask(number + 1) : finish()));
  });
}
function finish() {
  console.log(sum.digest("hex"));
  const worker = new Worker("process.exitCode = 5; Buffer.alloc(1 << 20)", { eval: true });
  worker.on("exit", (code) => { console.log("worker", code); server.close(() => process.exit(17)); });
}
SCRIPT
  local code=0
  under "$1" node server.js >"$2/answers" 2>"$2/complaints" || code=$?
  echo "$code" >"$2/code"
}

@test "node: an HTTP server and its client, a worker thread" {
  compare_sessions node_session node
}

jvm_session() { # FILE DIRECTORY
  local port java
  java=$(dirname "$(realpath "$(command -v keytool)")")
  rm -f keys
  under "$1" "$java/keytool" -genkeypair -keystore keys -storepass secret1 -alias seep -dname CN=seep -keyalg RSA \
    >keytool.out 2>&1
  "$java/keytool" -list -keystore keys -storepass secret1 | grep -o 'seep.*PrivateKeyEntry' | sed 's/,.*,/,/' >"$2/answers"
  port=$(free_port)
  start_under "${1/%.db/-registry.db}" registry "$java/rmiregistry" "$port"
  wait_until 20 listens "$port"
  sleep 0.5
  view_of "$pid" | grep -v -e '^threads' >"$2/view" # the JVM's own number of threads varies
  stop "$pid"
  echo "$code" >"$2/code"
}

@test "a JVM: keytool, and rmiregistry until SIGTERM" {
  compare_sessions jvm_session keytool
  check_healthy seep-registry.db
}

bash_session() { # FILE DIRECTORY
  cat >script.sh <<'SCRIPT'
trap 'echo trapped' USR1
kill -USR1 $$
for i in {1..50}; do x=$(echo "$i" | tr 0-9 a-j); list+=("$x"); done
echo "${list[@]}" | sort | md5sum
coproc cat; echo through >&"${COPROC[1]}"; read -r line <&"${COPROC[0]}"; echo "$line"
eval "exec ${COPROC[1]}>&-"; wait; echo "waited $?"
diff <(seq 3) <(seq 4) | wc -l
(exit 9); echo "subshell $?"
ls /proc/self/fd | wc -l
exit 7
SCRIPT
  local code=0
  under "$1" /bin/bash script.sh >"$2/answers" 2>"$2/complaints" || code=$?
  echo "$code" >"$2/code"
}

@test "bash: a script with subshells, pipes, traps and a coprocess" {
  compare_sessions bash_session /bin/bash
}
