#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid
# events.bats - what happens to a process is counted to the call; each fixture says what a recording of it has to hold.

load ../lib/helpers

# Holds what a recording has counted of each process against what the fixture printed; nothing may be counted beside.
check_events() { # FILE OUTPUT
  local pids pid
  pids=$(sed -n 's/^event \([0-9]*\) .*/\1/p' "$2" | sort -u)
  [[ -n $pids ]] || fail "$2 expects nothing" || return 1
  for pid in $pids; do
    sed -n "s/^event $pid //p" "$2" | LC_ALL=C sort >expected.txt
    query "$1" "SELECT name, count FROM event_total WHERE pid = $pid" | LC_ALL=C sort >found.txt
    diff expected.txt found.txt || fail "process $pid: expected <, found >" || return 1
  done
}

record_events() { # FIXTURE [ARGUMENTS]
  local fixture=$1
  shift
  under seep.db "$PROGRAMS/events_$fixture" "$@" >out.txt
  check_healthy seep.db
  check_events seep.db out.txt
}

@test "connections that are accepted and made; not those of datagram sockets, and not the refused ones" {
  record_events connections
}

@test "connections that break are counted once, in whatever call that is met" {
  record_events resets
}

@test "calls and bytes of every call that reads or writes a socket; errno is the call's own" {
  record_events traffic
}

@test "expirations read from timers" {
  record_events timers
}

@test "children count from 0, also one that a signal ends; vfork's count nothing" {
  record_events children
}

@test "more threads than have counters of their own, cancelled and interrupted in a read" {
  record_events threads
}

@test "marks: by name, in programs at a fixed address and in libraries, up to 64 names" {
  record_events marks "$PROGRAMS/events_marks_plugin.so"
  check_expectations seep.db <(grep ^trust out.txt)
  "$SEEP" top seep.db 2>&1 | tee top.txt
  grep 'marks (seep_mark) of names beyond the first 64: 42' top.txt
  grep -v 'nothing dropped' top.txt | diff - top.txt
}

@test "marks in C++" {
  record_events marks_cxx
}

@test "a mark without Seep does nothing, in any kind of program" {
  local flags
  cat >mark.c <<'EOF'
#include <seep.h>
int main(void)
{
	for (int i = 0; i < 1000; i++)
		seep_mark("request");
	return 0;
}
EOF
  cp mark.c mark.cc
  for flags in "" "-no-pie -fno-pie" "-O2 -fPIE -pie -Wl,-z,now" "-static" "-static-pie" "-ansi -O2 -Wall -Wextra -Werror"; do
    [[ $flags != -ansi* ]] || sed -i 's/for (int i = 0;/int i; for (i = 0;/' mark.c
    # shellcheck disable=SC2086 # several words
    gcc $flags -I"$BATS_TEST_DIRNAME/../../preload" -o mark mark.c
    ./mark
    [[ $flags == -static* ]] && continue
    rm -f seep.db
    under seep.db ./mark
    wait_finished seep.db
    [[ $(query seep.db "SELECT name, count FROM event_total") == "mark:request 1000" ]]
  done
  g++ -Wall -Wextra -Werror -pedantic -I"$BATS_TEST_DIRNAME/../../preload" -o mark mark.cc
  ./mark
}

@test "info shows the newest counts, of all processes or of one" {
  local child
  record_events children
  "$SEEP" info seep.db >info.txt
  grep -E '^ +27  mark:turn$' info.txt # 6 + 7 + 3 + 11, and what the two children inherited is not theirs
  child=$(sed -n 's/^event \([0-9]*\) mark:grandchild .*/\1/p' out.txt)
  "$SEEP" info --process "$child" --json seep.db | "$PYTHON" -c '
import json, sys
counts = {event["name"]: event["count"] for event in json.load(sys.stdin)["event_counts"]}
assert counts == {"read_bytes": 3, "read_calls": 3, "write_bytes": 3, "write_calls": 3, "mark:turn": 3,
                  "mark:grandchild": 1}, counts'
}

@test "redis that is killed: a read and a write of so many bytes for each request" {
  local port
  port=$(free_port)
  start_under seep.db redis redis-server --port "$port" --save '' --bind 127.0.0.1
  "$PYTHON" - "$port" <<'EOF'
import socket, sys, time
for attempt in range(200):
    try:
        server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        break
    except ConnectionRefusedError:
        time.sleep(0.05)
for request in range(3000):
    server.sendall(b"PING\r\n")
    assert server.recv(100) == b"+PONG\r\n"
EOF
  stop "$pid" KILL
  wait_finished seep.db
  [[ $(query seep.db "SELECT name, count FROM event_total WHERE name NOT IN ('threads', 'connected')" | xargs) == \
    "accepted 1 read_bytes 18000 read_calls 3000 write_bytes 21000 write_calls 3000" ]]
}
