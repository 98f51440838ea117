#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid, code and started
# growth.bats - `seep growth` on servers under load: the callsite that leaks is named with verdict leak and its kind, and
# the fixed variant has none; what cannot be judged is said with the right exit code.

load ../lib/helpers

# Prints "KIND FUNCTION | STACK" of all groups with that verdict, one a line.
of_verdict() { # VERDICT FILE
  "$PYTHON" -c '
import json, sys
for group in json.load(open(sys.argv[2]))["groups"]:
    if group["verdict"] == sys.argv[1]:
        stack = " ".join(frame["function"] for frame in group["callsites"][0]["stack"])
        print(group["kind"], group["function"], "|", stack)' "$@"
}

# Both variants of the chat server at the same time, under the same load. They are judged while it goes on, as an operator
# would; what is said is kept for the tests.
setup_file() {
  local variant pids=() drivers=()
  cd "$BATS_FILE_TMPDIR" || return 1
  for variant in buggy fixed; do
    start_under "$variant.db" "$variant" "$SERVERS/chat_$variant"
    pids+=("$pid")
    wait_until 10 test -s "$variant.out"
  done
  "$SERVERS/chat_load" "$(<buggy.out)" --seconds 25 --rate 50 --clients 4 >buggy.load 3>&- &
  drivers+=($!)
  "$SERVERS/chat_load" "$(<fixed.out)" --seconds 25 --rate 50 --clients 4 >fixed.load 3>&- &
  drivers+=($!)
  sleep 20
  for variant in buggy fixed; do
    "$SEEP" growth "$variant.db" >"$variant.txt"
    "$SEEP" growth --json "$variant.db" >"$variant.json"
  done
  for pid in "${drivers[@]}"; do wait "$pid"; done
  for pid in "${pids[@]}"; do stop "$pid"; done
  wait_finished buggy.db
  wait_finished fixed.db
}

@test "chat_buggy: the timer a turn and the log line a turn are leaks, and told first" {
  cd "$BATS_FILE_TMPDIR"
  cat buggy.txt
  grep -qE '^LEAK  timer_start \(chat_timerfd.c:[0-9]+\) in chat_buggy, timerfd: \+' buggy.txt
  grep -qE '^ +.*from turn_set_timer < write_turn' buggy.txt
  grep -qE '^LEAK  turn_log \(chat.c:[0-9]+\) in chat_buggy, heap: \+.* since ' buggy.txt
  of_verdict leak buggy.json >leaks.txt
  grep -q '^timerfd timer_start | timer_start turn_set_timer write_turn' leaks.txt
  grep -q '^heap turn_log ' leaks.txt
  # and nothing else is one, but for the log's own array
  [[ $(grep -cvE '^(timerfd timer_start|heap turn_log|heap log_keep) ' leaks.txt) == 0 ]]
}

@test "chat_buggy: a timer is left for each message that is written, and the report says so" {
  cd "$BATS_FILE_TMPDIR"
  grep -qE '^LEAK  timer_start .*, (1\.00|0\.99|1\.01) ± 0\.0[0-5] per write$' buggy.txt
}

@test "chat_fixed: no leak" {
  cd "$BATS_FILE_TMPDIR"
  cat fixed.txt
  [[ -z $(of_verdict leak fixed.json) ]]
  grep -qE '^No leak' fixed.txt
}

@test "a wrapper can be named, on the command line and in the environment" {
  cp "$BATS_FILE_TMPDIR/buggy.db" .
  "$SEEP" growth --type timers -n 0 --wrapper '^timer_' buggy.db >growth.txt
  grep -qE ' turn_set_timer \(chat_buggy.c:[0-9]+\) in chat_buggy, timerfd:' growth.txt
  grep -q 'via timer_start; from write_turn' growth.txt
  SEEP_WRAPPERS='^timer_' "$SEEP" growth --type timers -n 0 -v buggy.db >stacks.txt
  grep -qE '^        timer_start .*\[wrapper\]$' stacks.txt
  code=0
  SEEP_WRAPPERS='(' "$SEEP" growth buggy.db 2>err.txt || code=$?
  [[ $code == 2 ]]
  grep -q 'SEEP_WRAPPERS' err.txt
}

@test "kinds, stacks, times and the number of rows can be chosen" {
  cp "$BATS_FILE_TMPDIR/buggy.db" .
  "$SEEP" growth --type sockets -n 0 buggy.db >sockets.txt
  grep -q '^Type: sockets' sockets.txt
  [[ $(grep -c ', socket:' sockets.txt) -ge 1 && $(grep -cE ', (heap|timerfd):' sockets.txt) == 0 ]]
  "$SEEP" growth --focus turn_log -n 0 buggy.db >focus.txt
  [[ $(grep -c 'turn_log (' focus.txt) == 1 && $(grep -c 'timer_start' focus.txt) == 0 ]]
  "$SEEP" growth -n 1 buggy.db >one.txt
  grep -qE '^and [0-9]+ more; -n 0 shows all$' one.txt
  "$SEEP" growth --json --since +5s --until +12s buggy.db >part.json
  "$PYTHON" -c 'import json; judged = json.load(open("part.json"))["judged"]; assert judged["points"] == 8, judged'
}

@test "what is too short to judge, or has nothing of that kind, gives code 3 and a sentence" {
  under short.db "$PROGRAMS/stack_recursion" >/dev/null
  wait_finished short.db
  code=0
  "$SEEP" growth short.db >out.txt 2>err.txt || code=$?
  cat err.txt
  [[ $code == 3 && ! -s out.txt ]]
  [[ $(wc -l <err.txt) == 1 ]]
  grep -q '^seep growth: short.db has less than two seconds' err.txt
  code=0
  "$SEEP" growth --type watches "$BATS_FILE_TMPDIR/buggy.db" 2>err.txt || code=$?
  [[ $code == 3 ]]
  grep -q 'nothing of type watches' err.txt
}

@test "a recording of an older schema is judged too" {
  cp "$BATS_FILE_TMPDIR/buggy.db" old.db
  sqlite3 old.db 'DROP TABLE event_series; PRAGMA user_version = 2'
  "$SEEP" growth old.db >growth.txt
  grep -q '^LEAK  timer_start ' growth.txt
  [[ $(grep -c ' per write' growth.txt) == 0 ]]
}
