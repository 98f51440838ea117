#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set pid, code and started, within the test that uses them
# servers_playground.bats - the HTTP server with one pattern of use under each URL (tests/servers/playground.c): what the
# leaking pages hold in proportion to requests, that the others hold nothing, and that it is a proper HTTP server.

load ../lib/helpers
bats_require_minimum_version 1.5.0

start_playground() { # VARIANT
  start_under seep.db playground "$SERVERS/playground_$1"
  wait_until 10 test -s playground.out
  port=$(<playground.out)
}

stop_playground() {
  stop "$pid"
  [[ $code == 0 ]]
  check_healthy seep.db
}

# Asks for the pages in turn; load.txt tells how often.
ask_pages() { # SECONDS RATE PAGE...
  local page words=()
  for page in "${@:3}"; do
    words+=(--endpoint "$page")
  done
  "$SERVERS/playground_load" "$port" --seconds "$1" --rate "$2" "${words[@]}" >load.txt
}

asked() { # PAGE: how often
  sed -n "s,^$1 ,,p" load.txt
}

held() { # FUNCTION KIND: how many, at the end
  figures seep.db "$pid" "$1" "$2" | cut -d' ' -f5
}

acquired() { # FUNCTION KIND: how many in all
  figures seep.db "$pid" "$1" "$2" | cut -d' ' -f1
}

@test "playground_buggy: a string a request and a watcher with three watches a request are held, by the functions that made them" {
  start_playground buggy
  ask_pages 1 80 /staticstring /fileprovider
  stop_playground
  (($(asked /staticstring) > 20))
  [[ $(held staticstring heap) == "$(asked /staticstring)" ]]
  [[ $(held provider_open inotify) == "$(asked /fileprovider)" ]]
  [[ $(held provider_open "inotify watch") == $((3 * $(asked /fileprovider))) ]]
}

@test "playground_fixed: a bounded list of strings is held, and no watcher" {
  start_playground fixed
  ask_pages 1 200 /staticstring /fileprovider
  stop_playground
  (($(asked /staticstring) > 70))
  [[ $(held staticstring heap) == 64 ]]
  [[ $(acquired provider_open inotify) == "$(asked /fileprovider)" ]]
  [[ $(held provider_open inotify) == 0 ]]
  [[ $(held provider_open "inotify watch") == 0 ]]
}

# As many sockets in TIME_WAIT as there are to the port that has most of them.
time_wait_most() {
  awk '$4 == "06" { count[$3]++ } END { for (port in count) if (count[port] > most) most = count[port]; print most + 0 }' /proc/net/tcp
}

@test "playground: the other pages are the same in both variants: bounded, whatever they allocate" {
  local variant
  for variant in buggy fixed; do
    start_playground "$variant"
    ask_pages 2 300 /hello /bigstring /loh/131000 /loh/200000 /httpclient1 /httpclient2 /array/20000 /pooledarray/20000 \
      /spike/200000 /scatter/200000
    (($(asked /hello) > 30))
    (($(time_wait_most) >= $(asked /httpclient1)))
    stop_playground
    [[ $(acquired bigstring heap) == "$(asked /bigstring)" ]]
    [[ $(held bigstring heap) == 0 ]]
    [[ $(held loh heap) == 0 ]]
    [[ $(held array heap) == 0 ]]
    (($(acquired pool_take heap) <= 8)) # one each client at most, then reused
    [[ $(acquired httpclient_new socket) == "$(asked /httpclient1)" ]]
    [[ $(held httpclient_new socket) == 0 ]]
    [[ $(acquired httpclient_shared socket) == 1 ]]
    [[ $(held spike heap) == 0 ]]
    [[ $(held scatter heap) == 4 ]] # of 196 blocks
    [[ $(held connection_open heap) == 0 ]]
    [[ $(held server_accept socket) == 0 ]]
    rm seep.db playground.out
  done
}

start_set() { # NAME SETTING=VALUE...
  start_under "$1.db" "$1" "${@:2}" "$SERVERS/playground_fixed"
  wait_until 10 test -s "$1.out"
}

