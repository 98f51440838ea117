// SPDX-License-Identifier: MIT
// Curves over time: what the page holds, how newer points come to it, which chart shows which curve, and what a chart
// says in words. Pure.
import { known, value } from "./format.js";

/** @typedef {import("../types").Series} Series */
/** @typedef {import("../types").Mark} Mark */
/** @typedef {{name: string, label: string, unit: string, chart: string, values: (number | null)[]}} HeldCurve */
/**
 * Curves over the same times, ascending; each has as many values. whole: of how many points the last answer for
 * everything was.
 * @typedef {{times: number[], whole: number, curves: HeldCurve[], marks: Mark[]}} Held
 */
/** @typedef {{key: string, title: string, unit: string, curves: HeldCurve[]}} ChartGroup */

/** How many points are asked for. */
export const POINTS = 600;

/** @param {Series} answer @returns {Held} */
export function holdSeries(answer) {
	return {
		times: Array.from({ length: answer.count }, (_, i) => answer.start_s + i * answer.step_s),
		whole: answer.count,
		curves: answer.curves.map((curve) => ({ ...curve })),
		marks: answer.marks,
	};
}

/**
 * What was held and what came since: a time that both have is the newer one's. A curve that one of them lacks is
 * unknown there.
 * @param {Held} held @param {Series} answer @returns {Held}
 */
export function appendSeries(held, answer) {
	const added = holdSeries(answer);
	if (!added.times.length) return { ...held, marks: joinMarks(held.marks, added.marks) };
	let kept = held.times.length;
	while (kept > 0 && held.times[kept - 1] >= added.times[0]) kept--;

	const names = new Set([...held.curves, ...added.curves].map((curve) => curve.name));
	const curves = [...names].map((name) => {
		const before = held.curves.find((curve) => curve.name === name);
		const after = added.curves.find((curve) => curve.name === name);
		const values = [
			...(before?.values.slice(0, kept) ?? Array(kept).fill(null)),
			...(after?.values ?? Array(added.times.length).fill(null)),
		];
		return { .../** @type {HeldCurve} */ (after ?? before), values };
	});
	return {
		times: [...held.times.slice(0, kept), ...added.times],
		whole: held.whole,
		curves,
		marks: joinMarks(held.marks, added.marks),
	};
}

/** Both, by time, each once. @param {Mark[]} a @param {Mark[]} b @returns {Mark[]} */
export function joinMarks(a, b) {
	const marks = new Map([...a, ...b].map((mark) => [`${mark.time_s} ${mark.kind} ${mark.text}`, mark]));

	return [...marks.values()].sort((x, y) => x.time_s - y.time_s);
}

/** A finer step than the rest has looks like another behaviour: so many points of it, and no more. */
const MOST_FINER = 60;

/** So many points came that everything should be asked for anew, in one step. @param {Held} held */
export function isTooFine({ times, whole }) {
	const added = times.length - whole;
	const isFiner =
		added > 1 && whole > 1 && times[times.length - 1] - times[times.length - 2] < 0.75 * (times[1] - times[0]);

	return times.length > 2 * POINTS || (isFiner && added > MOST_FINER);
}

/** The order and titles of charts; a chart with curves of two units is two. */
const CHARTS = /** @type {[string, string, string][]} */ ([
	["memory", "bytes", "Memory"],
	["handles", "", "Handles"],
	["cpu", "percent", "CPU"],
	["requests", "", "Events and requests"],
	["rates", "bytes_per_s", "Allocation rate"],
	["rates", "", "Acquired and released"],
	["traffic", "bytes_per_s", "Traffic"],
	["mappings", "bytes", "Mappings"],
	["resident memory", "bytes", "Resident memory"],
]);

/** Units as this page calls them, whatever a curve says. @param {{unit: string, name: string, chart: string}} curve */
export function curveUnit(curve) {
	const unit = curve.unit.replaceAll("/", "_per_").replaceAll(" ", "_");

	if (/^bytes?_per_s(ec|econd)?$/.test(unit) || (unit === "bytes" && curve.name.endsWith("_per_s")))
		return "bytes_per_s";
	if (unit === "bytes" || unit === "percent") return unit;
	if (curve.chart === "cpu") return "percent";
	return curve.chart === "rates" || curve.chart === "requests" ? "per_s" : "count";
}

