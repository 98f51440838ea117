// SPDX-License-Identifier: MIT
// The table of callsites: a real <table> in the page's own scrolling, of which only the rows in sight are there, so
// that 10,000 are as quick as ten. The focus stays on the table, and aria-activedescendant says which row is meant.
import { clear, element, fill, onceAFrame, svg } from "./dom.js";
import { bytes, count, known, percent, place, plural, rate, rateRange, age, UNKNOWN } from "./view/format.js";
import {
	COLUMNS,
	filterRows,
	moveActive,
	nextSort,
	parseSort,
	searchTexts,
	sortRows,
	sparkLines,
	visibleRows,
} from "./view/table.js";
import { verdictBadge } from "./verdict.js";

/** @typedef {import("./types").App} App */
/** @typedef {import("./types").Callsite} Callsite */
/** @typedef {import("./types").State} State */

const FILTER_ID = "callsite-filter";

/** @param {(number | null)[]} values */
export function sparkline(values) {
	const lines = sparkLines(values, 100, 18).map((points) =>
		svg("polyline", { points, "vector-effect": "non-scaling-stroke" }),
	);

	return svg(
		"svg",
		{ class: "spark", viewBox: "0 -1 100 20", preserveAspectRatio: "none", "aria-hidden": "true" },
		...lines,
	);
}

/** @param {Callsite} row @param {number | null} size */
function held(row, size) {
	return row.unit === "bytes" ? bytes(size) : count(size);
}

/** "≈12.30MB" of an estimate @param {Callsite} row */
function flat(row) {
	return `${row.estimated ? "≈" : ""}${held(row, row.unit === "bytes" ? row.bytes : row.objects)}`;
}

/** @param {Callsite} row */
function errorWords(row) {
	return row.estimated && known(row.error) ? `estimated, ±${held(row, 1.96 * row.error)} with 95 % certainty` : "";
}

/** What stands in each column. @type {Record<string, (row: Callsite, app: App) => import("./dom.js").Child[]>} */
const CELLS = {
	verdict: (row) => [verdictBadge(row.verdict)],
	function: (row, app) => [
		element("a", { href: app.state.href({ view: "callsite", callsite: row.id }), tabindex: -1 }, row.function),
		element("span", { class: "sites-place" }, place(row)),
	],
	kind: (row) => [row.kind],
	flat: (row) => [flat(row)],
	objects: (row) => [count(row.objects)],
	cum: (row) => [held(row, row.unit === "bytes" ? row.cum_bytes : row.cum_objects)],
	rate: (row) => [rate(row.rate, row.unit)],
	trend: (row) => [sparkline(row.spark)],
	age: (row) => [known(row.age_s) ? age(row.age_s) : UNKNOWN],
};

/** What a cell says on hovering. @type {Record<string, (row: Callsite) => string>} */
const HINTS = {
	verdict: (row) => row.why,
	flat: errorWords,
	function: (row) => `${row.function} ${row.file ?? ""}${row.line ? `:${row.line}` : ""} ${row.module ?? ""}`,
	rate: (row) =>
		rateRange(row.rate_low, row.rate_high, row.rate, row.unit) +
		(known(row.share) && row.share > 0 ? `; ${percent(row.share)} of the growth` : ""),
};

/** @param {import("./view/table.js").Column} column */
function numberClass(column) {
	return column.number && column.name !== "trend" ? " number" : "";
}

