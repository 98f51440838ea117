/* SPDX-License-Identifier: MIT */
#include "ages.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../analysis/memory.h"
#include "../analysis/process.h"
#include "../arena/arena_reader.h"
#include "../base/clock.h"
#include "open.h"

#define ANSWER_NS (3 * NS_PER_S) /* a recorder that lives has answered by then */
#define LOOK_NS (50 * NS_PER_MS)

void known_ages_release(struct known_ages *known)
{
	free(known->readings);
	free(known->sites);
	*known = (struct known_ages){0};
}

/* ---- asking the recorder ---- */

static bool has_answered(const char *recording, uint32_t wanted)
{
	struct store *store = NULL;
	struct error ignored = {0};
	char *answered;
	bool is_there;

	if (store_open(recording, &store, &ignored)) {
		store_close(store);
		return false;
	}
	answered = store_read_meta(store, "ages_answered");
	/* who asked after us is answered, too */
	is_there = answered && (int32_t)((uint32_t)strtoul(answered, NULL, 10) - wanted) >= 0;
	free(answered);
	store_close(store);
	return is_there;
}

/* If nobody answers, or the arena is not ours, the newest reading has to do: the report says of when it is. */
static void ask(const char *recording, const char *arena)
{
	const struct timespec look = {0, LOOK_NS};
	int64_t until_ns = clock_boottime_ns() + ANSWER_NS;
	struct arena_reader *reader = NULL;
	struct error ignored = {0};
	uint32_t wanted;
	int code = arena_open(arena, &reader, &ignored);

	if (!code)
		code = arena_want_ages(reader, &wanted);
	arena_close(reader);
	while (!code && !has_answered(recording, wanted) && clock_boottime_ns() < until_ns)
		nanosleep(&look, NULL);
}

/* Of a recording that still grows, what is there after the recorder was asked. */
static int open_asked(const struct options *options, struct session *session, struct error *error)
{
	int code = session_open(options, session, error);
	char *recording, *arena;

	if (code || session->main.recording.ended_ns)
		return code;
	arena = store_read_meta(session->main.store, "arena");
	if (!arena)
		return SEEP_OK;
	recording = memory_string(session->main.recording.path);
	session_close(session);
	ask(recording, arena);
	free(recording);
	free(arena);
	return session_open(options, session, error);
}

/* ---- reading ---- */

struct reading_walk {
	struct ages_reading *by_process; /* by process id */
	size_t process_count;
};

static void take_reading(const struct store_age_reading *reading, void *context)
{
	struct reading_walk *walk = context;
	struct ages_reading *known;

	if (reading->process_id >= walk->process_count)
		return;
	known = &walk->by_process[reading->process_id];
	if (strcmp(reading->state, STORE_AGES_READ) == 0) {
		known->time_s = reading->time;
		known->cpu_ns = reading->cpu_ns;
		known->because = NULL;
	} else {
		known->because = ages_because(reading->state);
	}
}

static int take_sites(struct store *store, struct known_ages *known, uint32_t process_id, int64_t time_s,
		      struct error *error)
{
	struct model_ages *sites;
	size_t count;
	int code = store_read_ages(store, process_id, time_s, &sites, &count, error);

	if (code)
		return code;
	known->sites =
		memory_grow(known->sites, &known->site_capacity, known->site_count + count + 1, sizeof(*known->sites));
	for (size_t i = 0; i < count; i++)
		known->sites[known->site_count++] = sites[i];
	free(sites);
	return SEEP_OK;
}

static int take_process(struct store *store, struct known_ages *known, const struct model_process *process,
			struct ages_reading *reading, struct error *error)
{
	reading->pid = process->pid;
	known->readings = memory_grow(known->readings, &known->reading_capacity, known->reading_count + 1,
				      sizeof(*known->readings));
	known->readings[known->reading_count++] = *reading;
	return reading->time_s ? take_sites(store, known, process->id, reading->time_s, error) : SEEP_OK;
}

int known_ages_read(struct store *store, const struct recording *recording, uint32_t process_id,
		    struct known_ages *known, struct error *error)
{
	struct reading_walk walk = {
		.by_process = memory_zeroed(recording->process_count + 1, sizeof(*walk.by_process)),
		.process_count = recording->process_count,
	};
	int code = store_each_age_reading(store, take_reading, &walk, error);

