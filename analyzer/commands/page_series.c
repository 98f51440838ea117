/* SPDX-License-Identifier: MIT */
/*
 * Curves of a recording or of one process. The whole history, or a span of it, is read from the recording. What came
 * since the last point that a page has is told from the last minutes (page_live.h), for it is asked each second.
 */
#include <stdlib.h>

#include "../analysis/memory.h"
#include "../base/clock.h"
#include "../render/page.h"
#include "page_internal.h"

enum { USUAL_POINTS = 600, MOST_POINTS = 2000 };

static const struct page_call call = {FOR_GROWTH, "growth",
				      (const char *const[]){"process", "since", "until", "points", NULL}};

/* A request, and what it is answered from. */
struct asked {
	struct page_request request;
	struct store *store; /* all is of one moment */
	uint32_t process_id; /* 0 all */
	long points;
	bool has_since, has_until;
	int64_t since_ns, until_ns; /* of has_since, has_until */
	struct store_series series;
	size_t skip; /* points of it, for the rates only */
	struct page_mark *marks;
	size_t mark_count, mark_capacity;
};

/* ---- what is asked ---- */

static int find_process(struct asked *asked, const struct page_live *live, struct error *error)
{
	uint32_t pid = asked->request.options.process_pid;

	asked->process_id = pid ? store_newest_process(live->newest, pid) : 0;
	if (!pid || asked->process_id)
		return SEEP_OK;
	return error_set(error, SEEP_ERR_NOT_FOUND, "%s has no process %u; `seep info` lists those that it has",
			 asked->request.recording->path, pid);
}

static void find_span(struct asked *asked, const struct recording *times)
{
	const struct options *options = &asked->request.options;

	asked->has_since = options->since.form != MOMENT_NONE;
	asked->has_until = options->until.form != MOMENT_NONE;
	if (asked->has_since)
		asked->since_ns = moment_resolve(options->since, times->created_ns, times->newest_ns);
	if (asked->has_until)
		asked->until_ns = moment_resolve(options->until, times->created_ns, times->newest_ns);
}

/* ---- curves ---- */

/* Only what came after since: its own point is read for the rates of the next one. */
static int read_history(struct asked *asked, struct error *error)
{
	struct store_series_options options = {
		.process_id = asked->process_id,
		.since_ns = asked->has_since ? asked->since_ns : INT64_MIN,
		.until_ns = asked->has_until ? asked->until_ns : INT64_MAX,
		.most_points = (size_t)asked->points,
	};
	int code = store_read_kinds(asked->store, &options, &asked->series, error);

	asked->skip = asked->has_since && asked->series.grid.count &&
		      asked->series.grid.start_s <= asked->since_ns / NS_PER_S;
	return code;
}

static int read_curves(struct asked *asked, struct page_live *live, struct error *error)
{
	int64_t since_s = asked->since_ns / NS_PER_S;
	struct page_line *line;
	int code = SEEP_OK;

	/* a page asks on after the end, too: nothing came */
	asked->series.grid = (struct store_grid){.start_s = since_s, .step_s = 1};
	if (asked->has_since && since_s >= store_newest_end(live->newest, asked->process_id))
		return SEEP_OK;
	if (asked->has_until || !store_newest_runs(live->newest, asked->process_id))
		return read_history(asked, error);
	code = page_live_line(live, asked->process_id, &line, error);
	if (code)
		return code;
	asked->skip = 1;
	if (asked->has_since && page_line_since(live, line, since_s, &asked->series))
		return SEEP_OK;
	return read_history(asked, error);
}

/* ---- marks ---- */

static bool is_wanted(const struct asked *asked, const struct store_mark *mark)
{
	if (asked->process_id && mark->process_id && mark->process_id != asked->process_id)
		return false;
	/* a point is a whole second, and a mark of its second may have come after it was told */
	return (!asked->has_since || mark->time_ns / NS_PER_S >= asked->since_ns / NS_PER_S) &&
	       (!asked->has_until || mark->time_ns <= asked->until_ns);
}

static void take_mark(const struct store_mark *mark, void *context)
{
	struct asked *asked = context;

	if (!is_wanted(asked, mark))
		return;
	asked->marks = memory_grow(asked->marks, &asked->mark_capacity, asked->mark_count + 1, sizeof(*asked->marks));
	asked->marks[asked->mark_count++] =
		(struct page_mark){mark->time_ns, memory_string(mark->kind), memory_string(mark->text)};
}

/* ---- an answer ---- */

static int read_all(struct asked *asked, struct error *error)
{
	struct page_live *live = &asked->request.recording->live;
	int code = store_open(asked->request.recording->path, &asked->store, error);

	if (!code)
		code = page_live_read(asked->store, live, error);
	if (code)
		return code;
	find_span(asked, &live->times);
	code = find_process(asked, live, error);
	if (!code)
		code = read_curves(asked, live, error);
	return code ? code : store_each_mark(asked->store, take_mark, asked, error);
}

static void add_answer(const struct asked *asked, struct buffer *json)
{
	struct curves curves;
	struct page_series series = {
		.recording = asked->request.recording->index,
		.curves = &curves,
		.is_estimated = store_is_sampled(asked->store),
		.marks = asked->marks,
		.mark_count = asked->mark_count,
	};

	curves_build(&asked->series, asked->skip, &curves);
	page_series_json(json, &series);
	curves_release(&curves);
}

static void release(struct asked *asked)
{
	for (size_t i = 0; i < asked->mark_count; i++) {
		free(asked->marks[i].kind);
		free(asked->marks[i].text);
	}
	free(asked->marks);
	store_series_release(&asked->series);
	store_close(asked->store);
	page_request_release(&asked->request);
}

int page_series(struct page *page, const struct page_query *query, struct buffer *json, struct error *error)
{
	struct asked asked = {0};
	int code = page_request_init(page, query, &call, &asked.request, error);

	if (!code)
		code = page_query_number(query, "points", 2, MOST_POINTS, USUAL_POINTS, &asked.points, error);
	if (!code)
		code = read_all(&asked, error);
	if (!code)
		add_answer(&asked, json);
	release(&asked);
	return code;
}
