#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid, code and started
# export_html.bats - `seep export --html`: one file that a browser shows from the disk, as `seep serve` shows it.

bats_require_minimum_version 1.5.0

load ../lib/helpers

# Two recordings of 18 s: one of a server that leaks, one of its fix.
setup_file() {
  local variant loads=() chats=()
  cd "$BATS_FILE_TMPDIR" || return 1
  for variant in buggy fixed; do
    start_under $variant.db $variant "$SERVERS/chat_$variant"
    chats+=("$pid")
    wait_until 10 test -s $variant.out
    "$SERVERS/chat_load" "$(<$variant.out)" --seconds 18 --rate 40 >load.out 2>&1 3>&- &
    loads+=($!)
  done
  wait "${loads[@]}"
  stop "${chats[0]}"
  stop "${chats[1]}"
  wait_finished buggy.db
  wait_finished fixed.db
  "$SEEP" export --html -o report.html buggy.db
  "$SEEP" export --html --base buggy.db -o both.html fixed.db
}

setup() {
  cd "$BATS_FILE_TMPDIR" || return 1
}

# Runs the steps on standard input (tests/lib/browser.mjs).
browse() { # FILE [WIDTH [SCHEME]]
  node "$BATS_TEST_DIRNAME/../lib/browser.mjs" "file://$PWD/$1" "${@:2}"
}

# The map in the file, as JSON.
data() { # FILE
  "$PYTHON" -c '
import re, sys
print(re.search("<script type=\"application/json\" id=\"seep-data\">(.*?)</script>", open(sys.argv[1]).read(), re.S)[1])' "$1"
}

@test "a report opened from the disk has the leaking callsite first, and leads to its source line" {
  browse report.html <<'STEPS'
await page.waitForSelector(".sites tbody tr[data-verdict]");
const first = page.locator(".sites tbody tr[data-verdict]").first();
assert.equal(await first.getAttribute("data-verdict"), "leak");
assert.match(await first.innerText(), /timer_start|turn_log/);
await page.waitForSelector(".chart canvas");
await shot("report");
await page.locator(".sites tbody tr", { hasText: "turn_log" }).locator("a").first().click();
await page.waitForSelector(".callsite-called");
await see(".callsite-called", /malloc\(128\)/);
assert.match(await page.evaluate(() => location.hash), /view=callsite&callsite=c1:/);
await shot("report-callsite");
STEPS
}

@test "a report's flame graph zooms by mouse and keys, and a view of it is a link" {
  browse report.html <<'STEPS'
const hash = () => page.evaluate(() => location.hash);
const line = () => page.locator(".flame-line").innerText();
await open("view=flame");
const canvas = page.locator(".flame-canvas");
await canvas.waitFor();
await see(".flame-line", /^all: /);
await canvas.focus();
for (let i = 0; i < 12 && !(await line()).startsWith("turn_log"); i++) await page.keyboard.press("ArrowUp");
await see(".flame-line", /^turn_log \(chat\.c:\d+\) in chat_buggy: .*% of all/);
await page.keyboard.press("Enter");
assert.match(await hash(), /zoom=[0-9a-f]{8}/);
await see(".flame-way", /main[\s\S]*turn_log/);
const link = await hash();
await page.keyboard.press("Escape");
assert.equal(await hash(), "#view=flame");
await open(link);
await see(".flame-way", /turn_log/);
await page.goBack();
await see(".flame-way", /^all$/);
const { x, y, height } = await canvas.boundingBox();
await canvas.click({ position: { x: 30, y: height - 18 * 2.5 } });
assert.match(await hash(), /zoom=/);
await page.locator(".flame-controls input").fill("log_keep");
await see(".flame-found", /of .* matches: \d/);
await page.locator(".flame-controls select").first().selectOption("timers");
await see(".flame-words", /timers held/);
await page.locator(".flame-controls input").fill("");
await page.locator(".flame-details summary").click();
await see(".flame-table tbody", /timer_start/);
await shot("report-flame");
STEPS
}

