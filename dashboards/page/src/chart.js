// SPDX-License-Identifier: MIT
// One time chart: uPlot with a legend of values, marks, a span to select by mouse, finger or keys, and words for those
// who do not see it. All charts of the page share the cursor, and the span through the state.
import uPlot from "uplot";
import { clear, element, onSize } from "./dom.js";
import { bundleMarks, BYTE_STEPS, curveWords, lastKnown } from "./view/series.js";
import { age, clock, elapsed as elapsedLabel, value } from "./view/format.js";

/** @typedef {import("./types").App} App */
/** @typedef {import("./types").Chart} Chart */
/** @typedef {import("./types").ChartData} ChartData */
/** @typedef {import("./types").ChartOptions} ChartOptions */

const LEAST_DRAG_PX = 6;
const LABELLED_HEIGHT = 160; // marks have their label in charts of this height
const LABEL_LANES = 3;
const AXIS_WIDTH = 62;

/** The charts on the page: the cursor of one is that of all. @type {Set<{point: (time: number | null) => void}>} */
const charts = new Set();

/** Shows a time on all charts; null: none. @param {number | null} time @param {object} [except] */
export function pointCharts(time, except) {
	for (const chart of charts) if (chart !== except) chart.point(time);
}

/** Ticks of the axis of time. @param {number[]} splits seconds since 1970 */
function timeLabels(splits) {
	const step = splits.length > 1 ? splits[1] - splits[0] : 1;

	return splits.map((time, i) => {
		const date = new Date(time * 1000);
		const short = step >= 60 ? clock(time).slice(0, 5) : clock(time);
		const newDay = i > 0 && new Date(splits[i - 1] * 1000).getDate() !== date.getDate();
		return step >= 86400 || newDay ? clock(time, true).slice(0, -6) : short;
	});
}

/** Steps of the axis of time since the start, in seconds. */
const ELAPSED_STEPS = [
	1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400, 172800, 604800,
];

/**
 * Above the largest value, so that a line never touches the frame; from 0 unless something is below it.
 * @param {number} low @param {number} high
 */
function valueRange(low, high) {
	const top = Math.max(high ?? 0, 0);
	const bottom = Math.min(low ?? 0, 0);
	const space = (top - bottom || 1) * 0.08;

	return /** @type {[number, number]} */ ([bottom < 0 ? bottom - space : 0, top + space]);
}

/**
 * @param {HTMLElement} root where the chart is appended @param {App} app
 * @param {ChartOptions & {brush?: boolean, className?: string}} options brush: the span is shown, not zoomed to
 * @returns {Chart}
 */
