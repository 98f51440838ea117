// SPDX-License-Identifier: MIT
// Two recordings beside each other: callsites joined by their ids, curves by the time since each began, scales that
// hold both. "Before" is the one that the state names as base, "after" the shown one; a difference is after less
// before, as in `seep diff`. Pure.
import { known, plural } from "./format.js";
import { groupCharts, holdSeries } from "./series.js";
import { VERDICTS } from "./table.js";

/** @typedef {import("../types").Callsite} Callsite */
/** @typedef {import("../types").Series} Series */
/** @typedef {import("./series.js").ChartGroup} ChartGroup */
/** @typedef {import("./series.js").HeldCurve} HeldCurve */
/**
 * before, after: null where the callsite is not in that recording, which then holds 0 of it. Held and difference are in
 * the callsite's unit.
 * @typedef {{id: string, callsite: Callsite, before: Callsite | null, after: Callsite | null,
 *   heldBefore: number | null, heldAfter: number | null,
 *   difference: number | null, rateBefore: number | null, rateAfter: number | null}} JoinedCallsite
 */
/**
 * @typedef {{name: string, label: string, short: string, number: boolean, key: (row: JoinedCallsite) => number | string
 * | null}} CompareColumn
 */

/* ---- callsites ---- */

/** 0 the worst. @param {Callsite | null} row */
function severity(row) {
	const at = row ? VERDICTS.indexOf(row.verdict) : -1;

	return at < 0 ? VERDICTS.length : at;
}

/** @param {JoinedCallsite} row */
const worst = (row) => Math.min(severity(row.before), severity(row.after));

/** @param {JoinedCallsite} row */
const share = (row) => Math.max(row.before?.share ?? 0, row.after?.share ?? 0);

/** @param {Callsite | null} row */
function held(row) {
	if (!row) return 0;
	return row.unit === "bytes" ? row.bytes : row.objects;
}

/** Every callsite of either, once. @param {Callsite[]} before @param {Callsite[]} after @returns {JoinedCallsite[]} */
export function joinCallsites(before, after) {
	const earlier = new Map(before.map((row) => [row.id, row]));
	const later = new Map(after.map((row) => [row.id, row]));

	return [...new Set([...later.keys(), ...earlier.keys()])].map((id) => {
		const its = { before: earlier.get(id) ?? null, after: later.get(id) ?? null };
		const heldBefore = held(its.before);
		const heldAfter = held(its.after);
		return {
			id,
			callsite: /** @type {Callsite} */ (its.after ?? its.before),
			...its,
			heldBefore,
			heldAfter,
			difference: known(heldBefore) && known(heldAfter) ? heldAfter - heldBefore : null,
			rateBefore: its.before?.rate ?? null,
			rateAfter: its.after?.rate ?? null,
		};
	});
}

/**
 * @param {string} name @param {string} label @param {string} short @param {boolean} number @param
 * {CompareColumn["key"]} key @returns {CompareColumn}
 */
const column = (name, label, short, number, key) => ({ name, label, short, number, key });

/** @type {CompareColumn[]} */
export const COMPARE_COLUMNS = [
	column("verdict", "Verdict", "Verdict", false, worst),
	column("function", "Callsite", "Callsite", false, (row) => row.callsite.function),
	column("before", "Held before", "before", true, (row) => row.heldBefore),
	column("after", "Held after", "after", true, (row) => row.heldAfter),
	column("difference", "Difference", "difference", true, (row) => row.difference),
	column("rate_before", "Growth before", "growth before", true, (row) => row.rateBefore),
	column("rate_after", "Growth after", "growth after", true, (row) => row.rateAfter),
];

/** @param {string} sort "-rate_after": descending; an unknown column is the first one */
export function parseCompareSort(sort) {
	const name = sort.replace(/^-/, "");

	return {
		column: COMPARE_COLUMNS.find((one) => one.name === name) ?? COMPARE_COLUMNS[0],
		descending: sort.startsWith("-"),
	};
}

/**
 * A sorted copy: unknown comes last either way; what is equal stands by the worse verdict of the two, the larger share
 * of all growth, the id.
 * @param {JoinedCallsite[]} rows @param {string} sort */
