#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid, code and started
# growth_servers.bats - `seep growth` on the sample servers, all at once, after 20 s of load that goes on: in the buggy variants the
# leaking callsite is named first, with its kind and what it goes with; in the fixed ones nothing leaks.

load ../lib/helpers

# The fixed playground keeps 64 strings: it has them after some seconds.
pages=()
for page in hello bigstring fileprovider loh/131000 loh/200000 httpclient1 httpclient2 array/20000 pooledarray/20000 \
  staticstring{,,,,}; do
  pages+=(--endpoint "/$page")
done

# The load of one server; a watcher is one of the few hundred that a user may have.
drive() { # SERVER PORT
  case $1 in
  actor) "$SERVERS/actor_load" "$2" --seconds 25 --rate 50 ;;
  kvclient) "$SERVERS/kvclient_load" "$2" --seconds 25 --rate 100 ;;
  overlapped) "$SERVERS/overlapped_load" "$2" --seconds 25 ;;
  playground) "$SERVERS/playground_load" "$2" --seconds 25 --rate 50 "${pages[@]}" ;;
  esac
}

setup_file() {
  local server variant name port pids=() drivers=()
  cd "$BATS_FILE_TMPDIR" || return 1
  port=$(free_port)
  start memcached memcached -l 127.0.0.1 -p "$port" -U 0 -t 1 -u nobody
  pids+=("$pid")
  wait_until 10 listens "$port"
  for server in actor kvclient overlapped playground; do
    for variant in buggy fixed; do
      name=${server}_$variant
      # shellcheck disable=SC2046 # two words, or none
      start_under "$name.db" "$name" "$SERVERS/$name" $([[ $server != kvclient ]] || echo --memcached "$port")
      pids+=("$pid")
      wait_until 10 test -s "$name.out"
      drive "$server" "$(<"$name.out")" >"$name.load" 3>&- &
      drivers+=($!)
    done
  done
  sleep 20
  for name in {actor,kvclient,overlapped,playground}_{buggy,fixed}; do
    "$SEEP" growth "$name.db" >"$name.txt"
  done
  for pid in "${drivers[@]}"; do wait "$pid"; done
  for pid in "${pids[@]}"; do kill -TERM "$pid"; done
}

# The titles of what leaks, in order: "FUNCTION KIND".
leaks() { # SERVER
  cat "$BATS_FILE_TMPDIR/$1.txt" >&2
  sed -n 's/^LEAK  \([^ ]*\) .*, \([a-z ]*\): +.*/\1 \2/p' "$BATS_FILE_TMPDIR/$1.txt"
}

expect_leaks() { # SERVER LEAK...
  local found expected
  found=$(leaks "$1" | sort)
  expected=$(printf '%s\n' "${@:2}" | sort)
  [[ $found == "$expected" ]] || fail "$1: found $found"
}

no_leak() { # SERVER
  expect_leaks "$1"
  grep -q '^No leak' "$BATS_FILE_TMPDIR/$1.txt"
}

@test "actor_buggy: a waiter a turn; actor_fixed: no leak" {
  expect_leaks actor_buggy 'channel_wait heap'
  grep -q 'from turn_wait < endpoint_turn' "$BATS_FILE_TMPDIR/actor_buggy.txt"
  no_leak actor_fixed
}

@test "kvclient_buggy: operations of the read and the write path apart, and their timers; kvclient_fixed: no leak" {
  expect_leaks kvclient_buggy 'get_start heap' 'write_start heap' 'late_timer_start timerfd'
  no_leak kvclient_fixed
}

@test "overlapped_buggy: a record and a socket for each reset connection; overlapped_fixed: no leak" {
  expect_leaks overlapped_buggy 'operation_new heap' 'listener_ready socket'
  [[ $(grep -cE '^LEAK .*, 1\.00 ± 0\.0[01] per reset connection$' "$BATS_FILE_TMPDIR/overlapped_buggy.txt") == 2 ]]
  no_leak overlapped_fixed
}

@test "playground_buggy: the pages that leak, and no other page; playground_fixed: no leak" {
  expect_leaks playground_buggy 'staticstring heap' 'provider_open inotify' 'provider_open inotify watch'
  no_leak playground_fixed
}
