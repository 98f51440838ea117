// SPDX-License-Identifier: MIT
// A flame graph as numbers: the tree of stacks, where its boxes lie, which of them match, what is beside what.
//
// The tree is a struct of typed arrays, a node an index into each. Node 0 is "all"; a parent stands before its
// children. A node is a path of functions, as in `seep tree`: the same function called from two lines of one caller is
// one node, which keeps the frame that was met first. Children are in the order of their weight, heaviest first, then
// by name, so that a row can stop at the first one too narrow to draw.
//
// Weight is what a box is as wide as: the sum of the stacks' values without their signs. In a difference, where more
// here and less there would cancel, a box is then as wide as what changed below it; elsewhere it is the value.
//
// Pure. Widths and places are in CSS pixels.
import { base, count as formatCount, percent as formatPercent, place, value as formatValue } from "./format.js";

/** @typedef {{function: string, file: string | null, line: number | null, module: string | null}} Frame */
/**
 * What /api/flame answers; stacks are outermost first.
 * @typedef {{type: string, unit: string, total: number, difference: boolean, estimated: boolean, frames: Frame[],
 *   stacks: {frames: number[], value: number}[]}} FlameData
 */
/**
 * `first` has count + 1 entries: the children of n are children[first[n]] .. children[first[n + 1] - 1]. `path`
 * identifies a node by the names on its way, whatever else there is in the tree. frame is -1 for node 0. signed: values
 * are changes, more or less.
 * @typedef {{count: number, frame: Int32Array, name: Int32Array, names: string[], parent: Int32Array,
 *   depth: Int32Array, value: Float64Array, self: Float64Array, weight: Float64Array, path: Uint32Array,
 *   first: Int32Array, children: Int32Array, signed: boolean}} FlameTree
 */
/**
 * Boxes in the order of rows, then from left to right; row r is rowStart[r] .. rowStart[r + 1] - 1, row 0 is "all".
 * hidden: so many were too narrow, not counting what is above them.
 * @typedef {{count: number, node: Int32Array, x: Float64Array, width: Float64Array, row: Int32Array,
 *   rowStart: number[], rows: number, hidden: number}} FlameLayout
 */

/** Half a pixel: what is narrower is not drawn. */
export const LEAST_WIDTH = 0.5;

/* ---- the tree ---- */

/** A frame's function as a number, the same for frames of the same function. @param {Frame[]} frames */
function numberNames(frames) {
	/** @type {Map<string, number>} */
	const numbers = new Map();
	const byFrame = Int32Array.from(frames, (frame) => {
		const known = numbers.get(frame.function);
		if (known !== undefined) return known;
		numbers.set(frame.function, numbers.size);
		return numbers.size - 1;
	});
	return { byFrame, names: [...numbers.keys()] };
}

/** FNV-1a of a text, going on from `hash`. @param {string} text */
function hashText(text, hash = 2166136261) {
	for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
	return hash >>> 0;
}

/**
 * Nodes are entered by (parent, name). Each list grows by one at each new node.
 * @param {FlameData} data @param {Int32Array} nameOf
 */
function enterStacks(data, nameOf) {
	const keys = data.frames.length + 1;
	/** @type {Map<number, number>} */
	const known = new Map();
	const parent = [-1];
	const frame = [-1];
	const value = [0];
	const weight = [0];
	const self = [0];
	for (const stack of data.stacks) {
		let node = 0;
		for (const id of stack.frames) {
			const key = node * keys + nameOf[id];
			let next = known.get(key);
			if (next === undefined) {
				next = parent.length;
				known.set(key, next);
				parent.push(node);
				frame.push(id);
				value.push(0);
				weight.push(0);
				self.push(0);
			}
			node = next;
		}
		self[node] += stack.value;
		value[node] += stack.value;
		weight[node] += Math.abs(stack.value);
	}
	return {
		parent: Int32Array.from(parent),
		frame: Int32Array.from(frame),
		self: Float64Array.from(self),
		value: Float64Array.from(value),
		weight: Float64Array.from(weight),
	};
}

/**
 * The children of each node, heaviest first.
 * @param {Int32Array} parent @param {Float64Array} weight @param {(a: number, b: number) => number} compareNames
 */
