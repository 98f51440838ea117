# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the variables are for the test files
# helpers.bash - what the end-to-end tests share: running with and without Seep, servers by pid, reading recordings.
#
# A test file says `load ../lib/helpers`. Each test works in a directory of its own; every process that `start`
# started is ended after the test, also when it failed.

# shellcheck source=tests/lib/common.bash
source "${BASH_SOURCE[0]%/*}/common.bash"

BUILD=$(realpath "${BUILD:-$BATS_TEST_DIRNAME/../../build}")
SEEP=$BUILD/seep
LIB=$BUILD/libseep.so
PROGRAMS=$BUILD/tests/programs
SERVERS=$BUILD/tests/servers
PATH=$PATH:/usr/sbin:/sbin
export PATH
# The names that recorders keep (libseep(7)) are this file's own.
export XDG_CACHE_HOME=${BATS_FILE_TMPDIR:-${BATS_TEST_TMPDIR:-/nonexistent}}
started=()

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
  local pid
  for pid in "${started[@]}"; do
    pkill -KILL -P "$pid" || true
    kill -KILL "$pid" 2>/dev/null || true
  done
}

# fail SENTENCE - ends the test.
fail() {
  echo "$*" >&2
  return 1
}

# Prints the environment that records into FILE: for `env $(seep_env FILE) CMD`. Paths here have no spaces.
seep_env() { # FILE [MORE_PRELOADS [MORE_OPTIONS]]
  echo "LD_PRELOAD=$LIB${2:+:$2} SEEP_OPTIONS=out=$(realpath -m "$1")${3:+:$3}"
}

# Runs CMD with its recording in FILE, or as it is when FILE is "bare".
under() { # FILE CMD...
  local file=$1
  shift
  if [[ $file == bare ]]; then
    "$@"
  else
    # shellcheck disable=SC2046 # two words
    env $(seep_env "$file") "$@"
  fi
}

# Starts CMD in the background; $pid is its process, its output goes to NAME.out and NAME.err.
start() { # NAME CMD...
  local name=$1
  shift
  env --default-signal=INT,QUIT "$@" >"$name.out" 2>"$name.err" 3>&- & # a shell's background job ignores both
  pid=$!
  started+=("$pid")
}

# As `start`, under Seep: the process is CMD itself, not env.
start_under() { # FILE NAME CMD...
  local file=$1 name=$2
  shift 2
  if [[ $file == bare ]]; then
    start "$name" "$@"
  else
    # shellcheck disable=SC2046 # two words
    start "$name" $(seep_env "$file") "$@"
  fi
}

# Ends what `start` started; $code is its exit code.
stop() { # PID [SIGNAL]
  kill "-${2:-TERM}" "$1"
  wait_end "$1"
}

# Waits for the end of what `start` started, at most 20 s; $code is its exit code.
wait_end() { # PID
  wait_until 20 gone "$1" || fail "process $1 did not end in 20 s"
  code=0
  wait "$1" || code=$?
}

# ---- recordings ----

# What --type and pprof's -sample_index name.
TYPES=(inuse_space inuse_objects alloc_space alloc_objects sockets fds timers threads streams mappings watches)

# `seep top` without what pprof does not know.
top() { # OPTIONS...
  "$SEEP" top "$@" | grep -vE '^(Trust|Seep itself|Nothing of type|No difference)'
}

# The recorder ends a recording half a second after the last process has gone.
wait_finished() { # FILE
  wait_until 20 is_finished "$1" || fail "$1 is not finished after 20 s: $(ls -l "$1"* 2>&1)"
}

# Sums over all callsites of KIND that have FUNCTION in their stack, in the processes with PID:
# acquired released acquired_bytes released_bytes live_count live_bytes
figures() { # FILE PID FUNCTION KIND
  query "$1" "
    SELECT coalesce(sum(acquired_count), 0), coalesce(sum(released_count), 0), coalesce(sum(acquired_bytes), 0),
           coalesce(sum(released_bytes), 0), coalesce(sum(live_count), 0), coalesce(sum(live_bytes), 0)
    FROM callsite WHERE pid = $2 AND kind = '$4'
      AND node_id IN (SELECT node_id FROM stack WHERE function = '$3' OR function GLOB '$3(*')"
}

# Wrong closes of a kind, with FUNCTION in their stack and PREVIOUS ("-" any) in that of the close before.
misuses() { # FILE PID KIND FUNCTION PREVIOUS
  query "$1" "
    SELECT coalesce(sum(count), 0) FROM misuse m JOIN process p ON p.id = m.process_id
    WHERE p.pid = $2 AND ('$3' = '-' OR m.kind = '$3')
      AND ('$4' = '-' OR m.node_id IN (SELECT node_id FROM stack WHERE function = '$4'))
      AND ('$5' = '-' OR m.previous_node_id IN (SELECT node_id FROM stack WHERE function = '$5'))"
}

