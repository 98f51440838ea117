/* SPDX-License-Identifier: MIT */
#include "page_live.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"

enum { MOST_GAP_S = 10, MOST_POINTS = 2 * PAGE_LIVE_POINTS };

static int64_t time_of(const struct page_line *line, size_t index)
{
	return line->grid.start_s + (int64_t)index * line->grid.step_s;
}

/* ---- points ---- */

static struct store_point copy_of(const struct store_point *point)
{
	struct store_point copy = *point;

	copy.events = memory_copy(point->events, point->event_count * sizeof(*copy.events));
	return copy;
}

/* There was no callsite of that kind: nothing was held. */
static double known_or_0(double value)
{
	return isnan(value) ? 0 : value;
}

static double between(double from, double to, double part)
{
	return isnan(from) ? to : from + part * (to - from);
}

static struct store_point point_between(const struct store_point *from, const struct store_point *to, int64_t time_s)
{
	double part = (double)(time_s - from->time_s) / (double)(to->time_s - from->time_s);
	struct store_point point = copy_of(to);

	if (part >= 1)
		return point;
	point.time_s = time_s;
	for (int kind = 0; kind < SEEP_KIND_COUNT; kind++)
		for (int field = 0; field < SERIES_SITE_FIELDS; field++)
			point.kinds[kind][field] =
				between(known_or_0(from->kinds[kind][field]), to->kinds[kind][field], part);
	for (int field = 0; field < SERIES_PROCESS_FIELDS; field++)
		point.process[field] = between(from->process[field], to->process[field], part);
	for (size_t i = 0; i < point.event_count; i++)
		point.events[i] = between(i < from->event_count ? from->events[i] : 0, to->events[i], part);
	return point;
}

/* ---- a line ---- */

static void clear(struct page_line *line)
{
	for (size_t i = 0; i < line->grid.count; i++)
		free(line->points[i].events);
	line->grid.count = 0;
	free(line->last.events);
	line->last = (struct store_point){0};
}

static void add_point(struct page_line *line, struct store_point point)
{
	if (line->grid.count == MOST_POINTS) {
		for (size_t i = 0; i < PAGE_LIVE_POINTS; i++)
			free(line->points[i].events);
		memmove(line->points, line->points + PAGE_LIVE_POINTS, PAGE_LIVE_POINTS * sizeof(line->points[0]));
		line->grid.start_s += PAGE_LIVE_POINTS * (int64_t)line->grid.step_s;
		line->grid.count -= PAGE_LIVE_POINTS;
	}
	line->points[line->grid.count++] = point;
}

/* CPU time is looked up now and then: with the newest look it is known of the points since the one before, too. */
static void fill_cpu(struct page_line *line)
{
	size_t last = line->grid.count - 1, known = last;
	double now = line->points[last].process[SERIES_CPU_NS], before;

	while (known > 0 && isnan(line->points[known - 1].process[SERIES_CPU_NS]))
		known--;
	if (isnan(now) || !known || known == last)
		return;
	before = line->points[known - 1].process[SERIES_CPU_NS];
	for (size_t i = known; i < last; i++)
		line->points[i].process[SERIES_CPU_NS] =
			before + (now - before) * (double)(i - known + 1) / (double)(last - known + 1);
}

static void begin(struct page_line *line, const struct store_point *point)
{
	clear(line);
	line->grid.start_s = point->time_s;
	add_point(line, copy_of(point));
	line->last = copy_of(point);
}

static void extend(struct page_line *line, const struct store_point *point)
{
	if (!line->grid.count || point->time_s - line->last.time_s > MOST_GAP_S * (int64_t)line->grid.step_s) {
		begin(line, point);
		return;
	}
	if (point->time_s <= line->last.time_s)
		return;
	for (int64_t at = time_of(line, line->grid.count); at <= point->time_s; at += line->grid.step_s) {
		add_point(line, point_between(&line->last, point, at));
		fill_cpu(line);
	}
	free(line->last.events);
	line->last = copy_of(point);
}

/* ---- all lines ---- */

static void clear_all(struct page_live *live)
{
	for (size_t i = 0; i < PAGE_LIVE_LINES; i++)
		if (live->lines[i])
			clear(live->lines[i]);
}

static int extend_from(struct page_live *live, struct page_line *line, struct error *error)
{
	struct store_point point;
	int code = store_newest_point(live->newest, line->process_id, &point, error);

	if (!code && store_newest_runs(live->newest, line->process_id))
		extend(line, &point);
	free(point.events);
	return code;
}

/* A recording that has taken the place of another one, or does not tell its time, is read from the beginning. */
static int begin_reading(struct store *store, struct page_live *live, struct error *error)
{
	int code = store_begin_reading(store, error);
	struct recording times = {0};

	if (code)
		return code;
	store_read_times(store, &times);
	if (times.created_ns != live->times.created_ns || times.interval_ms != live->times.interval_ms)
		page_live_release(live);
	live->times = times;
	return SEEP_OK;
}

