#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid, code and started
# serve_series.bats - the curves that the page gets are what the recording has: second by second while a leaky server runs, and
# all at once after its end; held against sqlite3, seep top and seep info.

bats_require_minimum_version 1.5.0
load ../lib/helpers

# A leaky server under load, and what a page got that looked on: all.json first, then a line of live.jsonl each second.
setup_file() {
  local chat load
  cd "$BATS_FILE_TMPDIR" || return 1
  start_under chat.db chat "$SERVERS/chat_buggy"
  chat=$pid
  echo "$pid" >chat.pid
  wait_until 10 test -s chat.out
  "$SERVERS/chat_load" "$(<chat.out)" --seconds 14 --rate 50 --clients 4 >load.out 2>&1 3>&- &
  load=$!
  sleep 3
  start serve "$SEEP" serve chat.db
  echo "$pid" >serve.pid
  wait_until 10 grep -q token= serve.out
  look_on 12
  wait "$load"
  stop "$chat"
  wait_finished chat.db
  ask "series?points=1000" >page.json
  ask "series?points=1000&process=$chat" >process.json
}

# As the page does: everything, then what came since the last point.
look_on() { # UNTIL_SECOND
  local last
  ask series >all.json
  last=$(newest all.json)
  while ((SECONDS < $1)); do
    sleep 0.7
    ask "series?since=$last" >now.json
    cat now.json >>live.jsonl
    echo >>live.jsonl
    last=$(newest now.json "$last")
  done
}

newest() { # ANSWER [OTHERWISE]
  "$PYTHON" -c 'import json, sys
answer = json.load(open(sys.argv[1]))
print(answer["start_s"] + (answer["count"] - 1) * answer["step_s"] if answer["count"] else sys.argv[2])' "$@"
}

teardown_file() {
  xargs kill -KILL <"$BATS_FILE_TMPDIR/serve.pid" 2>/dev/null || true
  xargs kill -KILL <"$BATS_FILE_TMPDIR/chat.pid" 2>/dev/null || true
}

setup() {
  cd "$BATS_FILE_TMPDIR" || return 1
}

# What seep serve answers.
ask() { # PATH [CURL OPTIONS...]
  curl -sS -H "Authorization: Bearer $(sed 's/.*token=//' serve.out)" "${@:2}" "$(sed 's,/?token=.*,,' serve.out)/api/$1"
}

# Runs a Python text that has: page, live (answers), curve(answer, name) -> {time: value}, rows(SQL), start, end.
check() {
  "$PYTHON" - <<PYTHON
import json, sqlite3, subprocess
page, process = json.load(open("page.json")), json.load(open("process.json"))
live = [json.load(open("all.json"))] + [json.loads(line) for line in open("live.jsonl") if line.strip()]
database = sqlite3.connect("file:chat.db?mode=ro", uri=True)
rows = lambda sql: database.execute(sql).fetchall()
start, end = page["start_s"], page["start_s"] + page["count"] - 1

def curve(answer, name):
    for curve in answer["curves"]:
        if curve["name"] == name:
            assert len(curve["values"]) == answer["count"]
            return {answer["start_s"] + i * answer["step_s"]: value for i, value in enumerate(curve["values"])}
    raise AssertionError("no curve " + name)

def seep(*arguments):
    return json.loads(subprocess.run(["$SEEP", *arguments, "--json", "chat.db"], stdout=subprocess.PIPE, check=True).stdout)

assert page["step_s"] == 1 and page["count"] >= 12 and not page["estimated"]
$1
PYTHON
}

@test "levels by kind are what sqlite3 adds up of the recording, at each second" {
  check '
def held(kind, column):
    """Of the newest row of each callsite not after the second."""
    history = rows("SELECT time, site_id, acquired_%s - released_%s FROM sample_second JOIN site ON site.id = site_id"
                   " WHERE kind = %r ORDER BY time" % (column, column, kind))
    known, level, at = {}, {}, 0
    for second in range(start, end + 1):
        while at < len(history) and history[at][0] <= second:
            known[history[at][1]] = history[at][2]
            at += 1
        level[second] = sum(known.values())
    return level

for name, kind, column in ("tracked", "heap", "bytes"), ("timers", "timerfd", "count"), ("sockets", "socket", "count"):
    assert curve(page, name) == held(kind, column), name
assert max(curve(page, "timers").values()) > 500 and max(curve(page, "tracked").values()) > 20000
'
}

@test "levels are those of seep top at that moment" {
  check '
for second in start + 3, start + page["count"] // 2, end:
    for name, type in ("tracked", "inuse_space"), ("timers", "timers"), ("sockets", "sockets"):
        total = seep("top", "--type", type, "--until", "@%d" % second)["total"]
        assert curve(page, name)[second] == total, (name, second, curve(page, name)[second], total)
'
}

