// SPDX-License-Identifier: MIT
// The page's start: reads the list of recordings, draws the header, and shows the view that the state names.
import * as callsite from "./callsite.js";
import * as compare from "./compare.js";
import { element, fill, svg, text } from "./dom.js";
import * as flame from "./flame.js";
import * as overview from "./overview.js";
import { openSource } from "./source.js";
import { openState } from "./state.js";
import { openTheme } from "./theme.js";
import * as format from "./view/format.js";
import { requestText } from "./view/request.js";
import { stateQuery } from "./view/state.js";

/** @typedef {import("./types").App} App */
/** @typedef {import("./types").Change} Change */
/** @typedef {import("./types").Recording} Recording */
/** @typedef {import("./types").ViewHandle} ViewHandle */

const VIEWS = { overview, flame, callsite, compare };
const TABS = /** @type {const} */ ([
	["overview", "Overview"],
	["flame", "Flame graph"],
	["compare", "Compare"],
]);
const RETRY_MS = 2000;
const RELOAD_MS = 10000; // of the list of recordings: processes come and go
const NOTHING = { state: false, theme: false, tick: false, data: false };

const top = /** @type {HTMLElement} */ (document.getElementById("top"));
const root = /** @type {HTMLElement} */ (document.getElementById("view"));
const foot = /** @type {HTMLElement} */ (document.getElementById("foot"));

/** @type {Recording[]} */
let recordings = [];
let seepVersion = "";
let connection = "live"; // "lost", "refused"
/** @type {Map<number, number>} */
const versions = new Map();
/** @type {{name: string, handle: ViewHandle} | null} */
let shown = null;

const source = openSource();
const state = openState(() => changed({ ...NOTHING, state: true }));
const theme = openTheme(() => changed({ ...NOTHING, theme: true }));

/** @type {App} */
const app = {
	source,
	state,
	theme,
	format,
	recordings: () => recordings,
	recording: () => recordings[state.get().recording] ?? recordings[0],
	query: (extra) => ({ ...stateQuery(state.get()), ...extra }),
	download: (kind, extra) =>
		source.embedded ? null : requestText("/api/export", { format: kind, ...stateQuery(state.get()), ...extra }),
};

/* ---- header ---- */

const dropIcon = () =>
	svg(
		"svg",
		{ viewBox: "0 0 16 18", "aria-hidden": "true" },
		svg("path", { d: "M8 1c3 4.2 5.2 7 5.2 10A5.2 5.2 0 0 1 2.8 11C2.8 8 5 5.2 8 1z" }),
	);
const sunIcon = () =>
	svg(
		"svg",
		{ viewBox: "0 0 16 16", "aria-hidden": "true" },
		svg("circle", { cx: 8, cy: 8, r: 3 }),
		svg("path", { d: "M8 1v1.5M8 13.500V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1" }),
	);

const recordingSelect = element("select", {
	onchange: () =>
		state.set({
			recording: Number(recordingSelect.value),
			process: null,
			since: null,
			until: null,
			callsite: null,
			view: state.get().view === "callsite" ? "overview" : state.get().view,
		}),
});
const processSelect = element("select", {
	onchange: () => state.set({ process: processSelect.value ? Number(processSelect.value) : null }),
});
const connectionText = element("span", { class: "connection", role: "status" });
const tabs = TABS.map(([view, label]) => ({ view, link: element("a", { href: "#" }, label) }));
const brand = element("a", { class: "brand", href: "#" }, dropIcon(), "Seep");
const spanText = element("span");
const spanChip = element(
	"div",
	{ class: "span-chip", hidden: true },
	spanText,
	element(
		"button",
		{
			class: "button",
			type: "button",
			title: "Escape does the same",
			onclick: () => state.set({ since: null, until: null }),
		},
		"whole recording",
	),
);

function makeHeader() {
	fill(
		top,
		element(
			"div",
			{ class: "top-row" },
			brand,
			element("nav", { class: "tabs", "aria-label": "Views" }, ...tabs.map(({ link }) => link)),
			element(
				"div",
				{ class: "top-pickers" },
				element(
					"label",
					{ class: "field" },
					element("span", { class: "hidden-text" }, "Recording"),
					recordingSelect,
				),
				element(
					"label",
					{ class: "field" },
					element("span", { class: "hidden-text" }, "Process"),
					processSelect,
				),
			),
			spanChip,
			element("span", { class: "top-space" }),
			connectionText,
			element(
				"button",
				{
					class: "button icon-button",
					type: "button",
					title: "Light or dark",
					"aria-label": "Light or dark",
					onclick: () => theme.toggle(),
				},
				sunIcon(),
			),
		),
	);
	// the heads of tables stay beneath it
	new ResizeObserver(() =>
		document.documentElement.style.setProperty("--top-height", `${top.offsetHeight}px`),
	).observe(top);
}

/** @param {HTMLSelectElement} select @param {[string, string][]} options value and text @param {string} value */
function setOptions(select, options, value) {
	const key = JSON.stringify(options);

	if (select.dataset.options !== key) {
		select.dataset.options = key;
		fill(select, ...options.map(([one, label]) => element("option", { value: one }, label)));
	}
	select.value = value;
}

/**
 * Value and text of each process.
 * @param {Recording} recording @returns {[string, string][]}
 */
function processOptions({ processes }) {
	const all = `All ${processes.length} processes`;
	const ended = (/** @type {import("./types").Process} */ one) => (one.ended_s === null ? "" : " (ended)");

	return [
		["", all],
		...processes.map((one) => pair(String(one.pid), `${one.pid} ${format.base(one.program)}${ended(one)}`)),
	];
}

/** @param {string} value @param {string} label @returns {[string, string]} */
const pair = (value, label) => [value, label];

