// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import * as table from "../src/view/table.js";

const row = (name, more = {}) => ({
	id: name,
	function: name,
	file: `/src/${name}.c`,
	line: 7,
	module: "/bin/server",
	kind: "heap",
	verdict: "steady",
	unit: "bytes",
	...more,
});
const names = (rows) => rows.map((one) => one.function);

test("a filter has every word, in any case, in function, place, module, kind or verdict", () => {
	const rows = [row("turn_log", { verdict: "leak" }), row("timer_start", { kind: "timerfd" }), row("log_keep")];
	const texts = table.searchTexts(rows);
	const filtered = (filter) => names(table.filterRows(rows, texts, filter));

	assert.deepEqual(filtered(""), ["turn_log", "timer_start", "log_keep"]);
	assert.deepEqual(filtered("  LOG "), ["turn_log", "log_keep"]);
	assert.deepEqual(filtered("log leak"), ["turn_log"]);
	assert.deepEqual(filtered("timerfd"), ["timer_start"]);
	assert.deepEqual(filtered("log_keep.c:7"), ["log_keep"]);
	assert.deepEqual(filtered("server"), ["turn_log", "timer_start", "log_keep"]);
	assert.deepEqual(filtered("(.*"), [], "a filter is text and no expression");
});

test("rows are sorted either way, the unknown last, equals as the judgement has them", () => {
	const rows = [
		row("a", { rate: 1 }),
		row("b", { rate: null }),
		row("c", { rate: 5 }),
		row("d", { rate: 1 }),
		row("e", { rate: -3 }),
	];

	assert.deepEqual(names(table.sortRows(rows, "-rate")), ["c", "a", "d", "e", "b"]);
	assert.deepEqual(names(table.sortRows(rows, "rate")), ["e", "a", "d", "c", "b"]);
	assert.deepEqual(names(rows), ["a", "b", "c", "d", "e"], "the given rows stay as they are");
});

test("verdicts are in the order in which they ask for attention", () => {
	const rows = ["steady", "churn", "leak", "warm-up", "undecided"].map((verdict) => row(verdict, { verdict }));

	assert.deepEqual(names(table.sortRows(rows, "verdict")), ["leak", "undecided", "warm-up", "churn", "steady"]);
	assert.deepEqual(names(table.sortRows(rows, "nonsense")), ["leak", "undecided", "warm-up", "churn", "steady"]);
});

test("what is held is bytes of memory and objects of the rest", () => {
	const flat = table.COLUMNS.find((column) => column.name === "flat");

	assert.equal(flat.key(row("a", { unit: "bytes", bytes: 4096, objects: 2 })), 4096);
	assert.equal(flat.key(row("a", { unit: "objects", bytes: 0, objects: 2 })), 2);
});

test("a column's head sorts numbers from the largest, words from the first, and then the other way round", () => {
	const column = (name) => table.COLUMNS.find((one) => one.name === name);

	assert.equal(table.nextSort("verdict", column("rate")), "-rate");
	assert.equal(table.nextSort("-rate", column("rate")), "rate");
	assert.equal(table.nextSort("rate", column("rate")), "-rate");
	assert.equal(table.nextSort("-rate", column("function")), "function");
	assert.equal(table.nextSort("function", column("function")), "-function");
});

test("rows in sight are drawn, and a few beyond", () => {
	const of = (top, count = 10000) => table.visibleRows({ count, rowHeight: 34, top, height: 800, beyond: 8 });

	assert.deepEqual(of(0), { first: 0, end: 32 });
	assert.deepEqual(of(34000), { first: 992, end: 1032 });
	assert.deepEqual(of(340000 - 800), { first: 9968, end: 10000 });
	assert.deepEqual(of(-2000), { first: 0, end: 0 }, "the table is below the window");
	assert.deepEqual(of(0, 0), { first: 0, end: 0 });
	assert.deepEqual(of(-2000, 100), { first: 0, end: 100 }, "few rows are all drawn");
	for (let top = 0; top < 340000; top += 997) {
		const { first, end } = of(top);
		assert.ok(first * 34 <= top && end * 34 >= Math.min(top + 800, 340000), String(top));
		assert.ok(end - first <= 42);
	}
});

test("keys move within the rows", () => {
	for (const [key, active, to] of [
		["ArrowDown", -1, 0],
		["ArrowDown", 9, 9],
		["ArrowUp", 0, 0],
		["ArrowUp", -1, 0],
		["PageDown", 3, 7],
		["PageUp", 3, 0],
		["Home", 5, 0],
		["End", 5, 9],
		["x", 5, null],
		["toString", 5, null],
	])
		assert.equal(table.moveActive(key, active, 10, 4), to, key);
	assert.equal(table.moveActive("ArrowDown", -1, 0, 4), null);
});

test("a sparkline is drawn from 0, and broken where nothing is known", () => {
	assert.deepEqual(table.sparkLines([0, 5, 10], 100, 20), ["0.0,20.0 50.0,10.0 100.0,0.0"]);
	assert.deepEqual(table.sparkLines([10, 10], 100, 20), ["0.0,10.0 100.0,10.0"]);
	assert.deepEqual(table.sparkLines([0, 0], 100, 20), ["0.0,10.0 100.0,10.0"]);
	assert.deepEqual(table.sparkLines([1, null, 2, 4], 90, 20), ["0.0,15.0", "60.0,10.0 90.0,0.0"]);
	assert.deepEqual(table.sparkLines([-5, 5], 10, 10), ["0.0,10.0 10.0,0.0"]);
	for (const values of [[], [1], [null, null], [null, 3]]) assert.deepEqual(table.sparkLines(values, 100, 20), []);
});
