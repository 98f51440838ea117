#!/bin/bash
# SPDX-License-Identifier: MIT
# run.sh SECONDS FUZZER... - runs libFuzzer's programs for so long each, from the corpus on; what they find new is kept in
# BUILD/corpus for the next time, what breaks them in BUILD/NAME-crash-... Exit code 1 if something did.
set -u

cd "$(dirname "$0")/../.." || exit 1
seconds=$1
shift
failed=0
for fuzzer in "$@"; do
  name=$(basename "$fuzzer" _fuzz)
  found=$BUILD/corpus/$name
  mkdir -p "$found"
  if "$fuzzer" -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix="$BUILD/$name-" "$found" "tests/fuzz/corpus/$name" >"$BUILD/$name.log" 2>&1; then
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$BUILD/$name.log") inputs in $seconds s," \
      "$(grep -oE 'cov: [0-9]+' "$BUILD/$name.log" | tail -1 | cut -d' ' -f2) branches reached, nothing broke"
  else
    tail -40 "$BUILD/$name.log"
    echo "$name: broken; the input is in $BUILD/$name-*"
    failed=1
  fi
done
exit "$failed"
