// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import * as flame from "../src/view/flame.js";

/** @param {string} name @param {Partial<import("../src/view/flame.js").Frame>} [more] */
const frame = (name, more = {}) => ({ function: name, file: null, line: null, module: "server", ...more });

/**
 * "main;serve;log" and a value, as lines of collapsed stacks.
 * @param {Record<string, number>} stacks @param {Partial<import("../src/view/flame.js").FlameData>} [more]
 * @returns {import("../src/view/flame.js").FlameData}
 */
function dataOf(stacks, more = {}) {
	const names = [...new Set(Object.keys(stacks).flatMap((stack) => stack.split(";")))];

	return {
		type: "inuse_space",
		unit: "bytes",
		total: Object.values(stacks).reduce((sum, value) => sum + value, 0),
		difference: false,
		estimated: false,
		frames: names.map((name) => frame(name)),
		stacks: Object.entries(stacks).map(([stack, value]) => ({
			frames: stack.split(";").map((name) => names.indexOf(name)),
			value,
		})),
		...more,
	};
}

const CHAT = { "main;serve;turn;log": 600, "main;serve;turn;timer": 300, "main;serve;accept": 90, "main;init": 10 };

/** @param {import("../src/view/flame.js").FlameTree} tree @param {string} name */
const nodeNamed = (tree, name) => tree.name.findIndex((its) => tree.names[its] === name);

/** @param {import("../src/view/flame.js").FlameTree} tree @param {import("../src/view/flame.js").FlameLayout} layout */
const rowsOf = (tree, layout) =>
	Array.from({ length: layout.rows }, (_, row) =>
		[...layout.node.slice(layout.rowStart[row], layout.rowStart[row + 1])].map((node) =>
			node ? tree.names[tree.name[node]] : "all",
		),
	);

test("a tree adds up what is below each node", () => {
	const tree = flame.buildTree(dataOf(CHAT));

	assert.equal(tree.value[0], 1000);
	assert.equal(tree.value[nodeNamed(tree, "serve")], 990);
	assert.equal(tree.value[nodeNamed(tree, "turn")], 900);
	assert.equal(tree.self[nodeNamed(tree, "turn")], 0);
	assert.equal(tree.self[nodeNamed(tree, "log")], 600);
	assert.equal(tree.depth[nodeNamed(tree, "log")], 4);
});

test("lines of one function under one caller are one node", () => {
	const data = dataOf({ "main;log": 5 });
	data.frames.push(frame("log", { file: "chat.c", line: 91 }));
	data.stacks.push({ frames: [0, 2], value: 7 });
	const tree = flame.buildTree(data);

	assert.equal(tree.count, 3);
	assert.equal(tree.value[2], 12);
});

test("a function that calls itself is a node each time", () => {
	const tree = flame.buildTree(dataOf({ "main;walk;walk;walk": 4, "main;walk": 1 }));

	assert.equal(tree.count, 5);
	assert.deepEqual([...tree.value], [5, 5, 5, 4, 4]);
});

test("nothing at all is a tree of one node", () => {
	const tree = flame.buildTree(dataOf({}));
	const layout = flame.layOut(tree, 0, 800);

	assert.equal(tree.count, 1);
	assert.deepEqual(rowsOf(tree, layout), [["all"]]);
	assert.equal(flame.findPath(tree, "deadbeef"), 0);
});

test("boxes are laid heaviest first and fill their caller's width", () => {
	const tree = flame.buildTree(dataOf(CHAT));
	const layout = flame.layOut(tree, 0, 1000);

	assert.deepEqual(rowsOf(tree, layout), [
		["all"],
		["main"],
		["serve", "init"],
		["turn", "accept"],
		["log", "timer"],
	]);
	const box = flame.boxOf(layout, nodeNamed(tree, "timer"));
	assert.equal(layout.x[box], 600);
	assert.equal(layout.width[box], 300);
});

test("siblings of one weight stand by name, whatever order they came in", () => {
	const one = flame.buildTree(dataOf({ "a;x": 1, "a;y": 1 }));
	const other = flame.buildTree(dataOf({ "a;y": 1, "a;x": 1 }));

	assert.deepEqual(rowsOf(one, flame.layOut(one, 0, 10)), rowsOf(other, flame.layOut(other, 0, 10)));
});

