// SPDX-License-Identifier: MIT
// The flame graph with all around it: which type, against what, search, the way to the zoomed frame, a line about the
// frame that is pointed at, and the same figures as a table. All that is chosen is in the state, so that the view is a
// link.
import { createTimeline } from "./charts.js";
import { element, fill, refill, text } from "./dom.js";
import { createGraph } from "./flame_graph.js";
import * as flame from "./view/flame.js";
import { percent, place, span, value } from "./view/format.js";

/** @typedef {import("./types").App} App */
/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Change} Change */

const TABLE_ROWS = 100;
const DOWNLOADS = /** @type {const} */ (["pprof", "collapsed", "speedscope", "heaptrack", "csv", "json", "svg"]);

/** @type {import("./types").CreateView} */
export function create(root, app) {
	const timeline = createTimeline(root, app);
	const panel = createFlame(root, app);

	return {
		update(state, change) {
			timeline.update(state, change);
			panel.update(state, change);
		},
		destroy() {
			timeline.destroy();
			panel.destroy();
		},
	};
}

/**
 * The panel without the strip of time above it. title: if it is the difference of the pair that the view around it has
 * chosen.
 * @param {HTMLElement} root @param {App} app @param {string} [title]
 */
export function createFlame(root, app, title) {
	const parts = createParts(app, title);
	/** @type {{data: flame.FlameData, tree: flame.FlameTree} | null} */
	let shown = null;
	/** What was asked for last, so that an answer that comes late is not shown. */
	let asked = "";
	/** Zooms to go back to, of this visit. @type {string[]} */
	const trail = [];

	root.append(parts.panel);
	const graph = createGraph(parts.stage, app, {
		pointed(node, byKey) {
			describe(node);
			if (byKey) text(parts.aloud, parts.line.textContent ?? "");
		},
		laidOut: (hidden) => text(parts.narrow, flame.hiddenWords(hidden)),
		zoomed: (node) => zoomTo(shown ? flame.pathName(shown.tree, node) : ""),
		back() {
			const { zoom, search } = app.state.get();
			if (zoom) app.state.set({ zoom: trail.pop() ?? "" });
			else if (search) app.state.set({ search: "" });
			return zoom !== "" || search !== "";
		},
	});

	/** @param {string} path */
	function zoomTo(path) {
		const { zoom } = app.state.get();
		if (path === zoom) return;
		trail.push(zoom);
		app.state.set({ zoom: path });
	}

	/** @param {number} node -1: the zoomed one */
	function describe(node) {
		if (!shown) return;
		const { tree, data } = shown;
		text(parts.line, flame.describe(tree, data, node < 0 ? flame.findPath(tree, app.state.get().zoom) : node));
	}

	/** @param {State} state */
	async function load(state) {
		const params = app.query({ type: state.type, base: state.base });
		const request = (asked = JSON.stringify(params));

		try {
			const data = await app.source.get("/api/flame", params);
			if (request !== asked) return;
			shown = { data, tree: flame.buildTree(data) };
			parts.panel.classList.remove("flame-none");
			show(app.state.get());
		} catch (error) {
			if (request !== asked) return;
			shown = null;
			refuse(error instanceof Error ? error.message : String(error));
		}
	}

	/** Nothing to draw: a sentence instead. @param {string} sentence */
	function refuse(sentence) {
		parts.panel.classList.add("flame-none");
		text(parts.message, sentence);
	}

	/** @param {State} state */
	function show(state) {
		if (!shown) return;
		const { data, tree } = shown;
		if (tree.count === 1)
			return refuse(
				`Nothing was recorded as ${flame.typeWords(data.type)}${state.since === null ? "" : " in this span"}.`,
			);
		const zoom = flame.findPath(tree, state.zoom);
		const matches = flame.search(tree, data.frames, state.search);

		graph.set({
			data,
			tree,
			zoom,
			matches,
			icicle: state.icicle,
			program: app.recording().program_path ?? app.recording().program ?? "",
		});
		refill(parts.way, ...wayItems(app, tree, zoom, zoomTo));
		text(parts.found, matches ? foundWords(tree, flame.matched(tree, matches, zoom), data.unit, zoom) : "");
		text(parts.words, headWords(app, state, data, tree));
		showLegend(parts.legend, tree, matches !== null);
		showTable(zoom);
		describe(-1);
	}

	/** Only while it is open: 10,000 stacks are no work then. @param {number} zoom */
	function showTable(zoom) {
		if (!parts.details.open || !shown) return;
		const { data, tree } = shown;
		const rows = flame.functionTable(tree, zoom);

		text(parts.tableNote, rows.length > TABLE_ROWS ? `The first ${TABLE_ROWS} of ${rows.length} functions.` : "");
		refill(parts.tableBody, ...rows.slice(0, TABLE_ROWS).map((row) => tableRow(app, row, data, tree.weight[zoom])));
	}

	parts.type.addEventListener("change", () => app.state.set({ type: parts.type.value }));
	parts.base.addEventListener("change", () =>
		app.state.set({ base: parts.base.value === "" ? null : Number(parts.base.value) }),
	);
	parts.search.addEventListener("input", () => app.state.set({ search: parts.search.value }, "replace"));
	parts.icicle.addEventListener("click", () => app.state.set({ icicle: !app.state.get().icicle }));
	parts.details.addEventListener("toggle", () =>
		showTable(shown ? flame.findPath(shown.tree, app.state.get().zoom) : 0),
	);

	return {
		/** @param {State} state @param {Change} change */
		update(state, change) {
			if (change.state) showControls(parts, app, state);
			if (change.state && JSON.stringify(app.query({ type: state.type, base: state.base })) === asked)
				show(state);
			else if (change.state || change.data) load(state);
			if (change.theme) graph.redraw();
		},
		destroy() {
			asked = "";
			graph.destroy();
		},
	};
}

