#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid, code and started
# chat.bats - the bundled leaky server (tests/servers/chat.c): Seep names the callsites of the buggy variant, and has
# nothing to say of the fixed one.

load ../lib/helpers

# 8 clients, 40 messages each: 2,560 deliveries and 8 welcomes, each a turn of a write loop.
run_chat() { # VARIANT
  start_under seep.db chat "$SERVERS/chat_$1"
  wait_until 10 test -s chat.out
  "$SERVERS/chat_load" "$(<chat.out)" --rounds 40 --rate 2000 >counts
  grep -qx 'deliveries 2560' counts
  stop "$pid"
  [[ $code == 0 ]]
  check_healthy seep.db
}

held() { # FUNCTION KIND: how many, at the end
  figures seep.db "$pid" "$1" "$2" | cut -d' ' -f5
}

check_buggy() { # TIMER_KIND
  # one more a connection at its accept; and each connection closes its newest one
  [[ $(held turn_set_timer "$1") == 2568 ]]
  [[ $(held write_turn "$1") == 2560 ]]
  [[ $(held turn_log heap) == 2569 ]]
  "$SEEP" top --type timers -n 1 seep.db >top.txt
  grep -q '2568 .*100%.* timer_start' top.txt
}

check_fixed() { # TIMER_KIND
  [[ $(held turn_set_timer "$1") == 0 ]]
  [[ $(figures seep.db "$pid" turn_set_timer "$1" | cut -d' ' -f1) == 8 ]]
  [[ $(held turn_log heap) == 257 ]]
}

@test "chat_buggy: a timer a turn and a log line a turn are held, with the write loop above them" {
  run_chat buggy
  check_buggy timerfd
}

@test "chat_fixed: no timer is held at the end, and a bounded log" {
  run_chat fixed
  check_fixed timerfd
}

@test "chat_posix_buggy: the same with timer_create" {
  run_chat posix_buggy
  check_buggy "posix timer"
}

@test "chat_posix_fixed: the same with timer_create" {
  run_chat posix_fixed
  check_fixed "posix timer"
}

@test "chat: who is silent for three periods is sent away, and a server that does not is found out" {
  local variant
  for variant in buggy posix_fixed; do
    start "$variant" "$SERVERS/chat_$variant" --period 200
    wait_until 10 test -s "$variant.out"
    "$SERVERS/chat_load" "$(<"$variant.out")" --rounds 1 --silent 2 --period 200 >counts
    grep -qx 'silent_clients_ended 2' counts
    # sent away after 0.6 s: to who expects 3 s that is too early
    run "$SERVERS/chat_load" "$(<"$variant.out")" --rounds 1 --silent 2 --period 1000
    [[ $status == 1 && $output == *'too early'* ]]
    stop "$pid"
    [[ $code == 0 ]]
  done
}

@test "chat_load: a server that answers something else, hangs up or is not there is an error, wrong usage another" {
  local port
  "$PYTHON" -c 'import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
client = listener.accept()[0]
client.sendall(b"welcome nobody\n")
client = listener.accept()[0]' >port &
  started+=($!)
  wait_until 10 test -s port
  port=$(<port)
  run "$SERVERS/chat_load" "$port" --clients 1
  [[ $status == 1 && $output == *'not welcomed'* ]]
  run "$SERVERS/chat_load" "$port" --clients 1
  [[ $status == 1 && $output == *'not welcomed'* ]]
  run "$SERVERS/chat_load" "$port" --clients 1
  [[ $status == 1 && $output == *'cannot connect'* ]]
  run "$SERVERS/chat_load" "$port" --clients 0
  [[ $status == 2 && $output == usage:* ]]
  run "$SERVERS/chat_load"
  [[ $status == 2 && $output == usage:* ]]
}
