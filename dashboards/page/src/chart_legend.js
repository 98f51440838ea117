// SPDX-License-Identifier: MIT
// The legend of a chart: a button for each curve, which shows and hides it, with its value.
import { clear, element, text } from "./dom.js";

/** @typedef {import("./types").ChartCurve} ChartCurve */

/** @param {(name: string, shown: boolean) => void} toggled */
export function createLegend(toggled) {
	const list = element("ul", { class: "chart-legend" });
	/** @type {Set<string>} */
	const hidden = new Set();
	/** @type {HTMLElement[]} */
	let values = [];

	/** @param {ChartCurve} curve @param {HTMLElement} value */
	function makeKey(curve, value) {
		const sign = element("i");
		sign.style.setProperty("--colour", `var(--${curve.colour})`);
		const key = element(
			"button",
			{
				class: "chart-key",
				type: "button",
				title: "Show or hide",
				"aria-pressed": String(!hidden.has(curve.name)),
				onclick() {
					if (!hidden.delete(curve.name)) hidden.add(curve.name);
					key.setAttribute("aria-pressed", String(!hidden.has(curve.name)));
					toggled(curve.name, !hidden.has(curve.name));
				},
			},
			sign,
			curve.label,
			value,
		);

		return element("li", {}, key);
	}

	return {
		list,
		/** @param {string} name */
		isShown: (name) => !hidden.has(name),
		/** @param {ChartCurve[]} curves */
		fill(curves) {
			values = curves.map(() => element("b"));
			clear(list);
			list.append(...curves.map((curve, i) => makeKey(curve, values[i])));
		},
		/** @param {string[]} texts of the curves in their order */
		show(texts) {
			texts.forEach((one, i) => values[i] && text(values[i], one));
		},
	};
}
