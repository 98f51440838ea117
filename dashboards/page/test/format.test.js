// SPDX-License-Identifier: MIT
process.env.TZ = "UTC"; // before the first date
import assert from "node:assert/strict";
import { test } from "node:test";
import * as format from "../src/view/format.js";

test("bytes are written as the commands write them", () => {
	for (const [value, text] of [
		[0, "0"],
		[512, "512B"],
		[1024, "1kB"],
		[12800, "12.50kB"],
		[1 << 20, "1MB"],
		[1288490188.8, "1.20GB"],
		[-1536, "-1.50kB"],
		[2 ** 50 * 3, "3PB"],
		[2 ** 62, "4096PB"],
	])
		assert.equal(format.bytes(value), text);
});

test("what is unknown is a dash and never 0", () => {
	for (const value of [null, undefined, NaN, Infinity]) {
		for (const show of [format.bytes, format.count, format.percent, format.age, format.clock])
			assert.equal(show(value), "–");
		assert.equal(format.rate(value, "bytes"), "–");
		for (const unit of ["bytes", "bytes_per_s", "per_s", "percent", "seconds", "objects"])
			assert.equal(format.value(value, unit), "–");
	}
});

test("counts are grouped by thousands, and small ones keep their decimals", () => {
	assert.equal(format.count(12808), "12,808");
	assert.equal(format.count(1234567.8), "1,234,568");
	assert.equal(format.count(-1234), "-1,234");
	assert.equal(format.count(999), "999");
	assert.equal(format.count(39.6), "39.6");
	assert.equal(format.count(0.999), "1");
	assert.equal(format.count(0), "0");
});

test("a rate is told in the time in which at least one comes", () => {
	assert.equal(format.rate(160, "objects"), "+160/s");
	assert.equal(format.rate(20480, "bytes"), "+20kB/s");
	assert.equal(format.rate(40 / 60, "objects"), "+40/min");
	assert.equal(format.rate(-2 / 3600, "objects"), "-2/h");
	assert.equal(format.rate(0, "bytes"), "0");
	assert.equal(format.rateRange(159, 161, 160, "objects"), "159..161 per s");
	assert.equal(format.rateRange(25702, 26675, 26214, "bytes"), "25.10kB..26.05kB per s");
});

test("ages have three figures", () => {
	assert.equal(format.age(21.74), "21.7 s");
	assert.equal(format.age(240), "4 min");
	assert.equal(format.age(9000), "2.5 h");
	assert.equal(format.age(86400 * 3), "3 days");
	assert.equal(format.age(0), "0 s");
});

test("times have their day only if asked for", () => {
	assert.equal(format.clock(1795288741), "19:19:01");
	assert.equal(format.clock(1795288741, true), "Nov 21 19:19");
	assert.equal(format.span(1795288741, 1795288861, 1795299999), "19:19:01 – 19:21:01 (2 min)");
	assert.equal(format.span(1795288741, null, 1795288801), "19:19:01 – now (1 min)");
});

test("a frame's place is its line, or else its module", () => {
	assert.equal(format.place({ file: "/src/chat.c", line: 90 }), "chat.c:90");
	assert.equal(format.place({ file: "chat.c", line: 0 }), "chat.c");
	assert.equal(format.place({ file: null, module: "/usr/lib/libevent.so.7" }), "libevent.so.7");
	assert.equal(format.place({}), "");
});

test("parts are percents", () => {
	assert.equal(format.percent(0.93), "93%");
	assert.equal(format.percent(0.034), "3.4%");
	assert.equal(format.percent(0.0005), "0.05%");
	assert.equal(format.plural(1, "stack"), "1 stack");
	assert.equal(format.plural(2, "stack"), "2 stacks");
});
