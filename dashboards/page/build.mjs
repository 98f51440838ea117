// SPDX-License-Identifier: MIT
// build.mjs [--outdir=DIR] - bundles src/ and page.css, and copies index.html, into dist/ (or DIR). The same sources
// give the same bytes.
import { build } from "esbuild";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const asked = process.argv.find((argument) => argument.startsWith("--outdir="));
const out = asked ? asked.slice("--outdir=".length) : join(here, "dist");

const common = {
	absWorkingDir: here,
	bundle: true,
	minify: true,
	charset: "utf8",
	legalComments: "inline",
	target: ["es2022", "chrome123", "firefox121", "safari17.5"],
	write: false,
};

/** A report carries both files inline: what would end their element there must not be in them. */
function refuseClosingTag(name, text) {
	if (/<\/(script|style)/i.test(text) || text.includes("<!--"))
		throw new Error(`${name} holds a closing tag or a comment of HTML, and could not stand inline`);
}

await mkdir(out, { recursive: true });
for (const [entry, name, more] of [
	["src/main.js", "page.js", { format: "iife" }],
	["page.css", "page.css", {}],
]) {
	const result = await build({ ...common, ...more, entryPoints: [entry] });
	const text = result.outputFiles[0].text;
	refuseClosingTag(name, text);
	await writeFile(join(out, name), text);
}
await writeFile(join(out, "index.html"), await readFile(join(here, "index.html")));
