// SPDX-License-Identifier: MIT
// The table of callsites: its columns, filter, order, and which rows are to be drawn. Pure.
import { base, known, place } from "./format.js";

/** @typedef {import("../types").Callsite} Callsite */
/**
 * @typedef {{name: string, label: string, title: string, number: boolean, key: (row: Callsite) => number | string | null}} Column
 */

/** From what asks for attention to what does not. */
export const VERDICTS = /** @type {const} */ (["leak", "undecided", "warm-up", "churn", "steady"]);

const flat = (/** @type {Callsite} */ row) => (row.unit === "bytes" ? row.bytes : row.objects);
const cum = (/** @type {Callsite} */ row) => (row.unit === "bytes" ? row.cum_bytes : row.cum_objects);

/**
 * @param {string} name @param {string} label @param {string} title @param {boolean} number @param {Column["key"]} key
 * @returns {Column}
 */
const column = (name, label, title, number, key) => ({ name, label, title, number, key });

/** @type {Column[]} */
export const COLUMNS = [
	column("verdict", "Verdict", "What the judgement says; leaks first, then by share of the growth", false, (row) =>
		VERDICTS.indexOf(row.verdict),
	),
	column(
		"function",
		"Callsite",
		"The first function from within that is no allocation wrapper, and its line",
		false,
		(row) => row.function,
	),
	column("kind", "Kind", "What is acquired there", false, (row) => row.kind),
	column("flat", "Flat", "Held now by what this callsite acquired: bytes of memory, otherwise objects", true, flat),
	column("objects", "Objects", "Blocks or handles held now", true, (row) => row.objects),
	column("cum", "Cum", "Held now by this function and everything it calls", true, cum),
	column("rate", "Growth", "Growth a second over the judged span", true, (row) => row.rate),
	column("trend", "Trend", "What was held over the judged span", true, (row) => row.share),
	column("age", "Age", "Mean age of what is held", true, (row) => row.age_s),
];

/** What a filter looks at, one text a row. @param {Callsite[]} rows */
export function searchTexts(rows) {
	return rows.map((row) =>
		`${row.function} ${place(row)} ${base(row.module)} ${row.kind} ${row.verdict}`.toLowerCase(),
	);
}

/**
 * The rows in which every word of the filter occurs.
 * @param {Callsite[]} rows @param {string[]} texts of searchTexts() @param {string} filter
 */
export function filterRows(rows, texts, filter) {
	const words = filter.toLowerCase().split(/\s+/).filter(Boolean);

	return words.length ? rows.filter((_, i) => words.every((word) => texts[i].includes(word))) : rows;
}

/**
 * "-rate" → rate, descending; an unknown column is the first one.
 * @param {string} sort @returns {{column: Column, descending: boolean}}
 */
export function parseSort(sort) {
	const name = sort.replace(/^-/, "");

	return { column: COLUMNS.find((one) => one.name === name) ?? COLUMNS[0], descending: sort.startsWith("-") };
}

/**
 * What a click on a column's head asks for: numbers from the largest, then the other way round.
 * @param {string} sort @param {Column} column
 */
export function nextSort(sort, column) {
	const now = parseSort(sort);
	const descending = now.column === column ? !now.descending : column.number;

	return descending ? `-${column.name}` : column.name;
}

/**
 * The rows in order; what is unknown comes last either way, and what is equal stays as the judgement has it.
 * @param {Callsite[]} rows in the judgement's order @param {string} sort
 */
export function sortRows(rows, sort) {
	const { column, descending } = parseSort(sort);
	const sign = descending ? -1 : 1;
	const keyed = rows.map((row, place) => ({ row, place, key: column.key(row) }));

	keyed.sort((a, b) => {
		if (a.key === b.key) return a.place - b.place;
		if (a.key === null || a.key === undefined) return 1;
		if (b.key === null || b.key === undefined) return -1;
		return sign * (a.key < b.key ? -1 : 1);
	});
	return keyed.map(({ row }) => row);
}

/**
 * So many rows are drawn whatever is in sight: they cost nothing, and printing and the browser's own search find them.
 */
export const ALWAYS_DRAWN = 100;

/**
 * Which rows to draw: those in sight and some beyond. Heights in pixels, top: how far the first row is above the
 * window's edge.
 * @param {{count: number, rowHeight: number, top: number, height: number, beyond?: number}} of
 * @returns {{first: number, end: number}}
 */
export function visibleRows({ count, rowHeight, top, height, beyond = 8 }) {
	if (count <= ALWAYS_DRAWN) return { first: 0, end: count };
	const first = Math.floor(top / rowHeight) - beyond;
	const end = Math.ceil((top + height) / rowHeight) + beyond;
	// an even first row keeps the stripes where they are
	const even = Math.max(0, Math.min(first, count - 1)) & ~1;

	return { first: even, end: Math.max(even, Math.min(count, end)) };
}

/**
 * Where a key moves the active row (-1: none yet); null if it does not.
 * @param {string} key @param {number} active @param {number} count @param {number} page
 */
export function moveActive(key, active, count, page) {
	const moves = /** @type {Record<string, number>} */ ({
		ArrowDown: active + 1,
		ArrowUp: active < 0 ? 0 : active - 1,
		PageDown: active + page,
		PageUp: active - page,
		Home: 0,
		End: count - 1,
	});

	if (!count || !Object.hasOwn(moves, key)) return null;
	return Math.max(0, Math.min(count - 1, moves[key]));
}

/**
 * The points of a sparkline in a box, "x,y x,y", lines apart where values are unknown. From 0.
 * @param {(number | null)[]} values @param {number} width @param {number} height @returns {string[]} one text a line
 */
export function sparkLines(values, width, height) {
	const there = values.filter(known);
	if (there.length < 2) return [];
	const high = Math.max(...there);
	// what is level is drawn in the middle, whatever it is
	const low = Math.min(...there) === high ? high : Math.min(0, ...there);
	const x = (/** @type {number} */ i) => ((i / (values.length - 1)) * width).toFixed(1);
	const y = (/** @type {number} */ v) =>
		(high > low ? (1 - (v - low) / (high - low)) * height : height / 2).toFixed(1);
	/** @type {string[]} */
	const lines = [];
	/** @type {string[]} */
	let line = [];

	values.forEach((v, i) => {
		if (known(v)) line.push(`${x(i)},${y(v)}`);
		if ((!known(v) || i === values.length - 1) && line.length) {
			lines.push(line.join(" "));
			line = [];
		}
	});
	return lines;
}
