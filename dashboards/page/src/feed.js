// SPDX-License-Identifier: MIT
// The curves of the state's recording, process and span, kept up to date: everything once, then what came since.
import { appendSeries, holdSeries, isTooFine, POINTS } from "./view/series.js";

/** @typedef {import("./view/series.js").Held} Held */

/**
 * @param {import("./types").App} app
 * @param {{whole: boolean, onData: (held: Held) => void, onError: (error: Error, isNew: boolean) => void}} options
 * whole: whatever span is selected; isNew: what was told before is of another question
 */
export function createFeed(app, { whole, onData, onError }) {
	/** @type {Held | null} */
	let held = null;
	let asked = "";
	let running = new AbortController();
	let isBusy = false;

	/** A report has the whole recording only; the charts cut it themselves. */
	function query() {
		const query = app.query();
		return whole || app.source.embedded ? { ...query, since: null, until: null } : query;
	}

	/** @param {import("./types").Params} params @param {(answer: import("./types").Series) => void} take */
	async function ask(params, take) {
		const { signal } = running;
		isBusy = true;
		try {
			const answer = await app.source.get("/api/series", params, signal);
			if (signal.aborted) return;
			take(answer);
			if (held) onData(held);
		} catch (error) {
			if (!signal.aborted) onError(/** @type {Error} */ (error), !held);
		} finally {
			if (!signal.aborted) isBusy = false;
		}
	}

	function askAll() {
		running.abort();
		running = new AbortController();
		void ask({ ...query(), points: POINTS }, (answer) => (held = holdSeries(answer)));
	}

	/** What came since the last point. */
	function askNew() {
		if (isBusy) return;
		if (!held?.times.length || isTooFine(held)) return askAll();
		void ask({ ...query(), points: POINTS, since: held.times[held.times.length - 1] }, (answer) => {
			if (held) held = appendSeries(held, answer);
		});
	}

	return {
		/** @param {import("./types").Change} change */
		update(change) {
			const now = JSON.stringify(query());
			if (now !== asked) {
				asked = now;
				held = null;
				askAll();
			} else if (change.tick && query().until == null) askNew();
		},
		destroy() {
			running.abort();
		},
	};
}
