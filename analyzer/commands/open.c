/* SPDX-License-Identifier: MIT */
#include "open.h"

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../analysis/memory.h"
#include "../analysis/process.h"
#include "../analysis/sampling.h"
#include "../base/clock.h"
#include "../symbols/symbols.h"
#include "commands.h"
#include "live.h"

/* ---- which file ---- */

static int64_t changed_ns(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return -1;
	return status.st_mtim.tv_sec * NS_PER_S + status.st_mtim.tv_nsec;
}

/* What is recorded at this moment goes to the journal beside the file first. */
int64_t session_changed_ns(const char *path)
{
	char *journal = memory_format("%s-wal", path);
	int64_t file_ns = changed_ns(path), journal_ns = changed_ns(journal);

	free(journal);
	return file_ns > journal_ns ? file_ns : journal_ns;
}

int session_newest(char **out, struct error *error)
{
	int64_t newest_ns = -1;
	glob_t found;

	*out = NULL;
	if (!glob("seep.*.db", 0, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			int64_t its_ns = session_changed_ns(found.gl_pathv[i]);

			if (its_ns <= newest_ns)
				continue;
			newest_ns = its_ns;
			free(*out);
			*out = memory_string(found.gl_pathv[i]);
		}
		globfree(&found);
	}
	if (*out)
		return SEEP_OK;
	return error_set(error, SEEP_ERR_NOT_FOUND,
			 "no recording (seep.*.db) in this directory; name one, or make one with `seep run CMD`");
}

/* The operand that names the recording; NULL: none was given. */
static const char *file_operand(const struct options *options)
{
	int before = options->command == FOR_DIFF || options->has_name;

	return options->operand_count > before ? options->operands[before] : NULL;
}

int session_path(const struct options *options, char **out, struct error *error)
{
	const char *given = file_operand(options);

	if (options->live_pid)
		return live_recording_path(options->live_pid, out, error);
	if (!given)
		return session_newest(out, error);
	*out = memory_string(given);
	return SEEP_OK;
}

/* ---- reading ---- */

static int open_recording(const char *path, struct session_recording *out, struct error *error)
{
	int code = store_open(path, &out->store, error);

	return code ? code : store_read_recording(out->store, &out->recording, error);
}

/* Of several processes with that number (the program was exec'd, or the number came again) the newest. */
static int find_process(struct session *session, struct error *error)
{
	const struct recording *recording = &session->main.recording;
	uint32_t pid = session->options->process_pid;
	struct buffer pids = {0};

	session->process_id = 0;
	for (size_t i = 0; pid && i < recording->process_count; i++) {
		const struct model_process *process = &recording->processes[i];

		if (process->id && process->pid == pid)
			session->process_id = process->id;
		else if (process->id && pids.size < 200)
			buffer_format(&pids, "%s%u", pids.size ? ", " : "", process->pid);
	}
	if (pid && !session->process_id)
		error_set(error, SEEP_ERR_NOT_FOUND, "%s has no process %u; it has %s", recording->path, pid,
			  pids.size ? pids.text : "none at all");
	buffer_release(&pids);
	return pid && !session->process_id ? SEEP_ERR_NOT_FOUND : SEEP_OK;
}

int session_moments(struct session *session, struct error *error)
{
	const struct options *options = session->options;
	const struct recording *recording = &session->main.recording;
	int64_t start_ns = recording->created_ns, end_ns = recording->newest_ns;

	session->since_ns = start_ns;
	session->until_ns = end_ns;
	if (options->since.form)
		session->since_ns = moment_resolve(options->since, start_ns, end_ns);
	if (options->until.form)
		session->until_ns = moment_resolve(options->until, start_ns, end_ns);
	if (options->until.form && session->until_ns < start_ns)
		return error_set(error, SEEP_ERR_USAGE,
				 "--until lies before the recording's start; `seep info` shows its times");
	if (options->since.form && session->since_ns >= session->until_ns)
		return error_set(error, SEEP_ERR_USAGE,
				 "--since lies after %s; `seep info` shows the recording's times",
				 options->until.form ? "--until" : "the recording's end");
	return SEEP_OK;
}

