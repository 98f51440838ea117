#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid, code and started
# chat.bats - the bundled leaky server (tests/servers/chat.c): Seep names the callsites of the buggy variant, and has
# nothing to say of the fixed one.

load ../lib/helpers

# 8 clients, 40 messages each: 2,560 deliveries and 8 welcomes, each a turn of a write loop.
run_chat() { # VARIANT
  local port
  start_under seep.db chat "$SERVERS/chat_$1"
  wait_until 10 test -s chat.out
  port=$(<chat.out)
  "$SERVERS/chat_load" "$port" 8 40
  stop "$pid"
  [[ $code == 0 ]]
  check_healthy seep.db
}

held() { # FUNCTION KIND: how many, at the end
  figures seep.db "$pid" "$1" "$2" | cut -d' ' -f5
}

@test "chat_buggy: a timer a turn and a log line a turn are held, with the write loop above them" {
  run_chat buggy
  # one more a connection at its accept; and each connection closes its newest one
  [[ $(held turn_set_timer timerfd) == 2568 ]]
  [[ $(held write_turn timerfd) == 2560 ]]
  [[ $(held turn_log heap) == 2569 ]]
  "$SEEP" top --type timers -n 1 seep.db >top.txt
  grep -q '2568 .*100%.* timer_start' top.txt
}

@test "chat_fixed: no timer is held at the end, and a bounded log" {
  run_chat fixed
  [[ $(held turn_set_timer timerfd) == 0 ]]
  [[ $(figures seep.db "$pid" turn_set_timer timerfd | cut -d' ' -f1) == 8 ]]
  [[ $(held turn_log heap) == 257 ]]
}
