#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid, code and started
# servers_overlapped.bats - the server whose operations never complete (tests/servers/overlapped.c): one record and one
# socket for each reset connection are held by the buggy variant, none by the fixed one.

load ../lib/helpers

bats_require_minimum_version 1.5.0

start_overlapped() { # VARIANT [ARGUMENT...]
  start_under seep.db overlapped "$SERVERS/overlapped_$1" "${@:2}"
  wait_until 10 test -s overlapped.out
  port=$(<overlapped.out)
}

run_overlapped() { # VARIANT
  start_overlapped "$1"
  "$SERVERS/overlapped_load" "$port" --seconds 2 --connections 60 --resets 150 >load.txt
  stop "$pid"
  [[ $code == 0 ]]
  check_healthy seep.db
  resets=$(sed -n 's/^resets //p' load.txt)
  ((resets > 100)) # 300 where the machine is idle
}

held() { # FUNCTION KIND: how many, at the end
  figures seep.db "$pid" "$1" "$2" | cut -d' ' -f5
}

# A client that does not take its answers: the server's send becomes pending, and the connection is ended.
ask_and_not_listen() { # PORT
  "$PYTHON" - "$1" <<'SCRIPT'
import socket, sys, time
client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
client.setblocking(False)
request, until = b"upper " + b"x" * 500 + b"\n", time.time() + 15
while time.time() < until:
    try:
        client.send(request * 100)
    except BlockingIOError:
        time.sleep(0.01)
    except ConnectionError:
        sys.exit(0)
sys.exit("the server did not end the connection")
SCRIPT
}

@test "overlapped_buggy: holds one record and one socket for each connection that was reset, and none for others" {
  run_overlapped buggy
  [[ $(held operation_new heap) == "$resets" ]]
  [[ $(held listener_ready socket) == "$resets" ]]
  # where they were submitted: a receive that met the RST, or the answer to a request
  [[ $(($(held connection_ready heap) + $(held line_answer heap))) == "$resets" ]]
  (($(held connection_ready heap) >= resets / 3))
}

@test "overlapped_fixed: holds no record and no socket at the end" {
  run_overlapped fixed
  [[ $(held operation_new heap) == 0 ]]
  [[ $(held connection_open heap) == 0 ]]
  [[ $(held listener_ready socket) == 0 ]]
}

@test "overlapped: a pending operation whose connection is ended completes in both variants" {
  local variant
  for variant in buggy fixed; do
    start_overlapped "$variant" --silence 1
    ask_and_not_listen "$port"
    stop "$pid"
    [[ $code == 0 ]]
    check_healthy seep.db
    [[ $(held operation_new heap) == 0 ]]
    [[ $(held listener_ready socket) == 0 ]]
    (($(figures seep.db "$pid" line_answer heap | cut -d' ' -f1) > 100))
    rm seep.db overlapped.out
  done
}

@test "overlapped: a pending operation at SIGTERM, requests in pieces, lines that are too long" {
  local answer
  start_overlapped fixed
  exec 5<>"/dev/tcp/127.0.0.1/$port"
  printf 'up' >&5
  sleep 0.2
  printf 'per a\npin' >&5
  read -r -t 5 answer <&5
  [[ $answer == 'OK A' ]]
  printf 'g\n%0600d\n' 0 >&5
  read -r -t 5 answer <&5
  [[ $answer == 'OK ping' ]]
  read -r -t 5 answer <&5
  [[ $answer == 'ERR line too long' ]]
  exec 5>&-
  ask_and_not_listen "$port" &
  sleep 0.5
  stop "$pid"
  [[ $code == 0 ]]
  wait $! # it saw the end
  check_healthy seep.db
  [[ $(held operation_new heap) == 0 ]]
  [[ $(held listener_ready socket) == 0 ]]
}

@test "overlapped_load: fails where the server misbehaves, is not there, or the command line is wrong" {
  local port
  port=$(free_port)
  run -1 "$SERVERS/overlapped_load" "$port"
  [[ $output == 'overlapped_load: cannot connect: Connection refused' ]]
  start liar "$PYTHON" -c "
import socket
server = socket.create_server(('127.0.0.1', $port))
while True:
    client = server.accept()[0]
    client.recv(100)
    client.send(b'OK nonsense and more of it\n')"
  wait_until 10 listens "$port"
  run -1 "$SERVERS/overlapped_load" "$port"
  [[ $output == 'overlapped_load: the answer is "OK nonsense'*' and not "OK REQUEST 0'* ]]
  run -2 "$SERVERS/overlapped_load"
  run -2 "$SERVERS/overlapped_load" "$port" --resets many
  run -2 "$SERVERS/overlapped_fixed" --silence 0
}
