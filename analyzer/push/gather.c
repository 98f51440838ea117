/* SPDX-License-Identifier: MIT */
#include "gather.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "../base/clock.h"
#include "../commands/judge.h"
#include "../store/rows.h"

/* One transaction of history: some seconds of work, and not much more memory than that of its rows. */
enum { MOST_ROWS = 100000, MINUTE_S = 60, HOUR_S = 3600 };

void identity_release(struct identity *identity)
{
	free(identity->text);
	free(identity->host);
	free(identity->kernel);
	free(identity->version);
	free(identity->program);
	free(identity->build_id);
	*identity = (struct identity){0};
}

/* ---- what it is ---- */

static char *meta_or_empty(struct store *store, const char *key)
{
	char *value = store_read_meta(store, key);

	return value ? value : memory_string("");
}

/* The arena's id tells it from others of its host, and the host's name those of two hosts that began as one image. */
static void read_identity(struct store *store, struct identity *out)
{
	struct recording times = {0};
	char *arena = meta_or_empty(store, "arena_id");

	store_read_times(store, &times);
	*out = (struct identity){
		.host = meta_or_empty(store, "host"),
		.kernel = store_read_meta(store, "kernel"),
		.version = store_read_meta(store, "seep_version"),
		.program = memory_string(""),
		.build_id = memory_string(""),
		.created_ns = times.created_ns,
		.newest_ns = times.newest_ns,
		.ended_ns = times.ended_ns,
		.interval_ms = times.interval_ms,
	};
	out->text = memory_format("%s %" PRId64 " %s", arena, out->created_ns, out->host);
	free(arena);
}

int gather_identity(const char *path, struct identity *out, struct error *error)
{
	struct store *store;
	int code;

	*out = (struct identity){0};
	code = store_open(path, &store, error);
	if (!code)
		read_identity(store, out);
	store_close(store);
	return code;
}

/* ---- rows that are the recording's ---- */

static void add_value(struct batch_rows *rows, const struct store_value *value)
{
	switch (value->type) {
	case STORE_NULL:
		batch_add_null(rows);
		break;
	case STORE_INTEGER:
		batch_add_integer(rows, value->integer);
		break;
	case STORE_REAL:
		batch_add_real(rows, value->real);
		break;
	case STORE_TEXT:
		batch_add_bytes(rows, value->text, value->size);
		break;
	}
}

static int add_stream(struct store *store, enum store_stream stream, const struct store_span *span,
		      struct batch_rows *rows, struct error *error)
{
	struct store_value values[BATCH_COLUMNS];
	struct store_rows *walk;
	int code = store_rows_open(store, stream, span, &walk, error);
	size_t count = code ? 0 : store_rows_columns(walk);

	for (size_t i = 0; i < count; i++)
		batch_add_column(rows, store_rows_column(walk, i));
	while (!code && (code = store_rows_next(walk, values, error)) == 1) {
		for (size_t i = 0; i < count; i++)
			add_value(rows, &values[i]);
		code = SEEP_OK;
	}
	store_rows_close(walk);
	return code;
}

static const struct {
	enum store_stream stream;
	enum batch_table table;
} state_streams[] =
	{
		{STREAM_PROCESS, TABLE_PROCESS}, {STREAM_TOTAL, TABLE_TOTAL},    {STREAM_LIMIT, TABLE_LIMIT},
		{STREAM_TRUST, TABLE_TRUST},     {STREAM_HOOK_COST, TABLE_COST}, {STREAM_EVENT_TOTAL, TABLE_EVENT},
		{STREAM_AGE, TABLE_AGE},         {STREAM_MARK, TABLE_MARK},
},
  history_streams[] = {
	  {STREAM_HISTORY, TABLE_TOTAL_HISTORY},         {STREAM_PROCESS_HISTORY, TABLE_PROCESS_HISTORY},
	  {STREAM_MEMORY_HISTORY, TABLE_MEMORY_HISTORY}, {STREAM_COST_HISTORY, TABLE_COST_HISTORY},
	  {STREAM_EVENT_HISTORY, TABLE_EVENT_HISTORY},
};

static int add_history(struct store *store, const struct store_span *span, struct batch *out, struct error *error)
{
	int code = SEEP_OK;

	for (size_t i = 0; i < sizeof(history_streams) / sizeof(history_streams[0]) && !code; i++)
		code = add_stream(store, history_streams[i].stream, span, &out->tables[history_streams[i].table],
				  error);
	return code;
}

/* ---- the state ---- */

/*
 * Folded processes have rows at the end of a minute, which a recording that has ended need not have reached: its
 * history has no end.
 */
static int64_t until_of(int64_t ended_ns, int64_t history_s)
{
	return ended_ns ? INT64_MAX : history_s;
}

static int add_state(const struct gathering *gathering, const struct identity *identity, struct store *store,
		     struct batch *out, int64_t *folded, struct error *error)
{
	/* what changed in the second of the last push may have changed after it */
	struct store_span since = {.since = gathering->marks.newest_ns / NS_PER_S};
	struct store_span all = {.until = until_of(identity->ended_ns, gathering->marks.history_s),
				 .folded_only = true};
	int code = SEEP_OK;

