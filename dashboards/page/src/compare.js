// SPDX-License-Identifier: MIT
// Two recordings beside each other: what leaks in which, their curves over the time since each began on the same
// scales, the callsites of both, and the flame graph of the difference.
import { createChart } from "./chart.js";
import { colouredCurves } from "./charts.js";
import { element, fill, refill, text } from "./dom.js";
import { createFlame } from "./flame.js";
import * as compare from "./view/compare.js";
import { place, rate, UNKNOWN, value } from "./view/format.js";
import { headline } from "./view/verdicts.js";
import { verdictBadge } from "./verdict.js";

/** @typedef {import("./types").App} App */
/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Callsite} Callsite */
/** @typedef {import("./types").Callsites} Callsites */
/** @typedef {import("./types").Series} Series */
/** @typedef {"before" | "after"} SideName */
/** @typedef {{callsites: Callsites, series: Series}} Answers */

const ROWS = 200;
/** Pairs of charts, as many as answer most questions; the others are folded. */
const PAIRS_SHOWN = 4;
/** Curves of a recording that runs are asked for again so often at most. */
const AGAIN_MS = 5000;
const SIDES = /** @type {const} */ (["before", "after"]);

/** @type {import("./types").CreateView} */
export function create(root, app) {
	const head = createHead(app);
	const body = element("div", { hidden: true });
	const verdicts = element("div", { class: "compare-pair" });
	const leaks = element("p", { class: "compare-leaks" });
	const charts = element("div", { class: "compare-charts" });
	const flame = element("div");
	const curves = createCurves(charts, app);
	const table = createTable(app);
	const graph = createFlame(flame, app, "Flame graph of the difference");
	/** @type {Record<SideName, Answers> | null} */
	let shown = null;
	let asked = "";
	let askedAt = 0;

	body.append(leaks, verdicts, charts, table.panel, flame);
	root.append(head.panel, head.message, body);

	/**
	 * The state's pair; without a base the shown recording and the first other one, the older first.
	 * @param {State} state @returns {Record<SideName, number> | null}
	 */
	function pairOf(state) {
		if (state.base !== null) return { before: state.base, after: state.recording };
		const other = app.recordings().find(({ index }) => index !== state.recording);
		const began = (/** @type {number} */ index) => app.recordings()[index]?.created_s ?? 0;

		if (!other) return null;
		return began(other.index) < began(state.recording)
			? { before: other.index, after: state.recording }
			: { before: state.recording, after: other.index };
	}

	/** @param {number} recording @returns {Promise<Answers>} */
	async function answersOf(recording) {
		const [callsites, series] = await Promise.all([
			app.source.get("/api/callsites", { recording }),
			app.source.get("/api/series", { recording }),
		]);

		return { callsites, series };
	}

	/** @param {Record<SideName, number>} pair */
	async function load(pair) {
		const request = (asked = JSON.stringify(pair));

		askedAt = performance.now();
		try {
			const [before, after] = await Promise.all([answersOf(pair.before), answersOf(pair.after)]);
			if (request !== asked) return;
			shown = { before, after };
			show(app.state.get(), pair);
		} catch (error) {
			if (request === asked) refuse(error instanceof Error ? error.message : String(error));
		}
	}

	/** @param {string} sentence */
	function refuse(sentence) {
		shown = null;
		body.hidden = true;
		head.message.hidden = false;
		text(head.message, sentence);
	}

	/** @param {State} state @param {Record<SideName, number>} pair */
	function show(state, pair) {
		if (!shown) return;
		const joined = compare.joinCallsites(shown.before.callsites.callsites, shown.after.callsites.callsites);

		head.message.hidden = true;
		body.hidden = false;
		text(leaks, compare.leaksWords(joined));
		fill(
			verdicts,
			...SIDES.map((side) =>
				verdictPanel(app, side, pair[side], /** @type {Record<SideName, Answers>} */ (shown)[side].callsites),
			),
		);
		curves.set(pair, shown);
		table.set(joined, state, pair);
	}

	return {
		update(state, change) {
			const pair = pairOf(state);

			head.set(pair);
			if (!pair)
				return refuse(
					"There is one recording only: “seep serve BEFORE.db AFTER.db” shows two beside each other.",
				);
			const isOther = JSON.stringify(pair) !== asked;
			const isOld =
				change.tick &&
				performance.now() - askedAt > AGAIN_MS &&
				Object.values(pair).some((index) => app.recordings()[index]?.live);
			// the state names both from here on: a link to this view is one to this pair
			if (state.base === null) return app.state.set({ base: pair.before, recording: pair.after }, "replace");
			if (isOther || change.data || isOld) load(pair);
			else if (change.state) show(state, pair);
			curves.update(change);
			graph.update(state, change);
		},
		destroy() {
			asked = "";
			curves.destroy();
			graph.destroy();
		},
	};
}

