// SPDX-License-Identifier: MIT
// The flame graph's canvas: draws the boxes that are in view, finds the one under the pointer, follows keys. Which
// data, which zoom and what a zoom does to the address is the business of who made it.
//
// The canvas is as large as what is seen of the graph and no larger: it sticks to the scrolled frame, so that a stack
// of 500 frames on a dense screen needs no more memory than one of 20.
import { element, onceAFrame, onSize } from "./dom.js";
import * as layout from "./view/flame.js";

/** @typedef {import("./view/flame.js").FlameData} FlameData */
/** @typedef {import("./view/flame.js").FlameTree} FlameTree */
/**
 * @typedef {{data: FlameData, tree: FlameTree, zoom: number, matches: Uint8Array | null, icicle: boolean, program:
 * string}} Picture
 */
/**
 * pointed: -1 for nothing; byKey: by an arrow key, so that it has to be read aloud. back: false if there is nothing to
 * go back to. laidOut: so many frames are too narrow to be drawn.
 * @typedef {{pointed: (node: number, byKey: boolean) => void, zoomed: (node: number) => void, back: () => boolean,
 *   laidOut: (hidden: number) => void}} Listener
 */

const ROW = 18;
const TEXT_INSET = 4;
const KEYS = /** @type {const} */ ({ ArrowLeft: "left", ArrowRight: "right" });

