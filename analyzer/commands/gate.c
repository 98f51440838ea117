/* SPDX-License-Identifier: MIT */
/* gate.c - `seep gate`: one recording judged by a policy and a baseline, for people and for CI systems. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../analysis/gate_sites.h"
#include "../analysis/memory.h"
#include "../analysis/paths.h"
#include "../base/clock.h"
#include "commands.h"
#include "gate_options.h"
#include "judge.h"

enum { MOST_TEXT_BYTES = 16 << 20 };
/* Of a thousand events that the recording lacks one: too few to make a steady callsite look as if it leaked. */
enum { LOST_ONE_IN = 1000 };

/* A recording, judged. Release in any state. */
struct judged_run {
	struct options options;
	char *path;
	struct session session;
	struct judged_recording judged;
	struct model_total *totals;
	size_t total_count;
	struct gate_sites sites;
	uint64_t lost_events;
};

struct gate {
	struct gate_options options;
	struct policy policy;
	struct baseline baseline;
	bool has_baseline;
	struct judged_run run;
	char *program_failed; /* NULL: it did not */
	char *source_root;
	char run_path[ARENA_PATH_MAX];
};

/* ---- files ---- */

/* The whole file, to be freed; NULL with the sentence. */
static char *read_text(const char *path, struct error *error)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0, capacity = 0, got = 1;

	while (file && got && size <= MOST_TEXT_BYTES) {
		text = memory_grow(text, &capacity, size + 4096, 1);
		got = fread(text + size, 1, 4095, file);
		size += got;
	}
	if (file && !ferror(file) && size <= MOST_TEXT_BYTES) {
		text[size] = '\0';
		fclose(file);
		return text;
	}
	error_set(error, SEEP_ERR_IO, "cannot read %s: %s", path,
		  size > MOST_TEXT_BYTES ? "it is too large to be what was meant" : strerror(errno));
	if (file)
		fclose(file);
	free(text);
	return NULL;
}

static int write_text(const char *path, const struct buffer *text, bool at_end)
{
	FILE *file = fopen(path, at_end ? "ae" : "we");
	int cause = file ? buffer_print(text, file) : errno;

	if (file && fclose(file) && !cause)
		cause = errno;
	if (!cause)
		return SEEP_OK;
	fprintf(stderr, "seep gate: cannot write %s: %s; make room or write it elsewhere\n", path, strerror(cause));
	return SEEP_ERR_IO;
}

/* ---- policy ---- */

static int read_suppressions(const char *path, struct policy *out, struct error *error)
{
	char *text = read_text(path, error);
	int code = text ? policy_parse_suppressions(path, text, out, error) : SEEP_ERR_IO;

	free(text);
	return code;
}

/* The files that a policy names lie beside it. */
static int read_named_suppressions(struct policy *policy, struct error *error)
{
	int code = SEEP_OK;

	for (size_t i = 0; !code && i < policy->file_count; i++) {
		int directory = (int)(path_base(policy->file) - policy->file);
		char *path = policy->files[i][0] == '/'
				     ? memory_string(policy->files[i])
				     : memory_format("%.*s%s", directory, policy->file, policy->files[i]);

		code = read_suppressions(path, policy, error);
		free(path);
	}
	return code;
}

static int read_policy(struct gate *gate, struct error *error)
{
	const struct gate_options *options = &gate->options;
	const char *path = options->policy ? options->policy : GATE_POLICY_FILE;
	int code = SEEP_OK;

	if (options->policy || !access(path, F_OK)) {
		char *text = read_text(path, error);

		code = text ? policy_parse(path, text, &gate->policy, error) : SEEP_ERR_IO;
		free(text);
	}
	if (!code)
		code = read_named_suppressions(&gate->policy, error);
	for (size_t i = 0; !code && i < options->suppression_count; i++)
		code = read_suppressions(options->suppressions[i], &gate->policy, error);
	return code;
}

/* ---- judging a recording ---- */

static int check_recording(struct judged_run *run, struct error *error)
{
	const struct recording *recording = &run->session.main.recording;
	struct trust trust = session_trust(&run->session);
	uint64_t events = 0;

	if (trust.stale_s > 0)
		return error_set(error, SEEP_ERR_DAMAGED,
				 "%s is not finished, and nobody records into it; run `seep record`, and judge it then",
				 recording->path);
	for (size_t i = 0; i < run->total_count; i++)
		events += run->totals[i].acquired_count + run->totals[i].released_count;
	if (!events)
		return error_set(error, SEEP_ERR_NOT_FOUND,
				 "%s is empty: nothing was recorded, and there is nothing to judge", recording->path);
	run->lost_events = trust.counts[TRUST_DROPPED_EVENTS] + trust.counts[TRUST_LOST_ENTRIES];
	if (run->lost_events < events / LOST_ONE_IN)
		run->lost_events = 0;
	return SEEP_OK;
}