test("what is narrower than half a pixel is left out, with all below it", () => {
	const tree = flame.buildTree(dataOf({ "main;much": 9996, "main;little;deep": 4 }));

	assert.deepEqual(rowsOf(tree, flame.layOut(tree, 0, 1000)), [["all"], ["main"], ["much"]]);
	assert.equal(flame.layOut(tree, 0, 1000).hidden, 1);
	assert.equal(flame.layOut(tree, 0, 1250).hidden, 0);
	assert.equal(flame.hiddenWords(0), "");
	assert.match(flame.hiddenWords(1), /^1 frame is too narrow/);
	assert.match(flame.hiddenWords(1234), /^1,234 frames are too narrow/);
	assert.deepEqual(rowsOf(tree, flame.layOut(tree, 0, 1250)), [["all"], ["main"], ["much", "little"], ["deep"]]);
});

test("a zoomed node and its callers are as wide as everything", () => {
	const tree = flame.buildTree(dataOf(CHAT));
	const layout = flame.layOut(tree, nodeNamed(tree, "turn"), 900);

	assert.deepEqual(rowsOf(tree, layout), [["all"], ["main"], ["serve"], ["turn"], ["log", "timer"]]);
	assert.deepEqual([...layout.width], [900, 900, 900, 900, 600, 300]);
});

test("a zoom is found again by its name after figures have changed, and lost if its node has gone", () => {
	const before = flame.buildTree(dataOf(CHAT));
	const name = flame.pathName(before, nodeNamed(before, "turn"));
	const after = flame.buildTree(dataOf({ "start;other": 5, "main;serve;turn;log": 10 }));
	const without = flame.buildTree(dataOf({ "main;turn": 5 }));

	assert.equal(flame.findPath(after, name), nodeNamed(after, "turn"));
	assert.equal(flame.findPath(without, name), 0);
	assert.equal(flame.findPath(after, ""), 0);
	assert.equal(flame.findPath(after, "no number"), 0);
});

test("a place on the canvas is a box, or none", () => {
	const tree = flame.buildTree(dataOf(CHAT));
	const layout = flame.layOut(tree, 0, 1000);
	const at = (/** @type {number} */ row, /** @type {number} */ x) => {
		const box = flame.boxAt(layout, row, x);
		return box < 0 ? null : tree.names[tree.name[layout.node[box]]];
	};

	assert.equal(at(4, 0), "log");
	assert.equal(at(4, 599.9), "log");
	assert.equal(at(4, 600), "timer");
	assert.equal(at(4, 950), null);
	assert.equal(at(5, 10), null);
	assert.equal(at(-1, 10), null);
});

test("arrow keys go to what is beside, above and below, and stop at the ends", () => {
	const tree = flame.buildTree(dataOf(CHAT));
	const layout = flame.layOut(tree, 0, 1000);
	const from = (/** @type {string} */ name, /** @type {"left" | "right" | "caller" | "callee"} */ direction) => {
		const node = layout.node[flame.neighbour(tree, layout, flame.boxOf(layout, nodeNamed(tree, name)), direction)];
		return node ? tree.names[tree.name[node]] : "all";
	};

	assert.equal(from("turn", "callee"), "log");
	assert.equal(from("log", "right"), "timer");
	assert.equal(from("timer", "right"), "timer");
	assert.equal(from("timer", "left"), "log");
	assert.equal(from("timer", "caller"), "turn");
	assert.equal(from("log", "callee"), "log");
	assert.equal(from("accept", "callee"), "accept");
	assert.equal(from("main", "caller"), "all");
});

test("search finds functions, files and modules in either case, and counts a stack once", () => {
	const data = dataOf({ "main;log_line;log_keep": 30, "main;log_keep": 10, "main;other": 60 });
	const tree = flame.buildTree(data);
	data.frames[3].file = "/src/Blog.c";

	assert.equal(flame.search(tree, data.frames, "  "), null);
	const functions = /** @type {Uint8Array} */ (flame.search(tree, data.frames, "LOG_"));
	assert.deepEqual(flame.matched(tree, functions, 0), { value: 40, weight: 40, part: 0.4 });
	const file = /** @type {Uint8Array} */ (flame.search(tree, data.frames, "blog.c"));
	assert.equal(flame.matched(tree, file, 0).part, 0.6);
	const module = /** @type {Uint8Array} */ (flame.search(tree, data.frames, "server"));
	assert.equal(flame.matched(tree, module, 0).part, 1);
	const none = /** @type {Uint8Array} */ (flame.search(tree, data.frames, "[unbalanced("));
	assert.deepEqual(flame.matched(tree, none, 0), { value: 0, weight: 0, part: 0 });
});

test("a search under a zoom is a part of the zoom", () => {
	const data = dataOf(CHAT);
	const tree = flame.buildTree(data);
	const matches = /** @type {Uint8Array} */ (flame.search(tree, data.frames, "timer"));

	assert.equal(flame.matched(tree, matches, nodeNamed(tree, "turn")).part, 300 / 900);
});