/* ---- which two ---- */

/** @param {App} app */
function createHead(app) {
	const selects = { before: element("select"), after: element("select") };
	const swap = element("button", { class: "button", type: "button", title: "exchange before and after" }, "⇄ swap");
	const message = element("p", { class: "message" }, "Reading both recordings…");
	const field = (/** @type {SideName} */ side) => element("label", { class: "field" }, side, selects[side]);
	const panel = element(
		"section",
		{ class: "panel compare-head" },
		element("h2", {}, "Two recordings"),
		field("before"),
		swap,
		field("after"),
	);

	selects.before.addEventListener("change", () => app.state.set({ base: Number(selects.before.value) }));
	selects.after.addEventListener("change", () =>
		app.state.set({ recording: Number(selects.after.value), process: null, since: null, until: null }),
	);
	swap.addEventListener("click", () => {
		const { base, recording } = app.state.get();
		if (base !== null) app.state.set({ recording: base, base: recording, process: null, since: null, until: null });
	});

	return {
		panel,
		message,
		/** @param {Record<SideName, number> | null} pair */
		set(pair) {
			panel.hidden = !pair;
			for (const side of SIDES) {
				const options = app.recordings().map(({ index, name }) => element("option", { value: index }, name));
				if (selects[side].options.length !== options.length) fill(selects[side], ...options);
				if (pair) selects[side].value = String(pair[side]);
			}
		},
	};
}

/** @param {App} app @param {SideName} side @param {number} index @param {Callsites} answer */
function verdictPanel(app, side, index, answer) {
	const { verdict, text: said } = headline(answer);
	const recording = app.recordings()[index];
	const overview = app.state.href({
		view: "overview",
		recording: index,
		base: null,
		process: null,
		since: null,
		until: null,
	});

	return element(
		"section",
		{ class: "panel compare-verdict", "data-verdict": verdict },
		element("p", { class: "muted" }, `${side}: `, element("a", { href: overview }, recording.name)),
		element("h2", { class: "compare-said" }, said),
		...answer.words
			.filter((word) => word.verdict === "leak")
			.map((word) => element("p", { class: "compare-words" }, word.text)),
		element("p", { class: "muted" }, answer.summary),
	);
}

/* ---- curves ---- */

/** @param {HTMLElement} root @param {App} app */
function createCurves(root, app) {
	const rows = element("div");
	const moreRows = element("div");
	const more = element(
		"details",
		{ class: "more-charts", hidden: true },
		element("summary", {}, "More charts"),
		moreRows,
	);
	/** @type {Map<string, Record<SideName, import("./types").Chart>>} */
	const made = new Map();

	root.append(rows, more);

	/** @param {compare.ChartPair} its */
	function make({ key, title, unit }) {
		const row = element("div", { class: "compare-pair" });
		const chart = (/** @type {SideName} */ side) =>
			createChart(row, app, { title: `${title}, ${side}`, unit, height: 150, elapsed: true });

		(made.size < PAIRS_SHOWN ? rows : moreRows).append(row);
		made.set(key, { before: chart("before"), after: chart("after") });
	}

	function destroy() {
		for (const charts of made.values()) for (const side of SIDES) charts[side].destroy();
		made.clear();
		fill(rows);
		fill(moreRows);
	}

	/** @param {compare.ChartPair[]} pairs */
	function place(pairs) {
		if (pairs.map(({ key }) => key).join() === [...made.keys()].join()) return;
		destroy();
		for (const pair of pairs) make(pair);
		more.hidden = pairs.length <= PAIRS_SHOWN;
	}

	return {
		/** @param {Record<SideName, number>} pair @param {Record<SideName, Answers>} answers */
		set(pair, answers) {
			const began = (/** @type {SideName} */ side) => app.recordings()[pair[side]]?.created_s ?? null;
			const sides = {
				before: compare.sideOf(answers.before.series, began("before")),
				after: compare.sideOf(answers.after.series, began("after")),
			};
			const length = compare.commonLength(sides.before, sides.after);
			const pairs = compare.pairCharts(sides.before, sides.after);

			place(pairs);
			for (const its of pairs)
				for (const side of SIDES)
					made.get(its.key)?.[side].set({
						times: sides[side].times,
						curves: colouredCurves(its[side] ?? { curves: [] }, its.names),
						range: { x: [0, length], y: its.range },
					});
		},
		/** @param {import("./types").Change} change */
		update(change) {
			for (const charts of made.values()) for (const side of SIDES) charts[side].update(change);
		},
		destroy,
	};
}