/* ---- what it consists of ---- */

/** @typedef {ReturnType<typeof createParts>} Parts */

/** @param {App} app @param {string} [title] */
function createParts(app, title) {
	const type = element("select");
	const base = element("select");
	const search = element("input", {
		type: "search",
		placeholder: "function, file or module",
		spellcheck: "false",
		autocomplete: "off",
	});
	const found = element("output", { class: "flame-found" });
	const icicle = element("button", { class: "button", type: "button" });
	const words = element("p", { class: "flame-words" });
	const way = element("ol", { class: "flame-way", "aria-label": "The way to the zoomed frame" });
	const stage = element("div");
	const message = element("p", { class: "message" });
	const line = element("p", { class: "flame-line" });
	const aloud = element("p", { class: "hidden-text", "aria-live": "polite" });
	const legend = element("p", { class: "flame-legend muted" });
	const narrow = element("p", { class: "muted" });
	const tableBody = element("tbody");
	const tableNote = element("p", { class: "muted" });
	const details = element(
		"details",
		{ class: "flame-details" },
		element("summary", {}, "The same as a table"),
		table(tableBody),
		tableNote,
	);
	const downloads = element("p", { class: "flame-downloads muted" });
	const baseField = element(
		"label",
		{ class: "field", hidden: title !== undefined || app.recordings().length < 2 },
		"less",
		base,
	);
	const controls = element(
		"div",
		{ class: "flame-controls" },
		element("label", { class: "field" }, "what", type),
		baseField,
		element("label", { class: "field" }, "search", search),
		found,
		icicle,
	);
	const panel = element(
		"section",
		{ class: "panel flame-panel" },
		element("header", { class: "panel-head" }, element("h2", {}, title ?? "Flame graph")),
		element(
			"div",
			{ class: "flame-inside" },
			controls,
			words,
			way,
			message,
			element("div", { class: "flame-body" }, stage, line, aloud, legend, narrow, details),
			downloads,
		),
	);

	return {
		panel,
		type,
		base,
		search,
		found,
		icicle,
		words,
		way,
		stage,
		message,
		line,
		aloud,
		legend,
		narrow,
		details,
		tableBody,
		tableNote,
		downloads,
	};
}

/** @param {HTMLElement} body */
function table(body) {
	const head = ["function", "where", "itself", "with all it called", "part"].map((name, i) =>
		element("th", { scope: "col", class: i > 1 ? "number" : null }, name),
	);

	return element("table", { class: "flame-table" }, element("thead", {}, element("tr", {}, ...head)), body);
}

/**
 * @param {App} app @param {{name: string, frame: number, flat: number, cum: number}} row @param {flame.FlameData} data
 * @param {number} total
 */
