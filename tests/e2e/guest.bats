#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid, code and started
# guest.bats - Seep is a guest: what a process sees of itself is as without it.

load ../lib/helpers

@test "a process sees the same descriptors, children, threads, signals, limits and errno" {
  "$PROGRAMS/guest_view" one two >bare.out || [[ $? == 23 ]]
  local code=0
  under seep.db "$PROGRAMS/guest_view" one two >seep.out 2>seep.err || code=$?
  [[ $code == 23 ]]
  diff bare.out seep.out
  [[ ! -s seep.err ]]
  check_healthy seep.db
}

@test "seep run hands on the arguments, the output and the exit code" {
  local code=0
  "$PROGRAMS/guest_view" one two >bare.out || [[ $? == 23 ]]
  "$SEEP" run -o seep.db -- "$PROGRAMS/guest_view" one two >seep.out || code=$?
  [[ $code == 23 ]]
  diff bare.out seep.out
  code=0
  "$SEEP" run -o killed.db -- sh -c 'kill -TERM $$' || code=$?
  [[ $code == 143 ]]
  check_healthy seep.db
}

@test "a daemon that closes every descriptor, chroots and gives up its privileges is recorded to the call" {
  local jail
  [[ $(id -u) == 0 ]] || fail "this test needs root"
  jail=$(mktemp -d "$BATS_TEST_TMPDIR/jail.XXXXXX")
  "$PROGRAMS/daemon_chroot" "$jail"
  wait_until 10 grep -q '^done' "$jail/result"
  grep -v -e '^expect' "$jail/result" >bare.out
  rm "$jail/result"
  under seep.db "$PROGRAMS/daemon_chroot" "$jail"
  wait_until 10 grep -q '^done' "$jail/result"
  grep -v -e '^expect' "$jail/result" >seep.out
  diff bare.out seep.out
  check_healthy seep.db
  check_expectations seep.db "$jail/result"
}

@test "dlopen, signals, forks, exceptions, cancellation and ending threads at once, for ten seconds" {
  "$BATS_TEST_DIRNAME/../soak/nodeadlock.sh" 10
}

@test "what is exported is the table of hooks, and seep_mark_event for seep.h" {
  local preload=$BATS_TEST_DIRNAME/../../preload
  {
    printf '#include "%s/hooks.h"\n#define X(name) hook:name\nSEEP_HOOKS(X)\n' "$preload" |
      gcc -D_GNU_SOURCE -E -P - | grep -o 'hook:[A-Za-z_0-9]*' | cut -d: -f2
    echo seep_mark_event
  } | LC_ALL=C sort >table.txt
  nm -D --defined-only "$LIB" | cut -d' ' -f3 | LC_ALL=C sort >exported.txt
  (($(wc -l <table.txt) > 150))
  diff table.txt exported.txt
}
