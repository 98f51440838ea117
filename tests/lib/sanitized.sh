#!/bin/bash
# SPDX-License-Identifier: MIT
# sanitized.sh NAME TEST... - runs tests with the analyzer that was built into BUILD/NAME under a sanitizer, asan or tsan.
#
# Beside it stand the ordinary shim and fixtures. What a sanitizer finds is said in a file, since many a process here has
# no standard error of its own (recorders), or one that a test throws away; one such file, and the run has failed.
set -u

cd "$(dirname "$0")/../.." || exit 1
name=$1
shift
ordinary=$(realpath "${BUILD:-build}")
BUILD=$ordinary/$name
reports=$BUILD/reports
export BUILD
rm -rf "$reports"
mkdir -p "$reports" "$BUILD/tests"
ln -sfn ../libseep.so "$BUILD/libseep.so"
for part in "$ordinary"/tests/*; do
  [[ $part == */unit ]] || ln -sfn "../../tests/$(basename "$part")" "$BUILD/tests/"
done

export ASAN_OPTIONS=log_path=$reports/asan UBSAN_OPTIONS=log_path=$reports/ubsan:print_stacktrace=1
export TSAN_OPTIONS=log_path=$reports/tsan
# It is slow, and keeps what was freed. A test that cannot do with that has the tag no_asan or no_tsan, and says why.
export SEEP_TEST_TAGS="!no_$name" SEEP_TEST_FILE_LIMIT=1800 BATS_TEST_TIMEOUT=600 SEEP_TEST_GROWN_MB=1024
# Newer kernels put a program where a sanitizer wants to have its own memory.
code=0
setarch -R tests/lib/run_tests.sh "$@" || code=1
# One that a test kills while it looks for leaks says that it could not: no finding.
for report in "$reports"/*; do
  grep -qsE 'ERROR|WARNING|FATAL|CHECK failed|runtime error' "$report" || continue
  cat "$report"
  code=1
done
exit "$code"
