#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# sampling.bats - sampled mode: estimates near the truth and marked as such, everything but the heap exact.
#
# How often the intervals hold the truth is `make sampling`; here a figure is wrong only if it is six standard errors off.

load ../lib/helpers

json() { # RECORDING TYPE EXPRESSION-OF-r
  "$SEEP" top --json -n 0 --type "$2" "$1" | "$PYTHON" -c "import json, sys; r = json.load(sys.stdin); print($3)"
}

near() { # ESTIMATE EXACT PERCENT
  (($1 * 100 > $2 * (100 - $3) && $1 * 100 < $2 * (100 + $3))) || fail "$1 is not within $3 % of $2"
}

@test "sampled blocks give estimates near the exact figures, marked with their interval" {
  "$SEEP" run -o exact.db "$PROGRAMS/mt_stress" >out.txt
  "$SEEP" run --sample 4k -o sampled.db "$PROGRAMS/mt_stress" >out.txt
  for type in alloc_space alloc_objects; do
    near "$(json sampled.db $type 'r["total"]')" "$(json exact.db $type 'r["total"]')" 25
    [[ $(json sampled.db $type 'r["sampled"] and r["total_low"] < r["total"] < r["total_high"]') == True ]]
    [[ $(json exact.db $type 'r["sampled"]') == False ]]
  done
  "$SEEP" top sampled.db >top.txt
  grep -q '^Sampled: 1 in 4kB of heap bytes; figures are estimates, ± is their 95% interval$' top.txt
  "$SEEP" info sampled.db | grep -q '^Sampled: 1 in 4kB of heap bytes; descriptors, mappings and threads are exact$'
  [[ $("$SEEP" top exact.db) != *±* ]]
}

@test "frees of blocks that were not sampled are no trouble, nor are children" {
  "$SEEP" run --sample 64k -o seep.db "$PROGRAMS/mt_stress" >out.txt
  for what in unseen_frees overwritten_blocks lost_entries dropped_events; do
    [[ $(trust seep.db "$what") == 0 ]]
  done
}

@test "descriptors and mappings stay exact when the heap is sampled" {
  "$SEEP" run -o exact.db "$PROGRAMS/handles_kinds" >exact.txt
  "$SEEP" run --sample 1g -o sampled.db "$PROGRAMS/handles_kinds" >sampled.txt
  for type in fds sockets timers mappings; do
    [[ $(json sampled.db $type 'r["sampled"]') == False ]]
    [[ $(json sampled.db $type 'r["total"]') == $(json exact.db $type 'r["total"]') ]]
  done
}

@test "what is no number of bytes is refused" {
  for bytes in 5x 512kk '' -1 2000g 1e6; do
    run "$SEEP" run --sample "$bytes" -o seep.db true
    ((status == 2))
    [[ $output == *"is no number of bytes"* ]]
  done
  under_sample=$(SEEP_OPTIONS=out=$PWD/b.db:sample=lots LD_PRELOAD=$LIB /bin/true 2>&1)
  [[ $under_sample == *"not an option with a good value"*sample* ]]
}

@test "a recording of before there was sampling is read as before" {
  "$SEEP" run -o seep.db "$PROGRAMS/handles_kinds" >out.txt
  "$SEEP" top --json seep.db >new.json
  {
    sqlite3 seep.db "SELECT 'DROP VIEW ' || name || ';' FROM sqlite_schema WHERE type = 'view'"
    for table in total sample_second sample_minute sample_hour inherited; do
      sqlite3 seep.db "SELECT 'ALTER TABLE $table DROP COLUMN ' || name || ';' FROM pragma_table_info('$table')
        WHERE name LIKE '%unseen%' OR name LIKE '%variance'"
    done
    echo "DROP TABLE sampling; DROP TABLE sampled_site; PRAGMA user_version = 1;"
  } | sed '/^$/d' >older.sql
  sqlite3 seep.db <older.sql
  "$SEEP" top --json seep.db >old.json
  diff <(grep -v seep_shared new.json) <(grep -v seep_shared old.json)
  "$SEEP" info seep.db >info.txt
}

# Estimates of what the fixture printed, by function: in their own intervals and at most six standard errors off. What
# begins with exactly_ is exact (above it, what may have been there while none of it was seen).
check_estimates() { # RECORDING OUTPUT
  for type in alloc_objects alloc_space inuse_objects inuse_space; do
    "$SEEP" top --json -n 0 --type "$type" "$1" >"$type.json"
  done
  "$PYTHON" - "$2" <<'END'
import json, sys
figures = {}
for kind in ("alloc_objects", "alloc_space", "inuse_objects", "inuse_space"):
    for node in json.load(open(kind + ".json"))["nodes"]:
        figures[node["name"].split("(")[0], kind] = node["flat"], node.get("flat_low"), node.get("flat_high")
lines = [line.split() for line in open(sys.argv[1]) if line.startswith("expect ")]
assert len(lines) >= 3
for _, _, name, _, made, gone, made_bytes, gone_bytes in lines:
    truths = {"alloc_objects": int(made), "alloc_space": int(made_bytes),
              "inuse_objects": int(made) - int(gone), "inuse_space": int(made_bytes) - int(gone_bytes)}
    for kind, truth in truths.items():
        value, low, high = figures[name, kind]
        print(name, kind, truth, value, low, high)
        if name.startswith("exactly_"):
            assert value == truth == low
        else:
            assert low < value < high and abs(value - truth) <= 3 * max(high - value, value - low)
            assert high - low < truth
END
}

@test "the interval may change during the run, to and from every block" {
  "$SEEP" run --sample 4k -o seep.db "$PROGRAMS/sampling_changes" >out.txt
  check_estimates seep.db out.txt
  check_healthy seep.db
  "$SEEP" run -o from_exact.db "$PROGRAMS/sampling_changes" >out.txt
  check_estimates from_exact.db out.txt
  check_healthy from_exact.db
}

@test "operators new and delete are sampled, at the callsites of the exact mode" {
  "$SEEP" run --sample 4k -o sampled.db "$PROGRAMS/sampling_new" >out.txt
  check_estimates sampled.db out.txt
  check_healthy sampled.db
  "$SEEP" run -o exact.db "$PROGRAMS/sampling_new" >out.txt
  check_expectations exact.db out.txt
  for db in sampled exact; do
    query $db.db "SELECT DISTINCT function FROM stack WHERE function GLOB 'operator*'" >$db.txt
  done
  diff sampled.txt exact.txt
}

@test "bad_alloc passes through a hook that does not record" {
  "$SEEP" run --sample 64g -o seep.db "$PROGRAMS/sampling_new" fail
}
