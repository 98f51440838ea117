// SPDX-License-Identifier: MIT
import { element } from "./dom.js";

/** @type {import("./types").CreateView} */
export function create(root) {
	root.append(element("p", { class: "message" }, "Callsite"));
	return { update() {}, destroy() {} };
}
