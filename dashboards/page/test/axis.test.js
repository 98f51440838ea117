// SPDX-License-Identifier: MIT
process.env.TZ = "UTC"; // before the first date
import assert from "node:assert/strict";
import { test } from "node:test";
import { timeLabels, valueRange } from "../src/view/axis.js";

test("labels of time have seconds only where they are close, and the day where one begins", () => {
	const midnight = 1795305600;

	assert.deepEqual(timeLabels([midnight - 30, midnight - 15]), ["23:59:30", "23:59:45"]);
	assert.deepEqual(timeLabels([midnight - 600, midnight, midnight + 600]), ["23:50", "Nov 22", "00:10"]);
	assert.deepEqual(timeLabels([midnight, midnight + 86400]), ["Nov 22", "Nov 23"]);
	assert.deepEqual(timeLabels([midnight]), ["00:00:00"]);
});

test("values start at 0, unless some are below it, and never touch the frame", () => {
	assert.deepEqual(valueRange(40, 100), [0, 108]);
	assert.deepEqual(valueRange(-50, 50), [-58, 58]);
	assert.deepEqual(valueRange(0, 0), [0, 0.08]);
	assert.deepEqual(valueRange(null, null), [0, 0.08]);
});

test("a fitted range shows what changes little of much", () => {
	assert.deepEqual(valueRange(1000, 1100, true), [992, 1108]);
	assert.deepEqual(valueRange(100, 100, true), [92, 108]);
	assert.deepEqual(valueRange(null, null, true), [-0.08, 0.08]);
});
