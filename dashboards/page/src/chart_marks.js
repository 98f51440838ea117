// SPDX-License-Identifier: MIT
// Marks on a chart: a vertical line each, with its text where there is room.
import { bundleMarks } from "./view/series.js";

const LABEL_LANES = 3;
const MOST_CHARACTERS = 40; // the list of marks has the whole text
const LANE_HEIGHT = 14;

/**
 * @param {import("uplot")} u @param {import("./types").Mark[]} marks
 * @param {{theme: import("./types").Theme, font: string, labelled: boolean}} look font: a family
 */
export function drawMarks(u, marks, { theme, font, labelled }) {
	const { ctx, bbox } = u;
	const ratio = devicePixelRatio;
	const { min = 0, max = 0 } = u.scales.x;
	const inside = marks.filter((mark) => mark.time_s >= min && mark.time_s <= max);
	const laneEnds = Array(LABEL_LANES).fill(-Infinity);

	/**
	 * Right of the line, or left of it at the right edge; not at all where neither has room.
	 * @param {string} text @param {number} x
	 */
	function drawLabel(text, x) {
		const short = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text;
		const width = ctx.measureText(short).width;
		const fits = x + width + 6 * ratio <= bbox.left + bbox.width;
		const left = fits ? x + 5 * ratio : x - width - 5 * ratio;
		const lane = laneEnds.findIndex((end) => end <= left);

		if (lane < 0 || left < bbox.left) return;
		ctx.fillText(short, left, bbox.top + (2 + LANE_HEIGHT * lane) * ratio);
		laneEnds[lane] = left + width + 8 * ratio;
	}

	ctx.save();
	ctx.lineWidth = ratio;
	ctx.font = `${11 * ratio}px ${font}`;
	ctx.textBaseline = "top";
	ctx.textAlign = "left";
	ctx.setLineDash([3 * ratio, 3 * ratio]);
	for (const mark of bundleMarks(inside)) {
		const x = Math.round(u.valToPos(mark.time_s, "x", true)) + 0.5;
		ctx.strokeStyle = ctx.fillStyle = theme.colour(mark.kind === "leak" ? "leak" : "muted");
		ctx.beginPath();
		ctx.moveTo(x, bbox.top);
		ctx.lineTo(x, bbox.top + bbox.height);
		ctx.stroke();
		if (labelled) drawLabel(mark.text, x);
	}
	ctx.restore();
}
