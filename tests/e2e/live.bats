#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# live.bats - the live map: no block is lost or taken for another, whatever its size and alignment, whatever allocator;
# and what it takes of the server's memory and address space.

# Runs alone: it times what it runs.
load ../lib/helpers

@test "blocks of random sizes and alignments are released as they were acquired" {
  under seep.db "$PROGRAMS/live_random" 2 >out.txt
  check_healthy seep.db
  check_expectations seep.db out.txt
  [[ $(trust seep.db overwritten_blocks) == 0 && $(trust seep.db unseen_frees) == 0 ]]
}

# Prints NAME's figure of memory_use's output in FILE.
bytes_of() { # FILE NAME
  sed -n "s/^$2 //p" "$1"
}

@test "64-byte blocks cost at most a quarter of their bytes, and it is given back with them" {
  "$PROGRAMS/memory_use" blocks 64 64 0 >bare.txt
  under seep.db "$PROGRAMS/memory_use" blocks 64 64 60 >seep.txt
  check_healthy seep.db
  local live fixed added left
  live=$(bytes_of bare.txt live)
  fixed=$(($(bytes_of seep.txt start) - $(bytes_of bare.txt start)))
  added=$(($(bytes_of seep.txt filled) - $(bytes_of bare.txt filled) - fixed))
  left=$(($(bytes_of seep.txt later) - $(bytes_of bare.txt freed) - fixed))
  echo "fixed $fixed added $added left $left live $live"
  ((fixed < 8 << 20 && added <= live / 4 && added > 0 && left < added / 4))
}

@test "a process that locks its memory has no reserve of Seep's filled" {
  "$PROGRAMS/memory_use" locked >bare.txt || skip "mlockall is not allowed here"
  under seep.db "$PROGRAMS/memory_use" locked >seep.txt
  check_healthy seep.db
  (($(bytes_of seep.txt locked) - $(bytes_of bare.txt locked) < (8 << 20) + (16 << 20) / 4))
}

@test "a limited address space: recorded in 600 MB, and alone, with a sentence, where there is no room" {
  (ulimit -v 600000 && under seep.db "$PROGRAMS/memory_use" blocks 64 200 0 >limited.txt 2>err.txt)
  [[ ! -s err.txt ]]
  check_healthy seep.db
  (($(query seep.db 'SELECT count(*) FROM process') == 1))
  (ulimit -v 50000 && under small.db "$PROGRAMS/memory_use" blocks 64 1 0 >small.txt 2>err.txt)
  [[ $(<err.txt) == *"runs unrecorded, because its address space is limited"* && ! -e small.db ]]
  (($(bytes_of small.txt live) == 1 << 20))
}

@test "a program with a limited address space joins the arena of one without" {
  under seep.db sh -c "ulimit -v 2000000; exec $PROGRAMS/memory_use blocks 64 20 0" >out.txt
  check_healthy seep.db
  (($(query seep.db "SELECT count(*) FROM process WHERE exe LIKE '%memory_use'") == 1))
}
