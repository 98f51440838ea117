// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import * as verdicts from "../src/view/verdicts.js";

const row = (id, verdict, more = {}) => ({
	id,
	function: `f_${id}`,
	verdict,
	unit: "objects",
	goes_with: null,
	...more,
});
const answer = (callsites, verdict_marks = []) => ({ callsites, verdict_marks });

test("the headline is about leaks, else about what cannot be told, else that there is none", () => {
	const head = (...list) => verdicts.headline(answer(list.map((verdict, i) => row(i, verdict))));

	assert.deepEqual(head("leak", "steady"), { verdict: "leak", text: "1 callsite leaks" });
	assert.deepEqual(head("leak", "undecided", "leak"), { verdict: "leak", text: "2 callsites leak" });
	assert.deepEqual(head("undecided", "steady"), {
		verdict: "undecided",
		text: "No leak so far; 1 callsite cannot be told yet",
	});
	assert.deepEqual(head("steady", "churn", "warm-up"), { verdict: "steady", text: "No leak" });
	assert.deepEqual(head(), { verdict: "undecided", text: "Nothing is recorded yet" });
});

test("what growth goes with is told per event, or as events per object where these are many", () => {
	const words = (name, ratio) =>
		verdicts.goesWithWords(row(1, "leak", { goes_with: { name, ratio, low: ratio, high: ratio } }));

	assert.equal(words("write_calls", 1), "1.00 per write calls");
	assert.equal(words("event:mark:request", 0.5), "0.50 per request");
	assert.equal(words("write_bytes", 1 / 53248), "one per 53248 write bytes");
	assert.equal(verdicts.goesWithWords(row(1, "leak")), "");
});

test("evidence is what the judgement says, without the title and the number of stacks", () => {
	const words =
		"turn_log (chat.c:90) in chat_buggy, heap: +20kB/s since 19:12:05\n801kB in 6408 blocks held\nmean age 21.6 s\n" +
		"98% from write_turn < ...\nand 1 more stack";

	assert.equal(
		verdicts.evidence(row("a", "leak", { function: "turn_log", kind: "heap" }), words),
		"+20kB/s since 19:12:05\n801kB in 6408 blocks held; mean age 21.6 s\n98% from write_turn < ...",
	);
	assert.equal(
		verdicts.evidence(row("a", "leak", { function: "other", kind: "heap" }), "grows, heap: yes"),
		"grows, heap: yes",
	);
	assert.equal(verdicts.counts({ summary: "No leak found yet.\n11 callsites: 0 leak\n" }), "11 callsites: 0 leak");
	assert.equal(verdicts.counts({ summary: "" }), "");
});

test("a change of verdict is a mark with the callsite's name", () => {
	const marks = verdicts.verdictMarks(
		answer(
			[row("a", "leak")],
			[
				{ time_s: 9, callsite: "a", from: "undecided", to: "leak" },
				{ time_s: 9, callsite: "gone", from: "leak", to: "undecided" },
			],
		),
	);

	assert.deepEqual(marks, [
		{ time_s: 9, kind: "leak", text: "f_a: leak" },
		{ time_s: 9, kind: "undecided", text: "gone: cannot tell yet" },
	]);
});

test("what changes while the page looks on is a mark, unless the server tells it itself", () => {
	const before = answer([row("a", "undecided"), row("b", "steady"), row("c", "undecided")]);
	const after = answer(
		[row("a", "leak"), row("b", "steady"), row("c", "leak"), row("d", "leak")],
		[{ time_s: 5, callsite: "c", from: "undecided", to: "leak" }],
	);
	const seen = verdicts.changeMarks(before, after, 7);

	assert.deepEqual(
		seen.map(({ time_s, text }) => [time_s, text]),
		[
			[7, "f_a: leak"],
			[7, "f_c: leak"],
		],
	);
	assert.deepEqual(verdicts.joinSeen(verdicts.verdictMarks(after), seen), [
		{ time_s: 5, kind: "leak", text: "f_c: leak" },
		{ time_s: 7, kind: "leak", text: "f_a: leak" },
	]);
});

test("that a callsite turned out to be nothing is no mark on the charts", () => {
	const kinds = (from, to) =>
		verdicts.verdictMarks(answer([row("a", to)], [{ time_s: 1, callsite: "a", from, to }]))[0].kind;

	assert.equal(kinds("undecided", "steady"), verdicts.SETTLED);
	assert.equal(kinds("undecided", "churn"), verdicts.SETTLED);
	assert.equal(kinds("leak", "steady"), "steady");
	assert.equal(kinds("undecided", "warm-up"), "warm-up");
	assert.equal(kinds("undecided", "leak"), "leak");
});
