// SPDX-License-Identifier: MIT
// The state is location.hash: read from it, written to it, and told when it changes by whatever way (a link, back,
// typing).
import { formatState, initialState, parseState, sameState } from "./view/state.js";

/** @typedef {import("./types").State} State */

/**
 * @param {(state: State) => void} changed called after each change, not for what is the same
 * @returns {import("./types").StateStore}
 */
export function openState(changed) {
	let state = Object.freeze(parseState(location.hash));

	const adopt = (/** @type {State} */ next) => {
		if (sameState(next, state)) return false;
		state = Object.freeze(next);
		return true;
	};

	addEventListener("popstate", () => {
		if (adopt(parseState(location.hash))) changed(state);
	});
	return {
		get: () => state,
		set(patch, how = "push") {
			if (!adopt({ ...state, ...patch })) return;
			// an empty hash would scroll to the top and leave a "#"
			const address = formatState(state) || location.pathname + location.search;
			history[how === "replace" ? "replaceState" : "pushState"](null, "", address);
			changed(state);
		},
		href: (patch) => formatState({ ...state, ...patch }) || "#",
	};
}

export { initialState };
