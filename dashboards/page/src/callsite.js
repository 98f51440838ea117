// SPDX-License-Identifier: MIT
// One callsite: what is said of it, its curves, the stacks that lead to it with their source, how old what it holds is,
// and who releases it.
import { createChart } from "./chart.js";
import { element, fill, text } from "./dom.js";
import { verdictBadge } from "./verdict.js";
import * as words from "./view/callsite.js";
import { base, count, percent, place, value } from "./view/format.js";

/** @typedef {import("./types").App} App */
/** @typedef {import("./dom.js").Child} Child */
/** @typedef {words.CallsiteDetails} CallsiteDetails */

/** Which curves stand in which chart; a chart without any value is left out. */
const CHARTS = /** @type {const} */ ([
	{ title: "Held", unit: "bytes", curves: [["live_bytes", "bytes held", "curve-1"]] },
	{ title: "Objects held", unit: "objects", curves: [["live_objects", "objects held", "curve-2"]] },
	{
		title: "Acquired and released a second",
		unit: "per_s",
		curves: [
			["acquired_per_s", "acquired", "curve-3"],
			["released_per_s", "released", "curve-4"],
		],
	},
	{ title: "Mean age", unit: "seconds", curves: [["mean_age_s", "mean age", "curve-5"]] },
]);

/** @type {import("./types").CreateView} */
export function create(root, app) {
	const message = element("p", { class: "message" }, "Reading the callsite…");
	const charts = element("section", { class: "callsite-charts" });
	const more = element("div", { class: "callsite-more" });
	const back = app.state.href({ view: "overview", callsite: null });
	const head = createHead(app);
	const curves = createCurves(charts, app);
	const stacks = createStacks();
	const body = element("div", { hidden: true }, head.panel, charts, stacks.panel, more);
	let asked = "";

	root.append(
		element("p", {}, element("a", { class: "callsite-back", href: back }, "← all callsites")),
		message,
		body,
	);

	/** @param {CallsiteDetails} details */
	function show(details) {
		message.hidden = true;
		body.hidden = false;
		head.set(details);
		curves.set(details);
		stacks.set(details);
		fill(more, agesPanel(details), releasesPanel(details));
	}

	/** A report has figures of the whole recording only. @param {string | null} id */
	const paramsOf = (id) => app.query(app.source.embedded ? { id, since: null, until: null } : { id });

	async function load() {
		const { callsite } = app.state.get();
		const params = paramsOf(callsite);
		const request = (asked = JSON.stringify(params));

		try {
			const details = await app.source.get("/api/callsite", params);
			if (request === asked) show(details);
		} catch (error) {
			if (request !== asked) return;
			body.hidden = true;
			message.hidden = false;
			text(message, error instanceof Error ? error.message : String(error));
		}
	}

	return {
		update(state, change) {
			const differs = JSON.stringify(paramsOf(state.callsite)) !== asked;
			if (differs || change.data) load();
			curves.update(change);
		},
		destroy() {
			asked = "";
			curves.destroy();
		},
	};
}

/* ---- what is said ---- */

/** Its elements stay, and with them what is open and what has the focus. @param {App} app */
function createHead(app) {
	const title = element("h1");
	const badge = element("span");
	const kind = element("span", { class: "muted" });
	const why = element("p");
	const facts = element("dl", { class: "callsite-facts" });
	const flame = element("a", {}, "in the flame graph");
	const growth = element("pre");
	const said = element(
		"details",
		{ class: "callsite-text" },
		element("summary", {}, "what seep growth says"),
		growth,
	);
	const name = element("header", { class: "callsite-name" }, title, badge, kind);
	const panel = element("section", { class: "panel callsite-head" }, name, why, facts, element("p", {}, flame), said);

	return {
		panel,
		/** @param {CallsiteDetails} details */
		set(details) {
			const types = app.recording().types.map((type) => type.name);
			const type = words.typeOf(details, types);

			panel.dataset.verdict = details.verdict;
			text(title, words.callsiteTitle(details));
			fill(badge, verdictBadge(details.verdict));
			text(kind, details.kind);
			text(why, details.why);
			fill(
				facts,
				...words
					.facts(details)
					.flatMap((fact) => [element("dt", {}, fact.term), element("dd", {}, fact.words)]),
			);
			flame.setAttribute("href", app.state.href({ view: "flame", type, search: details.function, zoom: "" }));
			said.hidden = !details.text;
			text(growth, details.text);
		},
	};
}

/* ---- curves ---- */

/** @param {HTMLElement} root @param {App} app */
function createCurves(root, app) {
	/** @type {Map<string, {chart: import("./types").Chart, place: HTMLElement}>} */
	const made = new Map();

	/** @param {(typeof CHARTS)[number]} its */
	function chartOf(its) {
		const known = made.get(its.title);
		if (known) return known;
		const place = element("div");
		root.append(place);
		const chart = { place, chart: createChart(place, app, { title: its.title, unit: its.unit, height: 150 }) };
		made.set(its.title, chart);
		return chart;
	}

	/** @param {CallsiteDetails} details */
	function set({ curves }) {
		const times = Array.from({ length: curves.count }, (_, i) => curves.start_s + i * curves.step_s);

		for (const its of CHARTS) {
			const drawn = its.curves.map(([name, label, colour]) => ({
				name,
				label,
				colour,
				values: curves[name] ?? [],
			}));
			if (!drawn.some(({ values }) => values.some((point) => point))) continue;
			chartOf(its).chart.set({ times, curves: drawn });
		}
		root.hidden = !made.size;
	}

	return {
		set,
		/** @param {import("./types").Change} change */
		update(change) {
			for (const { chart } of made.values()) chart.update(change);
		},
		destroy() {
			for (const { chart } of made.values()) chart.destroy();
		},
	};
}

