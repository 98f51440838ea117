#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# verdicts_long.bats - one run of `make verdicts-long` (tests/verdicts/long.py): every variant of the sample servers at the same
# time, for a minute.

# Runs alone: others leak inotify descriptors as well, and a user may have 128 of them.
load ../lib/helpers

long() {
  "$PYTHON" -B "$BATS_TEST_DIRNAME/../verdicts/long.py" --build "$BUILD" --jobs 100 --runs 1 --out long.md --keep kept "$@" >out.txt 2>&1
}

@test "within 60 s of load every leak of the sample servers is named first, and nothing else is called a leak" {
  long || fail "$(<out.txt)"
  grep -q '^7 runs of servers that leak: 0 misses. 24 runs in all: 0 with a false alarm, 0 failed.$' long.md
}

@test "verdicts-long: what cannot be told yet in 4 s is a miss, its recording is kept, and the exit code tells" {
  code=0
  long --seconds 4 --only '^actor buggy' || code=$?
  [[ $code == 1 ]] || fail "$(<out.txt)"
  grep -q '^actor, buggy, run 1: miss: called leaks were, when the load ended, nothing; in the end, nothing$' out.txt
  grep -q '^| actor | buggy | 1 | 1 | 0 | – |$' long.md
  "$SEEP" top kept/actor-buggy.1/seep.db >/dev/null
  code=0
  long --only 'no such server' || code=$?
  [[ $code == 2 ]]
}

@test "verdicts-long: what counts as a miss, a false alarm and the time to a verdict" {
  cd "$BATS_TEST_DIRNAME/../verdicts"
  "$PYTHON" -B long_test.py
}
