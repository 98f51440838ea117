#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid, code and started
# growth.bats - `seep growth` on the sample servers after 40 s of load: in the buggy variants the leaking callsites are
# named with verdict leak, their kind, and what they go with; in the fixed ones nothing leaks. What cannot be judged is said
# with the right exit code.

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

# The fixed playground keeps 64 strings: it has them after some ten seconds. A watcher is one of 128 that a user may have.
pages=()
for page in hello bigstring fileprovider loh/131000 loh/200000 httpclient1 httpclient2 array/20000 pooledarray/20000 \
  staticstring{,,,}; do
  pages+=(--endpoint "/$page")
done

# The load of one server.
drive() { # SERVER PORT
  case $1 in
  actor) "$SERVERS/actor_load" "$2" --seconds 45 --rate 50 ;;
  chat) "$SERVERS/chat_load" "$2" --seconds 45 --rate 50 --clients 4 ;;
  kvclient) "$SERVERS/kvclient_load" "$2" --seconds 45 --rate 100 ;;
  overlapped) "$SERVERS/overlapped_load" "$2" --seconds 45 ;;
  playground) "$SERVERS/playground_load" "$2" --seconds 45 --rate 20 "${pages[@]}" ;;
  esac
}

# All servers, in both variants, at the same time. They are judged while the load goes on, as an operator would; what is
# said is kept for the tests.
setup_file() {
  local server variant name port pids=() drivers=()
  cd "$BATS_FILE_TMPDIR" || return 1
  port=$(free_port)
  start memcached memcached -l 127.0.0.1 -p "$port" -U 0 -t 1 -u nobody
  pids+=("$pid")
  wait_until 10 listens "$port"
  for server in actor chat kvclient overlapped playground; do
    for variant in buggy fixed; do
      name=${server}_$variant
      # shellcheck disable=SC2046 # two words, or none
      start_under "$name.db" "$name" "$SERVERS/$name" $([[ $server != kvclient ]] || echo --memcached "$port")
      pids+=("$pid")
      wait_until 10 test -s "$name.out"
      drive "$server" "$(<"$name.out")" >"$name.load" 2>&1 3>&- &
      drivers+=($!)
    done
  done
  sleep 40
  for name in {actor,chat,kvclient,overlapped,playground}_{buggy,fixed}; do
    "$SEEP" growth "$name.db" >"$name.txt"
    "$SEEP" growth --json "$name.db" >"$name.json"
  done
  for pid in "${drivers[@]}"; do wait "$pid"; done
  for pid in "${pids[@]}"; do kill -TERM "$pid"; done
  wait_finished chat_buggy.db
}

teardown_file() {
  kill -KILL "${started[@]}" 2>/dev/null || true
}

# The titles of what has a verdict, in order: "FUNCTION KIND".
titles() { # SERVER VERDICT
  sed -n "s/^$2  \([^ ]*\) .*, \([a-z ]*\): .*/\1 \2/p" "$BATS_FILE_TMPDIR/$1.txt"
}

# These leak, and nothing else does; more of these may need some minutes to be told from a cache.
expect_leaks() { # SERVER LEAK... [or LEAK...]
  local file=$1 leak may_wait=false
  shift
  cat "$BATS_FILE_TMPDIR/$file.txt"
  titles "$file" LEAK >leaks.txt
  titles "$file" 'cannot tell yet' >waiting.txt
  for leak in "$@"; do
    if [[ $leak == or ]]; then
      may_wait=true
    elif $may_wait && grep -qxF "$leak" waiting.txt; then
      continue
    elif grep -qxF "$leak" leaks.txt; then
      grep -vxF "$leak" leaks.txt >rest.txt || true
      mv rest.txt leaks.txt
    else
      fail "$file: $leak is no leak" || return 1
    fi
  done
  [[ ! -s leaks.txt ]] || fail "$file: leaks that are none: $(<leaks.txt)"
}

no_leak() { # SERVER
  expect_leaks "$1"
  grep -q '^No leak' "$BATS_FILE_TMPDIR/$1.txt"
}

@test "chat_buggy: the timer a turn and the log line a turn are leaks, and told first" {
  cd "$BATS_FILE_TMPDIR"
  cat chat_buggy.txt
  grep -qE '^LEAK  timer_start \(chat_timerfd.c:[0-9]+\) in chat_buggy, timerfd: \+' chat_buggy.txt
  grep -qE '^ +.*from turn_set_timer < write_turn' chat_buggy.txt
  grep -qE '^LEAK  turn_log \(chat.c:[0-9]+\) in chat_buggy, heap: \+.* since ' chat_buggy.txt
  of_verdict leak chat_buggy.json >leaks.txt
  grep -q '^timerfd timer_start | timer_start turn_set_timer write_turn' leaks.txt
  grep -q '^heap turn_log ' leaks.txt
  # and nothing else is one, but for the log's own array
  [[ $(grep -cvE '^(timerfd timer_start|heap turn_log|heap log_keep) ' leaks.txt) == 0 ]]
}