/* ---- stacks ---- */

/** Drawn anew only if there are other stacks than before: newer figures leave what a reader has opened as it is. */
function createStacks() {
	const list = element("div", { class: "callsite-inside" });
	const title = element("h2", {}, "Stacks by their part of the growth, innermost frame first");
	const panel = element("section", { class: "panel" }, element("header", { class: "panel-head" }, title), list);
	let shown = "";
	/** @type {{share: HTMLElement, amount: HTMLElement}[]} */
	let figures = [];

	/** @param {words.Stack} stack @param {number} at @param {CallsiteDetails} details */
	function stackPart(stack, at, details) {
		const named = words.namedFrame(stack, details);
		const its = { share: element("span", { class: "callsite-share" }), amount: element("span") };
		const frames = stack.frames.map((frame, i) => element("li", {}, framePart(frame, i === named)));
		const way = element("span", { class: "mono callsite-way" }, words.stackWords(stack, details));

		figures.push(its);
		return fold(
			"callsite-stack",
			at === 0,
			[its.share, its.amount, way],
			element("ol", { class: "callsite-frames" }, ...frames),
		);
	}

	return {
		panel,
		/** @param {CallsiteDetails} details */
		set(details) {
			const shape = JSON.stringify(details.stacks.map(({ frames }) => frames));

			if (shape !== shown) {
				figures = [];
				fill(list, ...details.stacks.map((stack, i) => stackPart(stack, i, details)));
				shown = shape;
			}
			details.stacks.forEach((stack, i) => {
				text(figures[i].share, percent(stack.share));
				text(figures[i].amount, words.amountWords(stack, details.unit));
			});
		},
	};
}

/**
 * With blanks between the summary's parts, so that a line breaks there.
 * @param {string} className @param {boolean} isOpen @param {Child[]} summary @param {Child} content
 */
function fold(className, isOpen, summary, content) {
	const spaced = summary.flatMap((child) => (child ? [child, " "] : []));

	return element("details", { class: className, open: isOpen }, element("summary", {}, ...spaced), content);
}

/** @param {words.StackFrame} frame @param {boolean} isNamed */
function framePart(frame, isNamed) {
	const summary = [
		element("span", { class: isNamed ? "mono callsite-named" : "mono" }, frame.function),
		element("span", { class: "mono muted" }, place(frame)),
		frame.inlined ? element("span", { class: "muted" }, "inline") : null,
		frame.file && frame.module ? element("span", { class: "muted callsite-module" }, base(frame.module)) : null,
	];

	return fold("callsite-frame", isNamed, summary, sourcePart(frame));
}

/** @param {words.StackFrame} frame */
function sourcePart(frame) {
	const lines = words.sourceLines(frame);
	const line = (/** @type {ReturnType<typeof words.sourceLines>[number]} */ its) =>
		element(
			"span",
			{ class: its.isCalled ? "callsite-line callsite-called" : "callsite-line" },
			element("span", { class: "callsite-number" }, its.number),
			its.isCalled ? element("span", { class: "hidden-text" }, "this line: ") : null,
			element("span", { class: "callsite-code" }, its.text),
			"\n",
		);

	if (!lines.length) return element("p", { class: "muted" }, words.noSourceWords(frame));
	return element(
		"figure",
		{ class: "callsite-source" },
		element("figcaption", { class: "mono muted" }, frame.source?.path ?? ""),
		element("pre", {}, ...lines.map(line)),
	);
}

/* ---- ages and releases ---- */

/** @param {CallsiteDetails} details */
function agesPanel(details) {
	const title = element("header", { class: "panel-head" }, element("h2", {}, "How old what it holds is"));

	if (!details.ages)
		return element(
			"section",
			{ class: "panel" },
			title,
			element("p", { class: "muted callsite-inside" }, details.ages_why ?? "Not known."),
		);
	const rows = words.ageRows(details.ages, details.unit).map((row) => {
		const bar = element("span", { class: "callsite-bar" });
		bar.style.width = `${(row.part * 100).toFixed(1)}%`;
		return element(
			"tr",
			{},
			element("th", { scope: "row" }, row.label),
			element("td", { class: "number" }, count(row.objects)),
			details.unit === "bytes" ? element("td", { class: "number" }, value(row.bytes, "bytes")) : null,
			element("td", { class: "callsite-bars", "aria-hidden": "true" }, bar),
		);
	});
	const columns = ["age", "objects", ...(details.unit === "bytes" ? ["bytes"] : []), ""];
	const head = element(
		"tr",
		{},
		...columns.map((name, i) =>
			name ? element("th", { scope: "col", class: i ? "number" : null }, name) : element("td"),
		),
	);

	return element(
		"section",
		{ class: "panel" },
		title,
		element(
			"div",
			{ class: "callsite-inside" },
			element("table", { class: "callsite-ages" }, element("thead", {}, head), element("tbody", {}, ...rows)),
		),
	);
}

/** @param {CallsiteDetails} details */
function releasesPanel(details) {
	return element(
		"section",
		{ class: "panel" },
		element("header", { class: "panel-head" }, element("h2", {}, "Where its objects are released")),
		element("p", { class: "callsite-inside" }, words.releaseWords(details.releases)),
	);
}
