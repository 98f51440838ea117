#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # pid is of the helpers
# ages.bats - how old is what a process holds, read from its memory while it runs.

load ../lib/helpers

# Starts ages_known; its things are made when this returns.
start_ages() { # FILE SECONDS [private]
  start_under "$1" ages "$PROGRAMS/ages_known" "${@:2}"
  wait_until 40 grep -q ready ages.out
}

# FILE FUNCTION KIND: objects, bytes, the least and the greatest age, as read last.
held() {
  query "$1" "SELECT sum(h.count), sum(h.bytes), min(from_s), max(to_s) FROM age_histogram h JOIN site s ON s.id = h.site_id
    WHERE s.kind = '$3' AND s.node_id IN (SELECT node_id FROM stack WHERE function = '$2')"
}

# FILE PID: callsites of which the histogram and the counters differ. Those of libc's start are none of the fixture's.
differences() {
  query "$1" "SELECT c.kind, c.site_id, c.live_count, c.live_bytes, a.count, a.bytes FROM callsite c
    LEFT JOIN (SELECT process_id, site_id, sum(count) AS count, sum(bytes) AS bytes FROM age_histogram GROUP BY 1, 2) a
      ON a.process_id = c.process_id AND a.site_id = c.site_id
    WHERE c.pid = $2 AND (c.live_count <> coalesce(a.count, 0) OR c.live_bytes <> coalesce(a.bytes, 0))"
}

# FILE PID: callsites whose mean birth, which the counters know to the second, is outside of what the ages allow.
impossible_ages() {
  query "$1" "SELECT t.site_id FROM total t JOIN process p ON p.id = t.process_id
    JOIN (SELECT process_id, site_id, sum(count) AS count, sum(count * from_s) AS least, sum(count * (to_s - 1)) AS most,
                 time - (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'created_ns') / 1000000000 + 1 AS epoch
          FROM age_histogram GROUP BY 1, 2) a ON a.process_id = t.process_id AND a.site_id = t.site_id
    WHERE p.pid = $2 AND (a.count * (epoch + 1) - t.birth_sum < a.least OR a.count * (epoch - 1) - t.birth_sum > a.most)"
}

@test "what a running process holds is told by age, to the object and to the second" {
  start_ages seep.db 5
  "$SEEP" peek --ages '_make$' seep.db >ages.txt
  cat ages.txt
  [[ $(sed -n 's/: [0-9]* objects,.*//p' ages.txt) == $'large_make\nlater_make\ntiny_make\nhandles_make' ]]
  grep -q "^Ages of process $pid: as of " ages.txt
  read -r objects _ least most <<<"$(held seep.db tiny_make heap)"
  ((objects == 3000 && least >= 4 && most <= 64))
  [[ $(held seep.db later_make heap) == "500 50000 "* ]]
  read -r _ _ _ most <<<"$(held seep.db later_make heap)"
  ((most <= 32))
  [[ $(held seep.db large_make heap) == "52 $((50 * 20000 + 2 * (3 << 20))) "* ]]
  [[ $(held seep.db handles_make eventfd) == "10 0 "* ]]
  [[ $(held seep.db handles_make mapping) == "2 8192 "* ]]
  [[ $(held seep.db handles_make stream) == "1 0 "* ]]
  [[ -z $(differences seep.db "$pid") ]]
  [[ -z $(impossible_ages seep.db "$pid") ]]
}

@test "--json has the same, and agrees with the counters" {
  start_ages seep.db 0
  "$SEEP" peek --ages --json --type eventfd '^handles_make$' seep.db >ages.json
  "$PYTHON" - "$pid" <<'END'
import json, sys
report = json.load(open("ages.json"))
function, = report["functions"]
assert function["objects"] == function["live_objects"] == 10 == sum(age["objects"] for age in function["ages"]), function
reading, = report["readings"]
assert reading["pid"] == int(sys.argv[1]) and reading["unknown_because"] is None and reading["cpu_ns"] > 0, reading
assert report["time_ns"] / 1e9 - 1 < reading["time"] < report["time_ns"] / 1e9 + 60, report
END
}

has_reading() { # FILE
  (($(query "$1" "SELECT count(*) FROM age_reading") > 0))
}

@test "a recording of a killed process tells of the newest reading, made without being asked for" {
  start_ages seep.db 0
  wait_until 20 has_reading seep.db
  stop "$pid" KILL
  wait_finished seep.db
  "$SEEP" peek --ages '^tiny_make$' seep.db >ages.txt
  cat ages.txt
  grep -q "^Ages of process $pid: as of " ages.txt
  grep -q '^tiny_make: 3000 objects' ages.txt
}

