#!/bin/bash
# SPDX-License-Identifier: MIT
# actor.sh SECONDS - the fixed actor server under one-sided load for that long: what it holds, ten times, beside what it did.
# Fails when the second half holds more than the first did at its most, when `seep growth` calls anything a leak or cannot
# tell, or when the driver or the server found a fault.
set -u

BUILD=$(realpath "${BUILD:-build}")
seconds=${1:-1800}
folder=$(mktemp -d)
server='' load=''
# shellcheck disable=SC2086 # an empty one is no argument
trap 'kill $load $server 2>/dev/null; wait; rm -rf "$folder"' EXIT

fail() {
  echo "actor.sh: $*" >&2
  exit 1
}

LD_PRELOAD=$BUILD/libseep.so SEEP_OPTIONS=out=$folder/actor.db "$BUILD/tests/servers/actor_fixed" >"$folder/port" &
server=$!
until [[ -s $folder/port ]]; do
  kill -0 "$server" 2>/dev/null || fail "the server did not start"
  sleep 0.1
done
"$BUILD/tests/servers/actor_load" "$(<"$folder/port")" --seconds "$seconds" >"$folder/counts" &
load=$!

figures() { # live heap objects, live heap bytes, acquired so far, RssAnon, bytes of the recording
  sqlite3 -readonly -cmd '.timeout 5000' -separator ' ' "$folder/actor.db" \
    "SELECT sum(live_count), sum(live_bytes), sum(acquired_count),
      (SELECT rss_anon FROM process_series WHERE rss_anon IS NOT NULL ORDER BY time DESC LIMIT 1) FROM callsite WHERE kind = 'heap'"
  stat -c %s "$folder/actor.db"
}

most=0
printf '%8s %12s %12s %14s %12s %12s\n' seconds objects bytes acquired RssAnon recording
for ((sample = 1; sample <= 10; sample++)); do
  sleep "$(awk -v all="$seconds" 'BEGIN { print all / 10.2 }')"
  read -r objects bytes acquired rss size < <(figures | tr '\n' ' ')
  printf '%8d %12d %12d %14d %12d %12d\n' $((sample * seconds / 10)) "$objects" "$bytes" "$acquired" "$rss" "$size"
  ((sample > 5 || objects <= most)) || most=$objects
  ((sample <= 5 || objects <= most)) || fail "holds $objects objects, in the first half no more than $most"
done
"$BUILD/seep" growth "$folder/actor.db" || fail "seep growth could not tell"
"$BUILD/seep" growth --json -n 0 "$folder/actor.db" >"$folder/growth.json" || fail "seep growth could not tell"
for verdict in leak undecided; do
  grep -Eq "^ *\"$verdict\": 0,?\$" "$folder/growth.json" || fail "something is said to leak, or cannot be told"
done
wait "$load" || fail "the driver found a fault: $(<"$folder/counts")"
load=''
kill "$server"
wait "$server" || fail "the server ended with code $?"
server=''
cat "$folder/counts"
