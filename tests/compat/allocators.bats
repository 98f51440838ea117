#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# allocators.bats - another allocator preloaded behind Seep: the counts stay exact, and nothing is counted twice when the
# allocator maps memory for itself.

load ../lib/helpers

check_behind_seep() { # LIBRARY
  local library
  library=$(ldconfig -p | sed -n "s/^[[:space:]]$1 .* => //p" | head -n 1)
  # shellcheck disable=SC2046 # two words
  env $(seep_env seep.db "$library") "$PROGRAMS/mt_stress" >out.txt
  check_healthy seep.db
  check_expectations seep.db out.txt
  [[ $(query seep.db 'SELECT DISTINCT allocator FROM process') == *"${1%%.so*}"* ]]
  # shellcheck disable=SC2046 # two words
  env $(seep_env random.db "$library") "$PROGRAMS/live_random" 2 >random.txt
  check_healthy random.db
  check_expectations random.db random.txt
  # shellcheck disable=SC2046 # two words
  env $(seep_env sqlite.db "$library") sqlite3 -batch :memory: \
    'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT count(*), sum(i) FROM n' >sum.txt
  [[ $(<sum.txt) == "20000|200010000" ]]
  check_healthy sqlite.db
}

@test "jemalloc behind Seep" {
  check_behind_seep libjemalloc.so.2
}

@test "tcmalloc behind Seep" {
  check_behind_seep libtcmalloc_minimal.so.4
}

@test "mimalloc behind Seep" {
  check_behind_seep libmimalloc.so.2
}
