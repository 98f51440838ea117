#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid, code and started
# serve_callsites.bats - what the page gets of callsites and stacks is what the commands say of the same recording: seep
# growth, export and list.

bats_require_minimum_version 1.5.0

load ../lib/helpers

# Recordings 0 (a leaky server under load for 20 s), 1 and 2 (too short to be judged), and what serves them from the
# 5th second of the load on. What is said while the load goes on is kept for the tests.
setup_file() {
  local load chat
  cd "$BATS_FILE_TMPDIR" || return 1
  "$SEEP" run -o heap.db "$PROGRAMS/mt_stress" >out.txt
  "$SEEP" run -o handles.db "$PROGRAMS/handles_kinds" >out.txt
  start_under chat.db chat "$SERVERS/chat_buggy"
  chat=$pid
  echo "$pid" >pids
  wait_until 10 test -s chat.out
  "$SERVERS/chat_load" "$(<chat.out)" --seconds 20 --rate 50 --clients 4 >load.out 2>&1 3>&- &
  load=$!
  sleep 5
  start serve "$SEEP" serve chat.db heap.db handles.db
  echo "$pid" >>pids
  wait_until 10 grep -q token= serve.out
  start ticks curl -sSN -H "Authorization: Bearer $(token)" "$(address)/api/events"
  echo "$pid" >>pids
  ask callsites >first.json
  wait_until 12 grep -q '"judged_version":[ ]*[1-9]' ticks.out
  ask callsites >second.json
  wait "$load"
  stop "$chat"
  wait_finished chat.db
  kill "$pid"
  "$SEEP" growth --json -n 0 chat.db >growth.json
  "$SEEP" growth chat.db >growth.txt
  "$SEEP" growth -v chat.db >growth_stacks.txt
  wait_until 15 is_judged_to_the_end
}

# The page has a judgement of the whole recording: at most 5 s after its end.
is_judged_to_the_end() {
  ask callsites >page.json
  "$PYTHON" -c '
import json
page, growth = json.load(open("page.json")), json.load(open("growth.json"))
assert page["judged"]["count"] == growth["judged"]["points"]'
}

teardown_file() {
  xargs kill -KILL <"$BATS_FILE_TMPDIR/pids" 2>/dev/null || true
}

setup() {
  cd "$BATS_FILE_TMPDIR" || return 1
}

token() {
  sed 's/.*token=//' serve.out
}

address() {
  sed 's,/?token=.*,,' serve.out
}

# What seep serve answers.
ask() { # PATH [CURL OPTIONS...]
  curl -sS -H "Authorization: Bearer $(token)" "${@:2}" "$(address)/api/$1"
}

@test "callsites, their order, figures and words are those of seep growth" {
  "$PYTHON" - <<'PYTHON'
import json
page, growth = json.load(open("page.json")), json.load(open("growth.json"))
text = "\n".join(line.strip() for line in open("growth.txt").read().splitlines())

def near(a, b):
    return a == b or (a is not None and b is not None and abs(a - b) <= max(0.5, abs(b) * 1e-5))

assert page["recording"] == 0 and len(page["callsites"]) == len(growth["groups"]) > 3
assert page["judged"]["start_s"] == growth["judged"]["from_s"] and page["judged"]["count"] == growth["judged"]["points"]
for row, group in zip(page["callsites"], growth["groups"]):
    for key in "kind", "function", "file", "line", "module", "verdict", "since_s", "share", "estimated":
        assert row[key] == group[key], (key, row, group)
    slope = group["bytes" if row["unit"] == "bytes" else "objects"]
    pairs = [(row["why"], group["reason"]), (row["stacks"], len(group["callsites"])), (row["rate"], slope["per_second"]),
             (row["rate_low"], slope["low"]), (row["rate_high"], slope["high"])]
    if group["live_objects"]:
        pairs.append((row["age_s"], group["mean_age_s"]))
    if group["goes_with"]:
        pairs += [(row["goes_with"]["name"], group["goes_with"]["event"]), (row["goes_with"]["ratio"], group["goes_with"]["objects_per_event"])]
    else:
        pairs.append((row["goes_with"], None))
    for ours, theirs in pairs:
        assert ours == theirs, (ours, theirs, row)
    for key, other in (("objects", "live_objects"), ("bytes", "live_bytes"), ("acquired_objects", "acquired_objects"),
                       ("released_objects", "released_objects")):
        assert near(row[key], group[other]), (key, row, group)
    assert 2 <= len(row["spark"]) <= 60 and row["cum_bytes"] >= row["bytes"] and row["cum_objects"] >= row["objects"]
    assert abs(row["spark"][-1] - row["bytes" if row["unit"] == "bytes" else "objects"]) <= 1e-4 * abs(row["spark"][-1])
assert len({row["id"] for row in page["callsites"]}) == len(page["callsites"])
words = {"leak": "LEAK", "undecided": "cannot tell yet"}
assert page["words"] and page["words_left"] == 0
for word in page["words"]:
    assert words.get(word["verdict"], word["verdict"]) + "  " + "\n".join(x.strip() for x in word["text"].split("\n")) in text, word
for word in page["process_words"]:
    assert "\n".join(x.strip() for x in word.split("\n")) in text, word
for line in page["summary"].split("\n"):
    assert line in text, line
assert page["process_words"][0].startswith("Process ")
PYTHON
  # what leaks in this server is found, and when it was found is a mark
  "$PYTHON" -c '
import json
page = json.load(open("page.json"))
leaks = {row["function"]: row["id"] for row in page["callsites"] if row["verdict"] == "leak"}
assert "timer_start" in leaks, leaks
marks = [mark for mark in page["verdict_marks"] if mark["callsite"] == leaks["timer_start"] and mark["to"] == "leak"]
assert marks and marks[0]["from"] != "leak"
print(marks[0]["time_s"])' >mark.txt
  "$SEEP" growth --json --until "$(date -d "@$(<mark.txt)" +%FT%T)" chat.db |
    "$PYTHON" -c 'import json, sys; assert any(g["function"] == "timer_start" and g["verdict"] == "leak" for g in json.load(sys.stdin)["groups"])'
}

