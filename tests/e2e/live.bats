#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# live.bats - the live map: no block is lost or taken for another, whatever its size and alignment, whatever allocator;
# and what it takes of the server's memory and address space.

load ../lib/helpers

@test "blocks of random sizes and alignments are released as they were acquired" {
  under seep.db "$PROGRAMS/live_random" 2 >out.txt
  check_healthy seep.db
  check_expectations seep.db out.txt
  [[ $(trust seep.db overwritten_blocks) == 0 && $(trust seep.db unseen_frees) == 0 ]]
}