/* ---- callsites ---- */

/** @param {App} app */
function createTable(app) {
	const filter = element("input", {
		type: "search",
		placeholder: "name, file, kind or verdict",
		spellcheck: "false",
		autocomplete: "off",
	});
	const headRow = element("tr");
	const rows = element("tbody");
	const note = element("p", { class: "muted compare-note" });
	const table = element(
		"table",
		{ class: "compare-table" },
		element("caption", { class: "hidden-text" }, "Callsites of both recordings"),
		element("thead", {}, headRow),
		rows,
	);
	const panel = element(
		"section",
		{ class: "panel compare-table-panel" },
		element(
			"header",
			{ class: "panel-head" },
			element("h2", {}, "Callsites of both"),
			element("label", { class: "field" }, "filter", filter),
		),
		element("div", { class: "compare-scroll" }, table),
		note,
	);

	filter.addEventListener("input", () => app.state.set({ filter: filter.value }, "replace"));

	return {
		panel,
		/** @param {compare.JoinedCallsite[]} joined @param {State} state @param {Record<SideName, number>} pair */
		set(joined, state, pair) {
			const found = compare.sortJoined(compare.filterJoined(joined, state.filter), state.sort);

			if (filter.value !== state.filter) filter.value = state.filter;
			refill(headRow, ...compare.COMPARE_COLUMNS.map((column) => headCell(app, column, state.sort)));
			refill(rows, ...found.slice(0, ROWS).map((row) => tableRow(app, row, pair)));
			text(
				note,
				found.length > ROWS
					? `The first ${ROWS} of ${found.length}: the filter finds the others.`
					: found.length
						? ""
						: "No callsite matches.",
			);
		},
	};
}

/** @param {App} app @param {compare.CompareColumn} column @param {string} sort */
function headCell(app, column, sort) {
	const now = compare.parseCompareSort(sort);
	const isSorted = now.column === column;
	const descending = isSorted ? !now.descending : column.number;
	const order = !isSorted ? null : now.descending ? "descending" : "ascending";
	const click = () => app.state.set({ sort: `${descending ? "-" : ""}${column.name}` }, "replace");

	return element(
		"th",
		{ scope: "col", class: column.number ? "number" : null, "aria-sort": order },
		element("button", { class: "compare-sort", type: "button", onclick: click }, column.label),
	);
}

/** @param {App} app @param {compare.JoinedCallsite} row @param {Record<SideName, number>} pair */
function tableRow(app, row, pair) {
	const { callsite } = row;
	const side = row.after ? "after" : "before";
	const href = app.state.href({ view: "callsite", callsite: row.id, recording: pair[side], base: null });
	const figure = (/** @type {number} */ at, /** @type {string} */ words) =>
		element("td", { class: "number", "data-label": compare.COMPARE_COLUMNS[at].short }, words);

	return element(
		"tr",
		{},
		element("td", {}, ...verdictParts(row)),
		element(
			"td",
			{ class: "mono" },
			element("a", { href }, callsite.function),
			" ",
			element("span", { class: "muted" }, `${place(callsite)} ${callsite.kind}`),
		),
		figure(2, row.before ? value(row.heldBefore, callsite.unit) : UNKNOWN),
		figure(3, row.after ? value(row.heldAfter, callsite.unit) : UNKNOWN),
		figure(4, differenceWords(row)),
		figure(5, rate(row.rateBefore, callsite.unit)),
		figure(6, rate(row.rateAfter, callsite.unit)),
	);
}

/** What became of the verdict; one that it has in both is said once. @param {compare.JoinedCallsite} row */
function verdictParts({ before, after }) {
	if (!before || !after)
		return [
			element("span", { class: "muted" }, before ? "only before: " : "only after: "),
			verdictBadge(/** @type {Callsite} */ (before ?? after).verdict),
		];
	if (before.verdict === after.verdict) return [verdictBadge(after.verdict)];
	return [verdictBadge(before.verdict), " → ", verdictBadge(after.verdict)];
}

/** @param {compare.JoinedCallsite} row */
function differenceWords({ difference, callsite }) {
	return difference !== null && difference > 0
		? `+${value(difference, callsite.unit)}`
		: value(difference, callsite.unit);
}
