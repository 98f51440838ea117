#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# process_growth.bats - what `seep growth` says of a process: leak, retention, fragmentation, mappings, stacks, steady.

load ../lib/helpers

# One process of each sort, all at the same time, for long enough to be looked at a dozen times.
setup_file() {
  local mode
  cd "$BATS_FILE_TMPDIR" || return 1
  mkfifo hold
  for mode in blocks kept holes untouched more-blocks more-mapping more-stacks; do
    env SEEP_OPTIONS="out=$mode.db:interval=0.1" LD_PRELOAD="$LIB" "$PROGRAMS/memory_parts" "$mode" <hold >/dev/null 2>&1 3>&- &
    started+=($!)
  done
  exec 9>hold
  sleep 18
  for mode in more-blocks kept; do "$SEEP" growth "$mode.db" >"$mode.live.txt"; done
  exec 9>&-
  wait "${started[@]}"
  for mode in blocks kept holes untouched more-blocks more-mapping more-stacks; do
    wait_finished "$mode.db"
    "$SEEP" growth --json "$mode.db" >"$mode.json"
    "$SEEP" growth "$mode.db" >"$mode.txt"
  done
}

# The verdict of a mode's process is that; its parts add up; and what follows, Python on its object `p`, holds.
check() { # MODE VERDICT [PYTHON]
  cd "$BATS_FILE_TMPDIR" || return 1
  cat "$1.txt"
  "$PYTHON" -c '
import json, sys
p = json.load(open(sys.argv[1] + ".json"))["processes"][0]
parts = {part["name"]: part for part in p["parts"]}
mb = 1 << 20
print(p["verdict"], p["reason"], {name: part["bytes"] for name, part in parts.items()})
assert p["verdict"] == sys.argv[2], p["verdict"]
assert sum(part["bytes"] for part in p["parts"]) == p["bytes"]
assert abs(parts["other"]["bytes"]) < mb
exec(sys.argv[3])' "$1" "$2" "${3:-}"
}

@test "live blocks that grow: leak, with the rate at which they do" {
  check more-blocks leak 'assert 1.8 * mb < parts["live"]["slope"]["per_second"] < 2.6 * mb, parts["live"]'
  grep -qE '^Process [0-9]+ \(memory_parts\): leak: tracked live blocks grow$' more-blocks.txt
  grep -qE '^ +[0-9.]+MB  tracked live blocks  +\+[0-9.]+MB  \+[0-9.]+MB/s$' more-blocks.live.txt
}

@test "all but one block given back, and the heap kept: retention" {
  check kept retention 'assert parts["slack"]["bytes"] > 60 * mb < p["slack_free_pages"]'
  grep -q 'retention' kept.live.txt
}

@test "every other block given back: fragmentation" {
  check holes fragmentation 'assert 30 * mb < parts["slack"]["bytes"] < 37 * mb and p["slack_free_pages"] == 0'
}

@test "blocks that stay as they are: steady" {
  check blocks steady 'assert abs(parts["live"]["bytes"] - 64 * mb) < mb'
}

@test "a block that is hardly touched: steady, and the rest of it takes no memory" {
  check untouched steady 'assert abs(parts["untouched"]["bytes"] + 240 * mb) < mb and parts["slack"]["bytes"] < mb'
}

@test "mappings that grow are named" {
  check more-mapping mappings 'assert 1.8 * mb < parts["mappings"]["slope"]["per_second"] < 2.6 * mb'
}

@test "stacks that grow are named" {
  check more-stacks stacks 'assert 1.8 * mb < parts["stacks"]["slope"]["per_second"] < 2.8 * mb'
}

@test "a selection of callsites has no processes beside it" {
  cd "$BATS_FILE_TMPDIR"
  "$SEEP" growth --json --type heap more-blocks.db >selection.json
  [[ $("$PYTHON" -c 'import json; print(json.load(open("selection.json"))["processes"])') == '[]' ]]
}
