#!/bin/bash
# SPDX-License-Identifier: MIT
# bounded.sh SECONDS - redis-benchmark for that long: the recording's size beside the number of events, ten times. The
# size has to depend on callsites and time: fails when it grows by more than 1 KiB for 10,000 events in the second half.
set -u

BUILD=$(realpath "${BUILD:-build}")
seconds=${1:-600}
folder=$(mktemp -d)
port=$((20000 + RANDOM % 20000))
trap 'kill "$load" "$server" 2>/dev/null; wait; rm -rf "$folder"' EXIT

LD_PRELOAD=$BUILD/libseep.so SEEP_OPTIONS=out=$folder/redis.db \
  redis-server --port "$port" --save '' --dir "$folder" >"$folder/out" 2>&1 &
server=$!
sleep 1
redis-benchmark -p "$port" -P 16 -r 100000 -n 200000 -q -t set,get,lpush,lpop,hset -l >/dev/null 2>&1 &
load=$!

figures() { # bytes of the files, events, callsites
  echo "$(($(stat -c %s "$folder/redis.db") + $(stat -c %s "$folder/redis.db-wal" 2>/dev/null || echo 0)))" \
    "$(sqlite3 -readonly -cmd '.timeout 5000' -separator ' ' "$folder/redis.db" \
      'SELECT sum(acquired_count + released_count), (SELECT count(*) FROM site) FROM total')"
}

printf '%8s %14s %16s %10s\n' seconds 'file bytes' events callsites
for ((sample = 1; sample <= 10; sample++)); do
  sleep $((seconds / 10))
  read -r bytes events callsites < <(figures)
  printf '%8d %14d %16d %10d\n' $((sample * (seconds / 10))) "$bytes" "$events" "$callsites"
  if ((sample == 5)); then
    half_bytes=$bytes half_events=$events
  fi
done
growth=$((bytes - half_bytes)) more=$((events - half_events))
echo "second half: $growth bytes for $more events"
((more > 0 && growth * 10000 <= more * 1024))