/* Names of what holds anything at the end: for a recording that is too short to be judged. */
static int resolve_totals(struct judged_run *run, struct error *error)
{
	struct recording *recording = &run->session.main.recording;
	bool *needed = memory_zeroed(recording->location_count + 1, sizeof(*needed));
	bool *visited = memory_zeroed(recording->node_count + 1, sizeof(*visited));
	int code;

	for (size_t i = 0; i < run->total_count; i++)
		if (run->totals[i].site_id < recording->site_count)
			profile_mark_stack(recording, recording->sites[run->totals[i].site_id].node_id, visited,
					   needed);
	code = session_resolve(&run->session, recording, needed, error);
	free(needed);
	free(visited);
	return code;
}

/* Two seconds are the least that can be judged at all. */
static bool is_long_enough(const struct judged_run *run, double warm_up_s)
{
	const struct recording *recording = &run->session.main.recording;

	return (double)(recording->newest_ns - recording->created_ns) / (double)NS_PER_S > warm_up_s + 2;
}

static int judge(struct judged_run *run, double warm_up_s, struct error *error)
{
	struct recording *recording = &run->session.main.recording;
	struct judgement_options options = {0};
	struct error reason = {""};
	int code = SEEP_ERR_NOT_FOUND;

	if (warm_up_s > 0)
		run->options.since = (struct moment){MOMENT_AFTER_START, (int64_t)(warm_up_s * (double)NS_PER_S)};
	if (is_long_enough(run, warm_up_s))
		code = judge_session(&run->session, &options, &run->judged, &reason);
	if (!code) {
		gate_sites_build(&run->judged.judgement, recording, run->totals, run->total_count, &run->sites);
		return SEEP_OK;
	}
	if (code != SEEP_ERR_NOT_FOUND)
		return error_set(error, code, "%s", reason.text);
	code = resolve_totals(run, error);
	if (!code)
		gate_sites_unjudged(recording, run->totals, run->total_count, &run->sites);
	run->options.since = (struct moment){0};
	if (!code)
		code = session_moments(&run->session, error);
	if (code)
		return code;
	session_head(&run->session);
	session_close_files(&run->session);
	return SEEP_OK;
}

static int judge_file(const char *path, double warm_up_s, struct judged_run *run, struct error *error)
{
	int code;

	run->path = path ? memory_string(path) : NULL;
	run->options = (struct options){
		.command = FOR_INFO, .command_name = "gate", .operands = &run->path, .operand_count = path ? 1 : 0};
	value_type_find("inuse_space", &run->options.type);
	code = session_open(&run->options, &run->session, error);
	if (!code)
		code = store_read_totals(run->session.main.store, 0, INT64_MAX, &run->totals, &run->total_count, error);
	if (!code)
		code = check_recording(run, error);
	return code ? code : judge(run, warm_up_s, error);
}

static void release_run(struct judged_run *run)
{
	gate_sites_release(&run->sites);
	judge_release(&run->judged);
	session_close(&run->session);
	free(run->totals);
	free(run->path);
}

/* ---- the baseline ---- */

static int judge_baseline(const char *path, struct gate *gate, struct error *error)
{
	struct judged_run *run = memory_zeroed(1, sizeof(*run));
	int code = judge_file(path, gate->policy.warm_up_s, run, error);

	if (!code)
		gate_make_baseline(run->sites.sites, run->sites.count, &gate->baseline);
	release_run(run);
	free(run);
	return code;
}

/* A recording, or the text that was made of one. */
static int read_baseline(struct gate *gate, struct error *error)
{
	const char *path = gate->options.baseline;
	char begin[16] = "", *text;
	FILE *file;
	int code;

	if (!path)
		return SEEP_OK;
	gate->has_baseline = true;
	file = fopen(path, "re");
	if (!file)
		return error_set(error, SEEP_ERR_IO, "cannot read %s: %s", path, strerror(errno));
	if (!fread(begin, 1, sizeof(begin) - 1, file))
		begin[0] = '\0';
	fclose(file);
	if (!strncmp(begin, "SQLite format 3", sizeof(begin) - 1))
		return judge_baseline(path, gate, error);
	text = read_text(path, error);
	code = text ? baseline_parse(path, text, &gate->baseline, error) : SEEP_ERR_IO;
	free(text);
	return code;
}

static int write_baseline(struct gate *gate)
{
	struct buffer text = {0};
	int code;

	if (!gate->options.write_baseline)
		return SEEP_OK;
	gate_make_baseline(gate->run.sites.sites, gate->run.sites.count, &gate->baseline);
	gate->has_baseline = true;
	gate_render_baseline(&gate->baseline, &text);
	code = write_text(gate->options.write_baseline, &text, false);
	buffer_release(&text);
	return code;
}

/* ---- reports ---- */

static int print_stdout(struct buffer *text)
{
	struct options options = {.command_name = "gate"};

	return command_print(&options, text) == SEEP_EXIT_OK ? SEEP_OK : SEEP_ERR_IO;
}