# Prints the tracked live bytes and the private bytes, once the load is over.
stop_set() { # NAME PID
  stop "$2"
  [[ $code == 0 ]] || return 1
  check_healthy "$1.db" || return 1
  query "$1.db" "SELECT (SELECT sum(live_bytes) FROM callsite WHERE kind = 'heap'), rss_anon FROM process_series
    WHERE rss_anon > 0 ORDER BY time DESC LIMIT 1" >"$1.txt"
}

@test "playground: allocator settings change what is retained, and not what lives" {
  local name live rss retained_live retained_rss one_live one_rss
  start_set default
  start_set retaining MALLOC_TRIM_THRESHOLD_=268435456
  start_set one_arena MALLOC_TRIM_THRESHOLD_=268435456 MALLOC_ARENA_MAX=1
  for name in default retaining one_arena; do
    port=$(<"$name.out")
    ask_pages 1 24 /spike/8000000
  done
  sleep 1.2 # one more row
  for name in default retaining one_arena; do
    stop_set "$name" "${started[0]}"
    started=("${started[@]:1}")
  done
  head ./*.txt
  read -r live rss <default.txt
  read -r retained_live retained_rss <retaining.txt
  read -r one_live one_rss <one_arena.txt
  [[ $live == "$retained_live" && $live == "$one_live" ]]
  ((rss < 6000000 && retained_rss > 28000000)) # four workers' arenas keep 8 MB each
  ((one_rss > 8000000 && one_rss < 14000000))
}

fetch_page() { # EXPECTED_STATUS PATH [CURL_OPTION...]
  local status
  status=$(curl -s --path-as-is -m 10 -o page -w '%{http_code}' "${@:3}" "http://127.0.0.1:$port$2")
  [[ $status == "$1" ]] || fail "$2 answered $status: $(head -c 200 page)"
}

@test "playground: curl and wrk; pages, sizes, methods and paths that there are not" {
  start_playground fixed
  fetch_page 200 /hello
  [[ $(<page) == hello ]]
  fetch_page 200 '/hello?a=b'
  fetch_page 200 /hello -0
  fetch_page 200 /hello --head
  fetch_page 200 /array/3000000 --limit-rate 6M # the answer has to wait for its reader
  [[ $(stat -c %s page) == 3000000 ]]
  fetch_page 404 /
  fetch_page 404 /hello/more
  fetch_page 404 /..%2fhello
  fetch_page 400 /array/
  fetch_page 400 /array/0
  fetch_page 400 /array/99999999
  fetch_page 400 /array/5x
  fetch_page 400 /../etc/passwd
  fetch_page 400 /hello/..
  fetch_page 405 /hello -d body -i
  grep -q '^Allow: GET, HEAD' page
  fetch_page 405 /hello -X DELETE
  fetch_page 413 /hello -d "$(printf '%070000d' 0)" -H Expect:
  fetch_page 414 "/$(printf '%0300d' 0)"
  fetch_page 431 /hello -H "Long: $(printf '%020000d' 0)"
  # several on one connection
  [[ $(curl -s -m 10 -w '%{num_connects}\n' "http://127.0.0.1:$port/httpclient[1-2]" | tr '\n' ' ') == 'hello 1 hello 0 ' ]]
  wrk -t 1 -c 10 -d 1 "http://127.0.0.1:$port/bigstring" >wrk.txt
  run ! grep -E 'Non-2xx|Socket errors' wrk.txt
  (($(sed -n 's/^ *\([0-9]*\) requests in .*/\1/p' wrk.txt) > 100))
  stop_playground
  [[ $(held connection_open heap) == 0 ]]
}

# The statuses of all answers to these bytes, sent in pieces of so many.
raw_statuses() { # PIECE BYTES (as in printf)
  "$PYTHON" - "$port" "$1" "$(printf '%b.' "$2")" <<'SCRIPT'
import re, socket, sys, time
client = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
piece, request = int(sys.argv[2]), sys.argv[3][:-1].encode("latin-1", "surrogateescape")
for at in range(0, len(request), piece):
    client.send(request[at:at + piece])
    time.sleep(0.001)
client.shutdown(socket.SHUT_WR)
answer = b""
while more := client.recv(65536):
    answer += more
print(*re.findall(r"HTTP/1.1 (\d+) ", answer.decode()))
SCRIPT
}

