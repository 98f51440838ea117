#!/bin/bash
# SPDX-License-Identifier: MIT
# demo.sh - what `make demo` shows: a leaky server and redis under real load: who holds their memory and handles,
# and what leaks.
set -u

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib/common.bash
source tests/lib/common.bash
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

give_up() {
  echo "demo: $*" >&2
  exit 1
}

has_line() { # FILE
  [[ -s $1 ]]
}

# A chat server under 'seep run' and its clients' talk, which goes on for a while after this returns.
chat_start() { # VARIANT
  "$BUILD/seep" run -o "$folder/chat_$1.db" -- "$BUILD/tests/servers/chat_$1" >"$folder/port_$1" 2>"$folder/chat.err" &
  chat[$1]=$!
  pids+=($!)
  wait_until 10 has_line "$folder/port_$1" || give_up "the chat server did not start: $(<"$folder/chat.err")"
  "$BUILD/tests/servers/chat_load" "$(<"$folder/port_$1")" --seconds "$talk" >"$folder/counts_$1" &
  load[$1]=$!
  pids+=($!)
}

# When the talk is over: what was said, and the verdict.
chat_judge() { # VARIANT
  wait "${load[$1]}" || give_up "the chat server misbehaved: $(<"$folder/counts_$1")"
  sleep 1.5
  sed 's/^/   /' "$folder/counts_$1"
  show 40 "$BUILD/seep" growth "$folder/chat_$1.db"
}

chat_stop() { # VARIANT
  kill -TERM "${chat[$1]}"
  wait "${chat[$1]}"
  echo "   (the server ended with code $?)"
}

declare -A chat load
talk=40
step "1. A chat server that leaks (tests/servers/chat_buggy.c), under 'seep run', with eight clients that talk; beside it the
   same server with the fix (chat_fixed.c) and the same talk"
chat_start buggy
chat_start fixed
sleep 8
step '2. The first one still runs. Who holds its memory?'
show 14 "$BUILD/seep" top -n 6 "$folder/chat_buggy.db"
step '3. Who holds its timers? Nobody ever closed one: read the cumulative column down to the write loop'
show 20 "$BUILD/seep" top --type timers --cum -n 12 "$folder/chat_buggy.db"
step '4. The one with the fix: memory, and timers'
show 14 "$BUILD/seep" top -n 6 "$folder/chat_fixed.db"
show 14 "$BUILD/seep" top --type timers --cum -n 6 "$folder/chat_fixed.db"
step "5. Does it leak? That takes half a minute of load to say ($talk s of talk in all)"
chat_judge buggy
chat_stop buggy
step '6. And with the fix?'
chat_judge fixed
chat_stop fixed
pids=()

report=$BUILD/demo.html
step '7. Both as one page, to open in any browser, to keep or to send'
show 4 "$BUILD/seep" export --html --base "$folder/chat_buggy.db" -o "$report" "$folder/chat_fixed.db"
[[ -s $report ]] || give_up 'there is no page'

step '8. redis-server as it is installed, under a bare LD_PRELOAD, with redis-benchmark'
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

step "That was all. The page of step 7 is ${report#"$PWD"/}. On your own server: seep run --serve -- YOUR-SERVER for the same page live,
or seep run -- YOUR-SERVER, then seep top and seep growth."
