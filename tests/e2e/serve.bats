#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set pid, code, SERVERS and PROGRAMS
# serve.bats - `seep serve` and `seep run --serve`: how they start, who may read, what goes wrong, and how they end.

bats_require_minimum_version 1.5.0
load ../lib/helpers

# A recording, made once.
setup_file() {
  "$SEEP" run -o "$BATS_FILE_TMPDIR/a.db" -- "$PROGRAMS/handles_kinds" >/dev/null
}

# Starts `seep serve` and waits for its URL: $pid, $url, $base (without the token), $token.
serve() { # NAME ARGUMENT...
  local name=$1
  shift
  start "$name" "$SEEP" serve "$@"
  wait_until 10 grep -q '^http' "$name.out" || fail "seep serve $*: $(cat "$name.out" "$name.err")" || return 1
  take_url "$(head -1 "$name.out")"
}

take_url() { # URL
  url=$1 base=${1%/\?token=*} token=${1#*token=}
}

# The status of a request.
status() { # CURL_ARGUMENT...
  curl -s -o answer -w '%{http_code}' "$@"
}

# `seep serve ARGUMENT...` must end with CODE and say PATTERN in one sentence.
refuses() { # CODE PATTERN ARGUMENT...
  local expected=$1 pattern=$2 code=0
  shift 2
  timeout 10 "$SEEP" serve "$@" >out 2>err || code=$?
  [[ $code == "$expected" ]] || fail "seep serve $*: exit code $code, not $expected: $(cat out err)" || return 1
  [[ ! -s out && $(wc -l <err) == 1 ]] || fail "seep serve $* says: $(cat out err)" || return 1
  grep -qE -e "^seep serve: .*$pattern" err || fail "seep serve $* says: $(<err)"
}

@test "the URL that it prints opens the page; the token goes into a cookie, and out of the address" {
  serve a "$BATS_FILE_TMPDIR/a.db"
  [[ $url =~ ^http://127\.0\.0\.1:[0-9]+/\?token=[0-9a-f]{32}$ ]]
  [[ $(status "$url") == 303 ]]
  curl -sL -c jar -b jar -w '%{url_effective}' -o page "$url" >effective
  [[ $(<effective) == "$base/" ]]
  grep -q '<title>Seep</title>' page
  grep -qE "#HttpOnly_127.0.0.1.*seep-${base##*:}.$token" jar
  [[ $(status -b jar "$base/page.js") == 200 && $(status -b jar "$base/api/recordings") == 200 ]]
  grep -q '"program": "handles_kinds"' answer
  [[ $(status "$base/") == 401 ]]
  grep -q '^{"error": "the token is missing' answer
}

@test "tools show the token in the address or in a header; a link of elsewhere gets in by a page that leads on" {
  serve a "$BATS_FILE_TMPDIR/a.db"
  [[ $(status "$base/api/version?token=$token") == 200 ]]
  [[ $(status -H "Authorization: Bearer $token" "$base/api/version") == 200 ]]
  [[ $(status -H 'Sec-Fetch-Site: cross-site' -H 'Sec-Fetch-Mode: navigate' "$url") == 200 ]]
  grep -q 'http-equiv="refresh" content="0; url=/"' answer
}

@test "without FILE it serves the newest recording here" {
  cp "$BATS_FILE_TMPDIR/a.db" seep.old.1.db
  touch -d '-1 hour' seep.old.1.db
  cp "$BATS_FILE_TMPDIR/a.db" seep.new.2.db
  serve a
  status -H "Authorization: Bearer $token" "$base/api/recordings" >/dev/null
  grep -q '"name": "seep.new.2.db"' answer
}

@test "several recordings have their indexes" {
  cp "$BATS_FILE_TMPDIR/a.db" b.db
  serve a "$BATS_FILE_TMPDIR/a.db" b.db
  status -H "Authorization: Bearer $token" "$base/api/recordings" >/dev/null
  [[ $("$PYTHON" -c 'import json; print([r["name"] for r in json.load(open("answer"))["recordings"]])') == "['a.db', 'b.db']" ]]
}

@test "a recording that has gone or is damaged hides no other one" {
  cp "$BATS_FILE_TMPDIR/a.db" gone.db
  cp "$BATS_FILE_TMPDIR/a.db" damaged.db
  serve a gone.db "$BATS_FILE_TMPDIR/a.db" damaged.db
  rm gone.db
  truncate -s 30000 damaged.db
  curl -s -H "Authorization: Bearer $token" "$base/api/recordings" >answer
  "$PYTHON" -c 'import json
for r in json.load(open("answer"))["recordings"]: print(r["index"], r["name"], r["program"], r["error"])' >rows
  grep -qE '^0 gone\.db None gone\.db does not exist; ' rows
  grep -qxF '1 a.db handles_kinds None' rows
  grep -qE '^2 damaged\.db None damaged\.db is damaged ' rows
  [[ $(status -H "Authorization: Bearer $token" "$base/api/series?recording=1") == 200 ]]
  [[ $(status -H "Authorization: Bearer $token" "$base/api/series") == 404 ]]
}

@test "where a recording cannot be read the page shows no other one's figures" {
  "$SEEP" run -o three.db -- sleep 3
  cp three.db gone.db
  serve a three.db gone.db
  rm gone.db
  node "$BATS_TEST_DIRNAME/../lib/browser.mjs" "$url" 2>&1 3>&- <<'STEPS'
await page.locator(".charts canvas").first().waitFor();
await open("recording=1");
await see("#foot", /gone\.db does not exist/);
await see(".connection", /cannot be read/);
await see("#view > .message", /gone\.db does not exist/);
assert.equal(await page.locator(".charts canvas").count(), 0);
await open("view=flame");
await page.locator(".timeline canvas").waitFor();
await page.locator(".flame-canvas").waitFor();
await open("view=flame&recording=1");
await see("#view", /gone\.db does not exist/);
await open("recording=0");
await page.locator(".charts canvas").first().waitFor();
for (const one of complaints) assert.match(one, /status of 404/);
complaints.length = 0;
STEPS
}

@test "an open page begins anew when seep serve comes back with another recording" {
  local browser
  cp "$BATS_FILE_TMPDIR/a.db" b.db
  serve a --token-file token "$BATS_FILE_TMPDIR/a.db"
  node "$BATS_TEST_DIRNAME/../lib/browser.mjs" "$url" >browser.out 2>&1 3>&- <<'STEPS' &
await see("#foot", /a\.db/);
await see(".connection", /ended/);
process.stdout.write("open\n");
await see("#foot", /b\.db/);
complaints.length = 0; // that nobody answered meanwhile
STEPS
  browser=$!
  wait_until 20 grep -q open browser.out || fail "$(<browser.out)"
  stop "$pid"
  serve b --token-file token --listen "${base#http://}" b.db
  wait "$browser" || fail "$(<browser.out)"
}

@test "an event stream ticks each second while it is open" {
  serve a "$BATS_FILE_TMPDIR/a.db"
  timeout 3.5 curl -sN -H "Authorization: Bearer $token" "$base/api/events" >events || true
  (($(grep -c '^event: tick' events) >= 3))
  (($(grep -c '^data: {"recordings":' events) >= 3))
}

# The thread sanitizer has a thread of its own, which does.
# bats test_tags=no_tsan
@test "with nobody there it does not wake up at all" {
  serve a "$BATS_FILE_TMPDIR/a.db"
  switches() {
    cat "/proc/$pid/task/"*/status | awk '/^voluntary_ctxt_switches:/ { sum += $2 } END { print sum }'
  }
  local before
  sleep 0.5
  before=$(switches)
  sleep 3
  [[ $(switches) == "$before" ]]
}

@test "the token file is made for its owner only, and read the next time" {
  umask 000
  serve a --token-file token "$BATS_FILE_TMPDIR/a.db"
  [[ $(stat -c %a token) == 600 && $(<token) == "$token" ]]
  stop "$pid"
  echo 'my.own~token_for-tests' >token
  serve b --token-file token "$BATS_FILE_TMPDIR/a.db"
  [[ $token == 'my.own~token_for-tests' ]]
  [[ $(status -b "seep-${base##*:}=$token" "$base/") == 200 ]]
}

@test "it answers to the names that are allowed, and to its address" {
  serve a --allow-host stats.example --allow-host '[fe80::1]' "$BATS_FILE_TMPDIR/a.db"
  local name
  for name in stats.example STATS.example:443 '[fe80::1]' localhost 127.0.0.1:1 '[::1]'; do
    [[ $(status -H "Host: $name" "$base/api/version?token=$token") == 200 ]] || fail "it does not answer to $name" || return 1
  done
  [[ $(status -H 'Host: other.example' "$base/api/version?token=$token") == 421 ]]
}

@test "it listens where it is told" {
  local port
  port=$(free_port)
  serve a --listen "localhost:$port" "$BATS_FILE_TMPDIR/a.db"
  [[ ${base##*:} == "$port" ]]
  serve b --listen '[::1]:0' "$BATS_FILE_TMPDIR/a.db"
  [[ $base == 'http://[::1]:'* && $(status "$base/api/version?token=$token") == 200 ]]
  serve c --listen 0.0.0.0:0 "$BATS_FILE_TMPDIR/a.db"
  [[ $(status "http://127.0.0.2:${base##*:}/api/version?token=$token") == 200 ]]
}

@test "what it cannot do it says in one sentence, with the right code" {
  local port
  serve a "$BATS_FILE_TMPDIR/a.db"
  port=${base##*:}
  refuses 3 "cannot listen on 127.0.0.1:$port: the port is in use" --listen "127.0.0.1:$port" "$BATS_FILE_TMPDIR/a.db"
  refuses 3 'has no such address' --listen 192.0.2.1:0 "$BATS_FILE_TMPDIR/a.db"
  refuses 3 'cannot listen on nowhere.invalid:0' --listen nowhere.invalid:0 "$BATS_FILE_TMPDIR/a.db"
  run -3 --separate-stderr bash -c "'$SEEP' serve '$BATS_FILE_TMPDIR/a.db' >/dev/full"
  [[ $stderr == "seep serve: cannot print the page's URL: No space left on device"* ]] || fail "$stderr"
  refuses 2 "'8080' is no address" --listen 8080 "$BATS_FILE_TMPDIR/a.db"
  refuses 2 "'::1:80' is no address" --listen ::1:80 "$BATS_FILE_TMPDIR/a.db"
  refuses 2 'unknown option --lisen' --lisen=x
  refuses 2 '--listen needs a value' --listen
  refuses 2 'is no host' --allow-host 'http://x/'
  refuses 2 'is no host' --allow-host x:80
  refuses 2 "'\\(' is not an extended regular expression" --wrapper '(' "$BATS_FILE_TMPDIR/a.db"
  refuses 3 'nothing.db' nothing.db
  refuses 3 'no recording \(seep.\*.db\) in this directory'
  echo text >text.db
  refuses 3 'text.db' text.db
  refuses 3 'text.db' "$BATS_FILE_TMPDIR/a.db" text.db
}

@test "a token file that is none is refused" {
  echo short >token
  refuses 2 'token has no token in its first line' --token-file token "$BATS_FILE_TMPDIR/a.db"
  : >token
  refuses 2 'has no token' --token-file token "$BATS_FILE_TMPDIR/a.db"
  printf '%s;\n' 0123456789abcdef0123456789abcdef >token
  refuses 2 'has no token' --token-file token "$BATS_FILE_TMPDIR/a.db"
  refuses 3 'cannot read the token file \.: Is a directory' --token-file . "$BATS_FILE_TMPDIR/a.db"
  refuses 3 'cannot create the token file no/where' --token-file no/where "$BATS_FILE_TMPDIR/a.db"
}

@test "signals end it with 0, and an open page with it" {
  local signal
  for signal in TERM INT HUP; do
    serve "$signal" "$BATS_FILE_TMPDIR/a.db"
    local server=$pid
    start curl curl -sN -H "Authorization: Bearer $token" "$base/api/events"
    wait_until 5 grep -q tick curl.out
    stop "$server" "$signal"
    [[ $code == 0 && ! -s $signal.err ]] || fail "$signal: $code, $(<"$signal.err")" || return 1
    wait_until 5 gone "$pid" || fail "the event stream goes on after $signal" || return 1
  done
}

@test "seep finds it beside itself, or installed; without it, it says so" {
  mkdir -p bin libexec/seep
  cp "$SEEP" bin/
  local code=0
  bin/seep serve --help >out 2>err || code=$?
  [[ $code == 3 && $(<err) == "seep serve: seep-serve is neither beside $PWD/bin/seep nor in "* ]]
  cp "$BUILD/seep-serve" libexec/seep/
  bin/seep serve --help | grep -q '^usage: seep serve'
  bin/seep help serve | grep -q '^usage: seep serve'
}

@test "seep itself loads no library of a web server's or a database's" {
  ldd "$BUILD/seep-serve" | grep -q microhttpd
  ldd "$SEEP" >libraries
  run ! grep -E 'microhttpd|gnutls|libpq|ssl' libraries
}

# ---- seep run --serve ----

# Starts `seep run --serve` in a process of its own; $run is it, and take_url has taken its URL.
run_serving() { # ARGUMENT...
  start run "$SEEP" run "$@"
  run=$pid
  wait_until 10 grep -q 'the page is at http' run.err || fail "no URL: $(<run.err)" || return 1
  take_url "$(sed -n 's/^seep run: the page is at //p' run.err)"
}

server_of() { # PID
  pgrep -P "$1" -x seep-serve
}

@test "seep run --serve shows the running program, and ends with it" {
  run_serving --serve -o a.db -- "$SERVERS/chat_buggy"
  wait_until 10 test -s run.out
  [[ $(<run.out) =~ ^[0-9]+$ ]] # the program's own output, and nothing else
  shown_live() {
    curl -sf -H "Authorization: Bearer $token" -o answer "$base/api/recordings" && grep -q '"live": true' answer
  }
  wait_until 10 shown_live
  grep -q '"name": "a.db"' answer
  local server
  server=$(server_of "$run")
  stop "$run"
  [[ $code == 0 ]] || fail "exit code $code: $(<run.err)"
  gone "$server" || fail "the page outlives the run"
  grep -q '^seep run: the recording is a.db' run.err
}

@test "the program sees nothing of the page: no child, no descriptor, no signal of its group" {
  run_serving --serve -- "$SERVERS/chat_buggy"
  wait_until 10 test -s run.out
  local server program
  server=$(server_of "$run")
  program=$(pgrep -P "$run" -x chat_buggy)
  start bare "$SERVERS/chat_buggy"
  wait_until 10 test -s bare.out
  # shellcheck disable=SC2154
  diff <(view_of "$pid") <(view_of "$program") | grep -vE 'run\.(out|err)|bare\.(out|err)|^---|^[0-9,]+c[0-9,]+$' && false
  [[ $(ps -o sid= -p "$server") != "$(ps -o sid= -p "$program")" ]]
  # of what the program has, the page has standard error
  comm -12 <(readlink "/proc/$server/fd/"* | grep -E 'socket|pipe|/' | sort) \
    <(readlink "/proc/$program/fd/"* | grep -E 'socket|pipe|/' | sort) >shared
  run ! grep -vE 'run\.err|/dev/null' shared
  tr '\0' '\n' <"/proc/$server/environ" >environment
  run ! grep LD_PRELOAD environment
  stop "$run"
}

@test "a port in use is said before the program runs" {
  local code=0
  serve a "$BATS_FILE_TMPDIR/a.db"
  "$SEEP" run --serve="127.0.0.1:${base##*:}" -- touch has-run 2>err || code=$?
  [[ $code == 3 && ! -e has-run ]]
  [[ $(<err) == *'the port is in use'* ]]
  code=0
  "$SEEP" run --serve=nonsense -- touch has-run 2>err || code=$?
  [[ $code == 2 && ! -e has-run && $(<err) == *"'nonsense' is no address"* ]]
}

@test "a page whose run was killed ends, and so does one of a program that was never there" {
  run_serving --serve -- sleep 60
  local server
  server=$(server_of "$run")
  started+=("$(pgrep -P "$run" -x sleep)")
  kill -KILL "$run"
  wait_until 5 gone "$server" || fail "the page goes on"
  code=0
  "$SEEP" run --serve -- ./nothing 2>err || code=$?
  [[ $code == 127 ]]
  url=$(sed -n 's/.*the page is at //p' err)
  take_url "$url"
  run ! listens "${base##*:}"
}

@test "a page that was ended is no trouble of the program's" {
  run_serving --serve -o a.db -- sleep 2
  kill -TERM "$(server_of "$run")"
  wait_end "$run"
  [[ $code == 0 ]]
  grep -q '^seep run: the recording is a.db' run.err
}

@test "who asks before there is a recording waits for it" {
  run_serving --serve -o a.db -- "$SERVERS/chat_buggy"
  curl -sf --max-time 10 -H "Authorization: Bearer $token" -o answer "$base/api/recordings"
  grep -q '"name": "a.db"' answer
  stop "$run"
}
