// SPDX-License-Identifier: MIT
// Where the page's data comes from: a server over HTTP with an event stream, or the map that a report carries in
// itself.
import { canonicalRequest, requestText } from "./view/request.js";

/** @typedef {import("./types").Source} Source */
/** @typedef {import("./types").Tick} Tick */

/** Why there is no answer: the message is a sentence for people. */
export class SourceError extends Error {
	/**
	 * @param {string} message @param {number} status of HTTP; 0: no answer
	 * @param {boolean} [embedded] the report lacks it
	 */
	constructor(message, status, embedded = false) {
		super(message);
		this.status = status;
		this.embedded = embedded;
	}
}

const RETRY_S = [1, 2, 5];
/** A tick comes each second: without one for so long the connection is dead, whatever the browser believes. */
const SILENCE_S = 15;

/** @returns {Source} */
export function openSource() {
	const carried = document.getElementById("seep-data");

	return carried ? embeddedSource(JSON.parse(carried.textContent ?? "{}")) : serverSource();
}

/** @param {Record<string, any>} map from request to answer @returns {Source} */
export function embeddedSource(map) {
	const answers = new Map(Object.entries(map).map(([request, answer]) => [canonicalRequest(request), answer]));

	return {
		embedded: true,
		async get(path, params) {
			const answer = answers.get(canonicalRequest(requestText(path, params)));
			if (answer === undefined)
				throw new SourceError(
					"This report does not hold that; “seep serve” with the recording shows it.",
					404,
					true,
				);
			if (typeof answer.error === "string") throw new SourceError(answer.error, 404, true);
			return answer;
		},
		follow: () => () => {},
	};
}

/** The sentence of an answer that is none. @param {Response} response */
async function failureText(response) {
	if (response.status === 401)
		return "This page's key is no longer valid: open the address that “seep serve” printed.";
	try {
		return (await response.json()).error;
	} catch {
		return `The server answered ${response.status} ${response.statusText}.`;
	}
}

/** @returns {Source} */
function serverSource() {
	/** Requests under way, so that two views that ask for the same ask once. @type {Map<string, Promise<any>>} */
	const running = new Map();

	/** @param {string} request @param {AbortSignal} [signal] */
	async function fetchJson(request, signal) {
		let response;
		try {
			response = await fetch(request, { signal, headers: { accept: "application/json" } });
		} catch (error) {
			if (signal?.aborted) throw error;
			throw new SourceError("seep serve does not answer.", 0);
		}
		if (!response.ok) throw new SourceError(await failureText(response), response.status);
		return response.json();
	}

	return {
		embedded: false,
		get(path, params, signal) {
			const request = requestText(path, params);
			if (signal) return fetchJson(request, signal);
			const same = running.get(request);
			if (same) return same;
			const answer = fetchJson(request).finally(() => running.delete(request));
			running.set(request, answer);
			return answer;
		},
		follow: followEvents,
	};
}

/**
 * The event stream, opened again whenever it breaks.
 * @param {(tick: Tick) => void} onTick @param {(connected: boolean) => void} onConnection
 */
function followEvents(onTick, onConnection) {
	/** @type {EventSource | undefined} */
	let stream;
	let tries = 0;
	let timer = 0;

	const again = () => {
		stream?.close();
		onConnection(false);
		clearTimeout(timer);
		timer = window.setTimeout(open, RETRY_S[Math.min(tries++, RETRY_S.length - 1)] * 1000);
	};
	const heard = () => {
		clearTimeout(timer);
		timer = window.setTimeout(again, SILENCE_S * 1000);
	};
	const open = () => {
		stream = new EventSource("/api/events");
		heard();
		stream.onopen = () => {
			tries = 0;
			heard();
			onConnection(true);
		};
		// the browser would try again after a broken connection, but not after an answer such as 503
		stream.onerror = again;
		stream.addEventListener("tick", (event) => {
			heard();
			onTick(JSON.parse(event.data));
		});
	};

	open();
	return () => {
		clearTimeout(timer);
		stream?.close();
	};
}
