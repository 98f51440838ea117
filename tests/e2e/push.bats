#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid, code and started
# push.bats - recordings of several hosts in one PostgreSQL: no row is lost or doubled, whatever is killed or away.

load ../lib/helpers

RECORDING=$BUILD/tests/push/recording

# ---- a PostgreSQL of this file's own; each test has a database in it ----

start_postgres() {
  "${as_postgres[@]}" "$PG_BIN/postgres" -D "$PG/data" -p "$PG_PORT" -k "$PG" -c listen_addresses=127.0.0.1 -c fsync=off \
    >>"$PG/log" 2>&1 3>&- &
  wait_until 20 "$PG_BIN/pg_isready" -q -h "$PG" -p "$PG_PORT"
}

# Those who are connected are sent away.
stop_postgres() {
  local postmaster
  postmaster=$(head -n 1 "$PG/data/postmaster.pid")
  kill -INT "$postmaster"
  wait_until 20 gone "$postmaster"
}

# Both at the same time, so that what they did is seen from two hosts; long enough to judge.
record_servers() {
  local variant
  for variant in buggy fixed; do
    start_under "$BATS_FILE_TMPDIR/$variant.db" "$variant" "$SERVERS/chat_$variant"
    wait_until 10 test -s "$variant.out"
    "$SERVERS/chat_load" "$(<"$variant.out")" --seconds 20 >"$variant.counts" 3>&- &
    loads+=($!)
  done
  wait "${loads[@]}"
  for pid in "${started[@]}"; do
    stop "$pid"
  done
  wait_finished "$BATS_FILE_TMPDIR/buggy.db"
  wait_finished "$BATS_FILE_TMPDIR/fixed.db"
}

setup_file() {
  local loads=()
  PG=$(mktemp -d /tmp/seep-push-XXXXXX)
  PG_BIN=$(postgres_programs)
  PG_PORT=$(free_port)
  export PG PG_BIN PG_PORT
  chmod 755 "$PG"
  (($(id -u) != 0)) || chown postgres "$PG"
  "${as_postgres[@]}" "$PG_BIN/initdb" -D "$PG/data" -A trust -U postgres -E UTF8 --locale=C --no-sync >"$PG/log" 2>&1
  echo 'host all secretive 127.0.0.1/32 scram-sha-256' | cat - "$PG/data/pg_hba.conf" >"$PG/hba"
  cat "$PG/hba" >"$PG/data/pg_hba.conf"
  start_postgres
  cd "$BATS_FILE_TMPDIR" || return 1
  record_servers
}

teardown_file() {
  stop_postgres
  rm -rf "$PG"
}

# Its database, and how to get there.
new_database() {
  DATABASE=test_$BATS_TEST_NUMBER
  URL=postgresql://postgres@127.0.0.1:$PG_PORT/$DATABASE
  psql -q "postgresql://postgres@127.0.0.1:$PG_PORT/postgres" -c "CREATE DATABASE $DATABASE"
}

sql() { # SQL
  PGOPTIONS='-c search_path=seep' psql -X -q -A -t -F ' ' -v ON_ERROR_STOP=1 "$URL" -c "$1"
}

push() { # ARGUMENT...
  "$SEEP" push --postgres "$URL" "$@"
}

# ---- row by row ----

# The same rows of a recording and of the database, in any order.
same_rows() { # FILE HOST WHAT SQLITE POSTGRES
  query "$1" "$4" | sort >"$3.recording"
  sql "$5" | sort >"$3.database"
  diff "$3.recording" "$3.database" >"$3.diff" ||
    fail "$3 of $2 differs: $(wc -l <"$3.recording") rows against $(wc -l <"$3.database"): $(head -n 6 "$3.diff")"
}

# A stable view, with the columns of both. NAME [COLUMNS [CONDITION]] of $file and $host
same_view() {
  same_rows "$file" "$host" "$1" "SELECT $2 FROM $1 WHERE ${3:-true}" \
    "SELECT $2 FROM seep.$1 WHERE host = '$host' AND ${3:-true}"
}