@test "with a base the report shows both, and what became of each callsite" {
  browse both.html 390 dark <<'STEPS'
await open("view=compare");
await page.waitForSelector(".compare-table tbody tr");
await see(".compare-leaks", /2 callsites that leaked before do no longer/);
const row = await page.locator(".compare-table tbody tr", { hasText: "timer_start" }).innerText();
assert.match(row, /leak\s+→\s+steady/);
await see(".flame-words", /fixed\.db less buggy\.db: .* shrank by/);
assert.ok((await page.locator(".compare-charts canvas").count()) >= 8);
assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "wider than the screen");
await shot("report-compare");
STEPS
}

@test "what a report does not hold is said, and is no error" {
  browse report.html <<'STEPS'
await open("view=flame&since=1000000000&until=1000000010");
await see(".flame-panel .message", /seep serve/);
await open("view=callsite&callsite=c1:0000000000000000");
await see("#view .message", /seep serve/);
STEPS
}

@test "the file holds what seep serve answers, its names cannot end their element, and it is small" {
  data report.html >map.json
  ! grep -q '<' map.json || fail "a < in the data"
  "$PYTHON" - <<'CHECK'
import json
answers = json.load(open("map.json"))
recordings = answers["/api/recordings"]["recordings"]
callsites = answers["/api/callsites?recording=0"]["callsites"]
assert len(recordings) == 1 and recordings[0]["name"] == "buggy.db"
assert {row["function"] for row in callsites if row["verdict"] == "leak"} == {"timer_start", "turn_log"}
for row in callsites:
    details = answers["/api/callsite?recording=0&id=" + row["id"]]
    assert details["function"] == row["function"] and details["stacks"]
for type in recordings[0]["types"]:
    flame = answers["/api/flame?recording=0&type=" + type["name"]]
    assert flame["stacks"] and flame["total"] == sum(stack["value"] for stack in flame["stacks"])
assert answers["/api/series?recording=0"]["count"] >= 15
CHECK
  # the page itself is half of it
  (($(stat -c %s report.html) < 400000)) || fail "$(stat -c %s report.html) bytes"
}

@test "the policy in a report names its script and its styles, and nothing else may run" {
  "$PYTHON" - <<'CHECK'
import base64, hashlib, re
page = open("report.html", newline="").read()
policy = re.search('http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
digest = lambda text: "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
script, style = re.search("<script>(.*)</script>", page, re.S)[1], re.search("<style>(.*)</style>", page, re.S)[1]
assert f"script-src '{digest(script)}'" in policy and f"style-src '{digest(style)}'" in policy, policy
assert policy.startswith("default-src 'none';") and "unsafe" not in policy and "connect-src" not in policy
CHECK
}

@test "a recording that is too short to be judged has a report all the same" {
  "$SEEP" run -o short.db "$PROGRAMS/handles_kinds" >short.out
  "$SEEP" export --html -o short.html short.db
  run -3 --separate-stderr "$SEEP" export --html -o /dev/full short.db
  [[ $stderr == "seep export: cannot write /dev/full: "* ]]
  browse short.html <<'STEPS'
await page.waitForSelector("#foot p");
await see("#view .panel.message", /^short\.db has less than two seconds to judge; /);
await open("view=flame&type=fds");
await see(".flame-words", /descriptors held/);
STEPS
}

@test "what a report cannot choose is refused with a sentence" {
  run -2 "$SEEP" export --html --type timers buggy.db
  [[ $output == *'--html has the whole recording, and the page chooses; leave out all options but'* ]]
  run -2 "$SEEP" export --html --since 5s buggy.db
  run -2 "$SEEP" export --html -o ./buggy.db buggy.db
  [[ $output == *'is the recording itself'* ]]
  run -3 "$SEEP" export --html -o x.html missing.db
  run -3 "$SEEP" export --html --base missing.db -o x.html buggy.db
  [[ ! -e x.html ]]
}
