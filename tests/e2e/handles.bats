#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# handles.bats - each fixture leaks or misuses one kind of handle and says what a recording of it has to hold.

load ../lib/helpers

check_handles() { # FIXTURE
  under seep.db "$PROGRAMS/handles_$1" >out.txt
  check_healthy seep.db
  check_expectations seep.db out.txt
}

@test "children: what a child closes is the child's: a forked one has a table of its own, a vforked one shares its parent's memory" {
  check_handles children
}

@test "copies: copies of descriptors: of the kind of what they copy, but at the callsite of the copy" {
  check_handles copies
}

@test "directories: directories that are listed and not always closed" {
  check_handles directories
}

@test "double_close: descriptors closed twice; each pair of callsites is told apart" {
  check_handles double_close
}

@test "emfile: runs out of descriptors; the first refusal is marked with the table as it was" {
  check_handles emfile
}

@test "kinds: one callsite for each kind of descriptor; each is called twice, and one of the two closed" {
  check_handles kinds
}

@test "libevent: libevent events that are not freed, and one-shot events that never ran" {
  check_handles libevent
}

@test "libuv: libuv timers that are not closed" {
  check_handles libuv
}

@test "local_library: a library whose functions are hooked arrives with a plugin, private to it (RTLD_LOCAL)" {
  check_handles local_library
}

@test "never_opened: closes of numbers that were never open, and sweeps over all numbers" {
  check_handles never_opened
}

@test "popen: a command's pipe that is not always given back" {
  check_handles popen
}

@test "race: two threads close the same descriptor at the same moment, thousands of times" {
  check_handles race
}

@test "ranges: many descriptors closed by one call; and one call that only marks them" {
  check_handles ranges
}

@test "received: descriptors that come in messages (SCM_RIGHTS), also in one that has no room for all" {
  check_handles received
}

@test "sockets: a server that forgets to close every third connection" {
  check_handles sockets
}

@test "streams: a configuration that is read with fopen and not always closed, and other ways to a FILE" {
  check_handles streams
}

@test "threads: threads that nobody joins, beside all the ways in which one is given back" {
  check_handles threads
}

@test "timers: POSIX timers that are made for each request and not always deleted" {
  check_handles timers
}

@test "watches: inotify watches: told apart by descriptor, ended one by one or with their descriptor" {
  check_handles watches
}
