#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2153,SC2154 # the helpers set SERVERS, pid, code and started
# gate.bats - `seep gate`: each sample server's buggy variant fails and its fixed one passes, with and without a baseline;
# policies and suppressions do what they say; a callsite keeps its fingerprint over a rebuild; each format is read by a
# consumer of its own; and nothing that failed ends with 0.

bats_require_minimum_version 1.5.0
load ../lib/helpers

pairs=(chat actor kvclient overlapped playground)
ROOT=$(realpath "$BATS_TEST_DIRNAME/../..")

# Runs `seep gate`, which must end with CODE; its output goes to gate.out and gate.err.
gate() { # CODE ARGUMENT...
  local code=0 expected=$1
  shift
  "$SEEP" gate "$@" >gate.out 2>gate.err </dev/null || code=$?
  [[ $code == "$expected" ]] || fail "seep gate $*: exit code $code, not $expected: $(cat gate.out gate.err)"
}

says() { # FILE PATTERN...
  local file=$1 pattern
  shift
  for pattern in "$@"; do
    grep -qE -e "$pattern" "$file" || fail "no '$pattern' in $file: $(<"$file")" || return 1
  done
}

# Prints "STATUS KIND FUNCTION" of a JSON report's leaks, sorted.
leaks_of() { # FILE
  "$PYTHON" -c '
import json, sys
for finding in json.load(open(sys.argv[1]))["findings"]:
    if finding["rule"] == "leak":
        site = finding.get("callsite") or finding["baseline"]
        print(finding["status"], site["kind"], site.get("function") or site["functions"].split(" < ")[0])' "$1" | sort
}

fingerprints_of() { # FILE
  "$PYTHON" -c '
import json, sys
for finding in json.load(open(sys.argv[1]))["findings"]:
    if finding["rule"] == "leak":
        print(finding["callsite"]["fingerprint"])' "$1" | sort
}

load_of() { # SERVER
  case $1 in
  overlapped) echo 'overlapped_load %P' ;;
  playground) echo 'playground_load %P --rate 60 --endpoint /staticstring --endpoint /bigstring' ;;
  *) echo "$1_load %P --rate 50" ;;
  esac
}

# Starts a server that prints its port, and its load beside it.
begin() { # NAME LOAD SERVER...
  local name=$1 load=$2
  shift 2
  start_under "$name.db" "$name" "$@"
  servers+=("$pid")
  echo "$pid" >>pids
  wait_until 10 test -s "$name.out"
  # shellcheck disable=SC2086 # several words
  "$SERVERS"/${load/\%P/$(<"$name.out")} --seconds "$load_s" >"$name.load" 3>&- &
  loads+=("$!")
}

# Builds the chat server from a copy of its sources in DIRECTORY, with the compiler's OPTIONS.
build_chat() { # DIRECTORY PROGRAM OPTION...
  local directory=$1 program=$2 objects=() file
  shift 2
  for file in "$directory"/*.c; do
    cc -std=gnu11 -D_GNU_SOURCE -g "$@" -c -o "$file.o" "$file"
    objects+=("$file.o")
  done
  cc -o "$program" "${objects[@]}" -lrt -pthread "$@"
}

# The same server twice: every function of the second is in another file and on another line.
build_twice() {
  local file
  mkdir first second
  cp "$ROOT"/tests/servers/{common,chat,chat_timers}.h first
  cp first/* second
  cp "$ROOT"/tests/servers/{common,chat,chat_buggy,chat_timerfd}.c first
  for file in common chat chat_buggy chat_timerfd; do
    { seq 200 | sed 's,.*,/* line & */,'; cat "first/$file.c"; } >"second/renamed_$file.c"
  done
  # a call that has become a jump leaves no frame: that is the one thing that builds to be compared have to share
  build_chat first server_one -O2 -fno-optimize-sibling-calls
  build_chat second server_two -O1 -fno-inline -no-pie
}

