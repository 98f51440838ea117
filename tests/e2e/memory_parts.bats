#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# memory_parts.bats - who a process's private memory belongs to, against what the process itself says.

load ../lib/helpers

# Runs `memory_parts MODE` until it was looked at while it stays as it is; its own view is in said.txt.
record() { # MODE
  mkfifo hold
  "$SEEP" run -o seep.db --interval 0.2 -- "$PROGRAMS/memory_parts" "$1" <hold >said.txt 2>err.txt &
  local runner=$!
  started+=("$runner")
  exec 9>hold
  wait_until 20 grep -q ready said.txt
  # a look of each process that has all that was said; the recording's clock may be some tenths of a second off
  wait_until 40 looked $(($(date +%s) + 1))
  exec 9>&-
  wait "$runner"
}

looked() { # SECOND
  [[ $(query seep.db "SELECT count(DISTINCT process_id) = (SELECT count(*) FROM process) FROM memory_look
    WHERE time > $1") == 1 ]]
}

said() { # NAME
  sed -n "s/^$1 //p" said.txt
}

part() { # COLUMN [PROCESS]
  query seep.db "SELECT $1 FROM memory_parts WHERE process_id = ${2:-1} ORDER BY time DESC LIMIT 1"
}

close_to() { # NAME FIGURE EXPECTED PAGES
  local off=$((($2 - $3) / 4096))
  echo "$1: $2, expected $3: $off pages apart"
  ((off <= $4 && -off <= $4)) || fail "$1 is $off pages off"
}

# All of the kernel's sum has an owner, and the sum is what the process saw.
check_sum() {
  close_to "all parts and the kernel's sum" "$(part 'heap + anonymous + mapping + stack + seep + file + other')" \
    "$(part bytes)" 64
  close_to "the kernel's sum at two times" "$(part bytes)" "$(said sum)" 64
}

@test "small heap blocks are the heap's" {
  record blocks
  check_sum
  close_to heap "$(part heap)" "$(said used)" 32
  close_to heap_size "$(part heap_size)" "$(said heap_size)" 0
  close_to live "$(part live_bytes)" "$(said live)" 2
}

@test "what the allocator keeps is the heap's, and not live" {
  record kept
  check_sum
  close_to heap "$(part heap)" "$(said heap_size)" 32
  close_to live "$(part live_bytes)" "$(said live)" 2
}

@test "free memory between live blocks is the heap's, too" {
  record holes
  check_sum
  close_to heap "$(part heap)" "$(said heap_size)" 32
  close_to live "$(part live_bytes)" "$(said live)" 2
}

@test "a large block is what of it was touched, and its address space is known" {
  record untouched
  check_sum
  close_to anonymous "$(part anonymous)" $(($(said live) - $(said untouched))) 8
  close_to anonymous_size "$(part anonymous_size)" "$(said large_blocks)" 0
  close_to live "$(part live_bytes)" "$(said live)" 2
}

@test "mappings and large heap blocks side by side are told apart" {
  record mapping
  check_sum
  close_to mapping "$(part mapping)" "$(said mapping)" 0
  close_to anonymous "$(part anonymous)" "$(said large_blocks)" 8
}

@test "memory that was only read is none" {
  record read
  check_sum
  close_to mapping "$(part mapping)" 0 0
}

@test "the stacks of threads that run, also beside those that have ended" {
  record stacks
  check_sum
  # each has some pages beside the array; the C library keeps stacks of ended ones, and gives their pages back
  close_to stack "$(part stack)" "$(said stack)" 128
}

@test "variables are the program's file's" {
  record variables
  check_sum
  close_to file "$(part file)" "$(said file)" 128
}

@test "a child knows whose the memory is that it has from its parent" {
  record forked
  [[ $(query seep.db "SELECT count(*) FROM process") == 2 ]]
  for process in 1 2; do
    # pages that both have are told from the page of zeros by the kernel's sum, which it keeps to within some pages
    close_to mapping "$(part mapping "$process")" "$(said mapping)" 64
    close_to stack "$(part stack "$process")" "$(said stack)" 256
    close_to "all parts and the kernel's sum" \
      "$(part 'heap + anonymous + mapping + stack + seep + file + other' "$process")" "$(part bytes "$process")" 64
  done
}

@test "a process with 5,000 mappings: those that the table has no room for are nobody's" {
  record many
  check_sum
  close_to "mappings and others" "$(part 'mapping + other')" "$(said mapping)" 16
  (($(part mapping) >= 4000 * 4096))
  [[ $(part anonymous) == 0 ]]
}

@test "a recording of before there were looks at memory is read as before" {
  "$SEEP" run -o seep.db "$PROGRAMS/memory_parts" mapping </dev/null >out.txt
  "$SEEP" top --json seep.db >new.json
  sqlite3 seep.db "DROP VIEW memory_parts; DROP VIEW limits; DROP TABLE memory_look; DROP TABLE process_limit;
    PRAGMA user_version = 2"
  "$SEEP" top --json seep.db >old.json
  diff <(grep -v seep_shared new.json) <(grep -v seep_shared old.json)
  "$SEEP" info seep.db >info.txt
}

@test "limits are recorded, and their changes" {
  mkfifo hold
  (
    ulimit -Sn 777
    ulimit -Si 123
    exec "$SEEP" run -o seep.db --interval 0.2 -- "$PROGRAMS/memory_parts" read <hold >said.txt
  ) &
  started+=($!)
  exec 9>hold
  wait_until 10 grep -q ready said.txt
  wait_until 10 has_limit 777
  [[ $(query seep.db "SELECT value FROM limits WHERE name = 'signals'") == 123 ]]
  [[ $(query seep.db "SELECT value FROM limits WHERE name = 'address space'") == 9223372036854775807 ]]
  prlimit --pid "$(query seep.db 'SELECT pid FROM process')" --nofile=888
  wait_until 10 has_limit 888
  exec 9>&-
  wait "${started[0]}"
  [[ $(query seep.db "SELECT group_concat(value) FROM process_limit WHERE name = 'descriptors'") == 777,888 ]]
}

has_limit() { # VALUE
  [[ $(query seep.db "SELECT value FROM limits WHERE name = 'descriptors'") == "$1" ]]
}
