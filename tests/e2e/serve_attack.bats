#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set pid, code and SERVERS
# serve_attack.bats - `seep serve` on a server that is being recorded, attacked by strangers (tests/lib/attack.py): they are
# refused, clients with the token are served in time, their event stream goes on, and so does the recording.

bats_require_minimum_version 1.5.0
load ../lib/helpers

# A server under load, recorded, and two servers of it: the second has the slow clients for as long as that takes.
setup_file() {
  cd "$BATS_FILE_TMPDIR" || return 1
  start_under chat.db chat "$SERVERS/chat_buggy"
  echo "$pid" >pids
  wait_until 10 test -s chat.out
  start load "$SERVERS/chat_load" "$(head -1 chat.out)" --seconds 120 --rate 20
  echo "$pid" >>pids
  wait_until 10 test -s chat.db
  serve_on first
  serve_on second
  start slow "$PYTHON" "$BATS_TEST_DIRNAME/../lib/attack.py" "$(url_of second)" "$(<second.pid)" slowloris
  echo "$pid" | tee slow.pid >>pids
}

teardown_file() {
  local pid
  while read -r pid; do
    kill -KILL "$pid" 2>/dev/null || true
  done <"$BATS_FILE_TMPDIR/pids"
}

serve_on() { # NAME
  start "$1" "$SEEP" serve chat.db
  echo "$pid" | tee "$1.pid" >>pids
  wait_until 10 grep -q '^http' "$1.out"
}

url_of() { # NAME
  head -1 "$BATS_FILE_TMPDIR/$1.out"
}

newest() {
  query "$BATS_FILE_TMPDIR/chat.db" "SELECT value FROM meta WHERE key = 'newest_ns'"
}

moves_on() { # SINCE
  [[ $(newest) != "$1" ]]
}

# Each attack has its own expectation; that the recording and the server go on is the same for all.
attack() { # NAME...
  local before code=0
  before=$(newest)
  "$PYTHON" "$BATS_TEST_DIRNAME/../lib/attack.py" "$(url_of first)" "$(<"$BATS_FILE_TMPDIR/first.pid")" "$@" || code=$?
  [[ $code == 0 ]] || return 1
  wait_until 5 moves_on "$before" || fail "the recording does not go on" || return 1
  [[ ! -s $BATS_FILE_TMPDIR/first.err ]] || fail "seep serve complains: $(<"$BATS_FILE_TMPDIR/first.err")"
}

@test "who has not the token, or comes by another name or for a page of elsewhere, is refused" {
  attack tokens hosts origins
}

@test "paths that climb, methods that write, and requests that are huge or malformed give nothing away" {
  attack traversal methods huge malformed pipelining
}

@test "parameters that are none are answered with a sentence, and soon" {
  attack queries
}

@test "a thousand connections do not keep out who has the token" {
  attack thousand
}

@test "connections that are given up at once, and more requests than may wait, do no harm" {
  attack flood crowd_of_friends
}

@test "event streams are limited, a reader that does not read holds up nobody, and places come free" {
  attack streams
}

# Seep records seep serve itself here: a sanitizer's allocator hides it.
# bats test_tags=no_asan,no_tsan
@test "of requests that come in parts and break off nothing is kept: Seep looks" {
  local server acquired live
  start_under serve.db serve "$BUILD/seep-serve" "$BATS_FILE_TMPDIR/chat.db"
  server=$pid
  wait_until 10 grep -q '^http' serve.out
  "$PYTHON" "$BATS_TEST_DIRNAME/../lib/attack.py" "$(head -1 serve.out)" "$server" splits crowd_of_friends
  stop "$server"
  [[ $code == 0 ]]
  wait_finished serve.db
  read -r acquired _ _ _ live _ < <(figures serve.db "$server" on_target heap)
  echo "of $acquired blocks $live are kept"
  ((acquired > 100 && live == 0))
}

@test "slow clients are put out after ten seconds, however alive they look" {
  wait_until 30 gone "$(<"$BATS_FILE_TMPDIR/slow.pid")"
  cat "$BATS_FILE_TMPDIR"/slow.{out,err}
  grep -q '^slowloris: refused' "$BATS_FILE_TMPDIR/slow.out"
  grep -q '^the server grew by' "$BATS_FILE_TMPDIR/slow.out"
}

@test "after all that both servers end when they are asked, with 0" {
  local name
  for name in first second; do
    kill -TERM "$(<"$BATS_FILE_TMPDIR/$name.pid")"
    wait_until 5 gone "$(<"$BATS_FILE_TMPDIR/$name.pid")" || fail "it does not end" || return 1
    [[ ! -s $BATS_FILE_TMPDIR/$name.err ]] || fail "it complains: $(<"$BATS_FILE_TMPDIR/$name.err")" || return 1
  done
}