function tableRow(app, row, data, total) {
	const frame = data.frames[row.frame];

	return element(
		"tr",
		{},
		element("td", { class: "mono" }, element("a", { href: app.state.href({ search: row.name }) }, row.name)),
		element("td", { class: "mono muted" }, place(frame)),
		element("td", { class: "number" }, value(row.flat, data.unit)),
		element("td", { class: "number" }, value(row.cum, data.unit)),
		element("td", { class: "number" }, total > 0 ? percent(Math.abs(row.cum) / total) : ""),
	);
}

/* ---- what it says ---- */

/** @param {Parts} parts @param {App} app @param {State} state */
function showControls(parts, app, state) {
	const types = app.recording().types.map(({ name }) => name);
	const known = types.includes(state.type) ? types : [state.type, ...types];

	fill(
		parts.type,
		...known.map((name) =>
			element("option", { value: name, selected: name === state.type }, flame.typeWords(name)),
		),
	);
	parts.type.value = state.type;
	const others = app.recordings().filter(({ index }) => index !== state.recording);
	fill(
		parts.base,
		element("option", { value: "" }, "nothing"),
		...others.map(({ index, name }) => element("option", { value: index }, name)),
	);
	parts.base.value = state.base === null ? "" : String(state.base);
	if (parts.search.value !== state.search) parts.search.value = state.search;
	text(parts.icicle, state.icicle ? "root at the bottom" : "root on top");
	showDownloads(parts.downloads, app, state);
}

/** @param {HTMLElement} root @param {App} app @param {State} state */
function showDownloads(root, app, state) {
	const links = DOWNLOADS.flatMap((format) => {
		const href = app.download(format, { type: state.type, base: state.base });
		return href === null ? [] : [element("a", { href, download: true }, format), " "];
	});

	fill(root, links.length ? "Take it along: " : "", ...links);
}

/**
 * What the graph is of, in one sentence.
 * @param {App} app @param {State} state @param {flame.FlameData} data @param {flame.FlameTree} tree
 */
function headWords(app, state, data, tree) {
	const name = (/** @type {number} */ index) =>
		app.recordings().find((its) => its.index === index)?.name ?? `recording ${index}`;
	const what = flame.typeWords(data.type);
	const amount = flame.valueWords(tree, tree.value[0], data.unit);
	const when =
		state.since === null && state.until === null
			? ""
			: `, ${span(state.since, state.until, app.recording().newest_s ?? 0)}`;
	const estimate = data.estimated ? "; estimated from sampled blocks" : "";

	if (data.difference && state.base !== null)
		return `${name(state.recording)} less ${name(state.base)}: ${what} ${amount}${when}${estimate}.`;
	return `${tree.signed ? what[0].toUpperCase() + what.slice(1) : `All ${what}`}: ${amount}${when}${estimate}.`;
}

/**
 * @param {flame.FlameTree} tree @param {{value: number, part: number}} found @param {string} unit @param {number} zoom
 */
function foundWords(tree, found, unit, zoom) {
	if (!found.part) return "nothing matches";
	const whole = zoom ? "the zoomed frame" : "all";

	return `${percent(found.part)} of ${whole} matches: ${flame.valueWords(tree, found.value, unit)}`;
}

/** @param {App} app @param {flame.FlameTree} tree @param {number} zoom @param {(path: string) => void} zoomTo */
function wayItems(app, tree, zoom, zoomTo) {
	return flame.ancestry(tree, zoom).map((node) => {
		const name = node ? tree.names[tree.name[node]] : "all";
		const path = flame.pathName(tree, node);
		const go = (/** @type {MouseEvent} */ event) => {
			if (event.ctrlKey || event.metaKey || event.shiftKey) return;
			event.preventDefault();
			zoomTo(path);
		};

		return element(
			"li",
			{},
			node === zoom
				? element("span", { "aria-current": "location" }, name)
				: element("a", { href: app.state.href({ zoom: path }), onclick: go }, name),
		);
	});
}

/** @param {HTMLElement} root @param {flame.FlameTree} tree @param {boolean} isSearched */
function showLegend(root, tree, isSearched) {
	const keys = tree.signed
		? [
				["more", "red: grew"],
				["less", "blue: shrank"],
			]
		: [
				["own", "the program's own functions"],
				["library", "libraries"],
			];

	if (isSearched) keys.push(["match", "matches the search"]);
	fill(root, ...keys.map(([name, words]) => element("span", { class: `flame-key flame-key-${name}` }, words)));
}