# `seep gate -- CMD` with a load; leaves NAME.text, NAME.err and NAME.code.
begin_gate() { # NAME SERVER
  local port code=0
  port=$(free_port)
  {
    "$SEEP" gate -o "$1.db" --drive "sleep 0.5; '$SERVERS/chat_load' $port --seconds $load_s --rate 50" --for 120 -- \
      "$SERVERS/$2" "$port" >"$1.text" 2>"$1.err" || code=$?
    echo "$code" >"$1.code"
    if listens "$port"; then echo 'still there' >"$1.left"; fi
  } 3>&- &
  loads+=("$!")
}

# All that takes its time, at the same time: a leak of memory is told after half a minute.
setup_file() {
  local name variant port_of_memcached more servers=() loads=() load_s=38
  cd "$BATS_FILE_TMPDIR" || return 1
  build_twice
  port_of_memcached=$(free_port)
  start memcached memcached -l 127.0.0.1 -p "$port_of_memcached" -U 0 -t 1 -u nobody
  echo "$pid" >pids
  wait_until 5 listens "$port_of_memcached"
  begin_gate run_buggy chat_buggy
  begin_gate run_fixed chat_fixed
  begin server_one "$(load_of chat)" ./server_one
  begin server_two "$(load_of chat)" ./server_two
  for name in "${pairs[@]}"; do
    for variant in buggy fixed; do
      more=()
      [[ $name != kvclient ]] || more=(--memcached "$port_of_memcached")
      begin "${name}_$variant" "$(load_of "$name")" "$SERVERS/${name}_$variant" "${more[@]}"
    done
  done
  for pid in "${loads[@]}"; do wait "$pid"; done
  for pid in "${servers[@]}"; do
    stop "$pid"
    [[ $code == 0 ]]
  done
  for name in server_one server_two "${pairs[@]/%/_buggy}" "${pairs[@]/%/_fixed}"; do
    wait_finished "$name.db"
  done
  stop "${started[0]}"
}

teardown_file() {
  local pid
  while read -r pid; do kill -KILL "$pid" 2>/dev/null || true; done <"$BATS_FILE_TMPDIR/pids"
}