export function sortJoined(rows, sort) {
	const { column: by, descending } = parseCompareSort(sort);
	const sign = descending ? -1 : 1;
	const keyed = rows.map((row) => ({ row, key: by.key(row) }));

	keyed.sort((a, b) => {
		if (a.key === b.key)
			return worst(a.row) - worst(b.row) || share(b.row) - share(a.row) || (a.row.id < b.row.id ? -1 : 1);
		if (a.key === null) return 1;
		if (b.key === null) return -1;
		return sign * (a.key < b.key ? -1 : 1);
	});
	return keyed.map(({ row }) => row);
}

/** The rows in whose names every word of the filter occurs. @param {JoinedCallsite[]} rows @param {string} filter */
export function filterJoined(rows, filter) {
	const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
	const textOf = (
		/** @type {JoinedCallsite} */ { callsite: { function: name, file, module, kind }, before, after },
	) => [name, file, module, kind, before?.verdict, after?.verdict].join(" ").toLowerCase();

	return words.length ? rows.filter((row) => words.every((word) => textOf(row).includes(word))) : rows;
}

/** One sentence about all: how many leaks have gone, come and stayed. @param {JoinedCallsite[]} rows */
export function leaksWords(rows) {
	const leaks = (/** @type {Callsite | null} */ row) => row?.verdict === "leak";
	const gone = rows.filter((row) => leaks(row.before) && !leaks(row.after)).length;
	const come = rows.filter((row) => !leaks(row.before) && leaks(row.after)).length;
	const stayed = rows.filter((row) => leaks(row.before) && leaks(row.after)).length;
	const parts = [
		gone && `${plural(gone, "callsite")} that leaked before ${gone === 1 ? "does" : "do"} no longer`,
		come && `${plural(come, "callsite")} that did not leak before ${come === 1 ? "leaks" : "leak"} after`,
		stayed && `${plural(stayed, "callsite")} ${stayed === 1 ? "leaks" : "leak"} in both`,
	].filter(Boolean);

	return parts.length ? `${parts.join("; ")}.` : "No callsite leaks in either.";
}

/* ---- curves ---- */

/** @typedef {{times: number[], groups: ChartGroup[]}} Side times: seconds since its beginning */
/**
 * One chart of each recording, or null where it has no such curve, and a scale that holds all values of both; 0 is on
 * it.
 * names: of the curves of either.
 * @typedef {{key: string, title: string, unit: string, names: string[], before: ChartGroup | null,
 *   after: ChartGroup | null, range: [number, number]}} ChartPair
 */

/**
 * The curves of a recording over the time since it began.
 * @param {Series} series @param {number | null} began_s null: at the first point @returns {Side}
 */
export function sideOf(series, began_s) {
	const { times, curves } = holdSeries(series);
	const began = began_s ?? times[0] ?? 0;

	return { times: times.map((time) => time - began), groups: groupCharts(curves) };
}

/** @param {(ChartGroup | null)[]} groups @returns {[number, number]} */
function commonRange(groups) {
	let low = 0;
	let high = 0;

	for (const group of groups)
		for (const curve of group?.curves ?? [])
			for (const point of curve.values)
				if (known(point)) [low, high] = [Math.min(low, point), Math.max(high, point)];
	return [low, high];
}

/**
 * Charts of both, those of the same curves together, in the order of the page. One that was never anything but 0 in
 * either is left out.
 * @param {Side} before @param {Side} after @returns {ChartPair[]} */
export function pairCharts(before, after) {
	const keys = [...new Set([...after.groups, ...before.groups].map(({ key }) => key))];

	return keys.flatMap((key) => {
		const of = (/** @type {Side} */ side) => side.groups.find((group) => group.key === key) ?? null;
		const pair = [of(before), of(after)];
		const said = /** @type {ChartGroup} */ (pair[1] ?? pair[0]);
		const range = commonRange(pair);
		const names = [...new Set(pair.flatMap((group) => group?.curves.map(({ name }) => name) ?? []))];
		if (range[0] === 0 && range[1] === 0) return [];
		return [{ key, title: said.title, unit: said.unit, names, before: pair[0], after: pair[1], range }];
	});
}

/** The longer of the two, in seconds. @param {Side} before @param {Side} after */
export function commonLength(before, after) {
	return Math.max(before.times.at(-1) ?? 0, after.times.at(-1) ?? 0, 1);
}