@test "what the kernel says of the process is what its looks found, and retention is the difference" {
  check '
known = {}
for time, anon, file, shmem, swap, threads, descriptors in rows(
        "SELECT time, rss_anon, rss_file, rss_shmem, swap, threads, descriptors FROM process_sample"
        " WHERE rss_anon IS NOT NULL ORDER BY time"):
    known[time] = anon + swap, anon + file + shmem, threads, descriptors
seconds = [second for second in known if start <= second <= end]
assert len(seconds) >= 5
for i, name in enumerate(("private", "working_set", "threads", "descriptors")):
    for second in seconds:
        if known[second][i] is not None:
            assert curve(page, name)[second] == known[second][i], (name, second)
for second in seconds:
    assert curve(page, "retention")[second] == curve(page, "private")[second] - curve(page, "tracked")[second]
assert [time for time, value in curve(page, "private").items() if value is None] == [time for time in range(start, min(seconds))]
'
}

# The load keeps its rate only if the recorder beside it is as fast as it is.
# bats test_tags=no_asan
@test "rates add up to the counters, events to those of seep info" {
  check '
def gained(name):
    return sum(value for value in curve(page, name).values() if value is not None)

def counted(what, where, at):
    return sum(value for value, _ in rows("SELECT %s, max(time) FROM sample_second JOIN site ON site.id = site_id"
               " WHERE time <= %d %s GROUP BY site_id" % (what, at, where)))

for name, what, where in (("acquired_per_s", "acquired_count", ""), ("released_per_s", "released_count", ""),
                          ("allocated_bytes_per_s", "acquired_bytes", "AND kind = \"heap\"")):
    assert gained(name) == counted(what, where, end) - counted(what, where, start) > 0, name

counts = {event["name"]: event["count"] for event in seep("info")["event_counts"]}
assert counts["accepted"] == 4 >= gained("event:accepted") # the first second has no rate
for name in counts:
    first = sum(count for count, _ in rows("SELECT count, max(time) FROM event_series WHERE name = %r AND time <= %d" % (name, start)) if count)
    last = sum(count for count, _ in rows("SELECT count, max(time) FROM event_series WHERE name = %r AND time <= %d" % (name, end)) if count)
    assert gained("event:" + name) == last - first <= counts[name], name
assert gained("event:write_calls") > 500

cpu = rows("SELECT time, cpu_user_ns + cpu_system_ns FROM process_sample WHERE cpu_user_ns IS NOT NULL AND time BETWEEN %d AND %d"
           " ORDER BY time" % (start, end))
spent = sum(curve(page, "cpu")[second] or 0 for second in range(cpu[0][0] + 1, cpu[-1][0] + 1)) / 100
assert abs(spent - (cpu[-1][1] - cpu[0][1]) / 1e9) < 1e-3 and spent > 0
'
}

@test "what a page got each second while the server ran is what the history says later" {
  check '
assert len(live) > 5
compared = 0
for name in "tracked", "private", "timers", "sockets", "acquired_per_s", "allocated_bytes_per_s", "event:write_calls":
    history, seen = curve(page, name), []
    for answer in live:
        points = sorted(curve(answer, name).items()) if answer["count"] else [] # of nothing there are no kinds
        seen += [time for time, _ in points]
        # where a page has not asked for some seconds, those are joined by straight lines
        exact = points if answer is live[0] else points[-1:] if len(points) > 1 else points
        rate_is_exact = answer is live[0] or len(points) == 1
        for time, value in exact if rate_is_exact or not name.endswith(("_per_s", "_calls")) else []:
            assert value == history[time], (name, time, value, history[time])
            compared += 1
    assert seen == list(range(seen[0], seen[-1] + 1)), (name, seen)
assert compared > 40
'
}

@test "the curves of the only process are those of all, and another one is not there" {
  check '
names = [curve["name"] for curve in page["curves"]]
assert names == [curve["name"] for curve in process["curves"]] and len(names) == len(set(names))
for name in names:
    for time, value in curve(process, name).items():
        assert time not in curve(page, name) or curve(page, name)[time] == value or time <= start + 1, (name, time)
'
  [[ $(ask 'series?process=999999' -o answer -w '%{http_code}') == 404 ]]
  grep -q 'has no process 999999' answer
  [[ $(ask 'series?since=now' -o answer -w '%{http_code}') == 400 ]]
  grep -q "does not know the time 'now'" answer
  [[ $(ask 'series?type=sockets' -o answer -w '%{http_code}') == 400 ]]
  grep -q "no parameter 'type' here; there are recording, process, since, until, points" answer
  [[ $(ask 'series?points=9999999' -o answer -w '%{http_code}') == 400 ]]
  [[ $(ask 'series?recording=1' -o answer -w '%{http_code}') == 404 ]]
}
