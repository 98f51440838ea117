#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bad_input.bats - what is wrong is said in one sentence on stderr that begins with the command's name, with the exit
# code of the design: 2 for wrong usage, 3 for what cannot be read.

load ../lib/helpers

# Runs seep; the code must be CODE, stdout empty, stderr one sentence that matches PATTERN.
refuses() { # CODE PATTERN ARGUMENT...
  local code=0 expected=$1 pattern=$2
  shift 2
  "$SEEP" "$@" >out.txt 2>err.txt </dev/null || code=$?
  [[ $code == "$expected" ]] || fail "seep $*: exit code $code, not $expected: $(<err.txt)" || return 1
  [[ ! -s out.txt ]] || fail "seep $*: printed $(head -n 3 out.txt)" || return 1
  [[ $(wc -l <err.txt) == 1 ]] || fail "seep $*: not one line on stderr: $(<err.txt)" || return 1
  grep -qE '^seep[a-z ]*: ' err.txt || fail "seep $*: does not say who speaks: $(<err.txt)" || return 1
  grep -qiE -e "$pattern" err.txt || fail "seep $*: the sentence does not say '$pattern': $(<err.txt)"
}

# Every command that reads a recording.
readers=(top growth tree info 'peek .' 'list .')

make_recording() {
  under good.db "$PROGRAMS/stack_recursion" >/dev/null
  wait_finished good.db
}

@test "wrong usage is refused with code 2" {
  make_recording
  refuses 2 'no-such-command' no-such-command
  refuses 2 '--no-such-option' top --no-such-option good.db
  refuses 2 'other commands' growth --by function good.db
  refuses 2 'regular expression' growth --wrapper '(' good.db
  refuses 2 'no-such-type' top --type no-such-type good.db
  refuses 2 'no-such-key' top --by no-such-key good.db
  refuses 2 'xyz' top -n xyz good.db
  refuses 2 'regular expression|\(' top --focus '(' good.db
  refuses 2 'program|command' run
  refuses 2 'two|recording' diff good.db
}

@test "what is not a recording is refused with code 3, by every command that reads one" {
  local reader
  echo 'some text that is no recording' >text.db
  sqlite3 other.db 'CREATE TABLE t(a); INSERT INTO t VALUES (1)'
  : >empty.db
  for reader in "${readers[@]}"; do
    # shellcheck disable=SC2086 # a command and its argument
    refuses 3 'text.db.*not a Seep recording' $reader text.db
    # shellcheck disable=SC2086
    refuses 3 'other.db.*not a Seep recording' $reader other.db
    # shellcheck disable=SC2086
    refuses 3 'empty.db' $reader empty.db
    # shellcheck disable=SC2086
    refuses 3 'missing.db' $reader missing.db
  done
  refuses 3 'no .*recording' top
}

@test "a recording of a newer schema is refused, and says that a newer Seep is needed" {
  make_recording
  sqlite3 good.db 'PRAGMA user_version = 9999'
  refuses 3 'newer' top good.db
}

@test "a truncated recording is refused or read, and never crashes a command" {
  local size cut reader code
  make_recording
  size=$(stat -c %s good.db)
  for cut in 100 5000 $((size / 2)) $((size - 4096)); do
    head -c "$cut" good.db >cut.db
    for reader in "${readers[@]}"; do
      code=0
      # shellcheck disable=SC2086
      timeout 20 "$SEEP" $reader cut.db >/dev/null 2>err.txt || code=$?
      [[ $code == 0 || $code == 3 ]] || fail "seep $reader on $cut of $size bytes: code $code: $(<err.txt)"
    done
  done
}

@test "a damaged recording's names control no terminal: the sentence that quotes them is one line of text" {
  local reader
  make_recording
  sqlite3 good.db "PRAGMA writable_schema = on; UPDATE sqlite_schema SET sql = 'CREATE TABLE ' || name || '(',
    name = char(10, 27) || '[2J' || char(155) || name || CAST(x'ff' AS TEXT) WHERE name = 'callsite'"
  for reader in "${readers[@]}"; do
    # shellcheck disable=SC2086 # a command and its argument
    refuses 3 'good.db is damaged.*callsite' $reader good.db
    ! LC_ALL=C grep -q $'[\001-\011\013-\037\177\233\377]' err.txt || fail "seep $reader says $(cat -v err.txt)" || return 1
    iconv -f UTF-8 -t UTF-8 err.txt >/dev/null || fail "seep $reader says $(cat -v err.txt)" || return 1
  done
}

@test "what is not an arena is refused by seep record with code 3" {
  echo 'some text that is no arena' >text.arena
  head -c 100000 /dev/urandom >random.arena
  : >empty.arena
  refuses 3 'text.arena' record text.arena
  refuses 3 'random.arena' record random.arena
  refuses 3 'empty.arena' record empty.arena
  refuses 3 'missing.arena' record missing.arena
}

@test "a program that is not there, or not to be executed, gives the shell's codes" {
  local code=0
  "$SEEP" run -o x.db -- ./no-such-program 2>err.txt || code=$?
  [[ $code == 127 ]]
  grep -q 'no-such-program' err.txt
  code=0
  echo text >not-executable
  "$SEEP" run -o x.db -- ./not-executable 2>err.txt || code=$?
  [[ $code == 126 ]]
  grep -q 'not-executable' err.txt
}

@test "a static program is announced by doctor, and by run" {
  local code=0
  "$SEEP" doctor "$PROGRAMS/static_program" >out.txt 2>&1 || code=$?
  [[ $code == 1 ]]
  grep -q 'static' out.txt
  "$SEEP" doctor "$PROGRAMS/stack_recursion" >out.txt
  "$SEEP" run -o x.db -- "$PROGRAMS/static_program" 2>err.txt
  grep -q 'static' err.txt
}

@test "an unknown key in SEEP_OPTIONS is said once, and the program runs" {
  env LD_PRELOAD="$LIB" SEEP_OPTIONS="out=$PWD/x.db:no_such_key=1" "$PROGRAMS/stack_recursion" >out.txt 2>err.txt
  grep -q '^expect' out.txt
  [[ $(grep -c 'no_such_key' err.txt) == 1 ]]
}
