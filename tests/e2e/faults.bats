#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid, code and started
# faults.bats - what goes wrong around a server does not reach it, and costs nothing that was recorded before.

load ../lib/helpers

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  mounted=
}

teardown() {
  local pid
  for pid in "${started[@]}"; do
    kill -KILL "$pid" 2>/dev/null || true
  done
  if [[ -n $mounted ]]; then
    wait_until 5 umount "$mounted" || umount -l "$mounted"
  fi
}

# A file system of its own, small enough to be filled.
mount_small() { # DIRECTORY SIZE
  mkdir -p "$1"
  mount -t tmpfs -o "size=$2" tmpfs "$1" || fail 'this test has to mount a small tmpfs: run it as root'
  mounted=$PWD/$1
}

recorder_of() { # FILE: the pid of its recorder
  local arena
  arena=$(query "$1" "SELECT value FROM meta WHERE key = 'arena'")
  pgrep -f -- "record --arena $arena"
}

# The counted program, running under Seep, with figures in its recording already; $pid.
start_counted() { # FILE
  start_under "$1" counted "$PROGRAMS/kill_counter" count
  wait_until 10 has_figures "$1"
}

has_figures() { # FILE
  [[ $(query "$1" 'SELECT sum(acquired_count) > 1000 FROM total') == 1 ]]
}

still_works() { # PID: its own count grows
  local before
  before=$("$PROGRAMS/kill_counter" -p count)
  sleep 0.2
  [[ -e /proc/$1 && $("$PROGRAMS/kill_counter" -p count) != "$before" ]] || fail "process $1 stands still"
}

# Ends the counted program by SIGKILL; its recording must agree with its own count to the last completed call.
check_counted() { # FILE PID
  local kind acquired_min acquired_max released_min released_max acquired released
  gone "$2" || stop "$2" KILL
  wait_finished "$1"
  while read -r kind acquired_min acquired_max released_min released_max; do
    read -r acquired released _ < <(figures "$1" "$2" "$([[ $kind == heap ]] && echo counted_make || echo counted_open)" "$kind")
    echo "$kind: $acquired_min <= $acquired <= $acquired_max, $released_min <= $released <= $released_max"
    ((acquired_min <= acquired && acquired <= acquired_max && released_min <= released && released <= released_max))
  done < <("$PROGRAMS/kill_counter" -p count)
}

@test "the recorder is killed: the server goes on, seep record resumes, the totals are exact" {
  local arena recorder
  start_counted seep.db
  local server=$pid
  recorder=$(recorder_of seep.db)
  arena=$(query seep.db "SELECT value FROM meta WHERE key = 'arena'")
  kill -KILL "$recorder"
  wait_until 5 gone "$recorder"
  still_works "$server"
  start resumed "$SEEP" record "$arena"
  sleep 1.5
  still_works "$server"
  check_counted seep.db "$server"
}

@test "the recorder and the server are killed: a later seep record finishes the recording exactly" {
  local arena
  start_counted seep.db
  arena=$(query seep.db "SELECT value FROM meta WHERE key = 'arena'")
  kill -KILL "$(recorder_of seep.db)"
  local server=$pid
  still_works "$server"
  stop "$server" KILL
  start resumed "$SEEP" record "$arena"
  check_counted seep.db "$server"
}

@test "the disk under the recording is full for a while: nothing is lost in the end" {
  mount_small disk 2m
  start_counted disk/seep.db
  local server=$pid
  dd if=/dev/zero of=disk/filler bs=4k 2>/dev/null || true
  sleep 2.5
  still_works "$server"
  "$SEEP" top disk/seep.db >top.out
  grep -q counted_make top.out
  rm disk/filler
  check_counted disk/seep.db "$server"
  [[ ! -s counted.err ]] || [[ $(wc -l <counted.err) == 1 ]]
}

@test "the tmpfs under the arena is full from the start: said once, and the server runs" {
  mount_small memory 256k
  dd if=/dev/zero of=memory/filler bs=4k 2>/dev/null || true
  "$PROGRAMS/guest_view" >bare.out || [[ $? == 23 ]]
  local code=0
  env LD_PRELOAD="$LIB" SEEP_OPTIONS="out=$PWD/seep.db:arena=$PWD/memory/a" "$PROGRAMS/guest_view" >seep.out 2>err.txt || code=$?
  [[ $code == 23 ]]
  diff bare.out seep.out
  [[ $(wc -l <err.txt) == 1 ]] || fail "not said once: $(<err.txt)"
  grep -q '^libseep: ' err.txt
}

@test "the tmpfs under the arena runs full: the server runs, and what is missing is counted" {
  mount_small memory 1m
  # shellcheck disable=SC2046 # two words
  env $(seep_env seep.db '' "arena=$PWD/memory/a") "$PROGRAMS/mt_stress" >out.txt 2>err.txt
  grep -q '^live' out.txt
  [[ -z $(sort err.txt | uniq -d) ]] || fail "said more than once: $(<err.txt)"
  if [[ -e seep.db ]]; then
    wait_finished seep.db
    "$SEEP" top seep.db >top.txt
    if grep -q 'nothing dropped' top.txt; then
      check_expectations seep.db out.txt
    fi
  else
    [[ -s err.txt ]]
  fi
}

@test "a directory that cannot be written to: said once, and the server runs" {
  local code=0
  "$PROGRAMS/guest_view" >bare.out || [[ $? == 23 ]]
  env LD_PRELOAD="$LIB" SEEP_OPTIONS=out=/proc/seep.db "$PROGRAMS/guest_view" >seep.out 2>err.txt || code=$?
  [[ $code == 23 ]]
  diff bare.out seep.out
  [[ $(wc -l <err.txt) == 1 ]] || fail "not said once: $(<err.txt)"
  grep -q '/proc/seep.db' err.txt
}

@test "the recording is deleted in mid-run: the server goes on" {
  start_counted seep.db
  rm seep.db*
  sleep 1.5
  still_works "$pid"
  stop "$pid" KILL
  sleep 1
  [[ -z $(pgrep -f "out=$PWD/seep.db") ]]
}

@test "a limit on file sizes is not met by the arena" {
  (ulimit -f 2000 && "$PROGRAMS/guest_view" >bare.out) || [[ $? == 23 ]]
  local code=0
  (ulimit -f 2000 && under seep.db "$PROGRAMS/guest_view" >seep.out 2>err.txt) || code=$?
  [[ $code == 23 ]] || fail "ended with $code: $(<err.txt)"
  diff bare.out seep.out
}
