#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set pid and code, within the test that uses them
# bench.bats - the benchmarks themselves: their arithmetic and charts, small real runs, and that failures give an exit
# code and no number.

# Runs alone: it times what it runs.
load ../lib/helpers
bats_require_minimum_version 1.5.0

BENCH=$BATS_TEST_DIRNAME/../bench

bench() {
  "$PYTHON" -B "$BENCH/bench.py" --build "$BUILD" "$@"
}

@test "statistics, charts, and runs that fail" {
  "$PYTHON" -B "$BENCH/suite_test.py"
}

@test "a small comparison writes its table and its chart" {
  bench compare --workloads pairs,churn --tools count,seep --rounds 1 --amount 0.02 --out out
  grep -q '^| Seep, every event | [0-9]' out/results.md
  grep -q '^| \*allocations and frees\* | [0-9]' out/results.md
  "$PYTHON" -c 'import xml.etree.ElementTree as xml; xml.parse("out/results.svg")'
}

@test "a comparison that Seep cannot take part in ends with 1" {
  mkdir -p empty/tests
  cp -r "$BUILD/tests/bench" empty/tests/
  printf '#!/bin/sh\nexit 5\n' >empty/tests/bench/pairs
  code=0
  "$PYTHON" -B "$BENCH/bench.py" --build empty compare --workloads pairs --tools seep --rounds 1 --out out >table 2>err || code=$?
  [[ $code == 1 ]]
  grep -q 'bench: failed: pairs under bare: pairs ended with 5' err
  grep -q '^| Seep, every event | libseep.so is not built | – |' out/results.md
}

@test "what is not known is refused with 2" {
  run -2 bench compare --workloads nonsense
  [[ $output == *"unknown: nonsense; known are redis,"* ]]
  run -2 bench compare --rounds -1
  run -2 bench micro --tools nonsense
}

@test "a comparison that is stopped leaves no process and no file" {
  mkdir tmp
  TMPDIR=$PWD/tmp start bench "$PYTHON" -B "$BENCH/bench.py" --build "$BUILD" compare --workloads redis --tools bare --rounds 9
  wait_until 20 pgrep -P "$pid" redis-server
  server=$(pgrep -P "$pid" redis-server)
  stop "$pid"
  [[ $code == 143 ]]
  wait_until 5 gone "$server"
  [[ -z $(ls tmp) ]]
}

@test "the programs of the micro-benchmarks print a figure for each number, and refuse others" {
  run -0 "$BUILD/tests/bench/micro" request 5 20
  [[ $(grep -cE '^request (5|20) [0-9]+\.[0-9]+$' <<<"$output") == 2 ]]
  run -2 "$BUILD/tests/bench/micro" steady 0
  run -2 "$BUILD/tests/bench/micro" nonsense 5
  run -2 "$BUILD/tests/bench/churn" 0
}