static int read_figures(struct session *session, struct error *error)
{
	const struct options *options = session->options;
	struct session_recording *main = &session->main;
	int code =
		store_read_totals(main->store, session->process_id, options->until.form ? session->until_ns : INT64_MAX,
				  &main->totals, &main->count, error);

	if (!code && options->since.form)
		code = store_read_totals(main->store, session->process_id, session->since_ns, &main->earlier,
					 &main->earlier_count, error);
	if (!code && session->has_base)
		code = store_read_totals(session->base.store, 0, INT64_MAX, &session->base.totals, &session->base.count,
					 error);
	sampling_bound(&main->recording, main->totals, main->count, session->until_ns);
	sampling_bound(&main->recording, main->earlier, main->earlier_count, session->since_ns);
	sampling_bound(&session->base.recording, session->base.totals, session->base.count, INT64_MAX);
	return code;
}

/* ---- names ---- */

#define BATCH 32
#define PATIENCE_NS (700 * NS_PER_MS) /* what takes no longer needs no progress shown */

static void show_progress(size_t done, size_t count, int64_t since_ns, bool *is_shown)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (done < count && clock_boottime_ns() - since_ns > PATIENCE_NS) {
		fprintf(stderr, "\rresolving names: %zu of %zu", done, count);
		*is_shown = true;
	} else if (done == count && *is_shown) {
		fprintf(stderr, "\r%60s\r", "");
	}
}

/* The locations that still want a try, in order of module so that each module is worked through once. */
struct wanted {
	uint32_t id, module_id;
};

