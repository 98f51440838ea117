#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid and started
# watch.bats - `seep top --watch` in a real terminal (tmux): a server that leaks under load, keys, sizes, what is shown against
# the other reports, and that the terminal is as it was after every way out.

load ../lib/helpers

# A chat server that leaks, for 25 s; the first test sees it live, the others its recording.
setup_file() {
  cd "$BATS_FILE_TMPDIR" || return 1
  start_under chat.db chat "$SERVERS/chat_buggy"
  echo "$pid" >chat.pid
  wait_until 10 test -s chat.out
  {
    "$SERVERS/chat_load" "$(<chat.out)" --seconds 25 --rate 50
    kill "$pid"
  } >chat.load 2>&1 3>&- &
}

teardown_file() {
  kill -KILL "$(<"$BATS_FILE_TMPDIR/chat.pid")" 2>/dev/null || true
}

teardown() {
  terminal kill-server 2>/dev/null || true
  for pid in "${started[@]}"; do
    kill -KILL "$pid" 2>/dev/null || true
  done
}

# ---- the terminal ----

terminal() { # TMUX_COMMAND...
  tmux -S "$BATS_TEST_TMPDIR/tmux" -f /dev/null "$@"
}

# A shell with a prompt that is known, and nothing of the user's.
open_terminal() { # COLUMNS ROWS [ENVIRONMENT...]
  local columns=$1 rows=$2
  shift 2
  terminal new-session -d -x "$columns" -y "$rows" \
    env -i PATH="$PATH" ${TSAN_OPTIONS:+"TSAN_OPTIONS=$TSAN_OPTIONS"} LC_ALL=C.UTF-8 TZ=UTC XDG_CACHE_HOME="$XDG_CACHE_HOME" "$@" TERM=screen-256color \
    PS1='ready> ' bash --norc --noprofile 3>&-
  terminal set-option -g escape-time 0
  wait_until 10 shows 'ready>'
}

screen() {
  terminal capture-pane -p
}

keys() { # KEY...
  terminal send-keys "$@"
}

enter() { # COMMAND
  keys -l "$1"
  keys Enter
}

shows() { # TEXT
  screen | grep -qF -- "$1"
}

shows_not() { # TEXT
  ! shows "$1"
}

await() { # TEXT
  wait_until "${2:-10}" shows "$1" || fail "the screen does not show '$1': $(screen)"
}

await_not() { # TEXT
  wait_until 10 shows_not "$1" || fail "the screen still shows '$1': $(screen)"
}

# The functions of the table, in its order.
functions() {
  screen | sed -nE 's/^[> ](LEAK|undecided|warm-up|churn|steady|new) +([^ ]+).*/\2/p' | tr '\n' ' '
}

comes_first() { # FUNCTION
  [[ $(functions) == "$1 "* ]]
}

await_first() { # FUNCTION
  wait_until 10 comes_first "$1" || fail "$1 is not the first: $(screen)"
}


finished_recording() {
  wait_until 60 is_finished "$BATS_FILE_TMPDIR/chat.db"
  cp "$BATS_FILE_TMPDIR/chat.db" chat.db
}

# Opens the view of chat.db and waits for its verdicts.
open_view() { # COLUMNS ROWS [ENVIRONMENT...]
  open_terminal "$@"
  enter "cd $PWD; clear; $SEEP top --watch chat.db; echo code=\$?"
  await 'LEAK  '
  await 'judged'
}

# ---- tests ----

# The slower judgement finds the second leak when the load has ended.
# bats test_tags=no_tsan
@test "a server that leaks, live: figures move, and the leaks come first, with verdict, rate and line" {
  open_terminal 120 24
  enter "cd $BATS_FILE_TMPDIR; clear; $SEEP top --watch=0.2 chat.db"
  await 'chat_buggy'
  await 'live, recorded 0:00'
  await 'LEAK  ' 40
  local before
  before=$(screen | grep -oE 'timerfd +[0-9]+')
  wait_until 10 shows_not "$before" || fail "nothing moves: $(screen)"
  await '2 LEAKS' 40
  [[ $(functions) == "timer_start turn_log "* || $(functions) == "turn_log timer_start "* ]] || fail "$(screen)"
  screen | grep -E '^.LEAK +turn_log \(chat.c:[0-9]+\) +heap .*\+[0-9.]+kB/s' || fail "$(screen)"
  screen | grep -E '^.LEAK +timer_start .* timerfd .*\+[0-9]+/s' || fail "$(screen)"
  screen | grep -E '^Memory +\[\|+ *\] [0-9.]+[kM]B tracked of [0-9.]+[kM]B private' || fail "$(screen)"
  screen | grep -E '^Descriptors +\[[| ]+\] [0-9]+ of [0-9]+' || fail "$(screen)"
  screen | grep -E '^CPU [0-9.]+ %  Events [0-9.]+/s  Seep: ([0-9.]+ %|unknown) of its CPU time' || fail "$(screen)"
  keys p
  await PAUSED
  before=$(screen | grep -oE 'timerfd +[0-9]+')
  sleep 0.7
  shows "$before" || fail "a paused view moves: $(screen)"
  keys p
  wait_until 10 shows_not "$before" || fail "it does not go on: $(screen)"
  keys q
  await 'ready>'
}

