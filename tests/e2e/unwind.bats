#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# unwind.bats - tens of thousands of stacks of each shape, all compared with libunwind's full walk. The long form, with real
# programs, is `make verify-unwind`.

load ../lib/helpers

# Runs shell commands in which the programs are in PATH, in one recording: their stacks are right, and at least COUNT.
check_unwind() { # COUNT PRELOADS COMMANDS
  # shellcheck disable=SC2046 # two words
  env $(seep_env seep.db "$2" verify_unwind=1) PATH="$PROGRAMS:$PATH" bash -c "$3" >out.txt
  check_healthy seep.db
  local compared differing
  compared=$(trust seep.db verify_captures)
  differing=$(trust seep.db verify_differences)
  [[ $differing == 0 ]] || fail "$differing of $compared stacks differ from libunwind's"
  [[ $compared -ge $1 ]] || fail "only $compared stacks were compared with libunwind's"
}

@test "every stack is libunwind's: frames of every shape, found by rsp, rbp and expressions" {
  check_unwind 20000 '' 'unwind_patterns frames 20000'
  check_expectations seep.db out.txt
  [[ $(trust seep.db broken_stacks) == 0 && $(trust seep.db guessed_frames) == 0 ]]
}

@test "every stack is libunwind's: over return addresses and registers that earlier calls left" {
  check_unwind 20000 '' 'unwind_patterns stale 20000'
  check_expectations seep.db out.txt
}

@test "every stack is libunwind's: recursion to 600 frames and back, cut at the same frame" {
  check_unwind 3000 '' 'unwind_patterns depth 1000'
  [[ $(trust seep.db truncated_stacks) -gt 0 && $(trust seep.db broken_stacks) == 0 ]]
}

@test "every stack is libunwind's: code without unwind information, followed along rbp or ended and counted" {
  check_unwind 10000 '' 'unwind_patterns bare 10000'
  check_expectations seep.db out.txt
}

@test "every stack is libunwind's: coroutines with stacks of their own, and C++20's without" {
  check_unwind 40000 '' 'unwind_patterns coroutines 20000; unwind_coroutines 20000'
  [[ $(trust seep.db broken_stacks) == 0 && $(trust seep.db guessed_frames) == 0 ]]
}

@test "every stack is libunwind's: signals in handlers, on an alternate stack, and jumps out of handlers" {
  check_unwind 20000 '' 'unwind_patterns nested 10000; unwind_patterns jumps 10000'
  check_expectations seep.db out.txt
  [[ $(trust seep.db broken_stacks) == 0 && $(trust seep.db guessed_frames) == 0 ]]
}

@test "every stack is libunwind's: signals at any moment, and after each instruction of PLT entries, vdso, libc and hooks" {
  check_unwind 12000 "$PROGRAMS/reentrant_plugin.so" 'unwind_patterns timer 2000; unwind_patterns steps 10000'
  [[ $(trust seep.db broken_stacks) == 0 && $(trust seep.db guessed_frames) == 0 ]]
}

@test "every stack is libunwind's: exceptions, and two libraries by turns at one address" {
  check_unwind 17000 '' "stack_exceptions 10; $PROGRAMS/stack_dlopen 300"
  check_expectations seep.db out.txt
}
