// SPDX-License-Identifier: MIT
// One callsite: what is said of it, its curves, the stacks that lead to it with their source, how old what it holds is,
// and who releases it.
import { createChart } from "./chart.js";
import { element, fill, text } from "./dom.js";
import { verdictBadge } from "./verdict.js";
import * as words from "./view/callsite.js";
import { base, bytes, count, percent, place, value } from "./view/format.js";

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
	const head = element("section", { class: "panel callsite-head" });
	const charts = element("section", { class: "callsite-charts" });
	const stacks = element("section", { class: "panel" });
	const more = element("div", { class: "callsite-more" });
	const body = element("div", { hidden: true }, head, charts, stacks, more);
	const curves = createCurves(charts, app);
	const folds = createFolds();
	/**
	 * The stacks that are shown, as text: they are drawn again only if they differ, so that a reader keeps the place.
	 */
	let stacksShown = "";
	let asked = "";

	root.append(
		element(
			"p",
			{},
			element(
				"a",
				{ class: "callsite-back", href: app.state.href({ view: "overview", callsite: null }) },
				"← all callsites",
			),
		),
		message,
		body,
	);

	/** @param {CallsiteDetails} details */
	function show(details) {
		message.hidden = true;
		body.hidden = false;
		head.dataset.verdict = details.verdict;
		fill(head, ...headParts(app, details));
		curves.set(details);
		const newest = JSON.stringify(details.stacks);
		if (newest !== stacksShown) fill(stacks, ...stackParts(details, folds));
		stacksShown = newest;
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

/** @param {App} app @param {CallsiteDetails} details */
function headParts(app, details) {
	const flame = {
		view: /** @type {const} */ ("flame"),
		type: words.typeOf(
			details,
			app.recording().types.map(({ name }) => name),
		),
		search: details.function,
		zoom: "",
	};

	return [
		element(
			"header",
			{ class: "callsite-name" },
			element("h1", {}, words.callsiteTitle(details)),
			verdictBadge(details.verdict),
			element("span", { class: "muted" }, details.kind),
		),
		element("p", {}, details.why),
		element(
			"dl",
			{ class: "callsite-facts" },
			...words.facts(details).flatMap((fact) => [element("dt", {}, fact.term), element("dd", {}, fact.words)]),
		),
		element("p", {}, element("a", { href: app.state.href(flame) }, "in the flame graph")),
		details.text
			? element(
					"details",
					{ class: "callsite-text" },
					element("summary", {}, "what seep growth says"),
					element("pre", {}, details.text),
				)
			: null,
	];
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

/** What the reader has opened or folded, by name: it stays so when newer figures come. */
function createFolds() {
	/** @type {Map<string, boolean>} */
	const chosen = new Map();

	/**
	 * isOpen: unless the reader chose otherwise.
	 * @param {string} name @param {boolean} isOpen @param {string} className @param {Child[]} summary @param {...Child}
	 * children
	 */
	function fold(name, isOpen, className, summary, ...children) {
		// with blanks between, so that a line breaks there
		const words = summary.flatMap((child) => (child ? [child, " "] : []));
		const made = element(
			"details",
			{ class: className, open: chosen.get(name) ?? isOpen },
			element("summary", {}, ...words),
			...children,
		);

		made.addEventListener("toggle", () => chosen.set(name, made.open));
		return made;
	}

	return fold;
}

/** @param {CallsiteDetails} details @param {ReturnType<typeof createFolds>} fold */
function stackParts(details, fold) {
	const rows = details.stacks.map((stack, i) => {
		const named = words.namedFrame(stack, details);
		const amount =
			details.unit === "bytes" ? `${bytes(stack.bytes)} in ${count(stack.objects)}` : count(stack.objects);
		const key = words.stackWords(stack, details);

		return fold(
			`stack ${key}`,
			i === 0,
			"callsite-stack",
			[
				element("span", { class: "number callsite-share" }, percent(stack.share)),
				element("span", { class: "number" }, amount),
				element("span", { class: "mono callsite-way" }, key),
			],
			element(
				"ol",
				{ class: "callsite-frames" },
				...stack.frames.map((frame, at) =>
					element("li", {}, framePart(frame, at === named, `${i} ${at}`, fold)),
				),
			),
		);
	});

	return [
		element("header", { class: "panel-head" }, element("h2", {}, "Stacks, innermost frame first")),
		element("div", { class: "callsite-inside" }, ...rows),
	];
}

/**
 * @param {words.StackFrame} frame @param {boolean} isNamed @param {string} key @param {ReturnType<typeof createFolds>}
 * fold
 */
function framePart(frame, isNamed, key, fold) {
	const summary = [
		element("span", { class: isNamed ? "mono callsite-named" : "mono" }, frame.function),
		element("span", { class: "mono muted" }, place(frame)),
		frame.inlined ? element("span", { class: "muted" }, "inline") : null,
		frame.file && frame.module ? element("span", { class: "muted callsite-module" }, base(frame.module)) : null,
	];

	return fold(`frame ${key} ${frame.function}`, isNamed, "callsite-frame", summary, sourcePart(frame));
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