	for (size_t i = 0; i < recording->process_count && !code; i++) {
		const struct model_process *process = &recording->processes[i];
		bool is_wanted = process_id ? process->id == process_id : process_lasted(recording, process);

		if (process->id && is_wanted)
			code = take_process(store, known, process, &walk.by_process[i], error);
	}
	free(walk.by_process);
	return code;
}

const char *known_ages_because(const struct known_ages *known)
{
	const char *because = "the recorder reads them some seconds after a process's start, and then once a minute";

	for (size_t i = 0; i < known->reading_count; i++)
		if (known->readings[i].because)
			because = known->readings[i].because;
	return because;
}

static int resolve_names(struct session *session, const struct known_ages *known, struct error *error)
{
	struct recording *recording = &session->main.recording;
	bool *needed = memory_zeroed(recording->location_count + 1, sizeof(*needed));
	bool *visited = memory_zeroed(recording->node_count + 1, sizeof(*visited));
	int code;

	for (size_t i = 0; i < known->site_count; i++)
		if (known->sites[i].site_id < recording->site_count)
			profile_mark_stack(recording, recording->sites[known->sites[i].site_id].node_id, visited,
					   needed);
	code = session_resolve(session, recording, needed, error);
	free(needed);
	free(visited);
	return code;
}

/* ---- the report ---- */

static int64_t total_of(const struct session *session)
{
	const struct session_recording *main = &session->main;
	int64_t sum = 0;

	for (size_t i = 0; i < main->count; i++) {
		const struct model_total *total = &main->totals[i];

		if (total->site_id < main->recording.site_count &&
		    value_type_has_kind(&session->options->type, main->recording.sites[total->site_id].kind))
			sum += value_type_of(&session->options->type, total);
	}
	return sum;
}

/* No histogram is no answer: why there is none. */
static int say_nothing(const struct session *session, const struct known_ages *known, struct error *error)
{
	const char *path = session->main.recording.path;
	bool is_known = false;

	for (size_t i = 0; i < known->reading_count; i++)
		is_known |= known->readings[i].time_s != 0;
	if (!is_known)
		return error_set(error, SEEP_ERR_NOT_FOUND, "the ages of what is held are unknown in %s: %s", path,
				 known_ages_because(known));
	return error_set(error, SEEP_ERR_NOT_FOUND,
			 "'%s' matches nothing that holds %s in %s; `seep top -n 0 --cum` lists what there is",
			 session->options->operands[0], session->options->type.name, path);
}

static int report_groups(struct session *session, const struct known_ages *known, const struct age_groups *groups,
			 struct buffer *out, struct error *error)
{
	struct ages_report report = {.head = &session->head,
				     .groups = groups,
				     .readings = known->readings,
				     .reading_count = known->reading_count,
				     .newest_ns = session->main.recording.newest_ns,
				     .limit = session->options->limit};

	if (!groups->count)
		return say_nothing(session, known, error);
	if (session->options->json)
		ages_json(out, &report);
	else
		ages_text(out, &report);
	return SEEP_OK;
}

static int add_ages(struct session *session, struct buffer *out, struct error *error)
{
	const struct options *options = session->options;
	struct profile_options wanted = {
		.type = options->type,
		.focus = options->focus ? &options->focus_regex : NULL,
		.ignore = options->ignore ? &options->ignore_regex : NULL,
		.hide = options->hide ? &options->hide_regex : NULL,
		.show_all = options->show_all,
	};
	struct session_recording *main = &session->main;
	struct known_ages known = {0};
	struct age_groups groups = {0};
	int code = session_moments(session, error);

	if (!code)
		code = store_read_totals(main->store, session->process_id, INT64_MAX, &main->totals, &main->count,
					 error);
	if (!code)
		code = known_ages_read(main->store, &main->recording, session->process_id, &known, error);
	if (!code)
		code = resolve_names(session, &known, error);
	if (!code) {
		struct ages_input input = {&main->recording, known.sites, known.site_count,
					   main->totals,     main->count, &options->name_regex};

		ages_group(&input, &wanted, &groups);
		session_head(session);
		session->head.total = total_of(session);
		session_close_files(session);
		code = report_groups(session, &known, &groups, out, error);
	}
	age_groups_release(&groups);
	known_ages_release(&known);
	return code;
}

int command_ages(const struct options *options)
{
	struct session session = {0};
	struct error error = {0};
	struct buffer out = {0};
	int code = open_asked(options, &session, &error);

	if (!code)
		code = add_ages(&session, &out, &error);
	session_close(&session);
	if (!code)
		return command_print(options, &out);
	buffer_release(&out);
	return command_fail(options->command_name, &error, code);
}
