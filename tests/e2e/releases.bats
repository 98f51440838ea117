#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# releases.bats - where the things of a callsite are given back.

load ../lib/helpers

# FILE KIND ACQUIRER: the functions that release, the most frequent first: "function count" a line. Seep's own frames and
# the C library's are left out.
releasers() {
  sqlite3 -separator ' ' "$1" "
    SELECT (SELECT function FROM stack WHERE node_id = r.node_id AND module NOT LIKE '%/libseep.so' AND module NOT LIKE '%/libc.so%'
            ORDER BY depth, inline_depth LIMIT 1) AS releaser, sum(r.count)
    FROM release_site r JOIN site s ON s.id = r.site_id
    WHERE s.kind = '$2' AND EXISTS (SELECT 1 FROM stack WHERE node_id = s.node_id AND function = '$3')
    GROUP BY releaser ORDER BY 2 DESC, 1"
}

@test "a rare callsite's releases are noted one by one" {
  "$SEEP" run -o seep.db "$PROGRAMS/release_paths" 16
  releasers seep.db heap record_new >releasers.txt
  diff releasers.txt - <<'END'
record_close 12
record_abort 2
END
}

@test "of a frequent callsite's releases a sample is noted, in proportion" {
  "$SEEP" run -o seep.db "$PROGRAMS/release_paths" 1000000
  releasers seep.db heap record_new >releasers.txt
  cat releasers.txt
  read -r name count <releasers.txt
  [[ $name == record_close ]]
  # 875,000 releases, a 256th of them at random: 3,418, give or take five standard errors
  total=$(awk '{ sum += $2 } END { print sum }' releasers.txt)
  ((total > 3100 && total < 3750))
  # six of seven in record_close
  ((count * 7 > total * 57 / 10 && count * 7 < total * 63 / 10))
}

@test "descriptors, streams, mappings and threads are noted where they are given back" {
  "$SEEP" run -o seep.db "$PROGRAMS/release_paths" 1
  [[ $(releasers seep.db eventfd main) == "descriptor_drop 1" ]]
  [[ $(releasers seep.db stream main) == "stream_drop 1" ]]
  [[ $(releasers seep.db mapping main) == "mapping_drop 1" ]]
  [[ $(releasers seep.db thread main) == "thread_drop 1" ]]
}

@test "each process has releases of its own" {
  "$SEEP" run -o seep.db sh -c "'$PROGRAMS/release_paths' 16; exec '$PROGRAMS/release_paths' 16"
  [[ $(releasers seep.db heap record_new | head -n 1) == "record_close 24" ]]
}

@test "the stacks of releases are libunwind's" {
  SEEP_OPTIONS=verify_unwind=1 "$SEEP" run -o seep.db "$PROGRAMS/release_paths" 20000
  [[ $(sqlite3 seep.db "SELECT sum(value) > 20000 FROM trust WHERE name = 'verify_captures'") == 1 ]]
  [[ -z $(sqlite3 seep.db "SELECT value FROM trust WHERE name = 'verify_differences' AND value > 0") ]]
}