int page_live_read(struct store *store, struct page_live *live, struct error *error)
{
	int code = begin_reading(store, live, error);

	if (code)
		return code;
	if (!live->newest)
		live->newest = store_newest_new();
	if (!live->newest)
		return error_set(error, SEEP_ERR_MEMORY, "out of memory; cannot follow a recording");
	code = store_newest_read(store, live->newest, error);
	for (size_t i = 0; i < PAGE_LIVE_LINES && !code; i++)
		if (live->lines[i])
			code = extend_from(live, live->lines[i], error);
	if (code)
		clear_all(live);
	return code;
}

void page_live_release(struct page_live *live)
{
	clear_all(live);
	for (size_t i = 0; i < PAGE_LIVE_LINES; i++)
		free(live->lines[i]);
	store_newest_release(live->newest);
	*live = (struct page_live){0};
}

/* The place of the process's line, or the one to put it. */
static size_t place_for(const struct page_live *live, uint32_t process_id)
{
	size_t oldest = 0;

	for (size_t i = 0; i < PAGE_LIVE_LINES; i++)
		if (live->lines[i] && live->lines[i]->process_id == process_id)
			return i;
	for (size_t i = 0; i < PAGE_LIVE_LINES; i++) {
		if (!live->lines[i])
			return i;
		if (live->lines[i]->used < live->lines[oldest]->used)
			oldest = i;
	}
	return oldest;
}

/* As store_read_kinds() has it at the least; a damaged recording may say anything. */
static int32_t step_of(const struct page_live *live)
{
	int64_t interval_s = (live->times.interval_ms + INT64_C(999)) / 1000;

	return interval_s > 0 ? (int32_t)interval_s : 1;
}

int page_live_line(struct page_live *live, uint32_t process_id, struct page_line **out, struct error *error)
{
	struct page_line **place = &live->lines[place_for(live, process_id)], *line = *place;
	int code = SEEP_OK;

	if (!line)
		line = *place = memory_zeroed(1, sizeof(*line));
	if (line->process_id != process_id)
		clear(line);
	line->process_id = process_id;
	line->grid.step_s = step_of(live);
	line->used = ++live->uses;
	if (!line->grid.count)
		code = extend_from(live, line, error);
	*out = line;
	return code;
}

/* ---- as a series ---- */

static double *take(double **next, size_t count)
{
	double *values = *next;

	*next += count;
	return values;
}

static void add_kinds(const struct page_line *line, size_t first, struct store_series *out, double **next)
{
	for (int kind = 0; kind < SEEP_KIND_COUNT; kind++) {
		struct store_site_series *site = &out->sites[out->site_count];

		if (isnan(line->last.kinds[kind][SERIES_LIVE_OBJECTS]))
			continue;
		*site = (struct store_site_series){.kind = (enum seep_kind)kind};
		out->site_count++;
		for (int field = 0; field < SERIES_SITE_FIELDS; field++) {
			site->values[field] = take(next, out->grid.count);
			for (size_t i = 0; i < out->grid.count; i++)
				site->values[field][i] = known_or_0(line->points[first + i].kinds[kind][field]);
		}
	}
}

static void add_events(const struct page_live *live, const struct page_line *line, size_t first,
		       struct store_series *out)
{
	char *const *names;

	store_newest_events(live->newest, &names);
	out->event_count = line->last.event_count;
	out->events = memory_zeroed(out->event_count, sizeof(*out->events));
	for (size_t event = 0; event < out->event_count; event++) {
		out->events[event].name = memory_string(names[event]);
		out->events[event].count = memory_zeroed(out->grid.count, sizeof(double));
		for (size_t i = 0; i < out->grid.count; i++) {
			const struct store_point *point = &line->points[first + i];

			out->events[event].count[i] = event < point->event_count ? point->events[event] : 0;
		}
	}
}

bool page_line_since(const struct page_live *live, const struct page_line *line, int64_t since_s,
		     struct store_series *out)
{
	size_t first = line->grid.count, values = SEEP_KIND_COUNT * SERIES_SITE_FIELDS + SERIES_PROCESS_FIELDS;
	double *next;

	while (first > 0 && time_of(line, first - 1) > since_s)
		first--;
	if (!first)
		return false;
	first--;
	*out = (struct store_series){.grid = line->grid};
	out->grid.start_s = time_of(line, first);
	out->grid.count = line->grid.count - first;
	out->sites = memory_zeroed(SEEP_KIND_COUNT, sizeof(*out->sites));
	next = out->values = memory_zeroed(values * out->grid.count, sizeof(double));
	add_kinds(line, first, out, &next);
	for (int field = 0; field < SERIES_PROCESS_FIELDS; field++) {
		out->process[field] = take(&next, out->grid.count);
		for (size_t i = 0; i < out->grid.count; i++)
			out->process[field][i] = line->points[first + i].process[field];
	}
	add_events(live, line, first, out);
	return true;
}
