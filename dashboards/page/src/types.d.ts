// SPDX-License-Identifier: MIT
// What the page's modules hand each other, and what the server answers. null: unknown, never 0.

export type View = "overview" | "flame" | "callsite" | "compare";
export type Verdict = "leak" | "undecided" | "warm-up" | "churn" | "steady";

/** The table of names is in view/state.js, what they mean in README.md. */
export interface State {
	readonly view: View;
	readonly recording: number;
	readonly process: number | null;
	readonly since: number | null;
	readonly until: number | null;
	readonly type: string;
	readonly callsite: string | null;
	readonly filter: string;
	readonly sort: string;
	readonly base: number | null;
	readonly search: string;
	readonly zoom: string;
	readonly icicle: boolean;
}

export interface Change {
	state: boolean;
	theme: boolean;
	tick: boolean;
	data: boolean;
}

export interface ViewHandle {
	update(state: State, change: Change): void;
	destroy(): void;
}
export type CreateView = (root: HTMLElement, app: App) => ViewHandle;

export interface App {
	source: Source;
	state: StateStore;
	theme: Theme;
	format: typeof import("./view/format.js");
	recordings(): Recording[];
	recording(): Recording;
	/** recording, process, since and until of the state: those that differ from the default, and extra */
	query(extra?: Params): Params;
	/** Address of a download, or null where there is no server. */
	download(format: string, extra?: Params): string | null;
}

export type Params = Record<string, string | number | boolean | null | undefined>;

export interface Source {
	readonly embedded: boolean;
	get(path: string, params?: Params, signal?: AbortSignal): Promise<any>;
	/** Calls back for each tick and each change of the connection; the function that is returned ends it. */
	follow(onTick: (tick: Tick) => void, onConnection: (connected: boolean) => void): () => void;
}

export interface StateStore {
	get(): State;
	set(patch: Partial<State>, how?: "push" | "replace"): void;
	href(patch: Partial<State>): string;
}

export interface Theme {
	name(): "light" | "dark";
	colour(property: string): string;
	toggle(): void;
}

export interface Tick {
	recordings: { index: number; newest_s: number | null; live: boolean; judged_version: number }[];
}

export interface Process {
	id: number;
	pid: number;
	program: string;
	command: string | null;
	started_s: number | null;
	ended_s: number | null;
	parent_id: number | null;
}

export interface Recording {
	index: number;
	name: string;
	/** Why it cannot be read now: the rest is unknown. */
	error: string | null;
	program: string | null;
	program_path: string | null;
	build_id: string | null;
	host: string | null;
	created_s: number | null;
	newest_s: number | null;
	interval_s: number | null;
	live: boolean;
	sampling_interval: number | null;
	trust: string;
	processes: Process[];
	types: { name: string; unit: string }[];
}

export interface Curve {
	name: string;
	label: string;
	unit: string;
	chart: string;
	values: (number | null)[];
}

export interface Mark {
	time_s: number;
	kind: string;
	text: string;
}

export interface Series {
	recording: number;
	start_s: number;
	step_s: number;
	count: number;
	curves: Curve[];
	marks: Mark[];
}

export interface Callsite {
	id: string;
	kind: string;
	function: string;
	file: string | null;
	line: number | null;
	module: string | null;
	verdict: Verdict;
	why: string;
	unit: "bytes" | "objects";
	objects: number | null;
	bytes: number | null;
	cum_objects: number | null;
	cum_bytes: number | null;
	rate: number | null;
	rate_low: number | null;
	rate_high: number | null;
	since_s: number | null;
	age_s: number | null;
	share: number | null;
	estimated: boolean;
	error: number | null;
	acquired_objects: number | null;
	acquired_bytes: number | null;
	released_objects: number | null;
	stacks: number;
	goes_with: { name: string; ratio: number; low: number; high: number } | null;
	spark: (number | null)[];
}

export interface VerdictMark {
	time_s: number;
	callsite: string;
	from: Verdict;
	to: Verdict;
}

export interface Callsites {
	recording: number;
	version: number;
	judged: { start_s: number; step_s: number; count: number };
	summary: string;
	verdict_marks: VerdictMark[];
	words: { verdict: Verdict; callsite: string; text: string }[];
	process_words: string[];
	callsites: Callsite[];
}

/** What a chart draws: curves of one unit over the same times. */
export interface ChartCurve {
	name: string;
	label: string;
	colour: string;
	values: (number | null)[];
}
export interface ChartData {
	times: number[];
	curves: ChartCurve[];
	marks?: Mark[];
	/** The scales, where another chart is to have the same; otherwise what holds the data. */
	range?: { x: [number, number]; y: [number, number] };
}
export interface ChartOptions {
	title: string;
	unit: string;
	height?: number;
	/** Times are seconds since the start; no span is selected. */
	elapsed?: boolean;
}
export interface Chart {
	set(data: ChartData): void;
	update(change: Change): void;
	destroy(): void;
}