@test "a process and a span are judged as seep growth judges them" {
  local pid since
  pid=$(query chat.db "SELECT pid FROM process LIMIT 1")
  since=$(query chat.db "SELECT max(time) - 7 FROM process_sample")
  ask "callsites?process=$pid&since=$since" >span.json
  "$SEEP" growth --json --process "$pid" --since "$(date -d "@$since" +%FT%T)" chat.db >span_growth.json
  "$PYTHON" -c '
import json
page, growth = json.load(open("span.json")), json.load(open("span_growth.json"))
assert page["judged"]["count"] == growth["judged"]["points"] < 12
assert [(row["function"], row["verdict"]) for row in page["callsites"]] == [(g["function"], g["verdict"]) for g in growth["groups"]]'
}

@test "one callsite has the curves, stacks and source lines of what it is" {
  local id
  id=$("$PYTHON" -c 'import json; print(next(r["id"] for r in json.load(open("page.json"))["callsites"] if r["function"] == "turn_log"))')
  ask "callsite?id=$id" >one.json
  "$PYTHON" - <<'PYTHON'
import json
one = json.load(open("one.json"))
row = next(r for r in json.load(open("page.json"))["callsites"] if r["id"] == one["id"])
assert all(one[key] == value for key, value in row.items() if key != "stacks")
curves = one["curves"]
for name in "live_objects", "live_bytes", "acquired_per_s", "released_per_s", "mean_age_s":
    assert len(curves[name]) == curves["count"], name
assert curves["live_objects"][-1] == row["objects"] and curves["live_bytes"][-1] == row["bytes"]
assert curves["acquired_per_s"][0] is None
assert abs(sum(curves["acquired_per_s"][1:]) * curves["step_s"] - row["acquired_objects"]) <= 1
assert sum(s["objects"] for s in one["stacks"]) == row["objects"] and 0.99 < sum(s["share"] for s in one["stacks"]) < 1.01
seen = set()
for stack in one["stacks"]:
    assert stack["frames"][stack["wrappers"]]["function"] == "turn_log"
    assert stack["frames"][stack["wrappers"]]["line"] == row["line"]
    for frame in stack["frames"]:
        source = frame["source"]
        if not source:
            assert not frame["file"] or "chat" not in frame["file"], frame
            continue
        lines = open(source["path"], errors="replace").read().splitlines()
        first = max(frame["line"] - 5, 1)
        assert source["first_line"] == first and source["lines"] == lines[first - 1 : frame["line"] + 5], frame
        seen.add(frame["function"])
assert {"turn_log", "write_turn"} <= seen, seen
text = "\n".join(line.strip() for line in open("growth_stacks.txt").read().splitlines())
assert "\n".join(line.strip() for line in one["text"].split("\n")) in text
PYTHON
}

@test "one callsite has the ages that seep peek finds" {
  local id
  id=$("$PYTHON" -c 'import json; print(next(r["id"] for r in json.load(open("page.json"))["callsites"] if r["function"] == "timer_start"))')
  ask "callsite?id=$id" >one.json
  "$SEEP" peek --ages --json --type timers '^timer_start$' chat.db >ages.json
  "$PYTHON" -c '
import json
one, peek = json.load(open("one.json"))["ages"], json.load(open("ages.json"))
buckets = [(b["from_s"], b["to_s"], b["objects"]) for b in one["buckets"]]
assert one["time_s"] == peek["readings"][0]["time"]
assert [b for b in buckets if b[2]] == [(a["from_s"], a["to_s"], a["objects"]) for a in peek["functions"][0]["ages"]]
assert buckets[0][2] and buckets[-1][2] and all(a[1] == b[0] for a, b in zip(buckets, buckets[1:]))'
}

