// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import * as callsite from "../src/view/callsite.js";

/** @typedef {import("../src/view/callsite.js").Row} Row */
/** @typedef {import("../src/view/callsite.js").StackFrame} StackFrame */

/** @param {Partial<Row>} [more] @returns {Row} */
const row = (more = {}) => ({
	id: "c1:0123456789abcdef",
	kind: "heap",
	function: "turn_log",
	file: "/src/chat.c",
	line: 90,
	module: "/usr/bin/chat_buggy",
	verdict: "leak",
	why: "",
	unit: "bytes",
	objects: 18056,
	bytes: 2311168,
	cum_objects: 18056,
	cum_bytes: 2311168,
	rate: 51200,
	rate_low: 51100,
	rate_high: 51300,
	since_s: null,
	age_s: 23.1,
	share: 0.95,
	estimated: false,
	error: null,
	acquired_objects: 18056,
	acquired_bytes: 2311168,
	released_objects: 0,
	goes_with: { name: "write", ratio: 1, low: 0.998, high: 1.002 },
	...more,
});

/** @param {string} name @param {Partial<StackFrame>} [more] @returns {StackFrame} */
const frame = (name, more = {}) => ({
	function: name,
	file: null,
	line: null,
	module: "chat_buggy",
	inlined: false,
	source: null,
	...more,
});

/** @param {Row} its @param {string} term */
const fact = (its, term) => callsite.facts(its).find((one) => one.term === term)?.words;

test("the facts of a callsite are said with their units and intervals", () => {
	assert.equal(fact(row(), "Held"), "2.20MB in 18,056 objects");
	assert.equal(fact(row(), "Growth"), "+50kB/s (49.90kB..50.10kB per s)");
	assert.equal(fact(row(), "Goes with"), "1.00 per write (95 % interval 0.998 to 1.00)");
	assert.equal(fact(row(), "Part of all growth"), "95%");
	assert.equal(fact(row(), "Mean age"), "23.1 s");
	assert.equal(callsite.callsiteTitle(row()), "turn_log (chat.c:90) in chat_buggy");
});

test("what is unknown is left out and never 0", () => {
	const unknown = row({ rate: null, age_s: null, share: null, goes_with: null, objects: null, bytes: null });

	assert.deepEqual(
		callsite.facts(unknown).map(({ term }) => term),
		["Held", "Acquired and released"],
	);
	assert.equal(fact(unknown, "Held"), "–");
	assert.equal(callsite.callsiteTitle(row({ file: null, module: null })), "turn_log");
});

test("handles are counted, and one is one object", () => {
	assert.equal(fact(row({ unit: "objects", kind: "timerfd", objects: 1, bytes: 0 }), "Held"), "1 object");
	assert.equal(callsite.typeOf(row({ kind: "posix timer" }), ["fds", "posix-timer"]), "posix-timer");
	assert.equal(callsite.typeOf(row({ kind: "file" }), []), "file");
	assert.equal(callsite.typeOf(row(), []), "inuse_space");
});

test("an estimate says so, with its error", () => {
	assert.equal(
		fact(row({ estimated: true, error: 1024 }), "Estimate"),
		"from sampled blocks, ±1.96kB in 95 % of all cases",
	);
	assert.equal(fact(row(), "Estimate"), undefined);
});

test("the named frame is that of the callsite's line, or of its function, or the first behind the wrappers", () => {
	const frames = [frame("malloc"), frame("turn_log", { line: 80 }), frame("turn_log", { line: 90 }), frame("main")];
	const stack = { objects: 1, bytes: 1, share: 1, wrappers: 1, frames };

	assert.equal(callsite.namedFrame(stack, row()), 2);
	assert.equal(callsite.namedFrame(stack, row({ line: 1 })), 1);
	assert.equal(callsite.namedFrame(stack, row({ function: "other" })), 1);
	assert.equal(callsite.namedFrame({ ...stack, wrappers: 9 }, row({ function: "other" })), 3);
	assert.equal(callsite.stackWords(stack, row()), "turn_log < main");
});

test("a stack's part is told in bytes where they mean something", () => {
	const stack = { objects: 9028, bytes: 1155584, share: 0.5, wrappers: 0, frames: [] };

	assert.equal(callsite.amountWords(stack, "bytes"), "1.10MB in 9,028");
	assert.equal(callsite.amountWords(stack, "objects"), "9,028");
});

test("a stack without frames is no error", () => {
	const stack = { objects: 1, bytes: 1, share: 1, wrappers: 0, frames: [] };

	assert.equal(callsite.namedFrame(stack, row()), 0);
	assert.equal(callsite.stackWords(stack, row()), "");
});

test("source lines have their numbers, and the one that calls is marked", () => {
	const its = frame("turn_log", {
		file: "/src/chat.c",
		line: 90,
		source: { path: "/src/chat.c", first_line: 89, lines: ["{", "\tkeep(line);", "}"] },
	});

	assert.deepEqual(callsite.sourceLines(its), [
		{ number: 89, text: "{", isCalled: false },
		{ number: 90, text: "\tkeep(line);", isCalled: true },
		{ number: 91, text: "}", isCalled: false },
	]);
	assert.deepEqual(callsite.sourceLines(frame("x")), []);
	assert.match(callsite.noSourceWords(frame("x")), /^chat_buggy has no debug information/);
	assert.match(callsite.noSourceWords(frame("x", { file: "/gone/x.c" })), /^\/gone\/x\.c is not readable/);
});

test("ages leave out empty ends, and the fullest bucket has the longest bar", () => {
	const buckets = [
		{ from_s: 0, to_s: 1, objects: 0, bytes: 0 },
		{ from_s: 1, to_s: 10, objects: 4, bytes: 100 },
		{ from_s: 10, to_s: 60, objects: 0, bytes: 0 },
		{ from_s: 60, to_s: 3600, objects: 1, bytes: 400 },
		{ from_s: 3600, to_s: null, objects: 0, bytes: 0 },
	];

	assert.deepEqual(
		callsite.ageRows({ time_s: 0, buckets }, "bytes").map(({ label, part }) => [label, part]),
		[
			["1 s to 10 s", 0.25],
			["10 s to 60 s", 0],
			["60 s to 1 h", 1],
		],
	);
	assert.equal(callsite.ageRows({ time_s: 0, buckets }, "objects")[0].part, 1);
	assert.deepEqual(callsite.ageRows({ time_s: 0, buckets: [] }, "bytes"), []);
	assert.equal(
		callsite.ageRows({ time_s: 0, buckets: [{ from_s: 3600, to_s: null, objects: 1, bytes: 1 }] }, "bytes")[0]
			.label,
		"1 h and older",
	);
});

test("releases are told with how often they were seen, and none is said to be none", () => {
	assert.equal(callsite.releaseWords([{ function: "log_free", count: 12 }]), "log_free (12 seen).");
	assert.match(callsite.releaseWords([]), /No release/);
});