/** @param {HTMLElement} root @param {App} app */
export function createTable(root, app) {
	const shown = element("span", { class: "muted", role: "status" });
	const input = element("input", {
		id: FILTER_ID,
		type: "search",
		placeholder: "function, file, kind, verdict",
		autocomplete: "off",
		spellcheck: "false",
	});
	const downloads = element("span", { class: "muted" });
	const heads = COLUMNS.map((column) => {
		const button = element(
			"button",
			{
				type: "button",
				title: column.title,
				onclick: () => app.state.set({ sort: nextSort(app.state.get().sort, column) }, "replace"),
			},
			column.label,
		);
		return element("th", { scope: "col", class: `of-${column.name}${numberClass(column)}` }, button);
	});
	// no colspan: it would make columns that a narrow page has not
	const above = element("td");
	const below = element("td");
	const aboveRow = element("tr", { class: "sites-space", "aria-hidden": "true" }, above);
	const belowRow = element("tr", { class: "sites-space", "aria-hidden": "true" }, below);
	const body = element("tbody");
	const table = element(
		"table",
		{
			class: "sites",
			role: "grid",
			tabindex: 0,
			"aria-label": "Callsites. Arrow keys choose one, Enter opens it.",
		},
		element("colgroup", {}, ...COLUMNS.map((column) => element("col", { class: `col-${column.name}` }))),
		element("thead", {}, element("tr", {}, ...heads)),
		body,
	);
	const nothing = element("p", { class: "message", hidden: true });
	const panel = element(
		"section",
		{ class: "panel", "aria-label": "Callsites" },
		element(
			"div",
			{ class: "table-tools" },
			element("h2", {}, "Callsites"),
			element(
				"label",
				{ class: "field", for: FILTER_ID },
				element("span", { class: "hidden-text" }, "Filter"),
				input,
			),
			shown,
			downloads,
		),
		table,
		nothing,
	);
	/** @type {Callsite[]} */
	let all = [];
	/** @type {string[]} */
	let texts = [];
	/** @type {Callsite[]} */
	let rows = [];
	let active = /** @type {string | null} */ (null);
	let drawn = { first: 0, end: 0, rows };
	let lastFilter = "";
	let lastSort = "";

	root.append(panel);

	/* ---- which rows ---- */

	const rowHeight = () => (matchMedia("(max-width: 640px)").matches ? 48 : 34);

	/** @param {Callsite} row @param {number} index */
	function makeRow(row, index) {
		const cells = COLUMNS.map((column) =>
			element(
				"td",
				{
					class: `of-${column.name}${numberClass(column)}`,
					title: HINTS[column.name]?.(row) || null,
				},
				...CELLS[column.name](row, app),
			),
		);

		return element(
			"tr",
			{
				id: `site-${index}`,
				"data-index": index,
				"data-verdict": row.verdict,
				"aria-rowindex": index + 2,
				class: row.id === active ? "is-active" : null,
				"aria-selected": row.id === active,
			},
			...cells,
		);
	}

	/** @param {boolean} anew also what is there already */
	function draw(anew) {
		const height = rowHeight();
		// what stands above the first row scrolls with it
		const top = -(body.getBoundingClientRect().top - 30);
		const { first, end } = visibleRows({ count: rows.length, rowHeight: height, top, height: innerHeight });

		if (!anew && drawn.first === first && drawn.end === end && drawn.rows === rows) return;
		drawn = { first, end, rows };
		above.style.height = `${first * height}px`;
		below.style.height = `${(rows.length - end) * height}px`;
		fill(
			body,
			first > 0 && aboveRow,
			...rows.slice(first, end).map((row, i) => makeRow(row, first + i)),
			end < rows.length && belowRow,
		);
	}

	const drawSoon = onceAFrame(() => draw(false));

	function choose() {
		const { filter, sort } = app.state.get();

		lastFilter = filter;
		lastSort = sort;
		rows = sortRows(filterRows(all, texts, filter), sort);
		table.setAttribute("aria-rowcount", String(rows.length + 1));
		table.hidden = !rows.length;
		nothing.hidden = rows.length > 0;
		nothing.textContent = all.length ? `No callsite has “${filter}”.` : "No callsite yet.";
		shown.textContent =
			rows.length === all.length
				? plural(all.length, "callsite")
				: `${count(rows.length)} of ${plural(all.length, "callsite")}`;
		const { column, descending } = parseSort(sort);
		COLUMNS.forEach((one, i) => {
			if (one === column) heads[i].setAttribute("aria-sort", descending ? "descending" : "ascending");
			else heads[i].removeAttribute("aria-sort");
		});
		if (input.value !== filter) input.value = filter;
		draw(true);
	}

	/* ---- keys and clicks ---- */

	/** @param {number} index */
	function makeActive(index) {
		const height = rowHeight();
		active = rows[index].id;
		const top = body.getBoundingClientRect().top + index * height;
		const edge = table.tHead?.getBoundingClientRect().bottom ?? 0;
		if (top < edge) scrollBy(0, top - edge);
		else if (top + height > innerHeight) scrollBy(0, top + height - innerHeight + 8);
		draw(true);
		table.setAttribute("aria-activedescendant", `site-${index}`);
	}

	table.addEventListener("keydown", (event) => {
		if (event.target !== table) return;
		const now = rows.findIndex((row) => row.id === active);
		const next = moveActive(event.key, now, rows.length, Math.max(1, Math.floor(innerHeight / rowHeight()) - 4));

		if (next !== null) makeActive(next);
		else if (event.key === "Enter" && now >= 0) app.state.set({ view: "callsite", callsite: active });
		else return;
		event.preventDefault();
	});
	body.addEventListener("click", (event) => {
		const target = /** @type {Element} */ (event.target);
		const row = target.closest("tr[data-index]");
		if (!row || target.closest("a") || getSelection()?.toString()) return;
		app.state.set({ view: "callsite", callsite: rows[Number(row.getAttribute("data-index"))].id });
	});
	input.addEventListener("input", () => app.state.set({ filter: input.value }, "replace"));
	input.addEventListener("keydown", (event) => {
		if (event.key === "ArrowDown" && rows.length) {
			table.focus();
			makeActive(0);
			event.preventDefault();
		}
	});
	addEventListener("scroll", drawSoon, { passive: true });
	addEventListener("resize", drawSoon);

	return {
		/** @param {Callsite[]} callsites in the judgement's order */
		set(callsites) {
			all = callsites;
			texts = searchTexts(callsites);
			choose();
		},
		/** @param {State} state */
		update(state) {
			if (state.filter !== lastFilter || state.sort !== lastSort) choose();
			const links = ["csv", "json"].map((format) => [format, app.download(format)]);
			clear(downloads);
			if (links[0][1])
				fill(downloads, "Download ", ...links.flatMap(([name, href]) => [element("a", { href }, name), " "]));
		},
		destroy() {
			removeEventListener("scroll", drawSoon);
			removeEventListener("resize", drawSoon);
			drawSoon.cancel();
			panel.remove();
		},
	};
}