@test "flame graphs are seep export --collapsed, type by type, and the differences" {
  local file=1 type
  cat >compare.py <<'PYTHON'
import collections, json, sys
page, text = json.load(open(sys.argv[1])), open(sys.argv[2]).read()
ours, theirs = collections.Counter(), collections.Counter()
for stack in page["stacks"]:
    ours[";".join(page["frames"][frame]["function"] for frame in stack["frames"])] += stack["value"]
for line in text.splitlines():
    fields = line.rsplit(" ", 2 if page["difference"] else 1)
    theirs[fields[0]] += int(fields[-1]) - (int(fields[1]) if page["difference"] else 0)
assert ours == theirs, (ours - theirs, theirs - ours)
assert page["type"] == sys.argv[3] and (page["unit"] == "bytes") == (page["type"] in ("inuse_space", "alloc_space", "mappings"))
assert page["total"] == sum(map(abs, ours.values())) or page["difference"], page["total"]
print(len(ours))
PYTHON
  for name in heap handles; do
    for type in "${TYPES[@]}"; do
      ask "flame?recording=$file&type=$type" >flame.json
      "$SEEP" export --collapsed --type "$type" "$name.db" >stacks.txt
      "$PYTHON" compare.py flame.json stacks.txt "$type" >>counts.txt || fail "$name by $type differs"
    done
    file=$((file + 1))
  done
  [[ $(sort -n counts.txt | tail -1) -gt 5 ]]
  # growth between two moments, filtered, and against another recording
  ask "flame?type=inuse_space&since=%2B4s&until=%2B9s&focus=write_turn" >flame.json
  "$SEEP" export --collapsed --since +4s --until +9s --focus write_turn chat.db >stacks.txt
  [[ $("$PYTHON" compare.py flame.json stacks.txt inuse_space) -gt 0 ]]
  ask "flame?recording=2&base=1&type=alloc_objects" >flame.json
  "$SEEP" export --collapsed --type alloc_objects --base heap.db handles.db >stacks.txt
  [[ $("$PYTHON" compare.py flame.json stacks.txt alloc_objects) -gt 0 ]]
  # the same as JSON
  ask "flame?recording=1&type=alloc_space" >flame.json
  [[ $("$PYTHON" -c 'import json; print(sum(s["value"] for s in json.load(open("flame.json"))["stacks"]))') == $("$SEEP" export --json heap.db |
    "$PYTHON" -c 'import json, sys; print(sum(s["values"].get("alloc_space", 0) for s in json.load(sys.stdin)["samples"]))') ]]
}

@test "downloads are the files that seep export writes" {
  local format
  for format in pprof collapsed speedscope heaptrack csv json svg; do
    ask "export?recording=1&format=$format" -D head.txt -o page.out
    "$SEEP" export "--$format" -o command.out heap.db
    cmp page.out command.out
    grep -qi '^content-disposition: attachment; filename="seep\.' head.txt
  done
  ask "export?recording=2&format=collapsed&type=fds&show-all=1" >page.out
  "$SEEP" export --collapsed --type fds --show-all handles.db | cmp - page.out
}

@test "what there is not, and what cannot be judged, is said in a sentence" {
  [[ $(ask "callsite?id=c1:0" -w ' %{http_code}') == *'no callsite c1:0'*' 404' ]]
  [[ $(ask callsite -w ' %{http_code}') == *'give its id'*' 400' ]]
  [[ $(ask "callsites?process=1" -w ' %{http_code}') == *'has no process 1'*' 404' ]]
  [[ $(ask "flame?type=inuse" -w ' %{http_code}') == *inuse*' 400' ]]
  [[ $(ask "flame?focus=a%7B9%7D" -w ' %{http_code}') == *'may have no {'*' 400' ]]
  [[ $(ask "flame?file=/etc/passwd" -w ' %{http_code}') == *"no parameter 'file'"*' 400' ]]
  [[ $(ask "export?format=sqlite" -w ' %{http_code}') == *"unknown format"*' 400' ]]
  # as the command says it
  run -3 "$SEEP" growth heap.db
  [[ $(ask "callsites?recording=1" -w ' %{http_code}') == *"${output#seep growth: }"*' 404' ]]
}

@test "a live recording is judged again as it grows, and ticks say so" {
  "$PYTHON" -c '
import json
first, second, last = (json.load(open(name)) for name in ("first.json", "second.json", "page.json"))
assert first["version"] == 0 and second["version"] >= 1 and last["version"] > second["version"]
assert second["judged"]["count"] >= first["judged"]["count"] + 4
held = lambda page: next(r["objects"] for r in page["callsites"] if r["function"] == "timer_start")
assert held(first) < held(second) < held(last)
ids = lambda page: next(r["id"] for r in page["callsites"] if r["function"] == "timer_start")
assert ids(first) == ids(last)'
}