function listChildren(parent, weight, compareNames) {
	const count = parent.length;
	const first = new Int32Array(count + 1);
	const children = new Int32Array(count - 1);
	for (let n = 1; n < count; n++) first[parent[n] + 1]++;
	for (let n = 0; n < count; n++) first[n + 1] += first[n];
	const next = first.slice();
	for (let n = 1; n < count; n++) children[next[parent[n]]++] = n;
	for (let n = 0; n < count; n++)
		if (first[n + 1] - first[n] > 1)
			children.subarray(first[n], first[n + 1]).sort((a, b) => weight[b] - weight[a] || compareNames(a, b));
	return { first, children };
}

/** @param {FlameData} data @returns {FlameTree} */
export function buildTree(data) {
	const { byFrame, names } = numberNames(data.frames);
	const { parent, frame, self, value, weight } = enterStacks(data, byFrame);
	const count = parent.length;
	const name = new Int32Array(count).fill(-1);
	const depth = new Int32Array(count);
	const path = new Uint32Array(count);
	path[0] = hashText("");
	for (let n = 1; n < count; n++) {
		name[n] = byFrame[frame[n]];
		depth[n] = depth[parent[n]] + 1;
		path[n] = hashText(names[name[n]], hashText("\n", path[parent[n]]));
	}
	for (let n = count - 1; n > 0; n--) {
		value[parent[n]] += value[n];
		weight[parent[n]] += weight[n];
	}
	const compareNames = (/** @type {number} */ a, /** @type {number} */ b) =>
		names[name[a]] < names[name[b]] ? -1 : Number(names[name[a]] > names[name[b]]);
	const signed = data.difference || data.stacks.some((stack) => stack.value < 0);
	return {
		count,
		frame,
		name,
		names,
		parent,
		depth,
		value,
		self,
		weight,
		path,
		signed,
		...listChildren(parent, weight, compareNames),
	};
}

/** A node's name in a link. @param {FlameTree} tree @param {number} node */
export function pathName(tree, node) {
	return node ? tree.path[node].toString(16).padStart(8, "0") : "";
}

/** The node of that name; 0, all, if there is none (any more). @param {FlameTree} tree @param {string} name */
export function findPath(tree, name) {
	const path = name ? parseInt(name, 16) : NaN;
	return Math.max(0, tree.path.indexOf(path, 1));
}

/** A node and its ancestors, "all" first. @param {FlameTree} tree @param {number} node */
export function ancestry(tree, node) {
	const way = [];
	for (let n = node; n >= 0; n = tree.parent[n]) way.push(n);
	return way.reverse();
}

/* ---- layout ---- */

/**
 * Where the boxes lie if `zoom` is as wide as everything; its ancestors are, too.
 * @param {FlameTree} tree @param {number} zoom @param {number} width @returns {FlameLayout}
 */
export function layOut(tree, zoom, width) {
	/** @type {number[]} */
	const node = ancestry(tree, zoom);
	const x = node.map(() => 0);
	const widths = node.map(() => width);
	const row = node.map((_, i) => i);
	const rowStart = node.map((_, i) => i);
	const scale = tree.weight[zoom] > 0 ? width / tree.weight[zoom] : 0;
	let hidden = 0;
	const least = scale > 0 ? LEAST_WIDTH / scale : Infinity;
	let begin = node.length - 1;
	let end = node.length;
	let at = node.length;
	while (begin < end) {
		for (let box = begin; box < end; box++) {
			let left = x[box];
			for (let i = tree.first[node[box]]; i < tree.first[node[box] + 1]; i++) {
				const child = tree.children[i];
				if (tree.weight[child] < least) {
					hidden += tree.first[node[box] + 1] - i;
					break;
				}
				node.push(child);
				x.push(left);
				widths.push(tree.weight[child] * scale);
				row.push(at);
				left += tree.weight[child] * scale;
			}
		}
		rowStart.push(end);
		begin = end;
		end = node.length;
		at++;
	}
	return {
		count: node.length,
		node: Int32Array.from(node),
		x: Float64Array.from(x),
		width: Float64Array.from(widths),
		row: Int32Array.from(row),
		rowStart,
		rows: rowStart.length - 1,
		hidden,
	};
}

