#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# truth.bats - `make truth` (tests/truth/truth.py) on two of its fixtures for some seconds, and what it reads its peers' reports as.

load ../lib/helpers

@test "truth: each peer finds the leak on an error path, and heaptrack alone takes a bounded cache for one" {
  cd "$BATS_TEST_DIRNAME/../truth"
  "$PYTHON" -B truth.py --build "$BUILD" --seconds 5 --jobs 8 --only 'error path|LRU' --out "$BATS_TEST_TMPDIR/results.md" \
    >"$BATS_TEST_TMPDIR/out.txt" || fail "$(<"$BATS_TEST_TMPDIR/out.txt")"
  cat "$BATS_TEST_TMPDIR/results.md" >&2
  grep -q '^| leak on an error path | . of 1 | 1 of 1 | 1 of 1 | 1 of 1 |$' "$BATS_TEST_TMPDIR/results.md"
  # shellcheck disable=SC2016 # Markdown's quotes, not the shell's
  grep -q '^| bait: bounded LRU | nothing | false: `entry_new` | nothing | nothing |$' "$BATS_TEST_TMPDIR/results.md"
}

@test "truth: a run that fails is told, and the exit code tells" {
  cd "$BATS_TEST_DIRNAME/../truth"
  mkdir -p "$BATS_TEST_TMPDIR/empty"
  code=0
  "$PYTHON" -B truth.py --build "$BATS_TEST_TMPDIR/empty" --seconds 1 --only 'LRU' --out "$BATS_TEST_TMPDIR/results.md" \
    >"$BATS_TEST_TMPDIR/out.txt" 2>&1 || code=$?
  [[ $code == 1 ]]
  grep -q '^bait: bounded LRU, Seep: bait_lru cannot be run: ' "$BATS_TEST_TMPDIR/out.txt" || fail "$(<"$BATS_TEST_TMPDIR/out.txt")"
}

@test "truth: how the peers' reports are read, and what is right" {
  cd "$BATS_TEST_DIRNAME/../truth"
  "$PYTHON" -B truth_test.py
}
