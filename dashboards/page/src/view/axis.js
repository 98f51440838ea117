// SPDX-License-Identifier: MIT
// Axes of time charts: the labels of time, the steps of bytes and of time since the start, the range of values. Pure.
import { clock } from "./format.js";

/** Steps of an axis of bytes: powers of 2. */
export const BYTE_STEPS = Array.from({ length: 51 }, (_, i) => 2 ** i);

/** Steps of the axis of time since the start, in seconds. */
export const ELAPSED_STEPS = [
	1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400, 172800, 604800,
];

/** What is kept free above the largest value, so that a line never touches the frame. */
const SPACE = 0.08;

/**
 * Ticks of the axis of time: minutes, or seconds where they are close; the day where one begins.
 * @param {number[]} splits seconds since 1970
 */
export function timeLabels(splits) {
	const step = splits.length > 1 ? splits[1] - splits[0] : 1;
	const dayOf = (/** @type {number} */ time) => clock(time, true).slice(0, -6);

	return splits.map((time, i) => {
		const isNewDay = i > 0 && dayOf(splits[i - 1]) !== dayOf(time);
		if (step >= 86400 || isNewDay) return dayOf(time);
		return step >= 60 ? clock(time).slice(0, 5) : clock(time);
	});
}

/**
 * The range of values: from 0 unless something is below it; or fitted to them, for what changes little of much.
 * @param {number | null} low @param {number | null} high null: there is no value
 * @param {boolean} [fitted] @returns {[number, number]}
 */
export function valueRange(low, high, fitted = false) {
	const top = fitted ? (high ?? 0) : Math.max(high ?? 0, 0);
	const bottom = fitted ? (low ?? 0) : Math.min(low ?? 0, 0);
	const space = (top - bottom || Math.abs(top) || 1) * SPACE;

	return [fitted || bottom < 0 ? bottom - space : 0, top + space];
}