	for (size_t i = 0; i < sizeof(state_streams) / sizeof(state_streams[0]) && !code; i++)
		code = add_stream(store, state_streams[i].stream, &since, &out->tables[state_streams[i].table], error);
	*folded = store_folded_processes(store);
	if (!code && *folded != gathering->marks.folded)
		code = add_history(store, &all, out, error);
	return code;
}

static int resolve_all(struct session *session, struct error *error)
{
	struct recording *recording = &session->main.recording;
	bool *needed = memory_zeroed(recording->location_count, sizeof(*needed));
	bool *visited = memory_zeroed(recording->node_count, sizeof(*visited));
	int code;

	for (size_t i = 0; i < recording->site_count; i++)
		if (recording->sites[i].id)
			profile_mark_stack(recording, recording->sites[i].node_id, visited, needed);
	code = session_resolve(session, recording, needed, error);
	free(needed);
	free(visited);
	return code;
}

/* Judges, names and closes. A recording that is too young to judge has no verdicts. */
static int add_verdicts(struct session *session, const struct gathering *gathering, struct batch *out,
			struct error *error)
{
	struct judgement_options options = judge_options(gathering->options);
	struct judged_recording judged = {0};
	const struct recording *recording = &session->main.recording;
	struct error nothing = {""};
	int code = judge_session(session, &options, &judged, &nothing);
	bool is_judged = code == SEEP_OK;

	if (is_judged || code == SEEP_ERR_NOT_FOUND) {
		code = SEEP_OK;
		sites_add(recording, is_judged ? &judged.judgement : NULL, gathering->sites, out);
		judgement_add(recording, is_judged ? &judged.judgement : NULL, out);
	} else {
		error_set(error, code, "%s", nothing.text);
	}
	judge_release(&judged);
	return code;
}

static int add_names(struct session *session, const struct gathering *gathering, struct batch *out, struct error *error)
{
	int code = resolve_all(session, error);

	if (code)
		return code;
	if (gathering->with_verdicts)
		return add_verdicts(session, gathering, out, error);
	session_close_files(session);
	sites_add(&session->main.recording, NULL, gathering->sites, out);
	return SEEP_OK;
}

static void take_text(char **to, const char *text)
{
	free(*to);
	*to = memory_string(text ? text : "");
}

int gather_state(const struct gathering *gathering, struct identity *identity, struct batch *out, int64_t *folded,
		 struct error *error)
{
	struct session session = {0};
	int code = session_open(gathering->options, &session, error);

	if (!code) {
		session_adopt_names(&session, gathering->names);
		identity_release(identity);
		read_identity(session.main.store, identity);
		code = add_state(gathering, identity, session.main.store, out, folded, error);
	}
	if (!code) {
		session_head(&session);
		take_text(&identity->program, session.head.program_path);
		take_text(&identity->build_id, session.head.build_id);
		free(session.program);
		session.program = NULL;
		code = add_names(&session, gathering, out, error);
	}
	session_close(gathering->names);
	*gathering->names = session;
	return code;
}

/* ---- the history ---- */

struct span_plan {
	int64_t until, rows;
	bool is_full;
};

static void plan_hour(int64_t hour, int64_t rows, void *context)
{
	struct span_plan *plan = context;

	plan->is_full = plan->is_full || (plan->rows && plan->rows + rows > MOST_ROWS);
	if (plan->is_full)
		return;
	plan->rows += rows;
	plan->until = hour + HOUR_S;
}

/* Of a recording that goes on, the minute that has not ended comes later. */
static int64_t history_end(const struct recording *times)
{
	int64_t newest = times->newest_ns / NS_PER_S;

	return times->ended_ns ? newest + 1 : newest / MINUTE_S * MINUTE_S;
}

static int read_span(const struct gathering *gathering, struct store *store, struct batch *out, int64_t *history_s,
		     struct error *error)
{
	struct recording times = {0};
	struct span_plan plan = {0};
	struct store_span span = {.since = gathering->marks.history_s};
	int64_t end;
	int code = store_begin_reading(store, error);

	if (code)
		return code;
	store_read_times(store, &times);
	end = history_end(&times);
	*history_s = span.since;
	if (end <= span.since)
		return SEEP_OK;
	code = store_each_history_hour(store, span.since, plan_hour, &plan, error);
	if (code)
		return code;
	*history_s = plan.is_full && plan.until < end ? plan.until : end;
	span.until = *history_s == end ? until_of(times.ended_ns, end) : *history_s;
	return add_history(store, &span, out, error);
}

int gather_history(const struct gathering *gathering, const char *path, struct batch *out, int64_t *history_s,
		   struct error *error)
{
	struct store *store;
	int code = store_open(path, &store, error);

	if (!code)
		code = read_span(gathering, store, out, history_s, error);
	store_close(store);
	return code;
}
