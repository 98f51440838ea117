#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# exact.bats - the counts are exact: held against the program's own, against Valgrind's and against heaptrack's.

load ../lib/helpers

@test "eight threads, blocks freed and moved by others, forks: exact to the last block" {
  under seep.db "$PROGRAMS/mt_stress" >out.txt
  check_healthy seep.db
  check_expectations seep.db out.txt
  [[ $(trust seep.db overwritten_blocks) == 0 ]]
}

@test "SIGKILL at random moments loses no completed call" {
  "$BATS_TEST_DIRNAME/../faults/kill.sh" 12
}
