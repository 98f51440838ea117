#!/bin/bash
# SPDX-License-Identifier: MIT
# run_tests.sh TEST... - runs unit test binaries (*_test) and bats files, as many at a time as there are cores, and prints
# "N passed, N failed" as last line. A bats file with the comment "Runs alone" (and why) runs when no other one does.
#
# Every test speaks TAP. A skipped test, a binary that dies and a file that runs into the time limit count as
# failed: a run that says "0 failed" has run everything. What failed is shown in full, the rest as a line a file.
set -u

cd "$(dirname "$0")/../.." || exit 1
BUILD=$(realpath "${BUILD:-build}")
export BUILD CMOCKA_MESSAGE_OUTPUT=TAP BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-150}
file_limit_s=${SEEP_TEST_FILE_LIMIT:-600}
jobs=${SEEP_TEST_JOBS:-$(nproc)}
passed=0 failed=0
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# Leaves what is to be printed in $out/NUMBER.text, and both counts in $out/NUMBER.counts.
run_one() { # TEST NUMBER
  local tap=$out/$2.tap started=$SECONDS code
  case $1 in
  *.bats) timeout -k 5 "$file_limit_s" bats --tap ${SEEP_TEST_TAGS:+--filter-tags "$SEEP_TEST_TAGS"} "$1" >"$tap" 2>&1 ;;
  *) timeout -k 5 "$file_limit_s" "$1" >"$tap" 2>&1 ;;
  esac
  code=$?
  local ok not_ok skipped
  skipped=$(grep -ciE '^ok .*# skip' "$tap")
  ok=$(($(grep -cE '^ok [0-9]' "$tap") - skipped))
  not_ok=$(($(grep -cE '^not ok [0-9]' "$tap") + skipped))
  # died before it could tell, or stopped half-way
  if [[ $not_ok -eq 0 && ($code -ne 0 || $ok -eq 0) ]]; then
    not_ok=1
    echo "# $1 ended with code $code" >>"$tap"
  fi
  {
    printf '%-44s %3d passed, %d failed, %d s\n' "${1#"$BUILD/"}" "$ok" "$not_ok" $((SECONDS - started))
    if [[ $not_ok -ne 0 ]]; then
      grep -vE '^ok ' "$tap" | sed 's/^/    /'
      grep -iE '^ok .*# skip' "$tap" | sed 's/^/    skipped: /'
    fi
  } >"$out/$2.text"
  echo "$ok $not_ok" >"$out/$2.counts"
}

# Waits until no more than so many run; one that has left no counts has failed.
declare -A number_of=()
gather() { # MOST
  local pid number ok not_ok
  while ((${#number_of[@]} > $1)); do
    wait -n -p pid
    number=${number_of[$pid]}
    unset "number_of[$pid]"
    read -r ok not_ok <"$out/$number.counts" || ok=0 not_ok=1
    passed=$((passed + ok)) failed=$((failed + not_ok))
    cat "$out/$number.text"
  done
}

runs_alone() {
  [[ $1 == *.bats ]] && grep -q '^# Runs alone' "$1"
}

started_count=0
start() { # MOST TEST
  gather $(($1 - 1))
  started_count=$((started_count + 1))
  run_one "$2" "$started_count" &
  number_of[$!]=$started_count
}

for test in "$@"; do
  runs_alone "$test" || start "$jobs" "$test"
done
for test in "$@"; do
  ! runs_alone "$test" || start 1 "$test"
done
gather 0
echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