check_raw() { # STATUSES BYTES
  local piece found
  for piece in 100000 3; do
    found=$(raw_statuses "$piece" "$2")
    [[ $found == "$1" ]] || fail "$2 in pieces of $piece was answered: $found"
  done
}

@test "playground: requests in pieces, several at once, with bodies, and malformed ones" {
  local get='GET /hello HTTP/1.1\r\n' host='Host: x\r\n'
  start_playground fixed
  check_raw '200' "$get$host\r\n"
  check_raw '200' "\r\n$get$host\r\n"
  check_raw '200 404 200' "$get$host\r\nGET /no HTTP/1.1\r\n$host\r\n$get$host\r\n"
  check_raw '405 200' "POST /hello HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nGET /$get$host\r\n"
  check_raw '200' "$get${host}Connection: close\r\n\r\n$get$host\r\n"
  check_raw '200 200' 'GET /hello HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET /hello HTTP/1.0\r\n\r\n'
  check_raw '' "$get$host"
  check_raw '400' "$get\r\n"
  check_raw '400' "$get$host$host\r\n"
  check_raw '400' "${get}Host : x\r\n\r\n"
  check_raw '400' "$get$host folded\r\n\r\n"
  check_raw '400' "$get${host}Content-Length: -1\r\n\r\n"
  check_raw '400' "$get${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\n"
  check_raw '400' 'GET /hello HTTP/1.1\nHost: x\n\n'
  check_raw '400' 'GET /hello\r\n\r\n'
  check_raw '400' 'GET  HTTP/1.1\r\n\r\n'
  check_raw '400' 'GET /a\x01b HTTP/1.1\r\n\r\n'
  check_raw '400' 'nonsense\r\n\r\n'
  check_raw '501' "$get${host}Transfer-Encoding: chunked\r\n\r\n"
  check_raw '505' 'GET /hello HTTP/2.0\r\n\r\n'
  fetch_page 200 /hello
  stop_playground
}

@test "playground: SIGTERM under load, also while it asks its upstream" {
  local load
  start_playground fixed
  start load "$SERVERS/playground_load" "$port" --rate 2000 --endpoint /httpclient1 --endpoint /httpclient2 --endpoint /bigstring
  load=$pid
  pid=${started[0]}
  sleep 0.5
  SECONDS=0
  stop_playground
  ((SECONDS < 6))
  wait_end "$load"
  [[ $code == 1 ]]
  grep -q '^playground_load: ' load.err
}

@test "playground_load: sizes that grow over the time" {
  start bare "$SERVERS/playground_fixed"
  wait_until 10 test -s bare.out
  port=$(<bare.out)
  ask_pages 1 50 /array/1000..5000 /spike/1000..2000
  (($(asked /array/1000..5000) > 10))
  # 3000 on average, and the 11 bytes of what /spike answers; least 1000 had they not grown, 5000 had they from the start
  average=$(($(asked bytes) / $(asked /array/1000..5000)))
  ((average > 2300 && average < 3700))
}

@test "playground_load: fails when the server misbehaves, is not there, or the command line is wrong" {
  local load=$SERVERS/playground_load
  run -1 "$load" "$(free_port)"
  [[ $output == 'playground_load: cannot connect: Connection refused' ]]
  start_playground buggy
  prlimit --pid "$pid" --nofile=60:60
  run -1 "$load" "$port" --rate 200 --endpoint /fileprovider
  [[ $output == 'playground_load: /fileprovider answered 503: cannot watch files: Too many open files'* ]]
  run -1 "$load" "$port" --endpoint /nothing
  [[ $output == 'playground_load: /nothing answered 404: no such page'* ]]
  stop_playground
  mkdir liar
  port=$(free_port)
  start liar "$PYTHON" -c "
import http.server
class Liar(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', '6')
        self.end_headers()
        self.wfile.write(b'tricks')
http.server.HTTPServer(('127.0.0.1', $port), Liar).serve_forever()"
  wait_until 10 listens "$port"
  run -1 "$load" "$port"
  [[ $output == 'playground_load: /hello answered "tricks" and not "hello'* ]]
  run -1 "$load" "$port" --endpoint /array/5
  [[ $output == 'playground_load: /array/5 answered 6 bytes' ]]
  run -2 "$load"
  run -2 "$load" "$port" --endpoint
  run -2 "$load" "$port" --endpoint no-path
}
