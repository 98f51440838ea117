// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFeed } from "../src/feed.js";
import { embeddedSource, SourceError } from "../src/source.js";

const NOTHING = { state: false, theme: false, tick: false, data: false };
const TICK = { ...NOTHING, tick: true };
const curve = (...values) => ({ name: "tracked", label: "tracked", unit: "bytes", chart: "memory", values });
const settle = () => new Promise((resolve) => setTimeout(resolve));

/** A server that remembers what it was asked; answers are functions of the parameters. */
function fakeApp(answer, query = {}) {
	const asked = [];
	const app = {
		asked,
		query: () => query,
		source: {
			embedded: false,
			async get(_, params) {
				asked.push(params);
				return answer(params);
			},
		},
	};

	return { app, asked, ask: (next) => (query = next) };
}

test("a report answers what it holds, however it is asked for", async () => {
	const source = embeddedSource({ "/api/recordings": { a: 1 }, "/api/flame?recording=0&type=sockets": { b: 2 } });

	assert.equal(source.embedded, true);
	assert.deepEqual(await source.get("/api/recordings"), { a: 1 });
	assert.deepEqual(await source.get("/api/flame", { type: "sockets", process: null }), { b: 2 });
});

test("what a report does not hold is said to need seep serve", async () => {
	const source = embeddedSource({ "/api/recordings": {} });

	await assert.rejects(source.get("/api/series", { since: 5 }), (error) => {
		assert.ok(error instanceof SourceError && error.embedded);
		assert.match(error.message, /seep serve/);
		return true;
	});
});

test("a feed asks for everything once, and then for what came since", async () => {
	const got = [];
	const { app, asked } = fakeApp(({ since }) =>
		since
			? { start_s: 101, step_s: 1, count: 2, curves: [curve(20, 30)], marks: [] }
			: { start_s: 100, step_s: 1, count: 2, curves: [curve(1, 2)], marks: [] },
	);
	const feed = createFeed(app, { whole: false, onData: (held) => got.push(held), onError: assert.fail });

	feed.update({ ...NOTHING, state: true });
	await settle();
	feed.update(TICK);
	await settle();
	assert.deepEqual(
		asked.map(({ since }) => since),
		[undefined, 101],
	);
	assert.deepEqual(got.at(-1).times, [100, 101, 102]);
	assert.deepEqual(got.at(-1).curves[0].values, [1, 20, 30]);
});

test("a feed of a span that has ended asks once, and of another span anew", async () => {
	const answer = () => ({ start_s: 1, step_s: 1, count: 1, curves: [curve(1)], marks: [] });
	const { app, asked, ask } = fakeApp(answer, { since: 1, until: 9 });
	const feed = createFeed(app, { whole: false, onData() {}, onError: assert.fail });

	feed.update({ ...NOTHING, state: true });
	await settle();
	feed.update(TICK);
	await settle();
	assert.equal(asked.length, 1);
	ask({ since: 2, until: 9 });
	feed.update({ ...NOTHING, state: true });
	await settle();
	assert.deepEqual(
		asked.map(({ since }) => since),
		[1, 2],
	);
});

test("a feed asks for one thing at a time, and a late answer to an old question is dropped", async () => {
	const answers = [];
	const got = [];
	const { app, asked, ask } = fakeApp(() => new Promise((resolve) => answers.push(resolve)));
	const feed = createFeed(app, { whole: false, onData: (held) => got.push(held), onError: assert.fail });

	feed.update({ ...NOTHING, state: true });
	feed.update(TICK);
	assert.equal(asked.length, 1);
	ask({ recording: 1 });
	feed.update({ ...NOTHING, state: true });
	answers[1]({ start_s: 50, step_s: 1, count: 1, curves: [curve(5)], marks: [] });
	await settle();
	answers[0]({ start_s: 1, step_s: 1, count: 1, curves: [curve(1)], marks: [] });
	await settle();
	assert.deepEqual(
		got.map(({ times }) => times),
		[[50]],
	);
});

test("a feed that got no answer asks again with the next tick", async () => {
	let isDown = true;
	const errors = [];
	const got = [];
	const { app } = fakeApp(() => {
		if (isDown) throw new SourceError("seep serve does not answer.", 0);
		return { start_s: 1, step_s: 1, count: 1, curves: [curve(1)], marks: [] };
	});
	const feed = createFeed(app, {
		whole: false,
		onData: (held) => got.push(held),
		onError: (error) => errors.push(error.message),
	});

	feed.update({ ...NOTHING, state: true });
	await settle();
	isDown = false;
	feed.update(TICK);
	await settle();
	assert.deepEqual(errors, ["seep serve does not answer."]);
	assert.equal(got.length, 1);
});

test("the strip shows the whole recording, whatever span is selected", async () => {
	const { app, asked } = fakeApp(() => ({ start_s: 1, step_s: 1, count: 1, curves: [curve(1)], marks: [] }), {
		process: 7,
		since: 3,
		until: 4,
	});

	createFeed(app, { whole: true, onData() {}, onError: assert.fail }).update({ ...NOTHING, state: true });
	await settle();
	assert.equal(asked[0].process, 7);
	assert.ok(asked[0].since == null && asked[0].until == null);
});