static int compare_wanted(const void *left, const void *right)
{
	const struct wanted *a = left, *b = right;

	if (a->module_id != b->module_id)
		return a->module_id < b->module_id ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

static struct wanted *collect_wanted(const struct recording *recording, const bool *needed, size_t *count)
{
	struct wanted *wanted = memory_zeroed(recording->location_count, sizeof(*wanted));

	*count = 0;
	for (size_t i = 0; i < recording->location_count; i++) {
		const struct model_location *location = &recording->locations[i];

		if (needed[i] && location->id && !location->resolved && !location->pseudo)
			wanted[(*count)++] = (struct wanted){location->id, location->module_id};
	}
	qsort(wanted, *count, sizeof(*wanted), compare_wanted);
	return wanted;
}

/* The symbolizer works on recordings: it gets one that has these locations only. */
static int resolve_batch(struct symbolizer *symbolizer, struct recording *recording, const struct wanted *wanted,
			 size_t count)
{
	struct model_location batch[BATCH];
	struct recording part = *recording;
	int code;

	for (size_t i = 0; i < count; i++)
		batch[i] = recording->locations[wanted[i].id];
	part.locations = batch;
	part.location_count = count;
	code = symbolizer_resolve_recording(symbolizer, &part);
	for (size_t i = 0; i < count; i++)
		recording->locations[wanted[i].id] = batch[i];
	/* whatever was found: another try by this session would find no more */
	for (size_t i = 0; i < count; i++)
		recording->locations[wanted[i].id].resolved = true;
	return code;
}

int session_resolve(struct session *session, struct recording *recording, const bool *needed, struct error *error)
{
	struct symbolizer_options options = {.use_debuginfod = session->options->debuginfod};
	int64_t since_ns = clock_boottime_ns();
	bool is_shown = false;
	int code = SEEP_OK;
	size_t count;
	struct wanted *wanted = collect_wanted(recording, needed, &count);

	if (count && !session->symbolizer)
		code = symbolizer_open(&options, &session->symbolizer, error);
	for (size_t done = 0; !code && done < count;) {
		size_t size = count - done < BATCH ? count - done : BATCH;

		code = resolve_batch(session->symbolizer, recording, wanted + done, size);
		if (code)
			error_set(error, code, "out of memory; cannot resolve the names of %s", recording->path);
		done += size;
		show_progress(done, count, since_ns, &is_shown);
	}
	free(wanted);
	return code;
}

void session_adopt_names(struct session *session, struct session *previous)
{
	struct recording *to = &session->main.recording, *from = &previous->main.recording;
	size_t count = to->location_count < from->location_count ? to->location_count : from->location_count;

	session->symbolizer = previous->symbolizer;
	previous->symbolizer = NULL;
	for (size_t i = 1; i < count; i++) {
		struct model_location *new = &to->locations[i], *old = &from->locations[i];
		bool is_same =
			new->id &&new->id == old->id &&new->module_id == old->module_id &&new->offset == old->offset;

		if (!is_same || new->resolved || !old->resolved)
			continue;
		symbols_release(new->symbols, new->symbol_count);
		new->symbols = old->symbols;
		new->symbol_count = old->symbol_count;
		new->resolved = true;
		old->symbols = NULL;
		old->symbol_count = 0;
	}
}

/* ---- the profile ---- */

static size_t collect_inputs(const struct session *session, struct profile_input *inputs)
{
	const struct session_recording *main = &session->main, *base = &session->base;
	size_t count = 0;

	inputs[count++] = (struct profile_input){&main->recording, main->totals, main->count, +1};
	if (session->options->since.form)
		inputs[count++] = (struct profile_input){&main->recording, main->earlier, main->earlier_count, -1};
	if (session->has_base)
		inputs[count++] = (struct profile_input){&base->recording, base->totals, base->count, -1};
	return count;
}

/* What the profile is made of: an export and the terminal view may be of every type at once. */
static struct value_type profile_type(const struct options *options)
{
	bool is_every = options->every_type || (options->format && export_row(options->format)->has_every_type);

	return is_every ? samples_every_type() : options->type;
}

static int resolve_input(struct session *session, const struct profile_input *input, struct error *error)
{
	bool *needed = memory_zeroed(input->recording->location_count, sizeof(*needed));
	bool is_main = input->recording == &session->main.recording;
	int code;

	struct value_type type = profile_type(session->options);

	profile_mark_needed(input, &type, needed);
	code = session_resolve(session, is_main ? &session->main.recording : &session->base.recording, needed, error);
	free(needed);
	return code;
}

/* The process that a report is named after: the chosen one, else the first of those that were there to the end. */
static const struct model_process *named_process(const struct session *session)
{
	const struct recording *recording = &session->main.recording;
	const struct model_process *first = NULL;

	for (size_t i = 0; i < recording->process_count; i++) {
		const struct model_process *process = &recording->processes[i];

		if (!process->id || (session->process_id && process->id != session->process_id))
			continue;
		if (process_lasted(recording, process))
			return process;
		if (!first)
			first = process;
	}
	return first;
}

int64_t session_meta_integer(const struct session *session, const char *key, int64_t missing)
{
	char *text = store_read_meta(session->main.store, key);
	int64_t value = text ? strtoimax(text, NULL, 10) : missing;

	free(text);
	return value;
}

struct trust session_trust(const struct session *session)
{
	struct trust trust = trust_sum(&session->main.recording, session->process_id, clock_realtime_ns());

	trust.shared_bytes = session_meta_integer(session, "arena_bytes", -1);
	trust.unslotted_processes = (uint64_t)session_meta_integer(session, "unslotted_processes", 0);
	return trust;
}

static const char *build_id_of(const struct recording *recording, const char *path)
{
	for (size_t i = 0; i < recording->module_count; i++)
		if (recording->modules[i].id && !strcmp(recording->modules[i].path, path))
			return recording->modules[i].build_id;
	return NULL;
}

void session_head(struct session *session)
{
	const struct options *options = session->options;
	struct recording *recording = &session->main.recording;
	const struct model_process *process = named_process(session);
	/* before its start a recording holds nothing: the time before it is none of its duration */
	int64_t from_ns = session->since_ns > recording->created_ns ? session->since_ns : recording->created_ns;
	int64_t to_ns = session->until_ns < recording->newest_ns ? session->until_ns : recording->newest_ns;

	session->program = process ? process_program(process) : NULL;
	session->head = (struct report_head){
		.recording = recording->path,
		.base = session->has_base ? session->base.recording.path : NULL,
		.program = session->program,
		.program_path = process ? process->exe : NULL,
		.build_id = process ? build_id_of(recording, process->exe) : NULL,
		.type = options->type,
		.time_ns = from_ns,
		.duration_ns = to_ns > from_ns ? to_ns - from_ns : 0,
		.is_live = !recording->ended_ns,
		.is_difference = session->has_base || options->since.form,
		.focus = options->focus,
		.ignore = options->ignore,
		.hide = options->hide,
		.total = session->profile.total,
		.uncertainty = session->profile.uncertainty,
		.samplings = value_type_has_kind(&options->type, SEEP_KIND_HEAP) ? recording->samplings : NULL,
		.sampling_count = recording->sampling_count,
		.base_samplings =
			value_type_has_kind(&options->type, SEEP_KIND_HEAP) ? session->base.recording.samplings : NULL,
		.base_sampling_count = session->base.recording.sampling_count,
		.until_ns = session->until_ns,
		.trust = session_trust(session),
		.style = command_style(),
	};
}

int session_open(const struct options *options, struct session *session, struct error *error)
{
	char *path = NULL;
	int code;

	*session = (struct session){.options = options};
	code = session_path(options, &path, error);
	if (!code)
		code = open_recording(path, &session->main, error);
	free(path);
	return code ? code : find_process(session, error);
}

/* All is read: a recorder that ends need not wait for us to let go of the file. */
void session_close_files(struct session *session)
{
	store_close(session->main.store);
	store_close(session->base.store);
	session->main.store = session->base.store = NULL;
}

int session_build(struct session *session, struct session *previous, struct error *error)
{
	const struct options *options = session->options;
	const char *base = options->command == FOR_DIFF ? options->operands[0] : options->base;
	struct profile_options wanted = {
		.type = profile_type(options),
		.focus = options->focus ? &options->focus_regex : NULL,
		.ignore = options->ignore ? &options->ignore_regex : NULL,
		.hide = options->hide ? &options->hide_regex : NULL,
		.show_all = options->show_all,
	};
	struct profile_input inputs[3];
	size_t input_count;
	int code = SEEP_OK;

	session->has_base = base != NULL;
	if (base)
		code = open_recording(base, &session->base, error);
	if (!code)
		code = session_moments(session, error);
	if (!code)
		code = read_figures(session, error);
	if (code)
		return code;
	if (previous)
		session_adopt_names(session, previous);
	input_count = collect_inputs(session, inputs);
	for (size_t i = 0; i < input_count && !code; i++)
		code = resolve_input(session, &inputs[i], error);
	if (code)
		return code;
	profile_build(inputs, input_count, &wanted, &session->profile);
	session_head(session);
	session_close_files(session);
	return SEEP_OK;
}

static void close_recording(struct session_recording *recording)
{
	store_close(recording->store);
	recording_release(&recording->recording);
	free(recording->totals);
	free(recording->earlier);
}

void session_close(struct session *session)
{
	profile_release(&session->profile);
	close_recording(&session->main);
	close_recording(&session->base);
	symbolizer_close(session->symbolizer);
	free(session->program);
	*session = (struct session){0};
}

struct graph_options session_graph_options(const struct session *session)
{
	const struct options *options = session->options;

	/* A program that reads JSON can drop for itself; what was dropped it cannot get back. */
	return (struct graph_options){
		.by = options->by,
		.by_cum = options->by_cum,
		.limit = options->limit,
		.node_fraction = options->json ? 0 : GRAPH_NODE_FRACTION,
		.edge_fraction = options->json ? 0 : GRAPH_EDGE_FRACTION,
	};
}

/* ---- the frame of a command ---- */

int command_fail(const char *command, const struct error *error, int code)
{
	fprintf(stderr, "seep %s: %s\n", command, error->text);
	return error_exit_code(code);
}

int command_written(const struct options *options, int cause)
{
	if (!cause)
		return SEEP_EXIT_OK;
	clearerr(stdout);
	if (cause == EPIPE)
		return SEEP_EXIT_OK;
	fprintf(stderr, "seep %s: cannot write the report: %s; make room or write it elsewhere\n",
		options->command_name, strerror(cause));
	return SEEP_EXIT_UNKNOWN;
}

int command_print(const struct options *options, struct buffer *report)
{
	int cause = buffer_print(report, stdout);

	buffer_release(report);
	return command_written(options, cause);
}

struct style command_style(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return (struct style){.is_coloured = isatty(STDOUT_FILENO) && !(no_color && *no_color) && term &&
					     strcmp(term, "dumb") != 0};
}

static void print_help(enum options_command command, const char *name, struct buffer *out)
{
	static const struct {
		const char *name, *arguments, *summary;
	} all[] = {
#define X(name, arguments, summary) {#name, arguments, summary},
		SEEP_COMMANDS(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i].name, name))
			options_help(command, name, all[i].arguments, all[i].summary, out);
}

bool command_begin(enum options_command command, int argc, char **argv, struct options *options, int *exit_code)
{
	struct error error = {0};
	struct buffer help = {0};
	int code = options_parse(command, argc, argv, options, &error);

	*exit_code = SEEP_EXIT_OK;
	if (!code && !options->help)
		return true;
	if (code) {
		*exit_code = command_fail(argv[0], &error, code);
	} else {
		print_help(command, argv[0], &help);
		*exit_code = command_print(options, &help);
	}
	options_release(options);
	return false;
}

int command_report(const struct options *options, report_function *print)
{
	struct session session = {0};
	struct error error = {0};
	struct buffer out = {0};
	int code = session_open(options, &session, &error);

	if (!code)
		code = session_build(&session, NULL, &error);
	if (!code)
		code = print(&session, &out, &error);
	session_close(&session);
	if (!code)
		return command_print(options, &out);
	buffer_release(&out);
	return command_fail(options->command_name, &error, code);
}