/** The box at x in a row, or -1. @param {FlameLayout} layout @param {number} row @param {number} x */
export function boxAt(layout, row, x) {
	if (row < 0 || row >= layout.rows) return -1;
	let low = layout.rowStart[row];
	let high = layout.rowStart[row + 1];
	while (low < high) {
		const middle = (low + high) >> 1;
		if (layout.x[middle] <= x) low = middle + 1;
		else high = middle;
	}
	const box = low - 1;
	return box >= layout.rowStart[row] && x < layout.x[box] + layout.width[box] ? box : -1;
}

/** The box of a node, or -1 if it is not drawn. @param {FlameLayout} layout @param {number} node */
export function boxOf(layout, node) {
	return layout.node.indexOf(node);
}

/**
 * The box beside another one, for the arrow keys: "callee" is the heaviest function it calls. The box itself if there
 * is none.
 * @param {FlameTree} tree @param {FlameLayout} layout @param {number} box
 * @param {"left" | "right" | "caller" | "callee"} direction
 */
export function neighbour(tree, layout, box, direction) {
	const node = layout.node[box];
	const row = layout.row[box];
	if (direction === "left") return box > layout.rowStart[row] ? box - 1 : box;
	if (direction === "right") return box + 1 < layout.rowStart[row + 1] ? box + 1 : box;
	if (direction === "caller") return row ? boxOf(layout, tree.parent[node]) : box;
	for (let other = layout.rowStart[row + 1]; row + 1 < layout.rows && other < layout.rowStart[row + 2]; other++)
		if (tree.parent[layout.node[other]] === node) return other;
	return box;
}

/* ---- search ---- */

/**
 * Which nodes match: 1 for each whose function, file or module has the text in it, in either case. Null for no text.
 * @param {FlameTree} tree @param {Frame[]} frames @param {string} text @returns {Uint8Array | null}
 */
export function search(tree, frames, text) {
	const wanted = text.trim().toLowerCase();
	if (!wanted) return null;
	const has = (/** @type {string | null} */ field) => field !== null && field.toLowerCase().includes(wanted);
	const matches = frames.map((frame) => has(frame.function) || has(frame.file) || has(frame.module));
	return Uint8Array.from(tree.frame, (frame) => Number(frame >= 0 && matches[frame]));
}

/**
 * What is at or below the matching nodes under `zoom`, each stack counted once however many of its frames match.
 * @param {FlameTree} tree @param {Uint8Array} matches @param {number} zoom
 */
export function matched(tree, matches, zoom) {
	let value = 0;
	let weight = 0;
	const open = [zoom];
	for (let node = open.pop(); node !== undefined; node = open.pop()) {
		if (matches[node]) {
			value += tree.value[node];
			weight += tree.weight[node];
			continue;
		}
		for (let i = tree.first[node]; i < tree.first[node + 1]; i++) open.push(tree.children[i]);
	}
	return { value, weight, part: tree.weight[zoom] > 0 ? weight / tree.weight[zoom] : 0 };
}

/* ---- the table ---- */

/**
 * The functions at and below `zoom` as `seep top` lists them: flat is what the function acquired itself, cum with all
 * it called, each stack counted once however often the function stands in it. By weight of cum, then by name.
 * @param {FlameTree} tree @param {number} zoom
 * @returns {{name: string, frame: number, flat: number, cum: number}[]}
 */
