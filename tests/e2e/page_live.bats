#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid, code and started
# page_live.bats - the page of `seep serve` in a real browser, beside a leaking server that is under load meanwhile, and with
# the finished recording of its fix: what is drawn moves, the leak is named first, and a click leads to its line.
# With SEEP_SHOTS=DIRECTORY pictures of each view are left there, 1280 and 390 pixels wide, light and dark.

bats_require_minimum_version 1.5.0

load ../lib/helpers

setup_file() {
  local variant
  cd "$BATS_FILE_TMPDIR" || return 1
  for variant in buggy fixed; do
    start_under $variant.db $variant "$SERVERS/chat_$variant"
    echo "$pid" >>pids
    wait_until 10 test -s $variant.out
    "$SERVERS/chat_load" "$(<$variant.out)" --seconds 300 --rate 20 >load.out 2>&1 3>&- &
    echo "$!" >>pids
  done
  start serve "$SEEP" serve buggy.db fixed.db
  echo "$pid" >>pids
  wait_until 10 grep -q token= serve.out
  # the browser's tests begin with that
  wait_until 60 leak_is_told
  stop "${started[1]}"
  wait_finished fixed.db
}

leak_is_told() {
  "$SEEP" growth buggy.db | grep -q '^LEAK  timer_start'
}

teardown_file() {
  local one
  while read -r one; do
    kill -KILL "$one" || true
  done <"$BATS_FILE_TMPDIR/pids"
}

setup() {
  cd "$BATS_FILE_TMPDIR" || return 1
}

# Runs the steps on standard input (tests/lib/browser.mjs).
browse() { # [WIDTH [SCHEME]]
  node "$BATS_TEST_DIRNAME/../lib/browser.mjs" "$(head -n 1 serve.out)" "$@"
}

