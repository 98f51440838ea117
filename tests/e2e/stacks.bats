#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# stacks.bats - each fixture has one trouble for the unwinder and says which figures belong to which function; every
# stack is compared with a full walk by libunwind as well (verify_unwind), and none may differ.

load ../lib/helpers

check_stacks() { # FIXTURE
  # shellcheck disable=SC2046 # two words
  env $(seep_env seep.db '' verify_unwind=1) "$PROGRAMS/$1" >out.txt
  check_healthy seep.db
  check_expectations seep.db out.txt
  local compared differing
  compared=$(trust seep.db verify_captures)
  differing=$(trust seep.db verify_differences)
  [[ $compared -ge ${2:-100} ]] || fail "only $compared stacks were compared with libunwind's"
  [[ $differing == 0 ]] || fail "$differing of $compared stacks differ from libunwind's"
}

@test "stacks are right at every depth of a recursion" {
  check_stacks stack_recursion
}

@test "stacks are right through alloca and realigned frames" {
  check_stacks stack_alloca
}

@test "stacks are right through tail calls: no frame where there is none" {
  check_stacks stack_tailcall
}

@test "stacks are right in signal handlers, also on an alternate stack, down to what was interrupted" {
  check_stacks stack_signal
}

@test "stacks are right in coroutines on stacks of their own" {
  check_stacks stack_coroutine
}

@test "stacks are right from thread start routines, also on the stack of a thread that ended" {
  check_stacks stack_thread
}

@test "stacks are right while exceptions pass frames, and the exceptions arrive" {
  check_stacks stack_exceptions
}

@test "stacks are right in two libraries that were loaded at one address by turns" {
  check_stacks stack_dlopen 40
  # once a first stack of its kind may take memory for itself in between
  grep -Eq '^same page (19|20) ' out.txt
  [[ $(query seep.db "SELECT count(*) FROM module WHERE path GLOB '*_plugin.so'") == 2 ]]
}
