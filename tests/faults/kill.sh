#!/bin/bash
# SPDX-License-Identifier: MIT
# kill.sh N - SIGKILLs a program N times at random moments under load; each time the recording must agree, to the
# call, with the program's own count in shared memory: completed <= recorded <= started. Four at a time.
set -u

# shellcheck source=tests/lib/common.bash
source "$(dirname "$0")/../lib/common.bash"
BUILD=$(realpath "${BUILD:-build}")
PROGRAM=$BUILD/tests/programs/kill_counter
count=${1:-10}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

recorded() { # FILE KIND
  query "$1" "
    SELECT coalesce(sum(acquired_count), 0), coalesce(sum(released_count), 0) FROM callsite WHERE kind = '$2' AND node_id IN
      (SELECT node_id FROM stack WHERE function IN ('counted_make', 'counted_open'))"
}

# One kill. Prints nothing when the counts agree.
kill_once() { # NUMBER
  local base=$folder/$1 pid delay kind acquired_min acquired_max released_min released_max acquired released
  env LD_PRELOAD="$BUILD/libseep.so" SEEP_OPTIONS="out=$base.db" "$PROGRAM" "$base.count" 2>"$base.err" &
  pid=$!
  until [[ -s $base.count ]]; do # on a busy machine a kill could come before the program has begun
    sleep 0.01
  done
  printf -v delay '0.%03d' $((RANDOM % 900 + 20))
  sleep "$delay"
  kill -KILL "$pid"
  wait "$pid" 2>/dev/null
  wait_until 20 is_finished "$base.db" || echo "kill $1, after $delay s: the recording was not finished $(cat "$base.err")"
  while read -r kind acquired_min acquired_max released_min released_max; do
    read -r acquired released < <(recorded "$base.db" "$kind")
    if ! ((acquired_min <= acquired && acquired <= acquired_max)); then
      echo "kill $1, after $delay s: $kind acquired $acquired, not in $acquired_min..$acquired_max"
    fi
    if ! ((released_min <= released && released <= released_max)); then
      echo "kill $1, after $delay s: $kind released $released, not in $released_min..$released_max"
    fi
    echo "$acquired" >>"$folder/events"
  done < <("$PROGRAM" -p "$base.count")
  rm -f "$base".*
}

for ((number = 1; number <= count; number++)); do
  kill_once "$number" >>"$folder/faults" &
  ((number % 4)) || wait
done
wait

events=$(awk "{ sum += \$1 } END { printf \"%d\", sum }" "$folder/events")
if [[ -s $folder/faults ]]; then
  cat "$folder/faults"
  exit 1
fi
echo "$count kills at random moments, $events acquisitions recorded, each count right to the call"