/** @param {number | null} time_s */
const isLongAgo = (time_s) => Date.now() / 1000 - (time_s ?? 0) > 86400 / 2;

/** @returns {[string, string]} state and words */
function connectionWords() {
	const recording = app.recording();

	if (source.embedded) return ["ended", "report"];
	if (connection === "lost") return ["lost", "connection lost, trying again"];
	if (connection === "refused") return ["lost", "key no longer valid: open the address that “seep serve” printed"];
	if (recording.error) return ["lost", "cannot be read"];
	return recording.live
		? ["live", "live"]
		: ["ended", `ended ${format.clock(recording.newest_s, isLongAgo(recording.newest_s))}`];
}

function showHeader() {
	const now = state.get();
	const recording = app.recording();
	const [kind, words] = connectionWords();

	setOptions(
		recordingSelect,
		recordings.map((one) => [String(one.index), one.name]),
		String(recording.index),
	);
	setOptions(processSelect, processOptions(recording), now.process === null ? "" : String(now.process));
	/** @type {HTMLElement} */ (processSelect.parentElement).hidden =
		recording.processes.length < 2 && now.process === null;
	brand.setAttribute("href", state.href({ view: "overview", callsite: null }));
	for (const { view, link } of tabs) {
		link.setAttribute("href", state.href({ view, callsite: null }));
		if (view === now.view || (view === "overview" && now.view === "callsite"))
			link.setAttribute("aria-current", "page");
		else link.removeAttribute("aria-current");
	}
	connectionText.dataset.state = kind;
	text(connectionText, words);
	spanChip.hidden = now.since === null && now.until === null;
	text(spanText, format.span(now.since ?? recording.created_s, now.until, recording.newest_s ?? 0));
	document.title = `${recording.program ?? recording.name} – Seep`;
}

function showFoot() {
	const recording = app.recording();
	if (recording.error) {
		fill(foot, element("p", {}, recording.error));
		return;
	}
	const facts = [
		recording.name,
		recording.host && `on ${recording.host}`,
		recording.build_id && `build ${recording.build_id.slice(0, 12)}`,
		`${format.clock(recording.created_s, true)} to ${format.clock(recording.newest_s, true)}`,
		recording.sampling_interval === null
			? "every event recorded"
			: `sampled: one heap block in ${format.bytes(recording.sampling_interval)}`,
		`Seep ${seepVersion}`,
	].filter(Boolean);

	fill(foot, element("p", {}, recording.trust), element("p", {}, facts.join(" · ")));
}

/* ---- views ---- */

/** @param {Change} change */
function changed(change) {
	if (!recordings.length) return;
	const now = state.get();

	showHeader();
	if (change.state || change.data) showFoot();
	if (shown?.name !== now.view) {
		shown?.handle.destroy();
		root.replaceChildren();
		if (shown) scrollTo(0, 0);
		shown = { name: now.view, handle: VIEWS[now.view].create(root, app) };
		change = { ...change, state: true };
	}
	shown.handle.update(now, change);
}

addEventListener("keydown", (event) => {
	const { since, until } = state.get();
	const target = /** @type {Element} */ (event.target);

	if (
		event.key === "Escape" &&
		!event.defaultPrevented &&
		(since !== null || until !== null) &&
		!target.closest("input, select")
	)
		state.set({ since: null, until: null });
});

/* ---- start ---- */

/** @param {Recording[]} list */
const identity = (list) => JSON.stringify(list.map(({ name, created_s, error }) => [name, created_s, error]));

/** Others than before, after a restart or under an old name, have nothing to do with what is drawn: it begins anew. */
async function readRecordings() {
	const answer = await source.get("/api/recordings");

	if (recordings.length && identity(answer.recordings) !== identity(recordings)) location.reload();
	recordings = answer.recordings;
	seepVersion = answer.seep_version;
}

/** What happened while nobody looked: a page in the background asks for nothing. */
let missed = NOTHING;

function catchUp() {
	const change = missed;

	missed = NOTHING;
	changed(change);
}

document.addEventListener("visibilitychange", () => {
	if (!document.hidden && missed.tick) catchUp();
});

/** @param {import("./types").Tick} tick */
function ticked(tick) {
	const change = { ...NOTHING, tick: true };

	for (const one of tick.recordings) {
		const recording = recordings[one.index];
		if (!recording) continue;
		// of the first tick, too: it may tell of a later judgement than the one that was just asked for
		if (one.index === app.recording().index && versions.get(one.index) !== one.judged_version)
			change.data = true;
		versions.set(one.index, one.judged_version);
		recording.newest_s = one.newest_s;
		recording.live = one.live;
	}
	missed = { ...change, data: change.data || missed.data };
	if (!document.hidden) catchUp();
}

/** A server that was started again may have another key, and other recordings. @param {boolean} connected */
async function connectionChanged(connected) {
	try {
		await readRecordings();
		connection = connected ? "live" : "lost";
	} catch (error) {
		connection = /** @type {import("./source.js").SourceError} */ (error).status === 401 ? "refused" : "lost";
	}
	changed(connection === "live" ? { ...NOTHING, tick: true, data: true } : NOTHING);
}

async function start() {
	try {
		await readRecordings();
	} catch (error) {
		fill(root, element("p", { class: "message is-error" }, /** @type {Error} */ (error).message));
		setTimeout(start, RETRY_MS);
		return;
	}
	makeHeader();
	changed({ state: true, theme: false, tick: false, data: true });
	source.follow(ticked, connectionChanged);
	if (!source.embedded)
		setInterval(() => {
			if (recordings.some((one) => one.live || one.error) && connection === "live")
				readRecordings().then(
					() => changed(NOTHING),
					() => {},
				);
		}, RELOAD_MS);
}

void start();
