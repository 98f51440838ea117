// SPDX-License-Identifier: MIT
// The state of the page as text: what stands behind the # of the address, so that every view is a link. Pure.

/** @typedef {import("../types").State} State */
/** @typedef {{initial: any, parse: (text: string) => any}} Key */

export const VIEWS = ["overview", "flame", "callsite", "compare"];

/**
 * @param {any} initial @param {(text: string) => any} parse undefined: not valid, so left at its initial value
 * @returns {Key}
 */
const key = (initial, parse) => ({ initial, parse });
const word = (/** @type {string} */ text) => text;
const oneOf = (/** @type {string[]} */ words) => (/** @type {string} */ text) =>
	words.includes(text) ? text : undefined;
const index = (/** @type {string} */ text) => (/^\d{1,9}$/.test(text) ? Number(text) : undefined);
const seconds = (/** @type {string} */ text) => (/^\d{1,12}(\.\d{1,9})?$/.test(text) ? Number(text) : undefined);
const flag = (/** @type {string} */ text) => text === "1" || undefined;

/** @type {Record<keyof State, Key>} */
const KEYS = {
	view: key("overview", oneOf(VIEWS)),
	recording: key(0, index),
	process: key(null, index),
	since: key(null, seconds),
	until: key(null, seconds),
	type: key("inuse_space", word),
	callsite: key(null, word),
	filter: key("", word),
	sort: key("verdict", word),
	base: key(null, index),
	search: key("", word),
	zoom: key("", word),
	icicle: key(false, flag),
};

/** @returns {State} */
export function initialState() {
	return /** @type {State} */ (
		Object.fromEntries(Object.entries(KEYS).map(([name, { initial }]) => [name, initial]))
	);
}

/** What is unknown or malformed is left out. @param {string} hash with or without "#" @returns {State} */
export function parseState(hash) {
	const state = /** @type {Record<string, any>} */ (initialState());

	for (const [name, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
		const value = Object.hasOwn(KEYS, name) ? KEYS[/** @type {keyof State} */ (name)].parse(text) : undefined;
		if (value !== undefined) state[name] = value;
	}
	if (state.since !== null && state.until !== null && state.since >= state.until) state.since = state.until = null;
	return /** @type {State} */ (state);
}

/** "" for the initial state, otherwise "#view=flame&type=sockets". @param {State} state */
export function formatState(state) {
	const parts = new URLSearchParams();

	for (const [name, { initial }] of Object.entries(KEYS)) {
		const value = state[/** @type {keyof State} */ (name)];
		if (value !== initial) parts.set(name, value === true ? "1" : String(value));
	}
	// a link that is read aloud or pasted stays readable
	const text = parts.toString().replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%2C", ",");
	return text ? `#${text}` : "";
}

/** @param {State} a @param {State} b */
export function sameState(a, b) {
	return Object.keys(KEYS).every(
		(name) => a[/** @type {keyof State} */ (name)] === b[/** @type {keyof State} */ (name)],
	);
}

/**
 * What every request has: only what differs from the default.
 * @param {State} state @returns {Record<string, number>}
 */
export function stateQuery(state) {
	/** @type {Record<string, number>} */
	const query = {};

	if (state.recording !== 0) query.recording = state.recording;
	if (state.process !== null) query.process = state.process;
	if (state.since !== null) query.since = state.since;
	if (state.until !== null) query.until = state.until;
	return query;
}