test("in a difference a box is as wide as what changed below it, whatever its sign", () => {
	const data = dataOf(
		{ "main;more": 30, "main;less": -10, "main;moved;away": -20, "main;moved;here": 20 },
		{ difference: true },
	);
	const tree = flame.buildTree(data);
	const layout = flame.layOut(tree, 0, 800);

	assert.equal(tree.signed, true);
	assert.deepEqual(rowsOf(tree, layout)[2], ["moved", "more", "less"]);
	assert.equal(layout.width[flame.boxOf(layout, nodeNamed(tree, "moved"))], 400);
	assert.equal(tree.value[nodeNamed(tree, "moved")], 0);
	assert.match(
		flame.describe(tree, data, nodeNamed(tree, "less")),
		/less in server: shrank by 10B, 13% of what changed/,
	);
	assert.match(flame.describe(tree, data, nodeNamed(tree, "more")), /grew by 30B/);
	assert.match(flame.describe(tree, data, nodeNamed(tree, "moved")), /no change/);
});

test("growth in a span in which more was released than acquired has signs as well", () => {
	assert.equal(flame.buildTree(dataOf({ "main;a": -5, "main;b": 10 })).signed, true);
	assert.equal(flame.buildTree(dataOf({ "main;a": 5, "main;b": 10 })).signed, false);
});

test("the table has flat and cum as seep top has them, recursion counted once", () => {
	const tree = flame.buildTree(dataOf({ "main;walk;walk;leaf": 4, "main;walk": 1, "main;leaf": 5 }));
	const table = flame.functionTable(tree, 0).map(({ name, flat, cum }) => [name, flat, cum]);

	assert.deepEqual(table, [
		["main", 0, 10],
		["leaf", 9, 9],
		["walk", 1, 5],
	]);
	assert.deepEqual(
		flame.functionTable(tree, nodeNamed(tree, "walk")).map(({ name, cum }) => [name, cum]),
		[
			["walk", 5],
			["leaf", 4],
		],
	);
});

test("a frame is told with its place, its part and what it holds itself", () => {
	const data = dataOf(CHAT);
	Object.assign(data.frames[3], { file: "/src/chat.c", line: 90, module: "/usr/bin/chat_buggy" });
	const tree = flame.buildTree(data);

	assert.equal(
		flame.describe(tree, data, nodeNamed(tree, "log")),
		"log (chat.c:90) in chat_buggy: 600B, 60% of all; itself 600B",
	);
	assert.equal(flame.describe(tree, data, 0), "all: 1000B");
});

test("labels are cut to what fits", () => {
	assert.equal(flame.label("turn_set_timer", 20), "turn_set_timer");
	assert.equal(flame.label("turn_set_timer", 8), "turn_s..");
	assert.equal(flame.label("turn_set_timer", 2), "");
});

test("libraries have tones of their own, always the same, and the program has its", () => {
	assert.equal(flame.tone(frame("main", { module: "/usr/bin/server" }), "server"), 0);
	assert.equal(flame.tone(frame("f", { module: null }), "server"), 0);
	const libc = flame.tone(frame("malloc", { module: "/lib/libc.so.6" }), "server");
	assert.ok(libc >= 1 && libc <= flame.LIBRARY_TONES);
	assert.equal(flame.tone(frame("free", { module: "/elsewhere/libc.so.6" }), "server"), libc);
});

test("10,000 stacks of depth 30 are built and laid out in a blink", () => {
	const frames = Array.from({ length: 2000 }, (_, i) => frame(`function_${i}`));
	const stacks = Array.from({ length: 10000 }, (_, i) => ({
		frames: Array.from(
			{ length: 30 },
			(_, depth) => (Math.floor(i / 2 ** Math.max(0, 14 - depth)) * 31 + depth * 7) % 2000,
		),
		value: 1 + (i % 97),
	}));
	const start = performance.now();
	const tree = flame.buildTree({
		type: "inuse_space",
		unit: "bytes",
		total: 0,
		difference: false,
		estimated: false,
		frames,
		stacks,
	});
	const built = performance.now();
	const layout = flame.layOut(tree, 0, 1280);
	const done = performance.now();

	assert.ok(tree.count > 100000);
	assert.ok(layout.count <= layout.rows * 1280 * 2);
	// ten times what it takes on an idle core
	assert.ok(
		built - start < 5000 && done - built < 500,
		`built in ${built - start} ms, laid out in ${done - built} ms`,
	);
});