# FUNCTION COUNT: where the first EMFILE was met, and how many descriptors its table has.
limit_mark() { # FILE PID FUNCTION
  query "$1" "
    SELECT '$3', (SELECT count(*) FROM descriptor_table WHERE mark_id = m.id) FROM mark m JOIN process p ON p.id = m.process_id
    WHERE p.pid = $2 AND m.kind = 'descriptor limit' AND m.node_id IN (SELECT node_id FROM stack WHERE function = '$3')"
}

# Holds a recording against what the fixture printed (tests/programs/expect.h and handles.h).
check_expectations() { # FILE OUTPUT
  local checked=0 what pid name kind expected found
  while read -r what pid name kind expected; do
    case $what in
    expect) found=$(figures "$1" "$pid" "$name" "${kind//-/ }" | cut -d' ' -f1-4) ;;
    live) found=$(figures "$1" "$pid" "$name" "${kind//-/ }" | cut -d' ' -f5-6) ;;
    misuse)
      # here: KIND FUNCTION "PREVIOUS COUNT"
      name=${name/double-close/double close}
      found="${expected% *} $(misuses "$1" "$pid" "${name/never-opened/close of a descriptor never opened}" "$kind" "${expected% *}")"
      ;;
    misuses) kind='' expected=$name found=$(misuses "$1" "$pid" - - -) ;;
    mark) found=$(limit_mark "$1" "$pid" "$kind" | cut -d' ' -f2) ;;
    trust) expected=$kind found=$(query "$1" "SELECT coalesce(max(value), 0) FROM trust t JOIN process p ON p.id = t.process_id
      WHERE p.pid = $pid AND name = '$name'") ;;
    *) continue ;;
    esac
    checked=$((checked + 1))
    [[ $found == "$expected" ]] || fail "$what $name $kind in $pid: recorded $found, but it was $expected" || return 1
  done <"$2"
  ((checked > 0)) || fail "$2 expects nothing"
}

# The sum of a figure of the trust line over all processes.
trust() { # FILE NAME
  query "$1" "SELECT coalesce(sum(value), 0) FROM trust WHERE name = '$2'"
}

# Stacks through the program's own code, and a report about them.
check_shows_code_of() { # FILE PROGRAM
  local program frames
  program=$(realpath "$(command -v "$2")")
  frames=$(query "$1" "SELECT count(*) FROM node n JOIN location l ON l.id = n.location_id
    JOIN module m ON m.id = l.module_id WHERE m.path = '$program'")
  ((frames > 0)) || fail "no frame of $program in $1: $(query "$1" 'SELECT DISTINCT path FROM module' | tr '\n' ' ')" || return 1
  "$SEEP" top --cum "$1" >top.out || fail "seep top $1 ended with $?" || return 1
  grep -q 'Showing nodes accounting for' top.out || fail "seep top shows nothing: $(cat top.out)"
}

# Nothing was lost on the way, and the file is whole.
check_healthy() { # FILE
  local name
  wait_finished "$1" || return 1
  [[ $(query "$1" 'PRAGMA integrity_check') == ok ]] || fail "$1 is damaged" || return 1
  for name in dropped_events missing_stacks lost_entries fork_timeouts; do
    [[ $(trust "$1" "$name") == 0 ]] || fail "$1: $name is $(trust "$1" "$name")" || return 1
  done
}

# Runs SESSION twice, bare and under Seep: `SESSION bare DIRECTORY` and `SESSION FILE DIRECTORY`. What it leaves in the
# directory (answers, exit codes, views) has to be the same, and the recording has to tell of PROGRAM's own code.
# To be called as a command of its own: in a condition, a step that fails would not end the session.
compare_sessions() { # SESSION PROGRAM
  mkdir bare seep
  echo "# without Seep" # shown when the test fails
  "$1" bare bare
  echo "# under Seep"
  "$1" "$PWD/seep.db" seep
  diff -r bare seep
  check_healthy seep.db
  check_shows_code_of seep.db "$2"
}

# What a process shows to itself and to others: its descriptors by number and target, its children, its threads.
# Sockets and pipes are shown without their inode numbers.
view_of() { # PID
  # shellcheck disable=SC2012 # names here are numbers
  ls -l "/proc/$1/fd" | sed -n 's/.* \([0-9]* -> .*\)/descriptor \1/p' | sed 's/:\[[0-9]*\]/:[]/' | sort -k2n
  echo "children: $(pgrep -cP "$1")"
  echo "threads: $(find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l)"
}