@test "a recording whose recorder died says so, though nothing is written any more" {
  start_under dead.db server "$SERVERS/chat_fixed"
  wait_until 10 test -s server.out
  open_terminal 80 24
  enter "cd $PWD; clear; $SEEP top --watch=0.2 dead.db"
  await 'live, recorded'
  kill -KILL "$(pgrep -f -- "record --arena $(query dead.db "SELECT value FROM meta WHERE key = 'arena'")")"
  await 'not recorded for' 30
}

@test "keys sort, reverse, filter, choose a type; Enter shows the stack with its lines" {
  finished_recording
  open_view 120 24
  keys f
  await_first turn_log
  keys r
  await_first signals_open
  keys n
  await_first '[open'
  keys v
  await 'VERDICTv'
  keys F6
  await 'SORT BY'
  keys c
  await 'CUMv'
  keys / TIMER_S
  await '1 of'
  [[ $(functions) == 'timer_start ' ]] || fail "$(screen)"
  keys Enter Enter
  await 'LEAK  timer_start (chat_timerfd.c:18) in chat_buggy, timerfd: +'
  await 'per write'
  await 'mean age'
  screen | grep -E 'turn_set_timer .*chat_buggy.c:[0-9]+' || fail "$(screen)"
  screen | grep -E 'write_loop .*chat.c:[0-9]+' || fail "$(screen)"
  keys Escape
  await 'FUNCTION (LINE)'
  keys Escape
  await_not 'Filter: TIMER_S'
  keys t
  await 'alloc_space'
  keys Down Down Down Enter
  await 'Type: alloc_space'
  await_first turn_log
  shows_not timer_start || fail "$(screen)"
  keys h
  await 'this help'
  keys q
  await 'Type: alloc_space'
  keys q
  await 'code=0'
}

@test "what is shown equals what top and growth say" {
  finished_recording
  open_view 160 50
  screen >screen.txt
  "$SEEP" growth --json chat.db >growth.json
  "$SEEP" top --json chat.db >top.json
  "$SEEP" top --type timers --json chat.db >timers.json
  "$SEEP" top --type inuse_objects --json chat.db >objects.json
  "$PYTHON" - <<'PY'
import datetime, json, re
screen = open("screen.txt").read()
growth, top, timers, objects = (json.load(open(name + ".json")) for name in ("growth", "top", "timers", "objects"))

def plain(value):
    return ("%.2f" % value).removesuffix(".00")

def size(value):
    for factor, name in ((1 << 20, "MB"), (1 << 10, "kB")):
        if value >= factor:
            return plain(value / factor) + name
    return plain(value) + "B" if value else "0"

def row(kind, function):
    found = re.search(r"^.(\w+) +%s .* %s +(.*)$" % (function, kind), screen, re.M)
    assert found, function
    return [found[1]] + found[2].split()

def node(report, function):
    return next(n for n in report["nodes"] if n["name"] == function)

def group(kind, function):
    return next(g for g in growth["groups"] if g["kind"] == kind and g["function"] == function)

log, judged = row("heap", "turn_log"), group("heap", "turn_log")
assert log[0] == "LEAK" and judged["verdict"] == "leak", log
assert log[1] == size(node(top, "turn_log")["flat"]), (log, top)
assert log[2] == size(node(top, "turn_log")["cum"]), (log, top)
assert log[3] == "+" + size(round(judged["bytes"]["per_second"])) + "/s", (log, judged)
assert log[-1] == str(node(objects, "turn_log")["flat"]), (log, objects)
timer, judged = row("timerfd", "timer_start"), group("timerfd", "timer_start")
assert timer[1] == timer[2] == timer[-1] == str(node(timers, "timer_start")["flat"]), (timer, timers)
assert timer[3] == "+%.0f/s" % judged["objects"]["per_second"], (timer, judged)
since = datetime.datetime.fromtimestamp(judged["since_s"], datetime.timezone.utc)
assert timer[4:7] == since.strftime("%b %d %H:%M").split(), (timer, judged)
counts = growth["counts"]
assert "%d LEAKS, %d undecided, %d warm-up, %d churn, %d steady" % tuple(
    counts[name] for name in ("leak", "undecided", "warm-up", "churn", "steady")) in screen
for each in growth["groups"]:
    row(each["kind"], re.escape(each["function"]))
PY
}

@test "any size, also in between: 1x1, and back" {
  finished_recording
  open_view 80 24
  local size
  for size in '160 50' '20 5' '1 1' '3 2' '40 12' '1 30' '200 1' '80 24'; do
    terminal resize-window -x "${size% *}" -y "${size#* }"
    sleep 0.15
  done
  await 'FUNCTION (LINE)'
  await 'q Quit'
  [[ $(screen | wc -L) -le 80 ]]
  keys q
  await 'code=0'
}

# The terminal as the shell had it: modes, screen, cursor.
is_restored() {
  [[ $(terminal display -p '#{alternate_on} #{cursor_flag} #{keypad_flag}') == '0 1 0' ]]
}