/** @param {HTMLElement} root @param {import("./types").App} app @param {Listener} listener */
export function createGraph(root, app, listener) {
	const canvas = element("canvas", {
		class: "flame-canvas mono",
		tabindex: 0,
		role: "application",
		"aria-roledescription": "flame graph",
	});
	const room = element("div", { class: "flame-room" }, canvas);
	const frame = element("div", { class: "flame-frame" }, room);
	/** @type {Picture | null} */
	let picture = null;
	/** @type {layout.FlameLayout | null} */
	let boxes = null;
	let width = 0;
	let pointed = -1; // nodes
	let focused = 0;

	root.append(frame);
	const redraw = onceAFrame(draw);
	const endSize = onSize(frame, (its) => {
		if (its === width) return redraw();
		width = its;
		arrange();
	});

	function arrange() {
		if (!picture || !width) return;
		boxes = layout.layOut(picture.tree, picture.zoom, width);
		if (layout.boxOf(boxes, focused) < 0) focused = picture.zoom;
		room.style.height = `${boxes.rows * ROW}px`;
		listener.laidOut(boxes.hidden);
		redraw();
	}

	/** Where a row lies in the room: a flame graph has its root at the bottom. @param {number} row */
	const rowTop = (row) => (picture?.icicle ? row : (boxes?.rows ?? 0) - 1 - row) * ROW;

	function draw() {
		if (!picture || !boxes || !width) return;
		const height = Math.min(frame.clientHeight, boxes.rows * ROW);
		const ratio = devicePixelRatio || 1;
		const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

		canvas.width = Math.round(width * ratio);
		canvas.height = Math.round(height * ratio);
		canvas.style.width = `${width}px`;
		canvas.style.height = `${height}px`;
		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		const { fontSize, fontFamily } = getComputedStyle(canvas);
		context.font = `${fontSize} ${fontFamily}`;
		context.textBaseline = "middle";
		drawRows(context, paletteOf(app), height);
	}

	/** @param {CanvasRenderingContext2D} context @param {Palette} palette @param {number} height */
	function drawRows(context, palette, height) {
		const shown = /** @type {layout.FlameLayout} */ (boxes);
		const pen = { context, palette, characterWidth: context.measureText("0").width };

		for (let row = 0; row < shown.rows; row++) {
			const top = rowTop(row) - frame.scrollTop;
			if (top + ROW <= 0 || top >= height) continue;
			for (let box = shown.rowStart[row]; box < shown.rowStart[row + 1]; box++) drawBox(pen, shown, box, top);
		}
	}

	/** @param {{context: CanvasRenderingContext2D, palette: Palette, characterWidth: number}} pen
	 * @param {layout.FlameLayout} shown @param {number} box @param {number} top */
	function drawBox({ context, palette, characterWidth }, shown, box, top) {
		const { tree, matches, zoom } = /** @type {Picture} */ (picture);
		const node = shown.node[box];
		const its = shown.width[box];
		const wide = its > 3 ? its - 1 : its;
		const isMatch = matches !== null && matches[node] === 1;

		context.globalAlpha = tree.depth[node] < tree.depth[zoom] ? 0.55 : 1;
		paint(context, palette, node, isMatch);
		context.fillRect(shown.x[box], top, wide, ROW - 1);
		context.globalAlpha = 1;
		const name =
			its > characterWidth * 3
				? layout.label(nameOf(node), Math.floor((its - 2 * TEXT_INSET) / characterWidth))
				: "";
		if (name) {
			context.fillStyle = isMatch ? palette.matchText : palette.text;
			context.fillText(name, shown.x[box] + TEXT_INSET, top + ROW / 2);
		}
		if (node === pointed || (node === focused && document.activeElement === canvas))
			outline(context, palette, shown.x[box], top, wide);
	}

	/**
	 * @param {CanvasRenderingContext2D} context @param {Palette} palette @param {number} x @param {number} top @param
	 * {number} wide
	 */
	function outline(context, palette, x, top, wide) {
		context.strokeStyle = palette.outline;
		context.lineWidth = 2;
		context.strokeRect(x + 1, top + 1, Math.max(wide - 2, 1), ROW - 3);
	}

	/**
	 * @param {CanvasRenderingContext2D} context @param {Palette} palette @param {number} node @param {boolean} isMatch
	 */
	function paint(context, palette, node, isMatch) {
		const { tree, data, program } = /** @type {Picture} */ (picture);
		const value = tree.value[node];

		if (isMatch) {
			context.fillStyle = palette.match;
		} else if (tree.signed) {
			context.fillStyle = value > 0 ? palette.more : value < 0 ? palette.less : palette.same;
			context.globalAlpha *= 0.3 + 0.7 * layout.changeStrength(value, tree.weight[node]);
		} else {
			const shades = palette.tones[node ? layout.tone(data.frames[tree.frame[node]], program) : 0];
			context.fillStyle = shades[tree.path[node] % shades.length];
		}
	}

	/** @param {number} node */
	function nameOf(node) {
		const { tree } = /** @type {Picture} */ (picture);
		return node ? tree.names[tree.name[node]] : "all";
	}

	/** The node at a place of the window, -1 for none. @param {MouseEvent} event */
	function nodeAt(event) {
		if (!boxes) return -1;
		const area = canvas.getBoundingClientRect();
		const line = Math.floor((event.clientY - area.top + frame.scrollTop) / ROW);
		const box = layout.boxAt(boxes, picture?.icicle ? line : boxes.rows - 1 - line, event.clientX - area.left);

		return box < 0 ? -1 : boxes.node[box];
	}

	/** @param {number} node */
	function point(node) {
		if (node === pointed) return;
		pointed = node;
		canvas.classList.toggle("flame-hand", node >= 0);
		listener.pointed(node, false);
		redraw();
	}

	/** @param {number} node */
	function reveal(node) {
		if (!boxes) return;
		const box = layout.boxOf(boxes, node);
		const top = rowTop(boxes.row[box]);

		if (top < frame.scrollTop) frame.scrollTop = top;
		else if (top + ROW > frame.scrollTop + frame.clientHeight) frame.scrollTop = top + ROW - frame.clientHeight;
	}

	/** @param {string} key @returns {"left" | "right" | "caller" | "callee" | null} */
	function directionOf(key) {
		if (key === "ArrowUp") return picture?.icicle ? "caller" : "callee";
		if (key === "ArrowDown") return picture?.icicle ? "callee" : "caller";
		return KEYS[/** @type {keyof typeof KEYS} */ (key)] ?? null;
	}

	/** @param {KeyboardEvent} event */
	function onKey(event) {
		if (!picture || !boxes || event.ctrlKey || event.altKey || event.metaKey) return;
		const direction = directionOf(event.key);

		if (direction)
			focused = boxes.node[layout.neighbour(picture.tree, boxes, layout.boxOf(boxes, focused), direction)];
		else if (event.key === "Enter" || event.key === " ") listener.zoomed(focused);
		else if (event.key !== "Escape" || !listener.back()) return;
		event.preventDefault();
		pointed = -1;
		reveal(focused);
		listener.pointed(focused, true);
		redraw();
	}

	canvas.addEventListener("pointermove", (event) => point(nodeAt(event)));
	canvas.addEventListener("pointerleave", () => point(-1));
	canvas.addEventListener("click", (event) => {
		const node = nodeAt(event);
		if (node < 0) return;
		focused = node;
		listener.zoomed(node);
	});
	canvas.addEventListener("keydown", onKey);
	canvas.addEventListener("focus", redraw);
	canvas.addEventListener("blur", redraw);
	frame.addEventListener("scroll", redraw);

	return {
		/** Shows this; a new tree has new nodes, so the focus is looked for by its path. @param {Picture} next */
		set(next) {
			const isOther = !picture || picture.icicle !== next.icicle;

			if (picture && picture.tree !== next.tree) {
				focused = layout.findPath(next.tree, layout.pathName(picture.tree, focused));
				pointed = -1;
			}
			picture = next;
			canvas.setAttribute("aria-label", `${next.data.type}; arrow keys move, Enter zooms, Escape goes back`);
			arrange();
			// the root is what one begins with, and it is at the bottom of a flame graph
			if (isOther) frame.scrollTop = next.icicle ? 0 : frame.scrollHeight;
		},
		redraw,
		destroy() {
			redraw.cancel();
			endSize();
		},
	};
}

/**
 * @typedef {{tones: string[][], match: string, matchText: string, text: string, more: string, less: string,
 *   same: string, outline: string}} Palette
 */

/** @param {import("./types").App} app @returns {Palette} */
function paletteOf(app) {
	const colour = (/** @type {string} */ name) => app.theme.colour(`flame-${name}`);
	const tones = Array.from({ length: 1 + layout.LIBRARY_TONES }, (_, i) => [colour(`${i}a`), colour(`${i}b`)]);

	return {
		tones,
		match: colour("match"),
		matchText: colour("match-text"),
		text: colour("text"),
		more: colour("more"),
		less: colour("less"),
		same: colour("same"),
		outline: colour("outline"),
	};
}