/** Of kinds and events the page shows those that there are. @param {HeldCurve} curve */
function isWorthShowing(curve) {
	const isListed = curve.chart === "handles" || curve.chart === "requests";

	return curve.values.some((v) => known(v) && (!isListed || v !== 0));
}

/** Charts in their order, with the curves that have any value. @param {HeldCurve[]} curves @returns {ChartGroup[]} */
export function groupCharts(curves) {
	/** @type {Map<string, ChartGroup>} */
	const groups = new Map();

	for (const curve of curves) {
		if (!isWorthShowing(curve)) continue;
		const unit = curveUnit(curve);
		const key = `${curve.chart}:${unit}`;
		const named = CHARTS.find(
			([chart, of]) => chart === curve.chart && (of === unit || (!of && unit !== "bytes_per_s")),
		);
		const group = groups.get(key) ?? { key, title: named?.[2] ?? curve.chart, unit, curves: [] };
		group.curves.push(curve);
		groups.set(key, group);
	}
	const place = (/** @type {ChartGroup} */ group) => {
		const index = CHARTS.findIndex(([, , title]) => title === group.title);
		return index < 0 ? CHARTS.length : index;
	};
	return [...groups.values()].sort((a, b) => place(a) - place(b));
}

/**
 * Points within the span, and one beside each end, so that lines reach the edge. null: open.
 * @param {Held} held @param {number | null} since @param {number | null} until @returns {Held}
 */
export function cutSeries(held, since, until) {
	let first = 0;
	let end = held.times.length;

	while (since !== null && first + 1 < end && held.times[first + 1] <= since) first++;
	while (until !== null && end - 2 >= first && held.times[end - 2] >= until) end--;
	if (first === 0 && end === held.times.length) return held;
	return {
		times: held.times.slice(first, end),
		whole: held.whole,
		curves: held.curves.map((curve) => ({ ...curve, values: curve.values.slice(first, end) })),
		marks: held.marks,
	};
}

/** The index of the time next to one, -1 if there is none. @param {number[]} times ascending @param {number} time */
export function nearestIndex(times, time) {
	let low = 0;
	let high = times.length - 1;

	while (low < high) {
		const middle = (low + high) >> 1;
		if (times[middle] < time) low = middle + 1;
		else high = middle;
	}
	return low > 0 && time - times[low - 1] < times[low] - time ? low - 1 : times.length ? low : -1;
}

/** The last known value. @param {(number | null)[]} values */
export function lastKnown(values) {
	for (let i = values.length - 1; i >= 0; i--) if (known(values[i])) return values[i];
	return null;
}

/**
 * "tracked live bytes: 869kB, from 4kB; between 4kB and 869kB"
 * @param {{label: string, values: (number | null)[]}} curve @param {string} unit
 */
export function curveWords(curve, unit) {
	const values = curve.values.filter(known);

	if (!values.length) return `${curve.label}: not known`;
	const show = (/** @type {number} */ v) => value(v, unit);
	const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [values[0], values[0]]);
	return `${curve.label}: ${show(values[values.length - 1])}, from ${show(values[0])}; between ${show(low)} and ${show(high)}`;
}

/**
 * Marks that fall on the same second are one: the first text and how many more.
 * @param {Mark[]} marks @returns {Mark[]}
 */
export function bundleMarks(marks) {
	/** @type {Map<number, Mark[]>} */
	const at = new Map();

	for (const mark of marks) {
		const second = Math.round(mark.time_s);
		at.set(second, [...(at.get(second) ?? []), mark]);
	}
	return [...at.values()].map((same) => {
		const first = same.find((mark) => mark.kind === "leak") ?? same[0];
		return same.length === 1 ? first : { ...first, text: `${first.text} and ${same.length - 1} more` };
	});
}
