// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import * as compare from "../src/view/compare.js";

/** @param {string} id @param {Partial<import("../src/types").Callsite>} [more] @returns {import("../src/types").Callsite} */
const row = (id, more = {}) => ({
	id,
	kind: "heap",
	function: id,
	file: null,
	line: null,
	module: "server",
	verdict: "steady",
	why: "",
	unit: "bytes",
	objects: 1,
	bytes: 100,
	cum_objects: 1,
	cum_bytes: 100,
	rate: 0,
	rate_low: 0,
	rate_high: 0,
	since_s: null,
	age_s: null,
	share: 0,
	estimated: false,
	error: null,
	acquired_objects: 1,
	acquired_bytes: 100,
	released_objects: 0,
	stacks: 1,
	goes_with: null,
	spark: [],
	...more,
});

/** @param {number} start_s @param {number} step_s @param {Record<string, (number | null)[]>} values @returns {import("../src/types").Series} */
const series = (start_s, step_s, values) => ({
	recording: 0,
	start_s,
	step_s,
	count: Object.values(values)[0].length,
	curves: Object.entries(values).map(([name, its]) => ({
		name,
		label: name,
		unit: "bytes",
		chart: "memory",
		values: its,
	})),
	marks: [],
});

test("callsites of both recordings are joined by id, and each stands once", () => {
	const joined = compare.joinCallsites(
		[row("a", { bytes: 10 }), row("gone")],
		[row("a", { bytes: 25 }), row("new", { bytes: 7 })],
	);
	const of = (/** @type {string} */ id) => joined.find((its) => its.id === id);

	assert.equal(joined.length, 3);
	assert.equal(of("a")?.difference, 15);
	assert.equal(of("new")?.difference, 7);
	assert.equal(of("new")?.before, null);
	assert.equal(of("gone")?.difference, -100);
	assert.equal(of("gone")?.rateAfter, null);
});

test("handles are compared by their number", () => {
	const socket = { kind: "socket", unit: /** @type {const} */ ("objects"), bytes: 0 };
	const [joined] = compare.joinCallsites(
		[row("s", { ...socket, objects: 3 })],
		[row("s", { ...socket, objects: 90 })],
	);

	assert.equal(joined.difference, 87);
});

test("what is unknown in one gives no difference", () => {
	const [joined] = compare.joinCallsites([row("a", { bytes: null })], [row("a")]);

	assert.equal(joined.difference, null);
});

test("what leaks in either comes first, then the larger share of growth", () => {
	const joined = compare.joinCallsites(
		[row("steady"), row("fixed", { verdict: "leak", share: 0.9 }), row("both", { verdict: "leak", share: 0.1 })],
		[row("steady"), row("fixed"), row("both", { verdict: "leak" }), row("cache", { verdict: "warm-up" })],
	);
	const order = (/** @type {string} */ sort) => compare.sortJoined(joined, sort).map(({ id }) => id);

	assert.deepEqual(order("verdict"), ["fixed", "both", "cache", "steady"]);
	assert.deepEqual(order("no such column"), order("verdict"));
	assert.deepEqual(order("function"), ["both", "cache", "fixed", "steady"]);
	assert.deepEqual(order("-function"), ["steady", "fixed", "cache", "both"]);
});

test("sorting by a figure puts what is unknown last, either way", () => {
	const joined = compare.joinCallsites(
		[row("a", { rate: 5 }), row("b", { rate: 9 })],
		[row("a"), row("b"), row("c")],
	);

	assert.deepEqual(
		compare.sortJoined(joined, "rate_before").map(({ id }) => id),
		["a", "b", "c"],
	);
	assert.deepEqual(
		compare.sortJoined(joined, "-rate_before").map(({ id }) => id),
		["b", "a", "c"],
	);
});

test("a filter looks at names, kinds and verdicts of either", () => {
	const joined = compare.joinCallsites(
		[row("turn_log", { verdict: "leak" })],
		[row("turn_log"), row("timer", { kind: "timerfd" })],
	);
	const found = (/** @type {string} */ filter) => compare.filterJoined(joined, filter).map(({ id }) => id);

	assert.deepEqual(found(""), ["turn_log", "timer"]);
	assert.deepEqual(found("LEAK turn"), ["turn_log"]);
	assert.deepEqual(found("timerfd"), ["timer"]);
	assert.deepEqual(found("nothing"), []);
});

test("one sentence says which leaks went, came and stayed", () => {
	const leak = { verdict: /** @type {const} */ ("leak") };
	const words = (
		/** @type {import("../src/types").Callsite[]} */ before,
		/** @type {import("../src/types").Callsite[]} */ after,
	) => compare.leaksWords(compare.joinCallsites(before, after));

	assert.equal(words([row("a")], [row("a")]), "No callsite leaks in either.");
	assert.equal(words([row("a", leak), row("b", leak)], [row("a")]), "2 callsites that leaked before do no longer.");
	assert.equal(
		words([row("a", leak), row("c", leak)], [row("a"), row("b", leak), row("c", leak)]),
		"1 callsite that leaked before does no longer; 1 callsite that did not leak before leaks after; 1 callsite leaks in both.",
	);
});

test("curves of both begin at 0, and stand on a scale that holds both", () => {
	const before = compare.sideOf(series(1000, 1, { tracked: [0, 50, 900], private: [100, null, 1000] }), 999);
	const after = compare.sideOf(series(5000, 2, { tracked: [0, 40, 40] }), null);
	const [pair, ...rest] = compare.pairCharts(before, after);

	assert.deepEqual(before.times, [1, 2, 3]);
	assert.deepEqual(after.times, [0, 2, 4]);
	assert.equal(compare.commonLength(before, after), 4);
	assert.deepEqual(rest, []);
	assert.deepEqual(pair.range, [0, 1000]);
	assert.deepEqual(
		pair.before?.curves.map(({ name }) => name),
		["tracked", "private"],
	);
	assert.deepEqual(
		pair.after?.curves.map(({ name }) => name),
		["tracked"],
	);
});

test("a retention below zero is on the scale, and what is always 0 has no chart", () => {
	const side = compare.sideOf(series(0, 1, { retention: [-30, 20] }), 0);
	const none = compare.sideOf(series(0, 1, { retention: [0, 0] }), 0);

	assert.deepEqual(compare.pairCharts(side, none)[0].range, [-30, 20]);
	assert.deepEqual(compare.pairCharts(none, none), []);
});

test("a recording without a point is compared, too", () => {
	const none = compare.sideOf(series(0, 1, { tracked: [] }), null);

	assert.deepEqual(none.times, []);
	assert.equal(compare.commonLength(none, none), 1);
});
