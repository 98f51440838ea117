#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid, code and started
# servers_samples.bats - the bundled leaky servers (tests/servers): each does its work under Seep; the buggy variant holds
# one thing for each piece of work at the callsite of the incident, the fixed one a bounded number. chat.bats has chat's.

load ../lib/helpers

held() { # FUNCTION KIND: how many, at the end
  figures seep.db "$pid" "$1" "$2" | cut -d' ' -f5
}

acquired() { # FUNCTION KIND: how many ever
  figures seep.db "$pid" "$1" "$2" | cut -d' ' -f1
}

# Starts a server under Seep (FILE "bare": without); $port is where it listens.
start_server() { # FILE NAME ARGUMENT...
  start_under "$1" server "$SERVERS/$2" "${@:3}"
  wait_until 10 test -s server.out
  port=$(<server.out)
}

stop_server() {
  stop "$pid"
  [[ $code == 0 ]] || fail "the server ended with $code: $(<server.err)"
}

count() { # NAME: what the driver counted
  sed -n "s/^$1 //p" counts
}

start_memcached() {
  memcached_port=$(free_port)
  start memcached memcached -l 127.0.0.1 -p "$memcached_port" -U 0 -t 1 -u nobody
  memcached_pid=$pid
  wait_until 10 listens "$memcached_port"
}

# A server that gives every client the same answer to its first words, and hangs up.
start_liar() { # ANSWER
  start liar "$PYTHON" -c 'import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    client = listener.accept()[0]
    client.recv(1000)
    client.sendall(sys.argv[1].encode())
    client.close()' "$1"
  wait_until 10 test -s liar.out
  port=$(<liar.out)
}

check_finds_liar() { # DRIVER ANSWER
  start_liar "$2"
  run "$SERVERS/$1" "$port" --seconds 2
  [[ $status == 1 && $output == "$1: "* ]] || fail "$1 ended with $status: $output"
  stop "$pid"
  run "$SERVERS/$1" "$port" --seconds 2
  [[ $status == 1 && $output == *'cannot connect'* ]] || fail "$1 ended with $status: $output"
  run "$SERVERS/$1" "$port" --rate 0
  [[ $status == 2 && $output == usage:* ]] || fail "$1 ended with $status: $output"
}

# ---- kvclient ----

run_kvclient() { # VARIANT
  start_memcached
  start_server seep.db "kvclient_$1" --memcached "$memcached_port"
  "$SERVERS/kvclient_load" "$port" --seconds 3 --rate 400 >counts
  stop_server
  check_healthy seep.db
  # the driver's gets, but for those that the cache answered
  read -r gets _ cached _ < <(sed -n 's/^kvclient: \([0-9]*\) gets, \([0-9]*\) of.*/\1 x \2 x/p' server.err)
  ((gets == $(count gets) && gets > 100 && $(count hits) > 10 && $(count sets) > 50))
}

@test "kvclient_buggy: every get and every set that went to the memcached is held, apart, and its timer" {
  run_kvclient buggy
  [[ $(held get_start heap) == $((gets - cached)) ]]
  [[ $(held write_start heap) == $(count sets) ]]
  [[ $(held late_timer_start timerfd) == $((gets - cached + $(count sets))) ]]
  "$SEEP" top -n 1 seep.db >top.txt
  grep -qE '[0-9.]+% +get_start$' top.txt
  "$SEEP" peek write_start --type inuse_objects seep.db >peek.txt
  grep -qE "^ +$(count sets) .* write_start" peek.txt
}

@test "kvclient_fixed: no operation is held" {
  run_kvclient fixed
  [[ $(acquired get_start heap) == $((gets - cached)) && $(held get_start heap) == 0 ]]
  [[ $(acquired write_start heap) == $(count sets) && $(held write_start heap) == 0 ]]
  [[ $(held late_timer_start timerfd) == 0 ]]
}

@test "kvclient: speaks the protocol as it should, also when it is spoken to as it should not be" {
  start_memcached
  start_server bare kvclient_fixed --memcached "$memcached_port"
  "$PYTHON" - "$port" <<'CLIENT'
import socket, sys
def session(*requests):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as client:
        client.settimeout(10)
        for request in requests:
            client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        return client.makefile("rb").read()
def check(expected, *requests):
    answer = session(*requests)
    assert answer == expected, (requests, answer)
check(b"END\r\nSTORED\r\nVALUE a 7 3\r\nx\r\n\r\nEND\r\nVALUE a 7 3\r\nx\r\n\r\nEND\r\n",
      b"get a\r\nset a 7 0 3\r\nx\r\n\r\nget a\r\nget a\r\n")
check(b"STORED\r\nVALUE a 0 1\r\ny\r\nEND\r\n", b"set a 0 0 1\r", b"\ny\r\nget", b" a\r\n")
check(b"DELETED\r\nEND\r\nNOT_FOUND\r\n", b"delete a\r\nget a\r\ndelete a\r\n")
check(b"STORED\r\nVALUE %b 0 1024\r\n%b\r\nEND\r\n" % (b"k" * 250, b"v" * 1024),
      b"set %b 0 0 1024\r\n%b\r\nget %b\r\n" % (b"k" * 250, b"v" * 1024, b"k" * 250))
check(b"", b"quit\r\nget a\r\n")
check(b"SERVER_ERROR object too large for cache\r\n", b"set a 0 0 1025\r\n")
check(b"CLIENT_ERROR bad data chunk\r\n", b"set a 0 0 1\r\nabc\r\n")
for line in b"get", b"get a b", b"get " + b"k" * 251, b"set a 4294967296 0 1", b"set a 0 0 1 noreply", b"add a 0 0 1":
    check(b"ERROR\r\n", line + b"\r\n")
for line in b"delete a\n", b"get a\0b", b"get " + b" " * 400:
    check(b"CLIENT_ERROR bad command line\r\n", line + b"\r\n")
CLIENT
  # without its memcached it says so, and goes on when there is one again
  stop "$memcached_pid"
  run "$SERVERS/kvclient_load" "$port" --seconds 5
  [[ $status == 1 && $output == *'SERVER_ERROR '* ]]
  start memcached memcached -l 127.0.0.1 -p "$memcached_port" -U 0 -t 1 -u nobody
  wait_until 10 listens "$memcached_port"
  "$SERVERS/kvclient_load" "$port" --seconds 1
}