@test "chat_buggy: a timer is left for each message that is written, and the report says so" {
  cd "$BATS_FILE_TMPDIR"
  grep -qE '^LEAK  timer_start .*, (1\.00|0\.99|1\.01) ± 0\.0[0-5] per write$' chat_buggy.txt
}

@test "chat_fixed: no leak" {
  cd "$BATS_FILE_TMPDIR"
  cat chat_fixed.txt
  [[ -z $(of_verdict leak chat_fixed.json) ]]
  grep -qE '^No leak' chat_fixed.txt
}

@test "a wrapper can be named, on the command line and in the environment" {
  cp "$BATS_FILE_TMPDIR/chat_buggy.db" .
  "$SEEP" growth --type timers -n 0 --wrapper '^timer_' chat_buggy.db >growth.txt
  grep -qE ' turn_set_timer \(chat_buggy.c:[0-9]+\) in chat_buggy, timerfd:' growth.txt
  grep -q 'via timer_start; from write_turn' growth.txt
  SEEP_WRAPPERS='^timer_' "$SEEP" growth --type timers -n 0 -v chat_buggy.db >stacks.txt
  grep -qE '^        timer_start .*\[wrapper\]$' stacks.txt
  code=0
  SEEP_WRAPPERS='(' "$SEEP" growth chat_buggy.db 2>err.txt || code=$?
  [[ $code == 2 ]]
  grep -q 'SEEP_WRAPPERS' err.txt
}

@test "kinds, stacks, times and the number of rows can be chosen" {
  cp "$BATS_FILE_TMPDIR/chat_buggy.db" .
  "$SEEP" growth --type sockets -n 0 chat_buggy.db >sockets.txt
  grep -q '^Type: sockets' sockets.txt
  [[ $(grep -c ', socket:' sockets.txt) -ge 1 && $(grep -cE ', (heap|timerfd):' sockets.txt) == 0 ]]
  "$SEEP" growth --focus turn_log -n 0 chat_buggy.db >focus.txt
  [[ $(grep -c 'turn_log (' focus.txt) == 1 && $(grep -c 'timer_start' focus.txt) == 0 ]]
  "$SEEP" growth -n 1 chat_buggy.db >one.txt
  grep -qE '^and [0-9]+ more; -n 0 shows all$' one.txt
  "$SEEP" growth --json --since +5s --until +12s chat_buggy.db >part.json
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
  "$SEEP" growth --type watches "$BATS_FILE_TMPDIR/chat_buggy.db" 2>err.txt || code=$?
  [[ $code == 3 ]]
  grep -q 'nothing of type watches' err.txt
}

@test "a recording of an older schema is judged too" {
  cp "$BATS_FILE_TMPDIR/chat_buggy.db" old.db
  sqlite3 old.db 'DROP TABLE event_series; PRAGMA user_version = 2'
  "$SEEP" growth old.db >growth.txt
  grep -q '^LEAK  timer_start ' growth.txt
  [[ $(grep -c ' per write' growth.txt) == 0 ]]
}

@test "actor_buggy: a waiter a turn; actor_fixed: no leak" {
  expect_leaks actor_buggy 'channel_wait heap'
  grep -q 'from turn_wait < endpoint_turn' "$BATS_FILE_TMPDIR/actor_buggy.txt"
  no_leak actor_fixed
}

@test "kvclient_buggy: operations of the read and the write path apart, and their timers; kvclient_fixed: no leak" {
  expect_leaks kvclient_buggy 'late_timer_start timerfd' or 'get_start heap' 'write_start heap'
  no_leak kvclient_fixed
}

@test "overlapped_buggy: a record and a socket for each reset connection; overlapped_fixed: no leak" {
  expect_leaks overlapped_buggy 'operation_new heap' 'listener_ready socket'
  [[ $(grep -cE '^LEAK .*, 1\.00 ± 0\.0[01] per reset connection$' "$BATS_FILE_TMPDIR/overlapped_buggy.txt") == 2 ]]
  no_leak overlapped_fixed
}

@test "playground_buggy: the pages that leak, and no other page; playground_fixed: no leak" {
  expect_leaks playground_buggy 'provider_open inotify watch' or 'provider_open inotify' 'staticstring heap'
  no_leak playground_fixed
}
