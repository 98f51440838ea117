#!/bin/bash
# SPDX-License-Identifier: MIT
# sampling.sh [RUNS] - do the intervals of sampled mode hold the truth, and what does it cost?
#
# Runs profile once with every block recorded and RUNS times (200) sampled, each time with other random numbers, and
# prints for each callsite in how many of these runs the 95 % interval holds the exact figure. At least 95 % of all must:
# exits with 1 otherwise. A callsite that had no sampled block in a run is not in its recording: it counts as not held.
# SAMPLE=BYTES (512k) is the interval. JOBS runs go on at once (2).
set -eu
runs=${1:-200}
sample=${SAMPLE:-512k}
jobs=${JOBS:-2}
build=$(realpath "${BUILD:-build}")
program=$build/tests/bench/profile
here=$(dirname "$(realpath "$0")")
PATH=/usr/bin:/bin:$PATH
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

record() { # NAME [OPTION]...
  local name=$1
  shift
  "$build/seep" run "$@" -o "$work/$name.db" "$program" 2>"$work/$name.err" || { cat "$work/$name.err" >&2; return 1; }
  for type in inuse_space inuse_objects alloc_space alloc_objects; do
    "$build/seep" top --json -n 0 --type "$type" "$work/$name.db" >"$work/$name.$type.json"
  done
  rm "$work/$name.db"
}

record exact
for ((run = 0; run < runs; run++)); do
  while (($(jobs -rp | wc -l) >= jobs)); do wait -n; done
  record "$run" --sample "$sample" &
done
wait
python3 -B "$here/sampling.py" "$work" "$runs" "$sample"