export function functionTable(tree, zoom) {
	const flat = new Float64Array(tree.names.length);
	const cum = new Float64Array(tree.names.length);
	const weight = new Float64Array(tree.names.length);
	const above = new Int32Array(tree.names.length);
	const frame = new Int32Array(tree.names.length).fill(-1);
	/* A node is pushed again, as ~node, to be left once what is below it is done. */
	const open = [zoom];
	for (let next = open.pop(); next !== undefined; next = open.pop()) {
		if (next < 0) {
			above[tree.name[~next]]--;
			continue;
		}
		const name = tree.name[next];
		if (name >= 0) {
			flat[name] += tree.self[next];
			if (!above[name]) {
				cum[name] += tree.value[next];
				weight[name] += tree.weight[next];
			}
			if (frame[name] < 0) frame[name] = tree.frame[next];
			above[name]++;
			open.push(~next);
		}
		for (let i = tree.first[next]; i < tree.first[next + 1]; i++) open.push(tree.children[i]);
	}
	return tree.names
		.map((name, i) => ({ name, frame: frame[i], flat: flat[i], cum: cum[i], weight: weight[i] }))
		.filter((row) => row.frame >= 0)
		.sort((a, b) => b.weight - a.weight || (a.name < b.name ? -1 : 1))
		.map(({ name, frame: its, flat: own, cum: all }) => ({ name, frame: its, flat: own, cum: all }));
}

/* ---- words ---- */

/** What each sample type is, for people; a kind that was asked for by its name is its own words. */
const TYPE_WORDS = /** @type {Record<string, string>} */ ({
	inuse_space: "memory held, in bytes",
	inuse_objects: "memory held, in blocks",
	alloc_space: "memory acquired since the start, in bytes",
	alloc_objects: "memory acquired since the start, in blocks",
	sockets: "sockets held",
	fds: "descriptors held",
	timers: "timers held",
	threads: "threads held",
	streams: "streams held",
	mappings: "mappings held, in bytes",
	watches: "watches held",
});

/** What of a layout is not to be seen. @param {number} hidden */
export function hiddenWords(hidden) {
	if (!hidden) return "";
	const frames = hidden === 1 ? "1 frame is" : `${formatCount(hidden)} frames are`;

	return `${frames} too narrow to be drawn: zoom into what is below.`;
}

/** @param {string} type */
export function typeWords(type) {
	return TYPE_WORDS[type] ?? `${type.replaceAll("_", " ")} held`;
}

/* ---- what is drawn ---- */

/**
 * As much of a name as fits into so many characters; what is cut ends with "..". Nothing in less than three.
 * @param {string} name @param {number} characters
 */
export function label(name, characters) {
	if (characters < 3) return "";
	return name.length <= characters ? name : name.slice(0, characters - 2) + "..";
}

/** How many tones a graph without signs has: the program's own functions, and some for libraries. */
export const LIBRARY_TONES = 3;

/**
 * The tone of a node: 0 the program's own functions, 1 .. LIBRARY_TONES a library, always the same for one module.
 * @param {Frame | undefined} frame @param {string} program the program's file name
 */
export function tone(frame, program) {
	if (!frame || !frame.module || base(frame.module) === base(program)) return 0;
	return 1 + (hashText(base(frame.module)) % LIBRARY_TONES);
}

/**
 * How strong the colour of a change is, 0 to 1, by the part of what changed below that did not cancel.
 * @param {number} value @param {number} weight
 */
export function changeStrength(value, weight) {
	return weight > 0 ? Math.min(1, Math.abs(value) / weight) : 0;
}

/**
 * The value of a node in words: how much, or what it changed by.
 * @param {FlameTree} tree @param {number} value @param {string} unit
 */
export function valueWords(tree, value, unit) {
	if (!tree.signed) return formatValue(value, unit);
	if (!value) return "no change";
	return `${value > 0 ? "grew" : "shrank"} by ${formatValue(Math.abs(value), unit)}`;
}

/**
 * A node in words, for the line under the graph and for readers who do not see it.
 * @param {FlameTree} tree @param {FlameData} data @param {number} node
 */
export function describe(tree, data, node) {
	const amount = valueWords(tree, tree.value[node], data.unit);
	if (node === 0) return `all: ${amount}`;
	const frame = data.frames[tree.frame[node]];
	const where = frame.file ? ` (${place(frame)})` : "";
	const module = frame.module ? ` in ${base(frame.module)}` : "";
	const part = formatPercent(tree.weight[0] > 0 ? tree.weight[node] / tree.weight[0] : 0);
	const self = tree.self[node] ? `; itself ${valueWords(tree, tree.self[node], data.unit)}` : "";
	return `${frame.function}${where}${module}: ${amount}, ${part} of ${tree.signed ? "what changed" : "all"}${self}`;
}