export function createChart(root, app, options) {
	const { title, unit, brush = false, elapsed = false } = options;
	const selection = elapsed ? "" : ", with Shift they select a span, Enter keeps it, Escape ends it";
	const time = element("span", { class: "chart-time" });
	const legend = element("ul", { class: "chart-legend" });
	const words = element("p", { class: "hidden-text" });
	const plot = element("div", {
		class: "chart-plot",
		tabindex: 0,
		role: "group",
		"aria-label": `${title}: chart. Arrow keys move the cursor${selection}.`,
	});
	if (options.height) plot.style.height = `${options.height}px`;
	const figure = element(
		"figure",
		{ class: `panel chart ${options.className ?? ""}` },
		element("figcaption", { class: "panel-head" }, element("h2", {}, title), legend, time),
		plot,
		words,
	);
	/** @type {uPlot | undefined} */
	let chart;
	/** @type {ChartData} */
	let data = { times: [], curves: [] };
	let shape = "";
	let keyFrom = -1; // where a selection by keys began
	/** @type {HTMLElement[]} */
	let figures = [];

	root.append(figure);

	/* ---- cursor and legend ---- */

	function showValues() {
		const index = chart?.cursor.idx ?? null;

		data.curves.forEach((curve, i) => {
			const at = index === null ? lastKnown(curve.values) : curve.values[index];
			const text = value(at, unit);
			if (figures[i] && figures[i].textContent !== text) figures[i].textContent = text;
		});
		const day = data.times.length > 0 && data.times[data.times.length - 1] - data.times[0] > 86400;
		time.textContent =
			index === null ? "" : elapsed ? `after ${elapsedLabel(data.times[index])}` : clock(data.times[index], day);
	}

	function fillLegend() {
		figures = data.curves.map(() => element("b"));
		clear(legend);
		data.curves.forEach((curve, i) => {
			const sign = element("i");
			sign.style.setProperty("--colour", `var(--${curve.colour})`);
			legend.append(element("li", { title: curve.label }, sign, curve.label, figures[i]));
		});
	}

	/** @param {number} index */
	function pointAt(index) {
		if (!chart || !data.times.length) return;
		const at = data.times[Math.max(0, Math.min(data.times.length - 1, index))];
		chart.setCursor({ left: chart.valToPos(at, "x"), top: 0 }, true);
		pointCharts(at, self);
	}

	const self = {
		/** @param {number | null} at */
		point(at) {
			if (!chart) return;
			const left = at === null ? -10 : chart.valToPos(at, "x");
			chart.setCursor(
				left < 0 || left > chart.over.clientWidth ? { left: -10, top: -10 } : { left, top: 0 },
				false,
			);
			showValues();
		},
	};

	/* ---- span ---- */

	const hideSelection = () => chart?.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);

	/** @param {number} from @param {number} to */
	function showSelection(from, to) {
		if (!chart) return;
		const left = Math.max(0, chart.valToPos(Math.min(from, to), "x"));
		const right = Math.min(chart.over.clientWidth, chart.valToPos(Math.max(from, to), "x"));
		chart.setSelect({ left, top: 0, width: Math.max(0, right - left), height: chart.over.clientHeight }, false);
	}

	/** @param {number} from @param {number} to */
	function takeSpan(from, to) {
		const since = Math.floor(Math.min(from, to));
		const until = Math.ceil(Math.max(from, to));

		keyFrom = -1;
		if (!brush) hideSelection();
		if (until > since) app.state.set({ since, until });
	}

	function resetSpan() {
		keyFrom = -1;
		hideSelection();
		app.state.set({ since: null, until: null });
	}

	/** A strip shows the span that the state has. */
	function showSpan() {
		const { since, until } = app.state.get();

		if (!brush || !data.times.length) return;
		if (since === null && until === null) hideSelection();
		else showSelection(since ?? data.times[0], until ?? data.times[data.times.length - 1]);
	}

	plot.addEventListener("keydown", (event) => {
		const last = data.times.length - 1;
		if (!chart || last < 0) return;
		const now = chart.cursor.idx ?? last;
		const stride = Math.max(1, Math.round(last / 100));
		const moves = /** @type {Record<string, number>} */ ({
			ArrowLeft: now - stride,
			ArrowRight: now + stride,
			Home: 0,
			End: last,
		});

		if (Object.hasOwn(moves, event.key)) {
			const selects = event.shiftKey && !elapsed;
			if (selects && keyFrom < 0) keyFrom = now;
			pointAt(moves[event.key]);
			if (selects) showSelection(data.times[keyFrom], data.times[chart.cursor.idx ?? now]);
			else if (keyFrom >= 0) (keyFrom = -1), hideSelection();
		} else if (event.key === "Enter" && keyFrom >= 0) takeSpan(data.times[keyFrom], data.times[now]);
		else if (event.key === "Escape" && keyFrom >= 0) (keyFrom = -1), hideSelection(), event.stopPropagation();
		else return;
		event.preventDefault();
	});
	plot.addEventListener("blur", () => pointCharts(null));

	/* ---- drawing ---- */

	/** @param {uPlot} u */
	function drawMarks(u) {
		const { ctx, bbox } = u;
		const ratio = devicePixelRatio;
		const { min = 0, max = 0 } = u.scales.x;
		const laneEnds = Array(LABEL_LANES).fill(-Infinity);

		ctx.save();
		ctx.lineWidth = ratio;
		ctx.font = `${11 * ratio}px ${getComputedStyle(plot).fontFamily}`;
		ctx.textBaseline = "top";
		ctx.textAlign = "left";
		for (const mark of bundleMarks((data.marks ?? []).filter((one) => one.time_s >= min && one.time_s <= max))) {
			const x = Math.round(u.valToPos(mark.time_s, "x", true)) + 0.5;
			ctx.strokeStyle = ctx.fillStyle = app.theme.colour(mark.kind === "leak" ? "leak" : "muted");
			ctx.setLineDash([3 * ratio, 3 * ratio]);
			ctx.beginPath();
			ctx.moveTo(x, bbox.top);
			ctx.lineTo(x, bbox.top + bbox.height);
			ctx.stroke();
			if (plot.clientHeight < LABELLED_HEIGHT) continue;
			const width = ctx.measureText(mark.text).width;
			const left = x + width + 6 * ratio > bbox.left + bbox.width ? x - width - 5 * ratio : x + 5 * ratio;
			const lane = laneEnds.findIndex((end) => end <= left);
			if (lane < 0) continue; // it is in the list
			ctx.fillText(mark.text, left, bbox.top + (2 + 14 * lane) * ratio);
			laneEnds[lane] = left + width + 8 * ratio;
		}
		ctx.restore();
	}

	/** The plot's own size is its container's: the sheet decides. */
	const plotSize = () => ({ width: plot.clientWidth - 12, height: plot.clientHeight });

	/** @returns {uPlot.Options} */
	function plotOptions() {
		const axis = {
			stroke: () => app.theme.colour("muted"),
			grid: { stroke: () => app.theme.colour("line-soft"), width: 1 },
			ticks: { show: false },
			font: `11px ${getComputedStyle(plot).fontFamily}`,
		};
		/** @type {uPlot.Axis} */
		const timeAxis = elapsed
			? { incrs: ELAPSED_STEPS, values: (_, splits) => splits.map(elapsedLabel) }
			: { values: (_, splits) => timeLabels(splits) };
		const isBytes = unit === "bytes" || unit === "bytes_per_s";

		return {
			...plotSize(),
			padding: [8, 18, 0, 0],
			legend: { show: false },
			scales: {
				x: { time: !elapsed },
				y: { range: (_, low, high) => valueRange(...(data.range?.y ?? [low, high])) },
			},
			axes: [
				{ ...axis, size: 26, gap: 4, space: 70, ...timeAxis },
				{
					...axis,
					size: AXIS_WIDTH,
					gap: 6,
					space: 34,
					values: (_, splits) => splits.map((v) => value(v, unit)),
					...(isBytes ? { incrs: BYTE_STEPS } : {}),
				},
			],
			series: [
				{},
				...data.curves.map((curve) => ({
					label: curve.label,
					stroke: () => app.theme.colour(curve.colour),
					width: 1.6,
					points: { show: false },
					...(curve.name === "retention" ? { dash: [5, 4] } : {}),
				})),
			],
			cursor: {
				y: false,
				drag: { x: !elapsed, y: false, setScale: false },
				points: { size: 6 },
				bind: { dblclick: () => () => (elapsed || resetSpan(), null) },
			},
			hooks: {
				draw: [drawMarks],
				setCursor: [
					(u) => {
						showValues();
						if (u.cursor.event)
							pointCharts(
								u.cursor.idx === null || u.cursor.idx === undefined ? null : data.times[u.cursor.idx],
								self,
							);
					},
				],
				setSelect: [
					(u) => {
						if (u.select.width < LEAST_DRAG_PX) showSpan();
						else takeSpan(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
					},
				],
			},
		};
	}

	function aligned() {
		const columns = /** @type {unknown} */ ([data.times, ...data.curves.map((curve) => curve.values)]);

		return /** @type {uPlot.AlignedData} */ (columns);
	}

	/** uPlot gives a scale without a range one of its own. */
	function scaleTime() {
		if (!chart || !data.times.length) return;
		if (data.range) return chart.setScale("x", { min: data.range.x[0], max: data.range.x[1] });
		const { since, until } = app.state.get();
		const first = data.times[0];
		const last = data.times[data.times.length - 1];
		const min = brush ? first : Math.max(since ?? first, first);
		const max = brush ? last : Math.min(until ?? last, last);

		chart.setScale("x", max > min ? { min, max } : { min: first, max: first + 1 });
	}

	function draw() {
		if (!plot.clientWidth || !data.curves.length) return;
		if (!chart) {
			chart = new uPlot(plotOptions(), aligned(), plot);
			scaleTime();
		} else
			chart.batch(() => {
				chart?.setData(aligned(), false);
				scaleTime();
			});
		showValues();
		showSpan();
	}

	function remake() {
		chart?.destroy();
		chart = undefined;
		draw();
	}

	const endSize = onSize(plot, () => {
		if (!chart) draw();
		else chart.setSize(plotSize());
		showSpan();
	});
	charts.add(self);

	return {
		set(next) {
			const nextShape = next.curves.map((curve) => `${curve.name} ${curve.colour}`).join("\n");
			data = next;
			if (nextShape !== shape) {
				shape = nextShape;
				fillLegend();
				remake();
			} else draw();
			const length = data.times.length ? age(Math.round(data.times[data.times.length - 1] - data.times[0])) : "";
			words.textContent = `${title}, ${length}. ${data.curves.map((curve) => curveWords(curve, unit)).join(". ")}.`;
		},
		update(change) {
			if (change.theme) chart?.redraw(false, true);
			if (change.state) draw();
		},
		destroy() {
			charts.delete(self);
			endSize();
			chart?.destroy();
			figure.remove();
		},
	};
}
