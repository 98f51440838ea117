#!/bin/bash
# SPDX-License-Identifier: MIT
# nodeadlock.sh SECONDS - everything at once under Seep (tests/programs/nodeadlock.cc), with a watchdog inside and one
# outside. Passes when the program ends by itself and its recording is whole.
set -u

BUILD=$(realpath "${BUILD:-build}")
seconds=${1:-600}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

LD_PRELOAD=$BUILD/libseep.so:$BUILD/tests/programs/reentrant_plugin.so SEEP_OPTIONS=out=$folder/soak.db \
  timeout -k 5 $((seconds + 60)) "$BUILD/tests/programs/nodeadlock" "$seconds"
code=$?
if [[ $code -ne 0 ]]; then
  echo "nodeadlock ended with code $code (3: its watchdog, 124: the outer one)" >&2
  exit 1
fi
for _ in {1..300}; do
  [[ $(sqlite3 -readonly -cmd ".timeout 5000" "$folder/soak.db" "SELECT value FROM meta WHERE key = 'state'" 2>/dev/null) == ended ]] && break
  sleep 0.1
done
sqlite3 -readonly -cmd ".timeout 5000" "$folder/soak.db" "
  SELECT count(*) || ' processes, ' || (SELECT sum(acquired_count) FROM total) || ' acquisitions in ' ||
         (SELECT count(*) FROM site) || ' callsites, state ' || (SELECT value FROM meta WHERE key = 'state') FROM process;
  SELECT name || ' ' || sum(value) FROM trust GROUP BY name HAVING sum(value) > 0"
echo "$(stat -c %s "$folder/soak.db") bytes of recording"
[[ $(sqlite3 -readonly -cmd ".timeout 5000" "$folder/soak.db" "SELECT value FROM meta WHERE key = 'state'; PRAGMA integrity_check" | xargs) == 'ended ok' ]]
