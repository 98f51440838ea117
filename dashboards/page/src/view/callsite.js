// SPDX-License-Identifier: MIT
// A callsite's own view in words and numbers: what is said of it, which of its frames is named, how old what it holds
// is. Unknown is null, and left out or said, never 0. Pure.
import { age, base, bytes, clock, count, percent, place, plural, rate, rateRange, UNKNOWN, value } from "./format.js";
import { goesWithWords } from "./verdicts.js";

/** @typedef {import("../types").Callsite} Callsite */
/** @typedef {{path: string, first_line: number, lines: string[]}} Source */
/**
 * @typedef {{function: string, file: string | null, line: number | null, module: string | null, inlined: boolean,
 * source: Source | null}} StackFrame
 */
/**
 * @typedef {{objects: number, bytes: number, share: number | null, wrappers: number, frames: StackFrame[]}} Stack
 * frames: innermost first
 */
/** @typedef {{from_s: number, to_s: number | null, objects: number, bytes: number}} AgeBucket */
/** @typedef {{time_s: number, buckets: AgeBucket[]}} Ages */
/**
 * @typedef {{start_s: number, step_s: number, count: number, live_objects: (number | null)[],
 *   live_bytes: (number | null)[], acquired_per_s: (number | null)[], released_per_s: (number | null)[],
 *   mean_age_s: (number | null)[]}} CallsiteCurves
 */
/**
 * What /api/callsite answers: the callsite's row, but `stacks` is a list here.
 * @typedef {Row & {curves: CallsiteCurves, stacks: Stack[], ages: Ages | null, ages_why: string | null,
 *   releases: {function: string, count: number}[], text: string}} CallsiteDetails
 */
/** @typedef {Omit<Callsite, "stacks" | "spark">} Row what a row and a callsite's details have in common */

/* ---- facts ---- */

/** "2.2MB in 18,056 objects", or only objects where bytes mean nothing. @param {Row} row */
export function heldWords(row) {
	if (row.objects === null) return UNKNOWN;
	const objects = plural(row.objects, "object");

	return row.unit === "bytes" ? `${bytes(row.bytes)} in ${objects}` : objects;
}

/** "+50kB/s (49.95kB..50.05kB per s) since 19:12:05"; null if nothing was measured. @param {Row} row */
export function growthWords(row) {
	if (row.rate === null) return null;
	const range =
		row.rate_low === null || row.rate_high === null
			? ""
			: ` (${rateRange(row.rate_low, row.rate_high, row.rate, row.unit)})`;

	return `${rate(row.rate, row.unit)}${range}${row.since_s === null ? "" : ` since ${clock(row.since_s)}`}`;
}

/**
 * "1.00 per write calls (95 % interval 0.998 to 1.00)"; null if it goes with nothing that was counted.
 * @param {Row} row
 */
export function goesWithInterval(row) {
	const { goes_with: it } = row;

	if (!it) return null;
	const interval = `${it.low.toPrecision(3)} to ${it.high.toPrecision(3)}`;
	return `${goesWithWords(/** @type {Callsite} */ (row))} (95 % interval ${interval})`;
}

/** Term and words of each fact that is known. @param {Row} row @returns {{term: string, words: string}[]} */
export function facts(row) {
	const all = [
		{ term: "Held", words: heldWords(row) },
		{ term: "Growth", words: growthWords(row) },
		{ term: "Goes with", words: goesWithInterval(row) },
		{ term: "Part of all growth", words: row.share ? percent(row.share) : null },
		{ term: "Mean age", words: row.age_s === null ? null : age(row.age_s) },
		{
			term: "Acquired and released",
			words: `${count(row.acquired_objects)} and ${count(row.released_objects)} objects`,
		},
		{ term: "Estimate", words: row.estimated ? estimateWords(row) : null },
	];
	return all.flatMap(({ term, words }) => (words === null ? [] : [{ term, words }]));
}

/** @param {Row} row */
function estimateWords(row) {
	const error = row.error === null ? "" : `, ±${value(1.96 * row.error, row.unit)} in 95 % of all cases`;
	return `from sampled blocks${error}`;
}

