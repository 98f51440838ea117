// SPDX-License-Identifier: MIT
// A verdict as sign and word: the sign is the shape of its curve.
import { element, svg } from "./dom.js";
import { verdictWord } from "./view/verdicts.js";

const SHAPES = /** @type {Record<string, string>} */ ({
	leak: "M1.5 10.5 L12.5 2.5 M8.5 2 H13 V6.5",
	undecided: "M1.5 10.5 L6 7 M8.5 5.2 L9.5 4.4 M12 2.5 L13 1.7",
	"warm-up": "M1.5 10.5 C4 4 6 3 14.5 3",
	churn: "M1.5 9 L4.5 3.5 L6 9 L9 3.5 L10.5 9 L13.5 3.5",
	steady: "M1.5 6 H14.5",
});

/** @param {import("./types").Verdict} verdict */
export function verdictBadge(verdict) {
	return element(
		"span",
		{ class: "verdict", "data-verdict": verdict },
		svg(
			"svg",
			{ viewBox: "0 0 16 12", "aria-hidden": "true" },
			svg("path", { d: SHAPES[verdict] ?? SHAPES.steady }),
		),
		element("span", {}, verdictWord(verdict)),
	);
}
