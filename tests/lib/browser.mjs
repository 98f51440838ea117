// SPDX-License-Identifier: MIT
// browser.mjs ADDRESS [WIDTH [SCHEME]] <STEPS - opens an address in Chromium and runs the steps of a test: JavaScript that
// may say `page` (playwright's), `assert`, `open(hash)`, `see(selector, pattern)`, which waits until an element's text
// matches, and `shot(name)`, which leaves a picture in $SEEP_SHOTS if that is set. Fails with what failed, and for each of
// `complaints` that is left at the end: whatever was said on the console as an error or a warning, an error that nothing
// caught, and a request to anywhere but the address's own host (of a file: but itself).
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const require = createRequire(new URL("../../dashboards/page/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const [address, width = "1280", scheme = "light"] = process.argv.slice(2);
const WAIT_MS = 15000;
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
const steps = new AsyncFunction("page", "assert", "open", "see", "shot", "complaints", await text(process.stdin));
const own = new URL(address);
/** @type {string[]} */
const complaints = [];

/** @param {URL} url */
function isOwn(url) {
	if (url.protocol === "data:") return true;
	if (own.protocol === "file:") return url.protocol === "file:" && url.pathname === own.pathname;
	return url.origin === own.origin;
}

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
	const page = await browser.newPage({ viewport: { width: Number(width), height: 900 }, colorScheme: scheme });
	page.setDefaultTimeout(WAIT_MS);
	page.on("console", (message) => {
		if (["error", "warning"].includes(message.type())) complaints.push(`console: ${message.text()}`);
	});
	page.on("pageerror", (error) => complaints.push(`not caught: ${error.stack}`));
	page.on("request", (request) => {
		if (!isOwn(new URL(request.url()))) complaints.push(`asked for ${request.url()}`);
	});
	await page.goto(address);
	const open = (hash) => page.evaluate((its) => void (location.hash = its), hash);
	/** @param {string} selector @param {RegExp} pattern */
	const see = async (selector, pattern) => {
		const its = page.locator(selector).first();
		for (const end = Date.now() + WAIT_MS; ; await page.waitForTimeout(50)) {
			const text = (await its.count()) ? await its.innerText() : `nothing is ${selector}`;
			if (pattern.test(text)) return text;
			assert.ok(Date.now() < end, `${selector}: ${text}`);
		}
	};
	const shot = async (name) => {
		const path = `${process.env.SEEP_SHOTS}/${name}-${width}-${scheme}.png`;
		if (process.env.SEEP_SHOTS) await page.screenshot({ path, fullPage: true });
	};
	await steps(page, assert, open, see, shot, complaints);
	assert.deepEqual(complaints, []);
} catch (error) {
	console.error(error.message, complaints.join("\n"));
	process.exitCode = 1;
} finally {
	await browser.close();
}