@test "the leaking callsite is first, and a click leads to its line of source" {
  browse <<'STEPS'
const first = page.locator(".sites tbody tr[data-verdict]").first();
await first.waitFor();
assert.equal(await first.getAttribute("data-verdict"), "leak");
assert.match(await first.innerText(), /timer_start/);
assert.match(await page.locator("h1").first().innerText(), /leak/);
await first.locator("a").click();
await page.waitForSelector(".callsite-called");
assert.match(await page.locator(".callsite-called").first().innerText(), /timerfd_create\(/);
assert.ok((await page.locator(".callsite-charts canvas").count()) >= 2);
assert.match(page.url(), /^http:\/\/127\.0\.0\.1:\d+\/#.*view=callsite/, "the token is out of the address");
STEPS
}

@test "charts draw and move while the server runs" {
  browse <<'STEPS'
await page.waitForSelector(".chart canvas");
await page.locator("header").getByText("live", { exact: true }).waitFor();
// as many opaque pixels as a curve has, in each canvas that is in sight
const drawn = () =>
	page.evaluate(() =>
		[...document.querySelectorAll(".chart canvas")].filter((one) => one.offsetParent).map((one) => {
			const copy = new OffscreenCanvas(one.width, one.height).getContext("2d", { willReadFrequently: true });
			copy.drawImage(one, 0, 0);
			const { data } = copy.getImageData(0, 0, one.width, one.height);
			let sum = 0, count = 0;
			for (let i = 3; i < data.length; i += 4) if (data[i]) { count++; sum = (sum * 31 + i) % 1000000007; }
			return { count, sum };
		}),
	);
await page.waitForTimeout(1500);
const before = await drawn();
assert.ok(before.length >= 5, `${before.length} charts`);
for (const one of before) assert.ok(one.count > 200, JSON.stringify(before));
await page.waitForTimeout(4000);
const after = await drawn();
assert.equal(after.length, before.length);
after.forEach((one, i) => assert.notEqual(one.sum, before[i].sum, `chart ${i} stood still`));
STEPS
}

@test "the shown figures are those of the recording, and grow with it" {
  browse <<'STEPS'
const timers = async () => {
	const text = await page.locator(".sites tbody tr", { hasText: "timer_start" }).locator(".of-objects").innerText();
	return Number(text.replaceAll(",", ""));
};
await page.locator(".sites tbody tr", { hasText: "timer_start" }).waitFor();
const before = await timers();
await page.waitForFunction(
	(least) => {
		const row = [...document.querySelectorAll(".sites tbody tr")].find((one) => one.innerText.includes("timer_start"));
		return row && Number(row.querySelector(".of-objects").innerText.replaceAll(",", "")) > least;
	},
	before,
	{ timeout: 30000 },
);
assert.ok(before > 0);
STEPS
}

@test "what was judged between the first answer and the first tick is asked for" {
  browse <<'STEPS'
await page.addInitScript(() => {
	const { EventSource, fetch } = window;
	window.ticks = 0;
	window.askedAfter = [];
	window.EventSource = class extends EventSource {
		constructor(...all) {
			super(...all);
			this.addEventListener("tick", () => window.ticks++);
		}
	};
	window.fetch = (...all) => {
		if (/callsites/.test(String(all[0]))) window.askedAfter.push(window.ticks);
		return fetch(...all);
	};
});
await open("recording=1"); // finished: it is not judged again
await page.reload();
await page.waitForFunction(() => window.ticks >= 2);
const asked = await page.evaluate(() => window.askedAfter);
assert.ok(asked.includes(0) && asked.includes(1), `asked after ${asked} ticks`);
STEPS
}

@test "a span selected on a chart is the growth of that span, in the flame graph too" {
  browse <<'STEPS'
const over = page.locator(".chart .u-over").first();
await over.waitFor();
await page.waitForTimeout(1000);
const { x, y, width, height } = await over.boundingBox();
await page.mouse.move(x + width * 0.3, y + height / 2);
await page.mouse.down();
await page.mouse.move(x + width * 0.8, y + height / 2, { steps: 5 });
await page.mouse.up();
await page.waitForFunction(() => /since=\d+.*until=\d+/.test(location.hash));
await page.locator("header").getByText("Flame graph").click();
await page.waitForFunction(() => /grew/.test(document.querySelector(".flame-words")?.textContent ?? ""));
assert.match(await page.evaluate(() => location.hash), /since=\d+/);
STEPS
}

@test "the flame graph zooms where it is clicked" {
  browse <<'STEPS'
await open("view=flame&type=timers");
const canvas = page.locator(".flame-canvas");
await canvas.waitFor();
await page.waitForFunction(() => /timers held/.test(document.querySelector(".flame-words").textContent));
const { height } = await canvas.boundingBox();
await canvas.click({ position: { x: 30, y: height - 18 * 3.5 } });
await page.waitForFunction(() => /zoom=/.test(location.hash));
assert.ok((await page.locator(".flame-way li").count()) >= 2);
STEPS
}

@test "the buggy and the fixed recording side by side" {
  browse <<'STEPS'
await open("view=compare&base=1");
const row = page.locator(".compare-table tbody tr", { hasText: "timer_start" });
await row.waitFor();
assert.match(await row.innerText(), /steady\s+→\s+leak/);
assert.match(await page.locator(".compare-leaks").innerText(), /did not leak before/);
assert.ok((await page.locator(".compare-charts canvas").count()) >= 8);
assert.match(await page.locator(".flame-words").innerText(), /buggy\.db less fixed\.db: .* grew by/);
STEPS
}

@test "the table is filtered as one types, and sorted and opened by keys" {
  browse <<'STEPS'
await page.locator(".sites tbody tr[data-verdict]").first().waitFor();
await page.locator("#callsite-filter").fill("turn_log");
await page.waitForFunction(() => document.querySelectorAll(".sites tbody tr[data-verdict]").length === 1);
await page.locator("#callsite-filter").fill("");
await page.locator(".sites thead button", { hasText: "Flat" }).click();
assert.match(await page.evaluate(() => location.hash), /sort=-?flat/);
await page.locator(".sites").focus();
await page.keyboard.press("ArrowDown");
await page.keyboard.press("Enter");
await page.waitForFunction(() => /view=callsite/.test(location.hash));
STEPS
}

@test "each view is no wider than the screen, and complains of nothing, at both widths, light and dark" {
  local width scheme
  for width in 1280 390; do
    for scheme in light dark; do
      browse $width $scheme <<'STEPS'
await page.locator(".sites tbody tr[data-verdict]").first().waitFor();
const callsite = await page.locator(".sites tbody tr[data-verdict] a").first().getAttribute("href");
const views = { overview: "view=overview", callsite: callsite.slice(1), flame: "view=flame", compare: "view=compare&base=1" };
const ready = { overview: ".chart canvas", callsite: ".callsite-called", flame: ".flame-canvas", compare: ".compare-table tbody tr" };
for (const [name, hash] of Object.entries(views)) {
	await open(hash);
	await page.locator(ready[name]).first().waitFor();
	assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is wider than the screen`);
	if (process.env.SEEP_SHOTS) await page.waitForTimeout(2000);
	await shot(name);
}
STEPS
    done
  done
}
