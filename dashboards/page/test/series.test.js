// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import * as series from "../src/view/series.js";

const curve = (name, values, more = {}) => ({ name, label: name, unit: "bytes", chart: "memory", values, ...more });
const answer = (start_s, step_s, curves, marks = []) => ({
	recording: 0,
	start_s,
	step_s,
	count: curves[0]?.values.length ?? 0,
	curves,
	marks,
});

test("points have their times from the grid", () => {
	const held = series.holdSeries(answer(100, 2, [curve("tracked", [1, 2, 3])]));

	assert.deepEqual(held.times, [100, 102, 104]);
	assert.deepEqual(held.curves[0].values, [1, 2, 3]);
});

test("newer points are appended, whatever their step, and replace what was there at their time", () => {
	const held = series.holdSeries(answer(100, 2, [curve("tracked", [1, 2, 3])]));
	const more = series.appendSeries(held, answer(104, 1, [curve("tracked", [30, 31])]));

	assert.deepEqual(more.times, [100, 102, 104, 105]);
	assert.deepEqual(more.curves[0].values, [1, 2, 30, 31]);
	assert.deepEqual(held.curves[0].values, [1, 2, 3], "what was held is unchanged");
});

test("a curve that comes later was unknown before, one that ends is unknown after", () => {
	const held = series.holdSeries(answer(0, 1, [curve("tracked", [1, 2])]));
	const more = series.appendSeries(held, answer(2, 1, [curve("sockets", [7])]));

	assert.deepEqual(
		more.curves.map(({ name, values }) => [name, values]),
		[
			["tracked", [1, 2, null]],
			["sockets", [null, null, 7]],
		],
	);
});

test("an answer without points changes no curve, but may bring a mark", () => {
	const held = series.holdSeries(answer(0, 1, [curve("tracked", [1])], [{ time_s: 0, kind: "mark", text: "a" }]));
	const more = series.appendSeries(
		held,
		answer(
			1,
			1,
			[],
			[
				{ time_s: 0, kind: "mark", text: "a" },
				{ time_s: 1, kind: "mark", text: "b" },
			],
		),
	);

	assert.deepEqual(more.times, [0]);
	assert.deepEqual(
		more.marks.map((mark) => mark.text),
		["a", "b"],
	);
});

test("the page asks anew for everything once it holds twice the points", () => {
	const held = (count) => series.holdSeries(answer(0, 1, [curve("tracked", Array(count).fill(0))]));

	assert.ok(!series.isTooFine(held(2 * series.POINTS)));
	assert.ok(series.isTooFine(held(2 * series.POINTS + 1)));
});

test("it does so sooner where what came has a finer step than the rest", () => {
	const grown = (step, count) => {
		const held = series.holdSeries(answer(0, step, [curve("tracked", Array(100).fill(0))]));
		return series.appendSeries(held, answer(100 * step, 1, [curve("tracked", Array(count).fill(0))]));
	};

	assert.ok(!series.isTooFine(grown(3, 60)));
	assert.ok(series.isTooFine(grown(3, 61)));
	assert.ok(!series.isTooFine(grown(1, 400)), "the same step");
});

test("charts come in their order; curves of two units are two charts; what is never known, or an event that never comes, is none", () => {
	const groups = series.groupCharts([
		curve("released_per_s", [1], { chart: "rates", unit: "per_s" }),
		curve("allocated_bytes_per_s", [1], { chart: "rates", unit: "bytes_per_s" }),
		curve("cpu", [1], { chart: "cpu", unit: "percent" }),
		curve("tracked", [1]),
		curve("private", [null, null]),
		curve("sockets", [0, 1], { chart: "handles", unit: "objects" }),
		curve("event:reset", [0, 0], { chart: "requests", unit: "per_s" }),
		curve("event:read_bytes", [9], { chart: "traffic", unit: "bytes/s" }),
	]);

	assert.deepEqual(
		groups.map(({ title, unit }) => [title, unit]),
		[
			["Memory", "bytes"],
			["Handles", "count"],
			["CPU", "percent"],
			["Allocation rate", "bytes_per_s"],
			["Acquired and released", "per_s"],
			["Traffic", "bytes_per_s"],
		],
	);
	assert.deepEqual(
		groups[0].curves.map(({ name }) => name),
		["tracked"],
	);
});

test("a cut keeps a point beside each end, and at least two", () => {
	const held = series.holdSeries(answer(0, 1, [curve("tracked", [0, 1, 2, 3, 4, 5])]));

	assert.deepEqual(series.cutSeries(held, 2, 3).times, [2, 3]);
	assert.deepEqual(series.cutSeries(held, 2.5, 3.5).times, [2, 3, 4]);
	assert.deepEqual(series.cutSeries(held, 2.5, 3.5).curves[0].values, [2, 3, 4]);
	assert.equal(series.cutSeries(held, null, null), held);
	assert.equal(series.cutSeries(held, 99, 100).times.length, 1);
	assert.deepEqual(series.cutSeries({ times: [], whole: 0, curves: [], marks: [] }, 1, 2).times, []);
});

test("the nearest time is found", () => {
	for (const [time, index] of [
		[-5, 0],
		[0, 0],
		[4, 0],
		[6, 1],
		[14, 1],
		[16, 2],
		[99, 2],
	])
		assert.equal(series.nearestIndex([0, 10, 20], time), index, String(time));
	assert.equal(series.nearestIndex([], 1), -1);
});

test("a chart says in words what it shows", () => {
	assert.equal(
		series.curveWords({ label: "tracked", values: [1024, null, 4096, 2048] }, "bytes"),
		"tracked: 2kB, from 1kB; between 1kB and 4kB",
	);
	assert.equal(series.curveWords({ label: "tracked", values: [null] }, "bytes"), "tracked: not known");
	assert.equal(series.lastKnown([1, null]), 1);
	assert.equal(series.lastKnown([null]), null);
});

test("marks of one second are one, and a leak is the one that is named", () => {
	const mark = (time_s, kind, text) => ({ time_s, kind, text });

	assert.deepEqual(
		series.bundleMarks([
			mark(1, "steady", "a"),
			mark(1.2, "leak", "b"),
			mark(1, "mark", "c"),
			mark(5, "mark", "d"),
		]),
		[mark(1.2, "leak", "b and 2 more"), mark(5, "mark", "d")],
	);
	assert.deepEqual(
		series.joinMarks([mark(2, "a", "x")], [mark(1, "a", "y"), mark(2, "a", "x")]).map((one) => one.text),
		["y", "x"],
	);
});