check_same() { # FILE HOST
  local file=$1 host=$2 totals='acquired_count, acquired_bytes, released_count, released_bytes, temporary_count'
  local end kernel='rss_anon, rss_file, swap, vm_size, cpu_user_ns, threads, descriptors, tcp_established, seep_private_bytes'
  same_view callsite "process_id, pid, site_id, kind, node_id, live_count, live_bytes, $totals, inherited_count,
    inherited_bytes, changed, live_unseen_count, live_unseen_bytes, CAST(live_count_variance AS bigint), interval"
  same_view stack 'node_id, depth, inline_depth, function, file, line, module, "offset"' \
    'node_id IN (SELECT node_id FROM callsite)'
  same_view limits 'process_id, name, since, value'
  same_view event_total 'process_id, pid, name, count, time'
  same_view age_histogram 'process_id, site_id, time, from_s, to_s, count, bytes'
  same_view hook_cost 'process_id, pid, time, hook_ns, error_ns, clipped, cpu_ns, captures, rule_misses'
  same_rows "$file" "$host" processes \
    "SELECT id, pid, ppid, exe, command, started_ns, ended_ns, end_reason FROM process" \
    "SELECT process_id, pid, ppid, program, command, started_ns, ended_ns, end_reason FROM seep.processes WHERE host = '$host'"
  same_rows "$file" "$host" trust "SELECT process_id, name, value FROM trust" \
    "SELECT process_id, name, value FROM seep.trust JOIN seep.recordings USING (recording_id) WHERE host = '$host'"
  # of each minute the last row: hours, minutes, and what the last minute has left
  end=$(query "$file" "SELECT CAST(value AS INTEGER) / 60000000000 * 60 FROM meta WHERE key = 'newest_ns'")
  same_rows "$file" "$host" callsite_series "
    SELECT time, process_id, site_id, $totals FROM callsite_series WHERE resolution > 1
    UNION SELECT time, process_id, site_id, $totals FROM sample_minute
      WHERE time >= (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'seconds_from')
    UNION SELECT time, process_id, site_id, $totals FROM total
      WHERE time >= $end AND acquired_count + released_count > 0 AND process_id IN (SELECT id FROM process WHERE slot >= 0)" \
    "SELECT time, process_id, site_id, $totals FROM seep.callsite_series WHERE host = '$host'"
  same_rows "$file" "$host" process_series \
    "SELECT max(time), process_id, $kernel FROM process_series GROUP BY process_id, time / 60" \
    "SELECT time, process_id, $kernel FROM seep.process_series WHERE host = '$host'"
  same_rows "$file" "$host" memory_parts \
    "SELECT max(time), process_id, bytes, heap, anonymous, unattributed FROM memory_parts GROUP BY process_id, time / 60" \
    "SELECT time, process_id, bytes, heap, anonymous, unattributed FROM seep.memory_parts WHERE host = '$host'"
  same_rows "$file" "$host" event_rate \
    "SELECT max(time), process_id, name, count FROM event_series GROUP BY process_id, name, time / 60" \
    "SELECT time, process_id, name, count FROM seep.event_rate WHERE host = '$host'"
  same_rows "$file" "$host" hook_cost_series \
    "SELECT max(time), process_id, acquisition_ns + release_ns, cpu_ns FROM cost WHERE cpu_ns IS NOT NULL GROUP BY process_id, time / 60" \
    "SELECT time, process_id, hook_ns, cpu_ns FROM seep.hook_cost_series WHERE host = '$host'"
}

# What is there, to the transaction that wrote each row.
fingerprint() {
  sql "SELECT relname FROM pg_class WHERE relnamespace = 'seep'::regnamespace AND relkind = 'r' ORDER BY 1" | while read -r table; do
    sql "SELECT '$table', count(*), coalesce(sum(xmin::text::bigint), 0), md5(string_agg(t::text, '' ORDER BY t::text)) FROM seep.$table t"
  done
}