@test "a forked child's ages are of its own memory, with what it inherited" {
  start_under seep.db forks "$PROGRAMS/ages_known" 0 fork
  wait_until 40 grep -q ready forks.out
  child=$(cat "/proc/$pid/task/$pid/children")
  sleep 1.5 # until what it inherited has rows
  "$SEEP" peek --ages . seep.db >/dev/null
  [[ $(query seep.db "SELECT sum(count) FROM age_histogram a JOIN process p ON p.id = a.process_id WHERE p.pid = ${child% }
    AND a.site_id IN (SELECT id FROM site WHERE kind = 'heap' AND node_id IN
      (SELECT node_id FROM stack WHERE function = 'tiny_make'))") == 2250 ]]
  [[ -z $(differences seep.db "${child% }") ]]
  [[ -z $(differences seep.db "$pid") ]]
  kill -KILL "${child% }"
}

@test "sampled blocks count with their weight" {
  start sampled "$SEEP" run --sample 4096 -o seep.db "$PROGRAMS/ages_many" 1000000 64
  wait_until 40 grep -q ready sampled.out
  "$SEEP" peek --ages --json '^main$' seep.db >ages.json
  # 16 of 256 bytes are sampled: 61,000 blocks, a relative error of 0.4 %
  "$PYTHON" -c 'import json; f = json.load(open("ages.json"))["functions"][0]
assert abs(f["objects"] - 1e6) < 3e4 and abs(f["objects"] - f["live_objects"]) < 100, f'
}

@test "a process that ended before it was read has unknown ages, not none" {
  "$SEEP" run -o seep.db "$PROGRAMS/release_paths" 16
  code=0
  "$SEEP" peek --ages main seep.db >out.txt 2>err.txt || code=$?
  [[ $code == 3 && ! -s out.txt ]]
  [[ $(cat err.txt) == "seep peek: the ages of what is held are unknown in seep.db: "* ]]
  (($(wc -l <err.txt) == 1))
}

# SCRIPT, under Seep and without the right to look into every process; $1 of it is the fixture.
start_without_rights() { # SCRIPT
  local drop=()
  ((EUID)) || drop=(setpriv --bounding-set -sys_ptrace --inh-caps -sys_ptrace)
  start both "${drop[@]}" env LD_PRELOAD="$LIB" SEEP_OPTIONS="out=$PWD/seep.db" bash -c "$1" - "$PROGRAMS/ages_known"
  wait_until 40 grep -q ready both.out
}

@test "where the memory may not be read the ages are unknown, which is said once" {
  # shellcheck disable=SC2016 # for the inner shell
  start_without_rights 'exec "$1" 0 private'
  code=0
  "$SEEP" peek --ages _make seep.db >out.txt 2>err.txt || code=$?
  cat out.txt err.txt
  [[ $code == 3 && ! -s out.txt ]]
  grep -q 'unknown in seep.db: its memory may not be read' err.txt
  (($(wc -l <err.txt) == 1))
  [[ $(query seep.db "SELECT DISTINCT state FROM age_reading") == "not permitted" ]]
  [[ $(query seep.db "SELECT count(*) FROM age") == 0 ]]
}

is_unreadable() { # FILE PID
  [[ $(query "$1" "SELECT state FROM age_reading r JOIN process p ON p.id = r.process_id WHERE pid = $2") == "not permitted" ]]
}

@test "of two processes the one that may be read is told of, and the other one named" {
  # shellcheck disable=SC2016 # for the inner shell
  start_without_rights '"$1" 0 private >private.out & echo $! >private.pid; exec "$1" 0'
  wait_until 40 grep -q ready private.out
  # the recorder may need a second look to be sure of a process that it cannot look into
  wait_until 20 is_unreadable seep.db "$(cat private.pid)"
  "$SEEP" peek --ages '^tiny_make$' seep.db >ages.txt 2>err.txt
  cat ages.txt err.txt
  kill -KILL "$(cat private.pid)"
  grep -q '^tiny_make: 3000 objects' ages.txt
  grep -q "^Ages of process $pid: as of " ages.txt
  (($(grep -c "^Ages of process $(cat private.pid): unknown: its memory may not be read" ages.txt) == 1))
}

@test "a million blocks are read in a few hundredths of a second" {
  start_under seep.db many "$PROGRAMS/ages_many" 1000000 64
  wait_until 60 grep -q ready many.out
  "$SEEP" peek --ages '^main$' seep.db
  query seep.db "SELECT 'cpu_ns', max(cpu_ns) FROM age_reading"
  # measured: 8 ms; a machine that is busy may take its time
  (($(query seep.db "SELECT max(cpu_ns) FROM age_reading") < 500000000))
}

@test "what --ages is not of is refused" {
  for other in "--base x.db" "--since 5s" "--until 5s" "--by line" "--type alloc_space"; do
    code=0
    # shellcheck disable=SC2086 # two words
    "$SEEP" peek --ages $other main seep.db 2>err.txt || code=$?
    [[ $code == 2 ]]
    grep -q -- '--ages' err.txt
  done
}

@test "many who ask at once are all answered, and cost the recorder little" {
  start_under seep.db many "$PROGRAMS/ages_many" 1000000 64
  wait_until 60 grep -q ready many.out
  "$SEEP" peek --ages '^main$' seep.db >/dev/null
  before=$(query seep.db "SELECT value FROM meta WHERE key = 'recorder_cpu_ns'")
  asking=()
  for i in {1..10}; do
    "$SEEP" peek --ages '^main$' seep.db >"$i.txt" &
    asking+=($!)
    sleep 0.2
  done
  wait "${asking[@]}"
  for i in {1..10}; do
    grep -q '^main: 100000[0-9] objects' "$i.txt"
  done
  # some 80 ms, of a machine at rest
  (($(query seep.db "SELECT value FROM meta WHERE key = 'recorder_cpu_ns'") - before < 500000000))
}
