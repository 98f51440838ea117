// SPDX-License-Identifier: MIT
// Figures as people read them, the same as the commands print (analyzer/render/units.h): bytes scaled by 1024, two
// decimals, none if they are zero. What is unknown (null) is a dash, never 0. Pure.

const BYTE_NAMES = ["B", "kB", "MB", "GB", "TB", "PB"];
export const UNKNOWN = "–";

/** @param {number | null | undefined} value @returns {value is number} */
export function known(value) {
	return value !== null && value !== undefined && Number.isFinite(value);
}

/** "1.5" of 1.50, "2" of 2.00 @param {number} value @param {number} decimals */
function fixed(value, decimals) {
	const text = value.toFixed(decimals).replace(/\.0+$/, "");

	return text === "-0" ? "0" : text;
}

/** @param {number} value the power of 1024 that it has at least one of */
function bytePower(value) {
	let power = 0;

	for (let rest = Math.abs(value); rest >= 1024 && power < BYTE_NAMES.length - 1; rest /= 1024) power++;
	return power;
}

/** "1.72MB", "512B", "0" @param {number | null | undefined} value */
export function bytes(value) {
	if (!known(value)) return UNKNOWN;
	const power = bytePower(value);
	const text = fixed(value / 1024 ** power, Math.abs(value) < 100 && power === 0 ? 1 : 2);

	return text === "0" ? "0" : text + BYTE_NAMES[power];
}

/** "12,808"; below 100 with what decimals it has @param {number | null | undefined} value */
export function count(value) {
	if (!known(value)) return UNKNOWN;
	const size = Math.abs(value);
	const text = size >= 100 ? value.toFixed(0) : fixed(value, size >= 10 ? 1 : 2);
	const [whole, part] = text.split(".");
	const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");

	return part ? `${grouped}.${part}` : grouped;
}

/** 12%, 3.4%, 0.05% of a part of 1 @param {number | null | undefined} part */
export function percent(part) {
	if (!known(part)) return UNKNOWN;
	return percents(part * 100);
}

/** The same of a number of percents @param {number | null | undefined} value */
export function percents(value) {
	if (!known(value)) return UNKNOWN;
	const size = Math.abs(value);

	return `${fixed(value, size >= 10 ? 0 : size >= 1 ? 1 : 2)}%`;
}

/**
 * @param {number | null | undefined} value
 * @param {string} unit "bytes", "percent", "bytes_per_s", "per_s", "seconds", or objects
 */
export function value(value, unit) {
	switch (unit) {
		case "bytes":
			return bytes(value);
		case "bytes_per_s":
			return known(value) ? `${bytes(value)}/s` : UNKNOWN;
		case "per_s":
			return known(value) ? `${count(value)}/s` : UNKNOWN;
		case "percent":
			return percents(value);
		case "seconds":
			return age(value);
		default:
			return count(value);
	}
}

/** The time in which at least one comes @param {number} perSecond @returns {[number, string]} */
function rateUnit(perSecond) {
	const size = Math.abs(perSecond);

	if (size >= 1) return [1, "s"];
	return size * 60 >= 1 ? [60, "min"] : [3600, "h"];
}

/** "+25.60kB/s", "+40/min", "0" @param {number | null | undefined} perSecond @param {string} unit "bytes" or objects */
export function rate(perSecond, unit) {
	if (!known(perSecond)) return UNKNOWN;
	const [seconds, name] = rateUnit(perSecond);
	const amount = perSecond * seconds;
	const text = unit === "bytes" ? bytes(amount) : count(amount);

	return text === "0" ? "0" : `${amount > 0 ? "+" : ""}${text}/${name}`;
}

/**
 * "25.10kB..26.05kB" a second: the interval in the unit of the rate itself
 * @param {number | null | undefined} low @param {number | null | undefined} high
 * @param {number | null | undefined} perSecond @param {string} unit
 */
export function rateRange(low, high, perSecond, unit) {
	if (!known(low) || !known(high) || !known(perSecond)) return UNKNOWN;
	const [seconds, name] = rateUnit(perSecond);
	const show = unit === "bytes" ? bytes : count;

	return `${show(low * seconds)}..${show(high * seconds)} per ${name}`;
}

const AGES = /** @type {const} */ ([
	["days", 86400],
	["h", 3600],
	["min", 60],
]);

/** "3 s", "4 min", "2.5 h", "3 days" @param {number | null | undefined} seconds */
export function age(seconds) {
	if (!known(seconds)) return UNKNOWN;
	const [name, factor] = AGES.find(([, least]) => Math.abs(seconds) >= least) ?? ["s", 1];
	const amount = seconds / factor;

	return `${Number(amount.toPrecision(Math.abs(amount) >= 1000 ? 4 : 3))} ${name}`;
}

/** A time since the start: "0", "30 s", "5 min", "2.5 h" @param {number} seconds */
export function elapsed(seconds) {
	return seconds === 0 ? "0" : age(seconds);
}

/** @param {number} value */
function two(value) {
	return String(value).padStart(2, "0");
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * "19:59:01" in local time, "Nov 21 19:59" with the day
 * @param {number | null | undefined} seconds since 1970 @param {boolean} [withDay]
 */
export function clock(seconds, withDay = false) {
	if (!known(seconds)) return UNKNOWN;
	const date = new Date(seconds * 1000);
	const time = `${two(date.getHours())}:${two(date.getMinutes())}`;

	return withDay ? `${MONTHS[date.getMonth()]} ${date.getDate()} ${time}` : `${time}:${two(date.getSeconds())}`;
}

/**
 * "19:59:01 – 20:01:13 (2.2 min)"
 * @param {number | null} since @param {number | null} until null: to the end @param {number} end
 */
export function span(since, until, end) {
	const from = since ?? 0;
	const to = until ?? end;
	const withDay = to - from > 86400;

	return `${clock(since, withDay)} – ${until === null ? "now" : clock(until, withDay)} (${age(Math.round(to - from))})`;
}

/** The last part of a path @param {string | null | undefined} path */
export function base(path) {
	return path ? path.slice(path.lastIndexOf("/") + 1) : "";
}

/**
 * "chat.c:90", "libevent.so.7" without a file
 * @param {{file?: string | null, line?: number | null, module?: string | null}} frame
 */
export function place(frame) {
	if (!frame.file) return base(frame.module);
	return frame.line ? `${base(frame.file)}:${frame.line}` : base(frame.file);
}

/** "1 callsite", "3 callsites" @param {number} number @param {string} one @param {string} [many] */
export function plural(number, one, many) {
	return `${count(number)} ${number === 1 ? one : (many ?? `${one}s`)}`;
}