# A push that waits for a lock inside the database.
waits_for_lock() {
  [[ $(sql "SELECT count(*) FROM pg_stat_activity WHERE datname = '$DATABASE' AND application_name = 'seep push'
    AND wait_event_type = 'Lock'") == 1 ]]
}

has_no_push() {
  [[ $(sql "SELECT count(*) FROM pg_stat_activity WHERE datname = '$DATABASE' AND application_name = 'seep push'") == 0 ]]
}

@test "two hosts' recordings, one push killed in the middle and repeated: row by row as they were recorded" {
  local holder before
  new_database
  push --host a "$BATS_FILE_TMPDIR/buggy.db" >pushed.txt
  grep -Eq 'buggy.db: [0-9]+ rows in 3 transactions' pushed.txt
  check_same "$BATS_FILE_TMPDIR/buggy.db" a

  # the state of host b goes in, and its history meets a lock
  start holder psql -X -q "$URL" -c 'BEGIN' -c 'LOCK TABLE seep.total_history' -c 'SELECT pg_sleep(60)'
  holder=$pid
  wait_until 10 eval "[[ \$(sql \"SELECT count(*) FROM pg_locks WHERE relation = 'seep.total_history'::regclass\") == 1 ]]"
  start killed "$SEEP" push --postgres "$URL" --host b "$BATS_FILE_TMPDIR/fixed.db"
  wait_until 10 waits_for_lock
  stop "$pid" KILL
  [[ $code == 137 ]]
  [[ $(sql "SELECT count(*) FROM seep.callsite WHERE host = 'b'") -gt 0 ]]
  sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$DATABASE' AND pid <> pg_backend_pid()
    AND application_name <> 'seep push'" >/dev/null
  wait_end "$holder"
  wait_until 20 has_no_push
  [[ $(sql "SELECT count(*) FROM seep.callsite_series WHERE host = 'b'") == 0 ]]

  push --host b "$BATS_FILE_TMPDIR/fixed.db"
  check_same "$BATS_FILE_TMPDIR/fixed.db" b
  check_same "$BATS_FILE_TMPDIR/buggy.db" a

  before=$(fingerprint)
  push --host b "$BATS_FILE_TMPDIR/fixed.db"
  push --host a "$BATS_FILE_TMPDIR/buggy.db"
  diff <(echo "$before") <(fingerprint)
  [[ $(sql 'SELECT count(*) FROM seep.recordings') == 2 ]]
}

@test "hours of a recording, killed at five moments, and pushed by three at once" {
  local delay pushers=() one
  new_database
  "$RECORDING" long.db 200 0 18000 --end
  push "$BATS_FILE_TMPDIR/buggy.db" # there is a schema
  for delay in 0.02 0.1 0.2 0.3 0.4; do
    start killed "$SEEP" push --postgres "$URL" long.db
    sleep "$delay"
    kill -KILL "$pid" 2>/dev/null || true
    wait_end "$pid"
  done
  for _ in 1 2 3; do
    "$SEEP" push --postgres "$URL" long.db >/dev/null 3>&- &
    pushers+=($!)
  done
  for one in "${pushers[@]}"; do
    wait "$one"
  done
  check_same long.db synthetic
  [[ $(query long.db "SELECT sum(acquired_bytes) FROM callsite_series WHERE resolution > 60") == \
    $(sql "SELECT sum(acquired_bytes) FROM seep.callsite_series WHERE resolution > 60 AND host = 'synthetic'") ]]
  # what somebody thins out is thinned out
  sql "SELECT seep.thin(to_timestamp(1700000040 + 7200))"
  [[ $(sql "SELECT count(*) FROM seep.callsite_series WHERE host = 'synthetic' AND time < 1700006400 AND site_id = 7") == 2 ]]
  sql "SELECT seep.forget(recording_id) FROM seep.recordings WHERE host = 'synthetic'"
  [[ $(sql "SELECT count(*) FROM seep.recordings") == 1 ]]
}

@test "a recording that goes on, and folds its children together: only what is new is sent, and it is as recorded" {
  local table
  new_database
  "$RECORDING" live.db 20 0 900 --children 300
  push live.db
  [[ $(sql 'SELECT count(*) FROM seep.process') == 301 ]]
  "$RECORDING" live.db 20 900 2400 --children 500
  push live.db
  # 800 children are more than a recording keeps
  [[ $(query live.db "SELECT count(*) FROM process WHERE slot = -1") == 1 ]]
  "$RECORDING" live.db 20 2400 3000
  push live.db >last.txt
  [[ $(sed 's/.*: \([0-9]*\) rows.*/\1/' last.txt) -lt 2000 ]]
  # what is folded in the last minute has rows at its end, which the recording does not reach
  "$RECORDING" live.db 20 3000 3100 --children 3000 --end
  push live.db
  check_same live.db synthetic
  [[ $(sql "SELECT sum(acquired_count) FROM seep.callsite") == $(query live.db 'SELECT sum(acquired_count) FROM callsite') ]]
  # nothing is left of those that are in a sum now
  for table in total total_history event event_history; do
    [[ $(sql "SELECT count(*) FROM $table WHERE process_id NOT IN (SELECT process_id FROM process)") == 0 ]]
  done
}

@test "--follow: the database is stopped and started again, and catches up with a server that goes on" {
  local server follower
  new_database
  start_under live.db server "$SERVERS/chat_fixed"
  server=$pid
  wait_until 10 test -s server.out
  wait_until 10 test -s live.db
  start follower "$SEEP" push --postgres "${URL/postgres@/postgres:geheim@}" --follow 0.3 live.db
  follower=$pid
  wait_until 10 eval "[[ \$(sql 'SELECT count(*) FROM seep.callsite') -gt 0 ]]"
  # what ps shows
  tr '\0' ' ' <"/proc/$follower/cmdline" >shown.txt
  grep -q 'postgres:\*\*\*\*\*\*@' shown.txt
  [[ $(grep -c geheim shown.txt) == 0 ]]
  stop_postgres
  wait_until 10 grep -q 'goes on trying' follower.err
  "$SERVERS/chat_load" "$(<server.out)" --rounds 40 --rate 2000 >counts
  start_postgres
  wait_until 20 grep -q 'the database is back' follower.err
  # said once each, and nothing else
  [[ $(wc -l <follower.err) == 2 ]]
  [[ $(sql "SELECT sum(acquired_count) FROM seep.callsite WHERE function = 'turn_log'") -gt 100 ]] ||
    fail "$(sql "SELECT function, kind, acquired_count FROM seep.callsite")"
  stop "$server"
  wait_end "$follower" # the recording has ended, and all of it is there
  [[ $code == 0 ]]
  check_same live.db "$(uname -n)"
}

@test "which build leaks where: the documented query says what leaks, and what does not" {
  new_database
  push --host web-1 "$BATS_FILE_TMPDIR/buggy.db"
  push --host web-2 "$BATS_FILE_TMPDIR/fixed.db"
  sed -n '/^-- which build leaks where/,/;$/p' "$BATS_TEST_DIRNAME/../../dashboards/postgres.md" >leaks.sql
  psql -X -A -t -F '|' "$URL" -f leaks.sql >leaks.txt
  cat leaks.txt
  grep -Eq '^chat_buggy\|[0-9a-f]{12}\|timerfd\|timer_start\|chat_timerfd.c:[0-9]+\|1\|' leaks.txt
  grep -Eq '^chat_buggy\|[0-9a-f]{12}\|heap\|turn_log\|chat.c:[0-9]+\|1\|' leaks.txt
  [[ $(grep -c chat_fixed leaks.txt) == 0 ]]
  [[ $(sql "SELECT DISTINCT verdict FROM seep.verdict WHERE host = 'web-2' AND verdict = 'leak'") == '' ]]
  # one callsite, whatever line the build has it in
  [[ $(sql "SELECT count(DISTINCT callsite) FROM seep.verdict WHERE function = 'turn_log' AND kind = 'heap'") == 1 ]]
  [[ $(sql "SELECT count(*) FROM seep.callsite JOIN seep.verdict USING (recording_id, callsite)") -gt 0 ]]
}

@test "every column of a recording's views is in the database's view of that name" {
  local file=$BATS_FILE_TMPDIR/fixed.db
  new_database
  push "$file"
  query "$file" "SELECT v.name, c.name FROM sqlite_schema v JOIN pragma_table_info(v.name) c WHERE v.type = 'view'" | sort >columns.recording
  sql "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'seep'" | sort >columns.database
  (($(wc -l <columns.recording) > 100))
  comm -23 columns.recording columns.database >missing
  [[ ! -s missing ]] || fail "$(cat missing)"
}

@test "each failure has its sentence and its exit code, and none tells the password" {
  new_database
  fails() { # CODE SENTENCE ARGUMENT...
    local expected=$1 sentence=$2
    shift 2
    run "$SEEP" push "$@"
    [[ $status == "$expected" && ${#lines[@]} == 1 ]] || fail "$*: $status, $output"
    [[ $output == *"$sentence"* ]] || fail "$*: $output"
    [[ $output != *geheim* ]]
  }
  local file=$BATS_FILE_TMPDIR/buggy.db server=127.0.0.1:$PG_PORT
  fails 2 'where to?' "$file"
  fails 2 'needs a value' --postgres
  fails 2 "--follow takes seconds between 0.1 and 86400, not '0'" --postgres "$URL" --follow 0 x.db
  fails 2 'unknown option --postgre-s' --postgre-s=x
  fails 2 'and this is neither' --postgres 'postgresql://u:geheim@h:bad:port/%zz' "$file"
  fails 2 'takes seconds' --postgres "$URL" --follow=never "$file"
  fails 3 'no database server to be reached at 127.0.0.1' --postgres "postgresql://u:geheim@127.0.0.1:1/x" "$file"
  fails 3 'does not exist; name a file' --postgres "$URL" missing.db
  echo hello >text.db
  fails 3 'is not a Seep recording' --postgres "$URL" text.db
  fails 3 'no recording (seep.*.db) in this directory' --postgres "$URL"
  fails 3 'database "nowhere" does not exist' --postgres "postgresql://postgres@$server/nowhere" "$file"

  sql "CREATE ROLE secretive LOGIN PASSWORD 'right'"
  fails 3 'refused user secretive' --postgres "postgresql://secretive:geheim@$server/$DATABASE" "$file"
  fails 3 'wants a password' --postgres "postgresql://secretive@$server/$DATABASE" "$file"
  fails 3 'permission denied for database' --postgres "postgresql://secretive:right@$server/$DATABASE" "$file"
  [[ $output != *right@* ]]
  # somebody who may makes the schema; then nothing else is needed
  "$SEEP" push --print-schema >schema.sql
  psql -X -q "$URL" -f schema.sql
  fails 3 'permission denied for schema' --postgres "postgresql://secretive:right@$server/$DATABASE" "$file"
  sql "GRANT USAGE ON SCHEMA seep TO secretive; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA seep TO secretive"
  "$SEEP" push --postgres "postgresql://secretive:right@$server/$DATABASE" --host h "$file"
  check_same "$file" h

  sql 'UPDATE seep.schema_version SET version = 99'
  fails 3 'made by a newer Seep (version 99, this one knows 1)' --postgres "$URL" "$file"
  sql 'DROP TABLE seep.schema_version'
  fails 3 'is not one that Seep has made' --postgres "$URL" "$file"
}

@test "a database without room refuses, and has all when there is room again; one broken file leaves out no other" {
  new_database
  push "$BATS_FILE_TMPDIR/buggy.db"
  # as PostgreSQL says it; a full file system is not to be had everywhere
  sql "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END \$\$"
  sql "CREATE TRIGGER full_disk BEFORE INSERT ON seep.process_history EXECUTE FUNCTION full_disk()"
  run push --host b "$BATS_FILE_TMPDIR/fixed.db"
  [[ $status == 3 && $output == *'No space left on device; make room on the server'* ]]
  [[ $(sql "SELECT count(*) FROM seep.callsite_series WHERE host = 'b'") == 0 ]]
  sql 'DROP TRIGGER full_disk ON seep.process_history'
  echo hello >text.db
  run push --host b text.db "$BATS_FILE_TMPDIR/fixed.db"
  [[ $status == 3 && $output == *'text.db is not a Seep recording'* ]]
  check_same "$BATS_FILE_TMPDIR/fixed.db" b
}

@test "a recording of before there was sampling, or looks at memory, is pushed without them" {
  new_database
  cp "$BATS_FILE_TMPDIR/fixed.db" old.db
  {
    query old.db "SELECT 'DROP VIEW ' || name || ';' FROM sqlite_schema WHERE type = 'view' AND name IN ('memory_parts', 'limits',
      'event_total', 'event_rate', 'age_histogram', 'hook_cost', 'hook_cost_series', 'callsite_series', 'callsite')"
    for table in total sample_second sample_minute sample_hour inherited; do
      query old.db "SELECT 'ALTER TABLE $table DROP COLUMN ' || name || ';' FROM pragma_table_info('$table')
        WHERE name LIKE '%unseen%' OR name LIKE '%variance'"
    done
    echo "DROP TABLE sampling; DROP TABLE sampled_site; DROP TABLE event_series; DROP TABLE memory_look; DROP TABLE cost;
      CREATE VIEW callsite AS
        SELECT t.process_id, p.pid, t.site_id, s.kind, s.node_id, coalesce(i.count, 0) + t.acquired_count - t.released_count AS live_count,
          coalesce(i.bytes, 0) + t.acquired_bytes - t.released_bytes AS live_bytes, t.acquired_count, t.acquired_bytes,
          t.released_count, t.released_bytes, t.temporary_count, coalesce(i.count, 0) AS inherited_count,
          coalesce(i.bytes, 0) AS inherited_bytes, t.time AS changed
        FROM total t JOIN site s ON s.id = t.site_id JOIN process p ON p.id = t.process_id
        LEFT JOIN inherited i USING (process_id, site_id);
      PRAGMA user_version = 1;"
  } >older.sql
  sqlite3 old.db <older.sql
  push --host old old.db
  [[ $(sql "SELECT sum(acquired_count), sum(live_bytes), sum(weight) FROM callsite") == \
    "$(query old.db 'SELECT sum(acquired_count), sum(live_bytes), 0 FROM callsite')" ]]
  [[ $(sql 'SELECT count(DISTINCT site_id) FROM callsite_series') == \
    $(query old.db 'SELECT count(DISTINCT site_id) FROM total WHERE acquired_count > 0') ]]
  [[ $(sql 'SELECT count(*) FROM event_total') == 0 ]]
}

@test "names of any bytes arrive as text" {
  new_database
  cp "$BATS_FILE_TMPDIR/fixed.db" names.db
  sqlite3 names.db "UPDATE process SET command = CAST(x'410042ff095c0a43c3a4' AS TEXT);
    UPDATE symbol SET function = CAST(x'66ff225c09' AS TEXT) WHERE function = 'main'"
  push --host names names.db
  [[ $(sql "SELECT command = E'A\\uFFFDB\\uFFFD\\t\\\\\\nC\\u00e4' FROM seep.process") == t ]]
  [[ $(sql "SELECT count(*) > 0 FROM seep.stack WHERE function = E'f\\uFFFD\"\\\\\\t'") == t ]]
}
