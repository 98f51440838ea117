#!/bin/bash
# SPDX-License-Identifier: MIT
# run_tests.sh TEST... - runs unit test binaries (*_test) and bats files, and prints "N passed, N failed" as last line.
#
# Every test speaks TAP. A skipped test, a binary that dies and a file that runs into the time limit count as
# failed: a run that says "0 failed" has run everything. What failed is shown in full, the rest as a line a file.
set -u

cd "$(dirname "$0")/../.." || exit 1
BUILD=$(realpath "${BUILD:-build}")
export BUILD CMOCKA_MESSAGE_OUTPUT=TAP BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-150}
file_limit_s=${SEEP_TEST_FILE_LIMIT:-600}
passed=0 failed=0
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

run_one() {
  local code
  case $1 in
  *.bats) timeout -k 5 "$file_limit_s" bats --tap "$1" >"$out/tap" 2>&1 ;;
  *) timeout -k 5 "$file_limit_s" "$1" >"$out/tap" 2>&1 ;;
  esac
  code=$?
  local ok not_ok skipped
  skipped=$(grep -ciE '^ok .*# skip' "$out/tap")
  ok=$(($(grep -cE '^ok [0-9]' "$out/tap") - skipped))
  not_ok=$(($(grep -cE '^not ok [0-9]' "$out/tap") + skipped))
  # died before it could tell, or stopped half-way
  if [[ $not_ok -eq 0 && ($code -ne 0 || $ok -eq 0) ]]; then
    not_ok=1
    echo "# $1 ended with code $code" >>"$out/tap"
  fi
  passed=$((passed + ok)) failed=$((failed + not_ok))
  printf '%-44s %3d passed, %d failed, %d s\n' "${1#"$BUILD/"}" "$ok" "$not_ok" $((SECONDS - started))
  if [[ $not_ok -ne 0 ]]; then
    grep -vE '^ok ' "$out/tap" | sed 's/^/    /'
    grep -iE '^ok .*# skip' "$out/tap" | sed 's/^/    skipped: /'
  fi
}

for test in "$@"; do
  started=$SECONDS
  run_one "$test"
done
echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