/** "turn_log (chat.c:90) in chat_buggy". @param {Row} row */
export function callsiteTitle(row) {
	const where = row.file ? ` (${place(row)})` : "";

	return `${row.function}${where}${row.module ? ` in ${base(row.module)}` : ""}`;
}

/** The sample type in which a callsite stands, of those that there are. @param {Row} row @param {string[]} types */
export function typeOf(row, types) {
	const plain = (/** @type {string} */ name) => name.replaceAll(/[ _-]/g, " ");

	if (row.kind === "heap") return "inuse_space";
	return types.find((type) => plain(type) === plain(row.kind)) ?? row.kind;
}

/* ---- stacks ---- */

/**
 * Which frame the callsite is named after: the innermost one of its function and line, of its function, or the first
 * one behind the allocation wrappers.
 * @param {Stack} stack @param {Row} row
 */
export function namedFrame(stack, row) {
	const byLine = stack.frames.findIndex((frame) => frame.function === row.function && frame.line === row.line);
	const byName = stack.frames.findIndex((frame) => frame.function === row.function);
	return Math.max(0, [byLine, byName, Math.min(stack.wrappers, stack.frames.length - 1)].find((at) => at >= 0) ?? 0);
}

/** What a stack leads through, as one line: innermost named function first. @param {Stack} stack @param {Row} row */
export function stackWords(stack, row) {
	const names = stack.frames.slice(namedFrame(stack, row)).map((frame) => frame.function);
	return names.length > 6 ? `${names.slice(0, 5).join(" < ")} < ...` : names.join(" < ");
}

/**
 * Source lines with their numbers; the one that is called is marked.
 * @param {StackFrame} frame @returns {{number: number, text: string, isCalled: boolean}[]}
 */
export function sourceLines(frame) {
	const { source } = frame;
	if (!source) return [];
	return source.lines.map((text, i) => ({
		number: source.first_line + i,
		text,
		isCalled: source.first_line + i === frame.line,
	}));
}

/** "1.10MB in 9,028", or "9,028" where bytes mean nothing. @param {Stack} stack @param {"bytes" | "objects"} unit */
export function amountWords(stack, unit) {
	return unit === "bytes" ? `${bytes(stack.bytes)} in ${count(stack.objects)}` : count(stack.objects);
}

/** Why there are no source lines. @param {StackFrame} frame */
export function noSourceWords(frame) {
	if (frame.file) return `${frame.file} is not readable here.`;
	return `${frame.module ? base(frame.module) : "Its module"} has no debug information that names a line.`;
}

/* ---- ages ---- */

/** Edges are powers of two: "64 s" reads better than "1.07 min". @param {number} seconds */
function edge(seconds) {
	return seconds < 200 ? `${seconds} s` : age(seconds);
}

/**
 * A row for each age, youngest first, with the part that its bar is long: of the fullest one, by bytes where they mean
 * something. Buckets at either end that hold nothing are left out.
 * @param {Ages} ages @param {"bytes" | "objects"} unit
 */
export function ageRows(ages, unit) {
	const most = Math.max(...ages.buckets.map((bucket) => bucket[unit]), 1);
	const rows = ages.buckets.map((bucket) => ({
		label:
			bucket.to_s === null
				? `${edge(bucket.from_s)} and older`
				: `${edge(bucket.from_s)} to ${edge(bucket.to_s)}`,
		objects: bucket.objects,
		bytes: bucket.bytes,
		part: bucket[unit] / most,
	}));
	const holds = (/** @type {{objects: number}} */ row) => row.objects > 0;
	const first = rows.findIndex(holds);
	return first < 0 ? [] : rows.slice(first, rows.length - [...rows].reverse().findIndex(holds));
}

/* ---- releases ---- */

/** "connection_free 812 times, loop_close 3 times". @param {{function: string, count: number}[]} releases */
export function releaseWords(releases) {
	if (!releases.length) return "No release of its objects was seen.";
	return `${releases.map((it) => `${it.function} (${count(it.count)} seen)`).join(", ")}.`;
}