# It preloads an allocator, which the thread sanitizer cannot have before its own.
# bats test_tags=no_tsan
@test "every way out leaves the terminal as it was, and then says what is to be said" {
  finished_recording
  open_terminal 100 24
  # a shell like bash repairs the modes of what a signal ended: this one does not
  cat >way.sh <<'SH'
trap : INT QUIT
"$@"
echo "code=$?"
stty -a >modes.after
SH
  enter "cd $PWD; stty -a >modes; clear"
  local way said victim
  while read -r way said; do
    rm -f modes.after
    cp chat.db other.db
    enter "clear; dash way.sh env LD_PRELOAD=$([[ $way != no_memory ]] || echo "$PROGRAMS/no_memory_plugin.so") $SEEP top --watch=0.3 other.db"
    await 'judged'
    victim=$(pgrep -f "^$BUILD/seep-watch --watch=0.3 other.db$")
    case $way in
    quit) keys q ;;
    escape) keys Escape ;;
    interrupt) keys C-c ;;
    quit_signal) keys "C-\\" ;;
    vanish) rm other.db ;;
    damage) echo "no recording" >other.db ;;
    no_memory) kill -USR1 "$victim" && sleep 0.2 && touch other.db ;;
    *) kill "-$way" "$victim" ;;
    esac
    await "$said"
    wait_until 10 test -s modes.after || fail "$way: $(screen)"
    diff modes modes.after || fail "$way leaves other modes"
    is_restored || fail "$way: $(terminal display -p '#{alternate_on} #{cursor_flag} #{keypad_flag}')"
    shows_not 'FUNCTION (LINE)' || fail "$way leaves the view: $(screen)"
  done <<'WAYS'
quit code=0
escape code=0
interrupt code=130
quit_signal code=131
TERM code=143
HUP code=129
SEGV code=139
ABRT code=134
vanish seep top: other.db does not exist
damage seep top: other.db
no_memory memory
WAYS
}

@test "Ctrl-Z gives the terminal to the shell, and fg takes it back" {
  finished_recording
  open_terminal 100 24
  enter "cd $PWD; stty -a >modes; clear; $SEEP top --watch chat.db"
  await 'judged'
  keys C-z
  await Stopped
  enter 'clear; stty -a >modes.after; echo stopped'
  wait_until 10 test -s modes.after
  diff modes modes.after
  is_restored
  terminal resize-window -x 70 -y 20
  enter fg
  await 'FUNCTION (LINE)'
  keys f
  await 'FLATv'
  keys q
  await_not 'FLATv'
  is_restored
}

@test "a terminal that goes away ends it" {
  finished_recording
  open_terminal 80 24
  enter "$SEEP top --watch $PWD/chat.db"
  await 'judged'
  local victim
  victim=$(pgrep -f "^$BUILD/seep-watch --watch $PWD/chat.db$")
  terminal kill-server
  wait_until 10 gone "$victim" || fail 'it lives on without a terminal'
}

@test "colour only where it is wanted, and never alone" {
  finished_recording
  open_view 80 24
  terminal capture-pane -pe | grep -qF $'\e[31m' || fail 'no red'
  keys q
  terminal kill-server
  open_view 80 24 NO_COLOR=1
  local text
  text=$(terminal capture-pane -pe)
  [[ $text != *$'\e[3'[1-7]m* && $text == *LEAK* ]] || fail "$text"
}

@test "without a capable terminal whole reports follow one another, with a sentence" {
  finished_recording
  open_terminal 100 40
  for name in dumb '' no-such-terminal; do
    enter "cd $PWD; clear; TERM=$name $SEEP top --watch=0.2 chat.db"
    await "this terminal (TERM=${name:-unset}) cannot show the view; whole reports follow"
    await 'Showing nodes accounting for'
    keys C-c
    await 'ready>'
    keys C-c
  done
  run timeout 1 env TERM=xterm "$SEEP" top --watch=0.2 chat.db
  (($(grep -c 'Showing nodes' <<<"$output") >= 2))
}

@test "names cannot write to the terminal, and show where it can show them" {
  finished_recording
  sqlite3 chat.db "UPDATE symbol SET function = 'w' || char(27) || '[31m' || char(8238) || 'Grüße日' WHERE function = 'timer_start'"
  open_view 120 24
  await 'w?[31m?Grüße日 (chat_timerfd.c:18)'
  keys q
  terminal kill-server
  open_view 120 24 LC_ALL=C
  await 'w?[31m?Gr??e? (chat_timerfd.c:18)'
}

@test "mistakes are told without a view" {
  finished_recording
  open_terminal 120 24
  enter "cd $PWD; clear; $SEEP top --watch --by line chat.db; echo code=\$?"
  await 'code=2'
  await 'shows callsites of one recording, without --by'
  enter "clear; $SEEP top --watch nothing.db; echo code=\$?"
  await 'code=3'
  await 'seep top: nothing.db does not exist'
  enter "clear; cd /; $SEEP top --watch; echo code=\$?"
  await 'no recording (seep.*.db) in this directory'
}
