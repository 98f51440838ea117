// SPDX-License-Identifier: MIT
// One time chart: uPlot with a legend of values, marks, a span to select by mouse, finger or keys, and words for those
// who do not see it. All charts of the page share the cursor, and the span through the state.
import uPlot from "uplot";
import { createLegend } from "./chart_legend.js";
import { drawMarks } from "./chart_marks.js";
import { element, onSize } from "./dom.js";
import { BYTE_STEPS, ELAPSED_STEPS, timeLabels, valueRange } from "./view/axis.js";
import { curveWords, lastKnown } from "./view/series.js";
import { age, clock, elapsed as elapsedLabel, value } from "./view/format.js";

/** @typedef {import("./types").App} App */
/** @typedef {import("./types").Chart} Chart */
/** @typedef {import("./types").ChartData} ChartData */
/** @typedef {import("./types").ChartOptions} ChartOptions */

const LEAST_DRAG_PX = 6;
const LABELLED_HEIGHT = 160; // marks have their label in charts of this height
const AXIS_WIDTH = 62;

/** The charts on the page: the cursor of one is that of all. @type {Set<{point: (time: number | null) => void}>} */
const charts = new Set();

/** Shows a time on all charts; null: none. @param {number | null} time @param {object} [except] */
export function pointCharts(time, except) {
	for (const chart of charts) if (chart !== except) chart.point(time);
}

/**
 * @param {HTMLElement} root where the chart is appended @param {App} app
 * @param {ChartOptions & {brush?: boolean, canFit?: boolean, className?: string}} options brush: the span is shown, not zoomed
 *     to; canFit: the axis may leave 0
 * @returns {Chart}
 */
export function createChart(root, app, options) {
	const { title, unit, brush = false, canFit = false, elapsed = false } = options;
	const selection = elapsed ? "" : ", with Shift they select a span, Enter keeps it, Escape ends it";
	const time = element("span", { class: "chart-time" });
	const legend = createLegend((name, shown) => {
		chart?.setSeries(data.curves.findIndex((curve) => curve.name === name) + 1, { show: shown });
	});
	const fit = element("button", { class: "chart-fit", type: "button", "aria-pressed": "false", onclick: toggleFit });
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
		element("figcaption", { class: "panel-head" }, element("h2", {}, title), legend.list, canFit && fit, time),
		plot,
		words,
	);
	/** @type {uPlot | undefined} */
	let chart;
	/** @type {ChartData} */
	let data = { times: [], curves: [] };
	let shape = "";
	let keyFrom = -1; // where a selection by keys began
	let fitted = false;

	fit.textContent = "axis from 0";
	root.append(figure);

	/* ---- cursor and legend ---- */

	function showValues() {
		const index = chart?.cursor.idx ?? null;

		legend.show(
			data.curves.map((curve) => value(index === null ? lastKnown(curve.values) : curve.values[index], unit)),
		);
		const isLong = data.times.length > 0 && data.times[data.times.length - 1] - data.times[0] > 86400;
		time.textContent =
			index === null
				? ""
				: elapsed
					? `after ${elapsedLabel(data.times[index])}`
					: clock(data.times[index], isLong);
	}

	function toggleFit() {
		fitted = !fitted;
		fit.textContent = fitted ? "axis fitted" : "axis from 0";
		fit.setAttribute("aria-pressed", String(fitted));
		draw();
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

	/* A finger: across selects, up and down scrolls the page (touch-action). */
	let fingerFrom = /** @type {number | null} */ (null);
	const fingerAt = (/** @type {PointerEvent} */ event) => {
		const { left = 0 } = chart?.over.getBoundingClientRect() ?? {};
		return chart?.posToVal(event.clientX - left, "x") ?? 0;
	};
	plot.addEventListener("pointerdown", (event) => {
		if (event.pointerType === "touch" && chart && !elapsed) fingerFrom = fingerAt(event);
	});
	plot.addEventListener("pointermove", (event) => {
		if (fingerFrom !== null) showSelection(fingerFrom, fingerAt(event));
	});
	plot.addEventListener("pointerup", (event) => {
		if (fingerFrom !== null && (chart?.select.width ?? 0) >= LEAST_DRAG_PX) takeSpan(fingerFrom, fingerAt(event));
		fingerFrom = null;
	});
	plot.addEventListener("pointercancel", () => {
		fingerFrom = null;
		hideSelection();
	});

	/* ---- drawing ---- */

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
		const steps =
			unit === "bytes" || unit === "bytes_per_s" ? BYTE_STEPS : unit === "seconds" ? ELAPSED_STEPS : null;

		return {
			...plotSize(),
			padding: [8, 28, 0, 0], // half of the last label stands beyond the last point
			legend: { show: false },
			scales: {
				x: { time: !elapsed },
				y: { range: (_, low, high) => valueRange(...(data.range?.y ?? [low, high]), fitted) },
			},
			axes: [
				{ ...axis, size: 26, gap: 4, space: 70, ...timeAxis },
				{
					...axis,
					size: AXIS_WIDTH,
					gap: 6,
					space: 34,
					values: (_, splits) => splits.map((v) => value(v, unit)),
					...(steps ? { incrs: steps } : {}),
				},
			],
			series: [
				{},
				...data.curves.map((curve) => ({
					label: curve.label,
					show: legend.isShown(curve.name),
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
				draw: [
					(u) =>
						drawMarks(u, data.marks ?? [], {
							theme: app.theme,
							font: getComputedStyle(plot).fontFamily,
							labelled: plot.clientHeight >= LABELLED_HEIGHT,
						}),
				],
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
				legend.fill(data.curves);
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
