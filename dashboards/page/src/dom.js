// SPDX-License-Identifier: MIT
// The few things about elements that every view needs. Text becomes text nodes, so that no name of a function can be
// markup.

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * An element. Attributes: true sets an empty one, null and false leave it out, a function listens ("onclick").
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, any>} [attributes] @param {...Child} children @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
	const made = document.createElement(tag);

	setAttributes(made, attributes);
	append(made, children);
	return made;
}

/**
 * The same of SVG.
 * @param {string} tag @param {Record<string, any>} [attributes] @param {...Child} children @returns {SVGElement}
 */
export function svg(tag, attributes = {}, ...children) {
	const made = document.createElementNS("http://www.w3.org/2000/svg", tag);

	setAttributes(made, attributes);
	append(made, children);
	return made;
}

/** @param {Element} target @param {Record<string, any>} attributes */
function setAttributes(target, attributes) {
	for (const [name, value] of Object.entries(attributes)) {
		if (typeof value === "function") target.addEventListener(name.replace(/^on/, ""), value);
		else if (value !== null && value !== undefined && value !== false)
			target.setAttribute(name, value === true ? "" : String(value));
	}
}

/** @param {Element} target @param {Child[]} children */
function append(target, children) {
	for (const child of children)
		if (child !== null && child !== undefined && child !== false)
			target.append(typeof child === "number" ? String(child) : child);
}

/** Leaves these children only. @param {Element} target @param {...Child} children */
export function fill(target, ...children) {
	target.replaceChildren();
	append(target, children);
}

/**
 * Sets text only where it differs, so that a selection in it survives a tick.
 * @param {Element} target @param {string} text
 */
export function text(target, text) {
	if (target.textContent !== text) target.textContent = text;
}

/**
 * As fill(), but what had the focus among the children, a link or a button, has it again if it is there with the same
 * text.
 * @param {Element} target @param {...Child} children
 */
export function refill(target, ...children) {
	const { activeElement: held } = document;
	const isWithin = held !== null && held !== target && target.contains(held);

	fill(target, ...children);
	if (!isWithin) return;
	const again = [...target.querySelectorAll(held.tagName)].find((next) => next.textContent === held.textContent);
	if (again) /** @type {HTMLElement} */ (again).focus({ preventScroll: true });
}

/** @param {Element} target */
export function clear(target) {
	target.replaceChildren();
}

/**
 * Calls back with the size in CSS pixels, now and when it changes; the function that is returned ends it.
 * @param {Element} target @param {(width: number, height: number) => void} changed
 */
export function onSize(target, changed) {
	let last = "";
	const observer = new ResizeObserver(() => {
		const { clientWidth: width, clientHeight: height } = target;
		if (last === `${width} ${height}`) return;
		last = `${width} ${height}`;
		changed(width, height);
	});

	observer.observe(target);
	return () => observer.disconnect();
}

/** At most one call a frame, however often it is asked for. @param {() => void} run */
export function onceAFrame(run) {
	let asked = 0;
	const later = () => {
		asked ||= requestAnimationFrame(() => {
			asked = 0;
			run();
		});
	};

	return Object.assign(later, { cancel: () => cancelAnimationFrame(asked) });
}
