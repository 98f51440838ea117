// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalRequest, requestText } from "../src/view/request.js";
import { formatState, initialState, parseState, sameState, stateQuery } from "../src/view/state.js";

test("the initial state is no text, and no text is the initial state", () => {
	assert.equal(formatState(initialState()), "");
	assert.deepEqual(parseState(""), initialState());
	assert.deepEqual(parseState("#"), initialState());
});

test("every key survives the way to the address and back", () => {
	const state = {
		view: "callsite",
		recording: 1,
		process: 721,
		since: 1795291141.5,
		until: 1795291200,
		type: "alloc_space",
		callsite: "c1:0123456789abcdef-2",
		filter: "zmalloc & <b>&=#",
		sort: "-rate",
		base: 0,
		search: "turn log",
		zoom: "a/b",
		icicle: true,
	};

	assert.deepEqual(parseState(formatState(state)), state);
	assert.deepEqual(Object.keys(state).sort(), Object.keys(initialState()).sort());
});

test("an id stays readable in the address", () => {
	assert.equal(formatState({ ...initialState(), callsite: "c1:00ff" }), "#callsite=c1:00ff");
});

test("what is malformed or unknown is left out", () => {
	assert.deepEqual(
		parseState(
			"#view=evil&recording=-1&process=x&since=1e99&until=&icicle=2&base=0x1&unknown=1&toString=1&__proto__=1",
		),
		initialState(),
	);
});

test("a span that ends before it begins is none", () => {
	const state = parseState("#since=20&until=10");

	assert.equal(state.since, null);
	assert.equal(state.until, null);
});

test("states differ by any key", () => {
	assert.ok(sameState(initialState(), initialState()));
	for (const key of Object.keys(initialState()))
		assert.ok(!sameState(initialState(), { ...initialState(), [key]: "other" }), key);
});

test("a request has what differs from the default", () => {
	assert.deepEqual(stateQuery(initialState()), {});
	assert.deepEqual(stateQuery({ ...initialState(), recording: 1, process: 7, since: 10, until: 20 }), {
		recording: 1,
		process: 7,
		since: 10,
		until: 20,
	});
});

test("parameters are sorted, those that say nothing left out, and all are escaped", () => {
	assert.equal(requestText("/api/series", {}), "/api/series");
	assert.equal(
		requestText("/api/series", {
			b: 2,
			a: 1,
			none: null,
			not: undefined,
			empty: "",
			no: false,
			zero: 0,
			yes: true,
		}),
		"/api/series?a=1&b=2&yes=&zero=0",
	);
	assert.equal(requestText("/api/callsite", { id: "c1:&=?# é" }), "/api/callsite?id=c1%3A%26%3D%3F%23%20%C3%A9");
});

test("two ways to ask for the same are one request", () => {
	for (const request of ["/api/series", "/api/series?recording=0", "/api/series?points=600&recording=0"])
		assert.equal(canonicalRequest(request), "/api/series");
	assert.equal(canonicalRequest("/api/flame?type=inuse_space&recording=1"), "/api/flame?recording=1");
	assert.equal(canonicalRequest("/api/flame?type=sockets"), "/api/flame?type=sockets");
	assert.equal(canonicalRequest("/api/callsite?recording=0&id=c1:00ff"), "/api/callsite?id=c1%3A00ff");
});
