// SPDX-License-Identifier: MIT
// A request as one string: the parameters sorted by name, those left out that say nothing. The embedded map of a report
// has the same keys ("/api/series?recording=0"). Pure.

/** @typedef {Record<string, string | number | boolean | null | undefined>} Params */

/** @param {string} path @param {Params} [params] */
export function requestText(path, params = {}) {
	const given = Object.entries(params).filter(
		([, value]) => value !== null && value !== undefined && value !== "" && value !== false,
	);
	const text = given
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([name, value]) => `${name}=${encodeURIComponent(value === true ? "" : String(value))}`)
		.join("&");

	return text ? `${path}?${text}` : path;
}

/** What each parameter is if it is not given. */
const DEFAULTS = /** @type {Record<string, string>} */ ({ recording: "0", type: "inuse_space", points: "600" });

/** The form in which two requests for the same thing are equal. @param {string} request */
export function canonicalRequest(request) {
	const [path, text = ""] = request.split("?", 2);
	const params = Object.fromEntries(
		[...new URLSearchParams(text)].filter(([name, value]) => DEFAULTS[name] !== value),
	);

	return requestText(path, params);
}