static int write_format(const struct gate_report *report, enum gate_format format, const char *path, bool at_end)
{
	struct buffer text = {0};
	int code;

	gate_render(format, report, &text);
	if (!path)
		return print_stdout(&text);
	code = write_text(path, &text, at_end);
	buffer_release(&text);
	return code;
}

/* The runner's step summary goes with annotations. */
static int write_step_summary(const struct gate_report *report)
{
	const char *path = getenv("GITHUB_STEP_SUMMARY");

	return path && *path ? write_format(report, GATE_SUMMARY, path, true) : SEEP_OK;
}

/* Unless a whole document is to be alone there, people find the report on standard output. */
static bool wants_text(const struct gate_options *options)
{
	for (size_t i = 0; i < options->output_count; i++)
		if (!options->outputs[i].path && options->outputs[i].format != GATE_GITHUB)
			return false;
	return true;
}

/* All are tried, whatever fails. */
static int write_reports(const struct gate *gate, const struct gate_report *report)
{
	const struct gate_options *options = &gate->options;
	int code = SEEP_OK;

	if (wants_text(options) && write_format(report, GATE_TEXT, NULL, false))
		code = SEEP_ERR_IO;
	for (size_t i = 0; i < options->output_count; i++) {
		const struct gate_output *output = &options->outputs[i];

		if (write_format(report, output->format, output->path, false))
			code = SEEP_ERR_IO;
		if (output->format == GATE_GITHUB && write_step_summary(report))
			code = SEEP_ERR_IO;
	}
	return code;
}

static char *find_source_root(const struct gate_options *options)
{
	char *root = realpath(options->source_root ? options->source_root : ".", NULL);
	char *copy = root ? memory_string(root) : NULL;

	free(root);
	return copy;
}

/* ---- the command ---- */

static int decide(struct gate *gate)
{
	const struct gate_sites *sites = &gate->run.sites;
	struct gate_result result;
	struct gate_input input = {
		.sites = sites->sites,
		.site_count = sites->count,
		.events = sites->events,
		.event_count = sites->event_count,
		.span_s = sites->span_s,
		.lost_events = gate->run.lost_events,
		.program_failed = gate->program_failed,
		.policy = &gate->policy,
		.baseline = gate->has_baseline ? &gate->baseline : NULL,
		.baseline_name = gate->options.baseline ? gate->options.baseline : gate->options.write_baseline,
		.today = clock_realtime_ns() / NS_PER_S / 86400,
	};
	struct gate_report report = {
		.input = &input,
		.result = &result,
		.program = gate->run.session.program,
		.recording = gate->run.session.main.recording.path,
		.source_root = gate->source_root,
		.start_ns = gate->run.session.since_ns,
		.style = command_style(),
	};
	int exit_code;

	gate_evaluate(&input, &result);
	exit_code = gate_exit_code(result.outcome);
	if (write_reports(gate, &report) && exit_code == SEEP_EXIT_OK)
		exit_code = SEEP_EXIT_UNKNOWN;
	gate_release(&result);
	return exit_code;
}

/* What may be wrong without a run is found before it. */
static int prepare(struct gate *gate, struct error *error)
{
	int code = read_policy(gate, error);

	gate->source_root = find_source_root(&gate->options);
	if (!code && !gate->source_root)
		code = error_set(error, SEEP_ERR_USAGE, "there is no directory %s; name the source's root",
				 gate->options.source_root ? gate->options.source_root : ".");
	return code ? code : read_baseline(gate, error);
}

static int run_gate(struct gate *gate)
{
	const char *path = gate->options.recording;
	struct error error = {""};
	int code = prepare(gate, &error), exit_code;

	if (code)
		return command_fail("gate", &error, code);
	if (gate->options.run.program) {
		exit_code = gate_run(&gate->options.run, gate->run_path, &gate->program_failed);
		if (exit_code)
			return exit_code;
		path = gate->run_path;
	}
	code = judge_file(path, gate->policy.warm_up_s, &gate->run, &error);
	if (code && gate->program_failed)
		fprintf(stderr, "seep gate: %s\n", gate->program_failed);
	if (code)
		return command_fail("gate", &error, code);
	if (write_baseline(gate))
		return SEEP_EXIT_UNKNOWN;
	return decide(gate);
}

static void release_gate(struct gate *gate)
{
	release_run(&gate->run);
	policy_release(&gate->policy);
	baseline_release(&gate->baseline);
	gate_options_release(&gate->options);
	free(gate->program_failed);
	free(gate->source_root);
}

int command_gate(int argc, char **argv)
{
	struct gate *gate = memory_zeroed(1, sizeof(*gate));
	struct error error = {""};
	int code = gate_options_parse(argc, argv, &gate->options, &error), exit_code;

	if (code) {
		exit_code = command_fail("gate", &error, code);
	} else if (gate->options.help) {
		struct buffer help = {0};

		gate_options_help(&help);
		exit_code = print_stdout(&help) ? SEEP_EXIT_UNKNOWN : SEEP_EXIT_OK;
	} else {
		exit_code = run_gate(gate);
	}
	release_gate(gate);
	free(gate);
	return exit_code;
}
