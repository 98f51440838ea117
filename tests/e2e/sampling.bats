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
