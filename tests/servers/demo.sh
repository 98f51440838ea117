#!/bin/bash
# SPDX-License-Identifier: MIT
# demo.sh - what `make demo` shows: a leaky server and redis under real load, and who holds their memory and handles.
set -u

cd "$(dirname "$0")/../.." || exit 1
BUILD=$(realpath "${BUILD:-build}")
folder=$(mktemp -d)
pids=()
end() {
  ((${#pids[@]} == 0)) || kill -KILL "${pids[@]}" 2>/dev/null
  rm -rf "$folder"
}
trap end EXIT

step() {
  printf '\n%s\n' "$*"
}

# Shows the command as a user would type it, runs it, and prints what matters of its output.
show() { # LINES CMD...
  local lines=$1
  shift
  echo "   \$ ${*/#$folder\//}" | sed "s,$BUILD/,,g; s,$folder/,,g"
  "$@" 2>&1 | sed 's/.*\r//; /^$/d; s/[[:space:]]*$//' | head -n "$lines" | sed "s/^/   /; s,$folder/,,g" || true
}

wait_until() { # SECONDS CMD...
  local until=$((SECONDS + $1 + 1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < until)) || return 1
    sleep 0.1
  done
}

give_up() {
  echo "demo: $*" >&2
  exit 1
}

is_finished() { # FILE
  [[ -e $1 && ! -e $1-wal ]]
}

has_line() { # FILE
  [[ -s $1 ]]
}

# A chat server under 'seep run', the same talk for either variant; it still runs when this returns.
chat_start() { # VARIANT
  "$BUILD/seep" run -o "$folder/chat_$1.db" -- "$BUILD/tests/servers/chat_$1" >"$folder/port_$1" 2>"$folder/chat.err" &
  pids+=($!)
  wait_until 10 has_line "$folder/port_$1" || give_up "the chat server did not start: $(<"$folder/chat.err")"
  show 3 "$BUILD/tests/servers/chat_load" "$(<"$folder/port_$1")" --seconds 4 --rate 160
  sleep 1.5
}

chat_stop() {
  kill -TERM "${pids[0]}"
  wait "${pids[0]}"
  echo "   (the server ended with code $?)"
  pids=()
}

step "1. A chat server that leaks (tests/servers/chat_buggy.c), under 'seep run'"
chat_start buggy
step '2. It still runs. Who holds its memory?'
show 14 "$BUILD/seep" top -n 6 "$folder/chat_buggy.db"
step '3. Who holds its timers? Nobody ever closed one: read the cumulative column down to the write loop'
show 20 "$BUILD/seep" top --type timers --cum -n 12 "$folder/chat_buggy.db"
step '4. And its sockets? Those of the clients are closed'
show 12 "$BUILD/seep" top --type sockets -n 4 "$folder/chat_buggy.db"
chat_stop

step '5. The same server with the fix (tests/servers/chat_fixed.c), the same talk'
chat_start fixed
show 14 "$BUILD/seep" top -n 6 "$folder/chat_fixed.db"
show 14 "$BUILD/seep" top --type timers --cum -n 6 "$folder/chat_fixed.db"
chat_stop

step '6. redis-server as it is installed, under a bare LD_PRELOAD, with redis-benchmark'
port=$((20000 + RANDOM % 20000))
LD_PRELOAD=$BUILD/libseep.so SEEP_OPTIONS=out=$folder/redis.db \
  redis-server --port "$port" --save '' --dir "$folder" >"$folder/redis.out" 2>&1 &
pids+=($!)
wait_until 10 redis-cli -p "$port" ping || give_up "redis-server did not start: $(tail -n 3 "$folder/redis.out")"
show 8 redis-benchmark -p "$port" -q -n 20000 -r 5000 -t set,get,lpush,hset
sleep 1.5
show 18 "$BUILD/seep" top -n 10 --hide '^z(m|c|re)alloc' "$folder/redis.db"
show 18 "$BUILD/seep" info "$folder/redis.db"
kill -TERM "${pids[0]}"
wait "${pids[0]}"
echo "   (redis-server ended with code $?)"
pids=()

step 'That was all. On your own server: seep run -- YOUR-SERVER, then seep top.'
