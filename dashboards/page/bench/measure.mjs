// SPDX-License-Identifier: MIT
// measure.mjs [CALLSITES] - how quick the page is with a day of samples and so many callsites (10,000): opens dist/ in
// Chromium, five times, and prints medians. CHROMIUM names the browser.
import { chromium } from "playwright-core";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { answers } from "./answers.mjs";

const count = Number(process.argv[2] ?? 10000);
const ROUNDS = 5;
const TIMES = 7; // of each interaction in a round
const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const files = new Map([
	["/", ["text/html; charset=utf-8", readFileSync(`${dist}index.html`)]],
	["/page.js", ["text/javascript; charset=utf-8", readFileSync(`${dist}page.js`)]],
	["/page.css", ["text/css; charset=utf-8", readFileSync(`${dist}page.css`)]],
	...[...answers(count)].map(([path, body]) => [path, ["application/json", body]]),
]);

const server = createServer((request, response) => {
	const [type, body] = files.get(new URL(request.url, "http://localhost").pathname) ?? [];

	response.writeHead(type ? 200 : 404, { "content-type": type ?? "text/plain" });
	response.end(body);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

/** Milliseconds from each of several actions until the browser has painted what they led to. */
function timed(page, action) {
	return page.evaluate(
		async ([source, times]) => {
			const act = new Function("i", source);
			const found = [];
			for (let i = 0; i < times; i++) {
				await new Promise((resolve) => setTimeout(resolve, 100));
				const start = performance.now();
				act(i);
				await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
				found.push(performance.now() - start);
			}
			return found;
		},
		[action, TIMES],
	);
}

const FILTER =
	'const field = document.getElementById("callsite-filter");' +
	'field.value = "turn_log_1".slice(0, 1 + i); field.dispatchEvent(new Event("input"));';
const SORT = 'document.querySelectorAll(".sites th button")[i].click();';
const SCROLL = "scrollTo(0, 1000 + i * 40000);";

const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
	args: ["--no-sandbox"],
});
/** @type {Record<string, number[]>} */
const figures = {};
const note = (name, ...values) => (figures[name] = [...(figures[name] ?? []), ...values]);

for (let round = 0; round < ROUNDS; round++) {
	const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
	const start = performance.now();

	await page.goto(`http://127.0.0.1:${server.address().port}/`);
	await page.waitForSelector(".chart canvas");
	note("charts drawn", performance.now() - start);
	await page.waitForSelector(".sites tr[data-index]");
	note("table drawn", performance.now() - start);
	note("first paint", await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime));
	note("a key in the filter", ...(await timed(page, FILTER)));
	await page.fill("#callsite-filter", "");
	note("another order", ...(await timed(page, SORT)));
	note("a leap of 40,000 pixels", ...(await timed(page, SCROLL)));
	note("rows in the document", await page.locator(".sites tbody tr").count());
	await page.close();
}
await browser.close();
server.close();

console.log(`${count} callsites, a day of samples; medians of ${ROUNDS} visits, milliseconds until painted`);
for (const [name, values] of Object.entries(figures)) {
	values.sort((a, b) => a - b);
	console.log(`${name.padEnd(26)}${values[values.length >> 1].toFixed(0).padStart(6)}`);
}
