// SPDX-License-Identifier: MIT
// The first view: does it leak, since when and how fast; the curves; all callsites.
import { createCharts } from "./charts.js";
import { element, fill, text } from "./dom.js";
import { createTable } from "./table.js";
import { verdictBadge } from "./verdict.js";
import { bytes, clock, count, place } from "./view/format.js";
import {
	changeMarks,
	counts,
	evidence,
	goesWithWords,
	headline,
	joinSeen,
	rateWords,
	verdictMarks,
} from "./view/verdicts.js";
import { joinMarks } from "./view/series.js";

/** @typedef {import("./types").App} App */
/** @typedef {import("./types").Callsites} Callsites */
/** @typedef {import("./types").Callsite} Callsite */

const SHOWN = 5;
const WHOLE_INSTEAD = "Of the whole recording: “seep serve” judges the selected span.";

/** Where the judgement has no sentence of its own. @param {Callsite} row @param {boolean} withDay */
function facts(row, withDay) {
	const held = row.unit === "bytes" ? bytes(row.bytes) : count(row.objects);
	const since = row.since_s === null ? "" : `since ${clock(row.since_s, withDay)}`;

	return [since, goesWithWords(row), `${held} held`, row.why].filter(Boolean).join(", ");
}

/** @param {App} app @param {Callsite} row @param {Callsites} answer */
function answerRow(app, row, answer) {
	const told = answer.words.find((one) => one.callsite === row.id);
	const withDay = answer.judged.count * answer.judged.step_s > 86400;

	return element(
		"li",
		{},
		verdictBadge(row.verdict),
		element("span", { class: "answer-rate" }, rateWords(row)),
		element(
			"span",
			{ class: "answer-where" },
			element("a", { href: app.state.href({ view: "callsite", callsite: row.id }) }, row.function),
			" ",
			element("span", { class: "muted" }, `${place(row)} · ${row.kind}`),
		),
		element("span", { class: "answer-why" }, told ? evidence(row, told.text) : facts(row, withDay)),
	);
}

/**
 * What a process's memory consists of, under the sentence that says how it does. @param {string} words lines of text
 */
function processWords(words) {
	const [first, ...rest] = words.split("\n").filter(Boolean);

	if (!rest.length) return element("p", { class: "answer-process" }, first);
	return element(
		"details",
		{ class: "answer-process", "data-process": first.split(":")[0] },
		element("summary", {}, first),
		element("pre", {}, rest.join("\n")),
	);
}

/** @param {App} app @param {Callsites} answer @param {string} note what the reader should know first */
function answerPanel(app, answer, note) {
	const head = headline(answer);
	const rows = answer.callsites.filter((row) => row.verdict === "leak" || row.verdict === "undecided");
	const more = rows.length - SHOWN;

	return element(
		"section",
		{ class: "panel answer", "data-verdict": head.verdict, "aria-label": "What leaks" },
		element(
			"div",
			{ class: "answer-head" },
			element("h1", {}, head.text),
			element("span", { class: "muted" }, counts(answer)),
		),
		note && element("p", { class: "answer-note" }, note),
		rows.length > 0 &&
			element("ul", { class: "answer-list" }, ...rows.slice(0, SHOWN).map((row) => answerRow(app, row, answer))),
		more > 0 && element("p", { class: "answer-more muted" }, `and ${count(more)} more in the table below`),
		...answer.process_words.map(processWords),
	);
}

/**
 * Draws anew without losing what is open and what has the focus. @param {HTMLElement} place @param {Element} next
 */
function renew(place, next) {
	const focused = place.contains(document.activeElement) ? document.activeElement : null;
	const href = focused?.getAttribute("href");
	const isSummary = focused?.tagName === "SUMMARY";

	for (const details of place.querySelectorAll("details[open]")) {
		const name = details.getAttribute("data-process") ?? "";
		next.querySelector(`details[data-process="${CSS.escape(name)}"]`)?.setAttribute("open", "");
	}
	fill(place, next);
	const again = href
		? place.querySelector(`a[href="${CSS.escape(href)}"]`)
		: isSummary && place.querySelector("summary");
	if (again) /** @type {HTMLElement} */ (again).focus({ preventScroll: true });
}

/** @type {import("./types").CreateView} */
export function create(root, app) {
	// only a changed headline is read out, not each new figure
	const spoken = element("p", { class: "hidden-text", role: "status" });
	const place = element("div", {}, element("p", { class: "message" }, "Judging…"));
	root.append(spoken, place);
	const charts = createCharts(root, app);
	const table = createTable(root, app);
	/** @type {Callsites | null} */
	let answer = null;
	/** @type {import("./types").Mark[]} */
	let seen = [];
	let asked = "";
	let isBehind = false;
	let running = new AbortController();

	/** @param {Callsites} next @param {boolean} isSame the same question as before */
	function take(next, isSame) {
		if (answer && isSame)
			seen = joinMarks(
				seen,
				changeMarks(answer, next, next.judged.start_s + (next.judged.count - 1) * next.judged.step_s),
			);
		else seen = [];
		answer = next;
		renew(place, answerPanel(app, next, isWholeInstead() ? WHOLE_INSTEAD : ""));
		text(spoken, headline(next).text);
		charts.setMarks(joinSeen(verdictMarks(next), seen));
		table.set(next.callsites);
	}

	/** A report has the judgement of the whole recording only. */
	function isWholeInstead() {
		const { since, until } = app.state.get();

		return app.source.embedded && (since !== null || until !== null);
	}

	/** @param {boolean} isSame */
	async function ask(isSame) {
		running.abort();
		running = new AbortController();
		const { signal } = running;
		try {
			const query = isWholeInstead() ? app.query({ since: null, until: null }) : app.query();
			const next = await app.source.get("/api/callsites", query, signal);
			if (!signal.aborted) take(next, isSame);
			isBehind = false;
		} catch (error) {
			if (signal.aborted) return;
			isBehind = true;
			if (answer && isSame) return; // what is shown stays, and the next tick tries again
			answer = null;
			fill(place, element("p", { class: "panel message" }, /** @type {Error} */ (error).message));
			text(spoken, /** @type {Error} */ (error).message);
			table.set([]);
		}
	}

	return {
		update(state, change) {
			const now = JSON.stringify(app.query());
			const isSame = now === asked;

			charts.update(change);
			table.update(state);
			if (isSame && !change.data && !(change.tick && isBehind)) return;
			asked = now;
			void ask(isSame);
		},
		destroy() {
			running.abort();
			charts.destroy();
			table.destroy();
		},
	};
}
