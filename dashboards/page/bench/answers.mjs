// SPDX-License-Identifier: MIT
// Answers of a server that never was: a day of samples and as many callsites as are asked for, the same each time.

const DAY_S = 86400;
const POINTS = 600;
const START_S = 1_795_200_000;
const FUNCTIONS = [
	"turn_log",
	"session_table_insert",
	"buffer_acquire",
	"std::vector<Session>::_M_realloc_insert",
	"header_parse",
];
const FILES = ["/srv/app/src/log.c", "/srv/app/src/net/connection.c", "/srv/app/src/session.cc"];
const KINDS = ["heap", "heap", "heap", "mapping", "socket", "file", "timerfd"];
const VERDICTS = ["steady", "steady", "steady", "churn", "warm-up", "undecided", "leak"];

/** A noise in -1 to 1 that is the same for the same numbers. */
const noise = (a, b) => 2 * (Math.abs(Math.sin(a * 12.9898 + b * 78.233) * 43758.5453) % 1) - 1;

const curve = (name, unit, chart, at) => ({
	name,
	label: name.replaceAll("_", " "),
	unit,
	chart,
	values: Array.from({ length: POINTS }, (_, i) => at(i)),
});

function series() {
	const tracked = (i) => Math.round(40e6 + i * 5e4 + noise(i, 1) * 4e5);
	const own = (i) => Math.round(90e6 + i * 6e4 + noise(i, 2) * 8e5);
	const curves = [
		curve("tracked", "bytes", "memory", tracked),
		curve("private", "bytes", "memory", own),
		curve("working_set", "bytes", "memory", (i) => own(i) + 3e6),
		curve("retention", "bytes", "memory", (i) => own(i) - tracked(i)),
		curve("sockets", "count", "handles", (i) => 40 + Math.round(noise(i, 3) * 9)),
		curve("cpu", "percent", "cpu", (i) => 12 + noise(i, 4) * 4),
		curve("event:accepted", "per_s", "requests", (i) => 80 + noise(i, 5) * 9),
		curve("allocated_bytes_per_s", "bytes_per_s", "rates", (i) => 9e6 + noise(i, 6) * 1e6),
		curve("acquired_per_s", "per_s", "rates", (i) => 9e4 + noise(i, 7) * 1e4),
		curve("released_per_s", "per_s", "rates", (i) => 9e4 + noise(i, 8) * 1e4),
	];

	return { recording: 0, start_s: START_S, step_s: DAY_S / POINTS, count: POINTS, curves, marks: [] };
}

function callsite(i) {
	const kind = KINDS[i % KINDS.length];
	const unit = kind === "heap" || kind === "mapping" ? "bytes" : "objects";
	const verdict = VERDICTS[Math.floor((1 + noise(i, 9)) * 3.5)];
	const objects = 1 + Math.floor(4000 * Math.abs(noise(i, 10)));
	const rate = verdict === "leak" ? objects / 100 : 0;

	return {
		id: `c1:${i.toString(16).padStart(16, "0")}`,
		kind,
		function: `${FUNCTIONS[i % FUNCTIONS.length]}_${i}`,
		file: FILES[i % FILES.length],
		line: 1 + ((i * 37) % 900),
		module: "/srv/app/server",
		verdict,
		why: "as it was made up",
		unit,
		objects,
		bytes: unit === "bytes" ? objects * 96 : 0,
		cum_objects: 2 * objects,
		cum_bytes: unit === "bytes" ? objects * 192 : 0,
		rate,
		rate_low: rate,
		rate_high: rate,
		since_s: verdict === "leak" ? START_S : null,
		age_s: (i * 7919) % DAY_S,
		share: 0,
		estimated: false,
		error: null,
		acquired_objects: 3 * objects,
		acquired_bytes: objects * 288,
		released_objects: 2 * objects,
		stacks: 1 + (i % 4),
		goes_with: null,
		spark: Array.from({ length: 60 }, (_, k) => Math.round(objects * (k + 1 + noise(i, k)))),
	};
}

const recording = {
	index: 0,
	name: "day.db",
	program: "server",
	program_path: "/srv/app/server",
	build_id: null,
	host: "made-up",
	created_s: START_S,
	newest_s: START_S + DAY_S,
	interval_s: 1,
	live: true,
	sampling_interval: null,
	trust: "nothing dropped",
	processes: [
		{ id: 1, pid: 1, program: "server", command: null, started_s: START_S, ended_s: null, parent_id: null },
	],
	types: [{ name: "inuse_space", unit: "bytes" }],
};

/** Body by path. @param {number} count of callsites @returns {Map<string, string>} */
export function answers(count) {
	return new Map(
		Object.entries({
			"/api/recordings": { seep_version: "bench", now_s: START_S + DAY_S, recordings: [recording] },
			"/api/series": series(),
			"/api/callsites": {
				recording: 0,
				version: 1,
				judged: { start_s: START_S, step_s: DAY_S / POINTS, count: POINTS },
				summary: `${count} callsites`,
				verdict_marks: [],
				words: [],
				process_words: [],
				callsites: Array.from({ length: count }, (_, i) => callsite(i)),
			},
		}).map(([path, answer]) => [path, JSON.stringify(answer)]),
	);
}
