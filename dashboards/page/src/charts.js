// SPDX-License-Identifier: MIT
// All time charts of the overview, aligned; and the strip of memory alone for other views.
import { createChart, pointCharts } from "./chart.js";
import { element, fill } from "./dom.js";
import { createFeed } from "./feed.js";
import { clock } from "./view/format.js";
import { cutSeries, groupCharts, joinMarks } from "./view/series.js";
import { SETTLED } from "./view/verdicts.js";

/** @typedef {import("./types").App} App */
/** @typedef {import("./types").Chart} Chart */
/** @typedef {import("./types").Change} Change */
/** @typedef {import("./types").Mark} Mark */
/** @typedef {import("./view/series.js").Held} Held */
/** @typedef {import("./view/series.js").ChartGroup} ChartGroup */

/** Two rows of the grid, of which memory takes four places; what else there is stays folded until it is asked for. */
const SHOWN_AT_ONCE = 6;
const MEMORY_COLOURS = /** @type {Record<string, string>} */ ({
	tracked: "curve-1",
	private: "curve-2",
	working_set: "curve-3",
	retention: "curve-4",
});
const COLOURS = ["curve-1", "curve-6", "curve-5", "curve-7", "curve-4", "curve-8", "curve-9", "curve-2", "curve-3"];

/**
 * The curves with their colours. names: all that stand in such charts, so that a curve that only one of two charts has
 * moves no other's colour.
 * @param {{curves: ChartGroup["curves"]}} group @param {string[]} [names]
 */
export function colouredCurves(group, names = group.curves.map(({ name }) => name)) {
	return group.curves.map((curve) => ({
		...curve,
		colour: MEMORY_COLOURS[curve.name] ?? COLOURS[names.indexOf(curve.name) % COLOURS.length],
	}));
}

/**
 * The marks as a list: for the keyboard, and for all that do not fit on the charts.
 * @param {App} app @param {Mark[]} marks
 */
function marksList(app, marks) {
	const { newest_s, created_s } = app.recording();
	const withDay = (newest_s ?? 0) - (created_s ?? 0) > 86400;

	return element(
		"ol",
		{},
		...marks.map((mark) =>
			element(
				"li",
				{},
				element("time", {}, clock(mark.time_s, withDay)),
				element(
					"button",
					{
						class: "link-button",
						type: "button",
						onclick: () => pointCharts(mark.time_s),
						onfocus: () => pointCharts(mark.time_s),
					},
					mark.text,
				),
			),
		),
	);
}

/** @param {HTMLElement} root @param {App} app */
export function createCharts(root, app) {
	const message = element("p", { class: "message" }, "Reading the curves…");
	const grid = element("div", { class: "charts" });
	const moreGrid = element("div", { class: "charts" });
	const more = element(
		"details",
		{ class: "more-charts", hidden: true },
		element("summary", {}, "More charts"),
		moreGrid,
	);
	const listCount = element("summary", {});
	const listBody = element("div");
	const list = element("details", { class: "panel marks", hidden: true }, listCount, listBody);
	/** @type {Map<string, Chart>} */
	const charts = new Map();
	/** @type {Mark[]} */
	let verdicts = [];
	/** @type {Held | null} */
	let held = null;
	let listed = "";

	root.append(message, grid, more, list);

	/** @param {Mark[]} marks */
	function showList(marks) {
		const text = JSON.stringify(marks);
		if (text === listed) return;
		listed = text;
		list.hidden = marks.length === 0;
		listCount.textContent = `Marks (${marks.length})`;
		fill(listBody, marksList(app, marks));
	}

	/** Charts in their places. @param {ChartGroup[]} groups */
	function place(groups) {
		if (groups.map((group) => group.key).join() === [...charts.keys()].join()) return;
		for (const chart of charts.values()) chart.destroy();
		charts.clear();
		groups.forEach(({ key, title, unit }, i) => {
			const isMemory = key.startsWith("memory:");
			const options = { title, unit, canFit: isMemory, className: isMemory ? "is-wide" : "" };
			charts.set(key, createChart(i < SHOWN_AT_ONCE ? grid : moreGrid, app, options));
		});
		more.hidden = groups.length <= SHOWN_AT_ONCE;
	}

	function show() {
		if (!held) return;
		const { since, until } = app.state.get();
		const { times, curves } = cutSeries(held, since, until);
		const groups = groupCharts(curves);
		const marks = joinMarks(held.marks, verdicts);

		message.hidden = groups.length > 0;
		message.textContent = "No samples in this span.";
		place(groups);
		const drawn = marks.filter((mark) => mark.kind !== SETTLED);
		for (const group of groups) charts.get(group.key)?.set({ times, curves: colouredCurves(group), marks: drawn });
		showList(marks);
	}

	const feed = createFeed(app, {
		whole: false,
		onData(now) {
			held = now;
			show();
		},
		onError(error, isNew) {
			if (!isNew) return; // what is drawn stays, and the header says that the connection is lost
			held = null;
			place([]);
			showList([]);
			message.hidden = false;
			message.textContent = error.message;
		},
	});

	return {
		/** @param {Mark[]} marks changes of verdict */
		setMarks(marks) {
			verdicts = marks;
			show();
		},
		/** @param {Change} change */
		update(change) {
			for (const chart of charts.values()) chart.update(change);
			if (change.state && app.source.embedded) show();
			feed.update(change);
		},
		destroy() {
			feed.destroy();
			for (const chart of charts.values()) chart.destroy();
		},
	};
}

/**
 * The memory of the whole recording as a strip, in which a span is selected.
 * @param {HTMLElement} root @param {App} app
 */
export function createTimeline(root, app) {
	const place = element("div", { class: "timeline" });
	const chart = createChart(place, app, { title: "Memory", unit: "bytes", brush: true, className: "is-strip" });
	const feed = createFeed(app, {
		whole: true,
		onData(held) {
			const memory = groupCharts(held.curves).find((group) => group.key === "memory:bytes");
			if (memory) chart.set({ times: held.times, curves: colouredCurves(memory), marks: held.marks });
		},
		onError(_, isNew) {
			if (isNew) chart.set({ times: [], curves: [], marks: [] });
		},
	});

	root.append(place);
	return {
		/** @param {import("./types").State} _ @param {Change} change */
		update(_, change) {
			chart.update(change);
			feed.update(change);
		},
		destroy() {
			feed.destroy();
			chart.destroy();
			place.remove();
		},
	};
}
