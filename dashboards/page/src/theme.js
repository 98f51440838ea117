// SPDX-License-Identifier: MIT
// Light or dark: as the system says, or as chosen by the switch, which is remembered where the browser allows it.

const STORED = "seep-theme";

function stored() {
	try {
		return localStorage.getItem(STORED);
	} catch {
		return null; // a report opened from a file may have no storage
	}
}

/** @param {() => void} changed @returns {import("./types").Theme} */
export function openTheme(changed) {
	const system = matchMedia("(prefers-color-scheme: dark)");
	const root = document.documentElement;
	/** @type {Map<string, string>} */
	const colours = new Map();
	// custom properties hold light-dark(...): only a colour that is used is resolved
	const probe = document.createElement("i");
	probe.hidden = true;
	document.body.append(probe);

	const apply = (/** @type {string | null} */ chosen) => {
		if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
		else delete root.dataset.theme;
		colours.clear();
	};
	const name = () => /** @type {"light" | "dark"} */ (root.dataset.theme ?? (system.matches ? "dark" : "light"));

	apply(stored());
	system.addEventListener("change", () => {
		colours.clear();
		changed();
	});
	return {
		name,
		colour(property) {
			const cached = colours.get(property);
			if (cached) return cached;
			probe.style.color = `var(--${property})`;
			const colour = getComputedStyle(probe).color;
			colours.set(property, colour);
			return colour;
		},
		toggle() {
			const next = name() === "dark" ? "light" : "dark";
			apply(next);
			try {
				localStorage.setItem(STORED, next);
			} catch {
				// chosen for this visit only
			}
			changed();
		},
	};
}
