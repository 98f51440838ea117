// SPDX-License-Identifier: MIT
// What the page says on top: one headline, and the callsites that it is about. Pure.
import { known, plural, rate } from "./format.js";

/** @typedef {import("../types").Callsites} Callsites */
/** @typedef {import("../types").Callsite} Callsite */
/** @typedef {import("../types").Verdict} Verdict */
/** @typedef {import("../types").Mark} Mark */

/** @param {Callsites} answer @param {Verdict} verdict */
function countOf(answer, verdict) {
	return answer.callsites.filter((row) => row.verdict === verdict).length;
}

/**
 * The answer to "does it leak?", and how grave it is.
 * @param {Callsites} answer @returns {{verdict: Verdict, text: string}}
 */
export function headline(answer) {
	const leaks = countOf(answer, "leak");
	const undecided = countOf(answer, "undecided");

	if (leaks) return { verdict: "leak", text: leaks === 1 ? "1 callsite leaks" : `${leaks} callsites leak` };
	if (undecided)
		return { verdict: "undecided", text: `No leak so far; ${plural(undecided, "callsite")} cannot be told yet` };
	if (!answer.callsites.length) return { verdict: "undecided", text: "Nothing is recorded yet" };
	return { verdict: "steady", text: "No leak" };
}

/** "1.00 per write_calls" @param {Callsite} row */
export function goesWithWords(row) {
	const goes = row.goes_with;

	if (!goes) return "";
	const name = goes.name.replace(/^(event:)?(mark:)?/, "").replaceAll("_", " ");
	return goes.ratio >= 0.1 ? `${goes.ratio.toFixed(2)} per ${name}` : `one per ${Math.round(1 / goes.ratio)} ${name}`;
}

/**
 * What the judgement says of a callsite, without the title that the page shows itself ("turn_log (chat.c:90) in chat,
 * heap: "), and without how many more stacks there are: how it grows, what it holds, and the way there, a line each.
 * @param {Callsite} row @param {string} words lines of text
 */
export function evidence(row, words) {
	const title = `, ${row.kind}: `;
	const at = words.startsWith(row.function) ? words.indexOf(title) : -1;
	const rest = at < 0 ? words : words.slice(at + title.length);

	const lines = rest.split("\n").filter((line) => line && !/^and \d+ more stacks?$/.test(line));
	const isWay = (/** @type {string} */ line) => /^(\d+% )?(from|via) /.test(line);
	const held = lines.slice(1).filter((line) => !isWay(line));

	return [lines[0], held.join("; "), ...lines.slice(1).filter(isWay)].filter(Boolean).join("\n");
}

/** The counts, the last of its lines; that there is no leak is said by the headline. @param {Callsites} answer */
export function counts(answer) {
	return answer.summary.trim().split("\n").at(-1) ?? "";
}

/** "+160/s" @param {Callsite} row */
export function rateWords(row) {
	return known(row.rate) ? rate(row.rate, row.unit) : "";
}

const VERDICT_WORDS = /** @type {Record<Verdict, string>} */ ({
	leak: "leak",
	undecided: "cannot tell yet",
	"warm-up": "warm-up",
	churn: "churn",
	steady: "steady",
});

/** @param {Verdict} verdict */
export function verdictWord(verdict) {
	return VERDICT_WORDS[verdict] ?? verdict;
}

/** Of a mark that is in the list, but not on the charts: that what was too short to be judged is nothing. */
export const SETTLED = "settled";

/** @param {Verdict | undefined} from @param {Verdict} to */
function markKind(from, to) {
	return from === "undecided" && (to === "steady" || to === "churn") ? SETTLED : to;
}

/** Changes of verdict as marks: kind is the verdict, or SETTLED. @param {Callsites} answer @returns {Mark[]} */
export function verdictMarks(answer) {
	const names = new Map(answer.callsites.map((row) => [row.id, row.function]));

	return answer.verdict_marks.map((mark) => ({
		time_s: mark.time_s,
		kind: markKind(mark.from, mark.to),
		text: `${names.get(mark.callsite) ?? mark.callsite}: ${verdictWord(mark.to)}`,
	}));
}

/**
 * What changed between two judgements while the page looked on: at the newer one's time.
 * @param {Callsites} before @param {Callsites} after @param {number} time_s @returns {Mark[]}
 */
export function changeMarks(before, after, time_s) {
	const old = new Map(before.callsites.map((row) => [row.id, row.verdict]));

	return after.callsites
		.filter((row) => old.has(row.id) && old.get(row.id) !== row.verdict)
		.map((row) => ({
			time_s,
			kind: markKind(old.get(row.id), row.verdict),
			text: `${row.function}: ${verdictWord(row.verdict)}`,
		}));
}

/** What the server tells, and what only the page has seen. @param {Mark[]} told @param {Mark[]} seen @returns {Mark[]} */
export function joinSeen(told, seen) {
	const texts = new Set(told.map((mark) => mark.text));

	return [...told, ...seen.filter((mark) => !texts.has(mark.text))].sort((a, b) => a.time_s - b.time_s);
}