# Each test has its own directory, and the recordings in it.
setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  cp "$BATS_FILE_TMPDIR"/*.db .
}

# ---- verdicts ----

@test "every buggy server fails for what it leaks, and every fixed one passes" {
  local name
  for name in "${pairs[@]}"; do
    gate 1 --format text --format json="$name.json" "${name}_buggy.db"
    says gate.out '^seep gate: FAIL: [0-9]+ leaks?$' 's1:[0-9a-f]{16}$'
    leaks_of "$name.json" >"$name.leaks"
    gate 0 "${name}_fixed.db"
    says gate.out '^seep gate: pass: no leak$' 'would have seen'
  done
  says chat.leaks '^new timerfd timer_start$' '^new heap turn_log$'
  says actor.leaks '^new heap channel_wait$'
  says kvclient.leaks '^new timerfd late_timer_start$'
  says overlapped.leaks '^new heap operation_new$' '^new socket listener_ready$'
  says playground.leaks '^new heap '
}

@test "with a baseline: known leaks pass, new ones fail, fixed ones are told" {
  local name
  for name in "${pairs[@]}"; do
    gate 0 --baseline "${name}_buggy.db" "${name}_buggy.db"
    says gate.out '^seep gate: pass: [0-9]+ known$'
    gate 1 --baseline "${name}_fixed.db" "${name}_buggy.db"
    says gate.out '^seep gate: FAIL: [0-9]+ new leaks?' "is not in the baseline ${name}_fixed.db"
    gate 0 --baseline "${name}_buggy.db" "${name}_fixed.db"
    says gate.out '^seep gate: pass: [0-9]+ fixed$' 'does not any more'
  done
}

@test "a baseline is a small sorted text to commit, and means the same" {
  local name
  for name in "${pairs[@]}"; do
    gate 0 --write-baseline "$name.baseline" "${name}_buggy.db"
    gate 0 --baseline "$name.baseline" "${name}_buggy.db"
    gate 0 --baseline "$name.baseline" "${name}_fixed.db"
    gate 0 --write-baseline fixed.baseline "${name}_fixed.db"
    gate 1 --baseline fixed.baseline "${name}_buggy.db"
  done
  [[ $(head -n 1 chat.baseline) == 'seep-baseline 1' ]]
  says chat.baseline '^s1:[0-9a-f]{16} timerfd [0-9]+ objects/s 0 bytes/s 1 per write_calls # timer_start < turn_set_timer < write_turn'
  grep -v '^#' chat.baseline | tail -n +2 >lines
  sort -c lines
  # one leak taken out of it is new again
  sed '/timerfd [0-9]/d' chat.baseline >less.baseline
  gate 1 --baseline less.baseline chat_buggy.db --json
  leaks_of gate.out >leaks
  [[ $(grep -c '^new' leaks) == 1 ]]
  says leaks '^new timerfd timer_start$' '^known heap turn_log$'
  # a leak ten times as fast has grown
  sed -E 's/ 1 per write_calls/ 0.1 per write_calls/' chat.baseline >slow.baseline
  gate 1 --baseline slow.baseline chat_buggy.db
  says gate.out 'FAIL \(grown\)  timerfd leak in timer_start'
  # and is known to a policy that tolerates it
  echo 'tolerance 2000%' >seep.gate
  gate 0 --baseline slow.baseline chat_buggy.db
}

# ---- policies ----

@test "the policy of the working directory is read: budgets, suppressions, demands" {
  cat >seep.gate <<'POLICY'
# what the chat server may do for now
warm-up 2s
minimum 5s
suppress any in log_keep$ owner=chat-team
suppress heap in turn_log owner=chat-team expires=2999-12-31
budget timers in turn_set_timer 1.2 objects per write_calls
budget sockets 5 objects at exit
POLICY
  gate 0 chat_buggy.db
  says gate.out 'policy seep.gate$' '^suppressed  heap leak in turn_log' 'owner chat-team, until 2999-12-31' \
    '^within budget  timerfd leak in timer_start' '^pass  budget timers in turn_set_timer 1.2 objects per write_calls'
  sed -i 's/1.2 objects/0.5 objects/' seep.gate
  gate 1 chat_buggy.db
  says gate.out '^FAIL  budget timers in turn_set_timer 0.5 objects per write_calls  seep.gate:6' 'over the budget'
  sed -i 's/2999-12-31/2020-12-31/; s/0.5 objects/2 objects/' seep.gate
  gate 1 chat_buggy.db
  says gate.out '^FAIL  heap leak in turn_log' '^expired  suppression turn_log  seep.gate:5'
  sed -i 's/turn_log/nothing_like_it/; s/2020-12-31/2999-12-31/' seep.gate
  gate 1 chat_buggy.db
  says gate.out '^unused  suppression nothing_like_it'
  # another one by name, and none
  echo 'suppress any in chat_serve' >other.gate
  gate 0 --policy other.gate chat_buggy.db
  gate 1 --policy /dev/null chat_buggy.db
}

@test "a budget at exit is held against what is left, and a budget per second against the growth" {
  echo 'budget timers 10 objects at exit' >seep.gate
  gate 1 chat_buggy.db
  says gate.out '^FAIL  budget timers 10 objects at exit'
  gate 0 chat_fixed.db
  printf 'budget heap 100 bytes per second\nbudget timers 1 objects per hour\n' >seep.gate
  gate 1 chat_buggy.db
  says gate.out '^FAIL  budget heap 100 bytes per second' '^FAIL  budget timers 1 objects per hour'
  printf 'budget heap 10MB per second\nbudget timers 10000 objects per second\n' >seep.gate
  gate 0 chat_buggy.db
}

@test "a run that cannot decide is inconclusive, and the policy says what that is" {
  echo 'minimum 1h' >seep.gate
  gate 3 chat_fixed.db
  says gate.out '^seep gate: inconclusive' 'the policy wants 60 min|the policy wants 1 h'
  echo 'inconclusive pass' >>seep.gate
  gate 0 chat_fixed.db
  gate 1 chat_buggy.db # a leak is one, however short the run
  sed -i 's/pass/fail/' seep.gate
  gate 1 chat_fixed.db
  # stronger than any run of 20 s can be
  echo 'power 0.0001 objects per day' >seep.gate
  gate 3 chat_fixed.db
  says gate.out 'this run would have seen .* with 95 % certainty, at its weakest callsite'
}

@test "a wrong line of a policy, a suppression file or a baseline is refused with its number" {
  printf '# fine\nbudget heap 5 bytes per second\nbudget heaps 5 bytes per second\n' >seep.gate
  gate 2 chat_fixed.db
  says gate.err "^seep gate: seep.gate:3: 'heaps' is no kind"
  [[ ! -s gate.out && $(wc -l <gate.err) == 1 ]]
  printf 'suppressions sub/x.supp\n' >seep.gate
  gate 3 chat_fixed.db
  says gate.err 'cannot read sub/x.supp'
  mkdir sub
  printf 'leak:a\nleek:b\n' >sub/x.supp
  gate 2 chat_fixed.db
  says gate.err "^seep gate: sub/x.supp:2: 'leek:b' is no suppression"
  rm seep.gate
  printf 'seep-baseline 1\nnonsense\n' >x.baseline
  gate 2 --baseline x.baseline chat_fixed.db
  says gate.err '^seep gate: x.baseline:2: a line begins with a fingerprint'
  # before the program is run, not after
  gate 2 --baseline x.baseline -- touch touched
  [[ ! -e touched ]]
}

@test "suppression files of LeakSanitizer and Valgrind are understood" {
  printf '# known\nleak:turn_log\n' >lsan.supp
  cat >valgrind.supp <<'SUPP'
{
   the log's lines
   Memcheck:Leak
   match-leak-kinds: definite
   fun:malloc
   ...
   fun:turn_log
   fun:write_turn
   ...
   fun:main
}
SUPP
  echo 'suppress timers in timer_start' >seep.gate
  gate 1 chat_buggy.db
  gate 0 --suppressions lsan.supp chat_buggy.db
  gate 0 --suppressions valgrind.supp chat_buggy.db
  says gate.out "suppressed by valgrind.supp:1"
  printf 'suppressions valgrind.supp\n' >>seep.gate
  gate 0 chat_buggy.db
  # found beside the policy, wherever that is
  cd ..
  gate 0 --policy "$BATS_TEST_TMPDIR/seep.gate" "$BATS_TEST_TMPDIR/chat_buggy.db"
}

# ---- identity ----

@test "a renamed file, 200 shifted lines, another optimisation and a fixed address keep the fingerprints" {
  gate 1 --format json=one.json server_one.db
  gate 1 --format json=two.json server_two.db
  fingerprints_of one.json >one
  fingerprints_of two.json >two
  [[ $(wc -l <one) -ge 2 ]]
  diff one two
  # what one has is known to the other
  gate 0 --baseline server_one.db server_two.db
}

@test "seep diff: what came, grew, shrank and went, by fingerprint" {
  "$SEEP" diff --type timers chat_fixed.db chat_buggy.db >diff.txt
  says diff.txt '^Type: timers; ' '^(came|grew) .* timerfd in timer_start \(chat_timerfd.c:[0-9]+\)$' ' s1:[0-9a-f]{16}$'
  "$SEEP" diff --type timers chat_buggy.db chat_fixed.db >diff.txt
  says diff.txt '^(went|shrank) .* timerfd in timer_start'
  # two builds of one program hold the same at the same callsites
  "$SEEP" diff --json server_one.db server_two.db >diff.json
  "$PYTHON" -c '
import json
report = json.load(open("diff.json"))
assert report["changes"]["came"] == report["changes"]["went"] == 0, report["changes"]
assert len(report["callsites"]) >= 2'
  # by functions, as seep top --base shows it
  "$SEEP" diff --by function chat_fixed.db chat_buggy.db >functions.txt
  "$SEEP" top --base chat_fixed.db chat_buggy.db >top.txt
  diff functions.txt top.txt
  run -2 "$SEEP" diff chat_fixed.db
  run -3 "$SEEP" diff chat_fixed.db missing.db
}

# ---- formats ----

consume() { # FORMAT FILE
  "$PYTHON" "$ROOT/tests/lib/gate_formats.py" "$@" >consumed || fail "$1: $(cat consumed)" || return 1
}

# A recording whose functions and files have the worst names that a file system and a debug section allow.
make_hostile() {
  cp chat_buggy.db hostile.db
  sqlite3 hostile.db "
    UPDATE symbol SET function = 'evil<&>\"''|\`:,%' || char(13, 10) || '::error::pwned' || char(1, 27) || '#{}[]' || char(10)
      || 'not_ok_9_-_]]>' WHERE function = 'turn_log';
    UPDATE symbol SET file = '$ROOT/a b/:,%#\"<&' || char(10) || 'x.c' WHERE function = 'timer_start';"
}

@test "JUnit, SARIF, GitLab, GitHub, TAP and JSON are read by consumers of their own" {
  local file code
  make_hostile
  printf 'suppress any in nothing\nbudget sockets 100 objects at exit\nminimum 1h\n' >seep.gate
  for file in chat_buggy chat_fixed hostile; do
    code=1
    [[ $file != chat_fixed ]] || code=3
    GITHUB_STEP_SUMMARY=$PWD/$file.md gate $code "$file.db" --source-root "$ROOT" --format junit="$file.xml" \
      --format sarif="$file.sarif" --format gitlab="$file.gitlab" --format github --format tap="$file.tap" \
      --format json="$file.json"
    xmllint --noout "$file.xml"
    consume junit "$file.xml"
    mv consumed "$file.xml.seen"
    consume sarif "$file.sarif" ${SARIF_SCHEMA:+"$SARIF_SCHEMA"}
    mv consumed "$file.sarif.seen"
    consume gitlab "$file.gitlab"
    mv consumed "$file.gitlab.seen"
    consume github gate.out
    mv consumed "$file.github.seen"
    perl -MTAP::Parser -e '
      my $parser = TAP::Parser->new({source => $ARGV[0]});
      while (my $result = $parser->next) { $result->data if $result->is_yaml; die "unknown line: " . $result->as_string if $result->is_unknown; }
      die join(", ", $parser->parse_errors) if $parser->parse_errors;
      print scalar($parser->failed), " of ", $parser->tests_run, " failed\n";' "$file.tap" >"$file.tap.seen"
    "$PYTHON" -m json.tool "$file.json" >/dev/null
    [[ $(grep -c '^| ' "$file.md") -ge 3 ]]
  done
  # 1 for the run; 2 leaks; the suppression; the budget; the length
  says chat_buggy.xml.seen '^tests 6 failures 2 errors 1 skipped 0$' "^failure seep.leak 'timerfd leak in timer_start"
  says chat_buggy.sarif.seen '^seep/leak error - - s1:[0-9a-f]{16} tests/servers/chat_timerfd.c:[1-9]' '^notification warning'
  says chat_buggy.gitlab.seen '^seep-leak critical [0-9a-f]{16} tests/servers/chat_timerfd.c:[1-9]'
  says chat_buggy.github.seen "^error tests/servers/chat_timerfd.c:[1-9][0-9]* 'timerfd leak in timer_start'" '^warning ' '^notice seep.gate:1'
  [[ $(<chat_buggy.tap.seen) == '3 of 6 failed' ]]
  says chat_fixed.xml.seen '^tests 4 failures 0 errors 1 skipped 0$'
  [[ $(<chat_fixed.tap.seen) == '1 of 4 failed' ]]
  # the names arrive as they are, but for what the format has no way to say; nothing was let out of its place
  says hostile.xml.seen '^tests 6 failures 2 errors 1 skipped 0$' ']]>'
  says hostile.github.seen '^error a b/:,%#"<&' '^x.c:[1-9]'
  [[ $(grep -c pwned hostile.github.seen) == 1 ]]
  run ! grep -q '^::error::pwned' gate.out
  [[ $(<hostile.tap.seen) == '3 of 6 failed' ]]
  says hostile.sarif.seen 'a%20b/%3A%2C%25%23%22%3C%26%0Ax.c:'
}

@test "reports go where they are told to, and several at once" {
  gate 1 chat_buggy.db --json
  "$PYTHON" -m json.tool gate.out >/dev/null
  gate 1 chat_buggy.db --format tap=a.tap --format tap=b.tap
  says gate.out '^seep gate: FAIL'
  diff a.tap b.tap
  gate 2 chat_buggy.db --format tap --format json
  says gate.err 'cannot both go to standard output'
  gate 2 chat_buggy.db --format yaml
  says gate.err "unknown format 'yaml'"
  gate 2 chat_buggy.db --format junti=x
  says gate.err 'did you mean junit'
}

# ---- nothing that failed ends with 0 ----

@test "a recording that is missing, broken, empty or unfinished is no pass" {
  local size
  gate 3 missing.db
  : >empty.db
  gate 3 empty.db
  echo 'no recording' >text.db
  gate 3 text.db
  size=$(stat -c %s chat_fixed.db)
  head -c $((size / 2)) chat_fixed.db >half.db
  gate 3 half.db
  cp chat_fixed.db damaged.db
  printf 'garbage%.0s' {1..600} | dd of=damaged.db bs=1 seek=$((size / 3)) conv=notrunc status=none
  code=0
  "$SEEP" gate damaged.db >/dev/null 2>&1 || code=$?
  [[ $code != 0 ]] || [[ $(query damaged.db 'PRAGMA integrity_check') == ok ]]
  cp chat_fixed.db bare.db
  sqlite3 bare.db "DELETE FROM total; DELETE FROM sample_second; DELETE FROM sample_minute; DELETE FROM sample_hour"
  gate 3 bare.db
  says gate.err 'is empty: nothing was recorded'
  cp chat_fixed.db unfinished.db
  sqlite3 unfinished.db "UPDATE meta SET value = 'live' WHERE key = 'state'; DELETE FROM meta WHERE key = 'ended_ns';
    UPDATE meta SET value = value - 60000000000 WHERE key = 'newest_ns'"
  gate 3 unfinished.db
  says gate.err 'is not finished'
  for file in missing half; do
    echo 'inconclusive pass' >seep.gate
    gate 3 $file.db
  done
}

@test "an output that cannot be written is no pass" {
  gate 3 chat_fixed.db --format junit=/dev/full
  says gate.err 'cannot write /dev/full: No space left'
  gate 3 chat_fixed.db --format junit=no/such/directory/x.xml
  gate 1 chat_buggy.db --format junit=/dev/full
  gate 3 chat_fixed.db --write-baseline /dev/full
  code=0
  "$SEEP" gate chat_fixed.db >/dev/full 2>gate.err || code=$?
  [[ $code == 3 ]]
  code=0
  GITHUB_STEP_SUMMARY=/dev/full "$SEEP" gate chat_fixed.db --format github >/dev/null 2>gate.err || code=$?
  [[ $code == 3 ]]
}

@test "wrong usage is 2" {
  gate 2 --no-such-option chat_fixed.db
  gate 2 chat_fixed.db chat_buggy.db
  gate 2 chat_fixed.db -- true
  gate 2 --
  gate 2 --for 5 chat_fixed.db
  gate 2 --for soon -- true
  gate 2 --interval 0 -- true
  gate 2 --baseline a --write-baseline b chat_fixed.db
  gate 2 --source-root /no/such/directory chat_fixed.db
  gate 0 --help
  says gate.out '^usage: seep gate'
}

# ---- running the program ----

@test "seep gate -- CMD: recorded, driven, ended and judged in one go" {
  cd "$BATS_FILE_TMPDIR"
  [[ $(<run_buggy.code) == 1 && $(<run_fixed.code) == 0 ]]
  says run_buggy.text '^FAIL  timerfd leak in timer_start' '^FAIL  heap leak in turn_log'
  says run_buggy.err '^deliveries [1-9]' 'the recording is run_buggy.db'
  says run_fixed.text '^seep gate: pass: no leak'
  [[ ! -e run_buggy.left && ! -e run_fixed.left ]]
}

@test "seep gate -- CMD: the program's failure, and its load's, is said and fails" {
  local port
  port=$(free_port)
  echo 'inconclusive pass' >seep.gate
  gate 1 -- sh -c 'sleep 3; exit 7'
  says gate.out '^FAIL  the program itself' 'the program ended with status 7'
  gate 1 -- sh -c 'sleep 3; kill -SEGV $$'
  says gate.out 'the program was killed by signal 11'
  gate 1 --drive 'sleep 3; exit 5' -- "$SERVERS/chat_fixed" "$port"
  says gate.out 'the load ended with status 5'
  gate 1 --drive 'sleep 30' -- sh -c 'sleep 3'
  says gate.out 'the program ended before its load'
  run ! listens "$port"
  # what is ended after its time has not failed
  gate 0 --for 4 -- "$SERVERS/chat_fixed" "$port"
  run ! listens "$port"
}

@test "seep gate -- CMD: what cannot be run, or is not recorded, is no pass" {
  echo 'inconclusive pass' >seep.gate
  gate 3 -- no-such-program
  says gate.err "there is no program 'no-such-program'"
  gate 3 -- "$PROGRAMS/static_program"
  says gate.err 'nothing was recorded'
  # too short to be judged: inconclusive, and a budget at exit holds nevertheless
  gate 0 -- true
  echo 'inconclusive fail' >seep.gate
  gate 1 -- true
  rm seep.gate
  gate 3 -- true
  says gate.out 'too little was recorded'
  printf 'inconclusive pass\nbudget heap in main 1 bytes at exit\n' >seep.gate
  gate 1 -- "$PROGRAMS/stack_recursion"
  says gate.out '^FAIL  budget heap in main 1 bytes at exit'
}

@test "seep gate -- CMD: interrupted, it ends the program and the load" {
  local port
  port=$(free_port)
  start gate "$SEEP" gate --drive 'echo $$ >load.pid; sleep 60' -- "$SERVERS/chat_fixed" "$port"
  wait_until 10 listens "$port"
  wait_until 10 test -s load.pid
  stop "$pid"
  [[ $code == 3 ]]
  says gate.err 'interrupted'
  gone "$(<load.pid)"
  run ! listens "$port"
}

# ---- the manual ----

# Prints the literal display of seep-gate(1) that contains WORDS, as a reader has it.
example() { # WORDS
  awk -v words="$1" '/^\.Bd -literal/ { block = ""; inside = 1; next }
    /^\.Ed/ { if (index(block, words)) printf "%s", block; inside = 0 }
    inside { block = block $0 "\n" }' "$ROOT/analyzer/man/seep-gate.1" | sed 's,\\e,\\,g'
}

@test "the examples of the manual do what they say: GitHub's steps, GitLab's job, the Makefile, the policy" {
  local port file
  port=$(free_port)
  # shellcheck disable=SC2016 # the script's own argument
  printf '#!/bin/sh\nexec %s "$2"\n' "$SERVERS/chat_fixed" >server
  printf '#!/bin/sh\nsleep 0.5\nexec %s %s --seconds 2\n' "$SERVERS/chat_load" "$port" >load.sh
  chmod +x server load.sh
  ln -s "$SEEP" seep
  cp "$LIB" .
  PATH=$PWD:$PATH
  example '# seep.gate - what our server' >seep.gate
  gate 0 --policy seep.gate chat_fixed.db
  says gate.out '^pass  budget heap 64 bytes per accepted' '^unused  suppression libvendor.so'
  echo 'inconclusive pass' >seep.gate
  # a step, or a job, is its command
  example 'upload-sarif' | sed -n '/seep gate/,/server/p' | sed "s/8080/$port/" >github.sh
  example 'codequality' | sed -n 's/^ *- \(seep gate.*\)/\1/p' | sed "s/8080/$port/" >gitlab.sh
  for file in github gitlab; do
    says $file.sh '^ *seep gate --drive .* -- ./server|^ *seep gate --drive'
    GITHUB_STEP_SUMMARY=$PWD/summary.md bash -e $file.sh >$file.out 2>$file.err
  done
  "$PYTHON" -m json.tool seep.sarif >/dev/null
  "$PYTHON" -m json.tool seep.json >/dev/null
  xmllint --noout seep.xml
  says summary.md '^### seep gate: pass'
  example 'leaks.baseline: server' | sed "s/8080/$port/" >Makefile
  make leaks.baseline >make.out 2>&1
  [[ $(head -n 1 leaks.baseline) == 'seep-baseline 1' ]]
  make leaks >make.out 2>&1
  says make.out '^seep gate: pass'
}