@test "kvclient_load: a wrong answer, a lost connection and wrong usage are errors" {
  check_finds_liar kvclient_load $'VALUE a 0 1\r\nx\r\nEND\r\n'
}

# ---- actor ----

# Messages only, unless more is said. $turns is how often the endpoint's loop turned.
run_actor() { # VARIANT DRIVER_ARGUMENT...
  start_server seep.db "actor_$1"
  "$SERVERS/actor_load" "$port" --seconds 3 --rate 400 "${@:2}" >counts
  (($(count messages) > 100))
}

stop_actor() {
  stop_server
  check_healthy seep.db
  turns=$(sed -n 's/^actor: \([0-9]*\) turns.*/\1/p' server.err)
  # one for each message, for each ping, for the end of each connection and for its own
  ((turns == $(count messages) + $(count pings) + $(count clients) + 1))
}

holds_turns() {
  (($(held channel_wait heap) > $(count messages)))
}

@test "actor_buggy: a waiter a turn piles up at the channel to which nothing is written, and stays when the load has stopped" {
  run_actor buggy
  wait_until 10 holds_turns
  sleep 1.5 # the driver has gone long since, and the recorder has looked once more
  holds_turns
  stop_actor
  # and the last read of the other channel
  [[ $(held channel_wait heap) == $((turns + 1)) ]]
  [[ $(held turn_wait heap) == $((turns + 1)) ]]
  "$SEEP" top -n 1 seep.db >top.txt
  grep -qE '[0-9.]+% +channel_wait$' top.txt
}

@test "actor_buggy: what is written to that channel lets go of all its waiters" {
  run_actor buggy --pings 50
  stop_actor
  [[ $(acquired channel_wait heap) == $((2 * turns)) ]]
  # since the last ping: at most 50 messages, the ends of 4 connections and the endpoint's
  (($(count pings) > 1 && $(held channel_wait heap) <= 60))
}

@test "actor_fixed: one pending read a channel" {
  run_actor fixed
  stop_actor
  [[ $(held channel_wait heap) == 2 ]]
  [[ $(acquired channel_wait heap) == $((turns + 1)) ]]
}

@test "actor: ends a connection that sends something else than frames, and no other" {
  start_server bare actor_fixed
  "$PYTHON" - "$port" <<'CLIENT'
import socket, struct, sys
def connection():
    client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    client.settimeout(10)
    return client
good = connection()
for frame in ((4097, 1, 0, 1), (0, 3, 0, 1), (0, 1, 16, 1)):
    bad = connection()
    bad.sendall(struct.pack("!4I", *frame))
    assert bad.recv(100) == b"", frame
good.sendall(struct.pack("!4I", 3, 1, 5, 9) + b"abc")
assert struct.unpack("!4I", good.recv(100)) == (0, 3, 97 + 98 + 99, 9)
CLIENT
  stop_server
}

@test "actor_load: a wrong answer, a lost connection and wrong usage are errors" {
  check_finds_liar actor_load 0123456789abcdef
}

# ---- the report ----

@test "incidents.sh: runs the incidents it is asked for, and reports what was done, what is held and what went wrong" {
  REPORT=$PWD/report.md BUILD=$BUILD "$BATS_TEST_DIRNAME/../servers/incidents.sh" 2 '^(actor|kvclient)' >out 2>err
  cmp out report.md
  [[ $(grep -c '^| ' report.md) == 5 ]]
  grep -qE '^\| actor \| buggy \| .*messages [0-9]+, .* \| inuse_objects: [0-9]+ in channel_wait \| [a-z_, ]+ \|$' report.md
  grep -qE '^\| kvclient \| fixed \| .*gets [0-9]+, .*timers: nothing \| none \|$' report.md
  [[ $(grep -c '^Type: timers$' report.md) == 2 ]]
  [[ $(grep -ci fault report.md) == 0 ]]
  # a driver that finds a fault
  mkdir -p broken/tests
  ln -s "$SEEP" "$LIB" broken
  cp -r "$SERVERS" broken/tests
  printf '#!/bin/sh\necho messages 3\necho it lies >&2\nexit 1\n' >broken/tests/servers/actor_load
  REPORT=$PWD/report.md BUILD=$PWD/broken run "$BATS_TEST_DIRNAME/../servers/incidents.sh" 1 '^actor'
  [[ $status == 1 ]]
  [[ $(grep -c 'Fault.*it lies' report.md) == 2 && $(grep -c '^the driver ended with 1$' report.md) == 2 ]]
  run "$BATS_TEST_DIRNAME/../servers/incidents.sh" 1 'no such incident'
  [[ $status == 1 && $output == 'incidents: no title matches'* ]]
}
