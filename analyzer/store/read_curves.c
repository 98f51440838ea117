/* SPDX-License-Identifier: MIT */
/* Over time: what the kernel says of the processes, and what happened to them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "series_internal.h"

/* One quantity of one process, along the grid. */
struct curve {
	const struct store_grid *grid;
	const struct life *life;
	bool is_level;     /* ends with the process; otherwise a count that stays */
	bool is_looked_up; /* now and then, and goes on in between: after the last look it is not known */
	double *sum;       /* of all processes, NAN: none is known */
	size_t index;      /* the next point to fill */
	int64_t time;      /* of what is known last */
	double known;      /* NAN: nothing yet */
};

static void add(struct curve *curve, double value)
{
	size_t i = curve->index++;
	/* who goes on as another program takes its CPU time along */
	bool ends = curve->is_level || (curve->is_looked_up && curve->life->went_on);

	if (isnan(value) || (ends && !life_holds_at(curve->life, grid_time(curve->grid, i))))
		return;
	curve->sum[i] = isnan(curve->sum[i]) ? value : curve->sum[i] + value;
}

/* A row that stands for the last `resolution_s` seconds up to its time. */
static void curve_take(struct curve *curve, int64_t time, int64_t resolution_s, double value)
{
	int64_t from = resolution_s > 1 ? time - resolution_s : time;
	size_t end = grid_point(curve->grid, time);

	if (curve->is_looked_up && !isnan(curve->known))
		from = curve->time;
	if (from < curve->time)
		from = curve->time;
	while (curve->index < end) {
		int64_t at = grid_time(curve->grid, curve->index);

		add(curve,
		    at <= from || isnan(curve->known)
			    ? curve->known
			    : curve->known + (value - curve->known) * (double)(at - from) / (double)(time - from));
	}
	curve->known = value;
	curve->time = time;
}

static void curve_finish(struct curve *curve)
{
	bool is_over = !curve->is_looked_up || curve->life->ended_ns != INT64_MAX;

	while (curve->index < curve->grid->count && (is_over || grid_time(curve->grid, curve->index) <= curve->time))
		add(curve, curve->known);
}

/* The life of a row's process; NULL: there is no such process. */
static const struct life *life_of(const struct lives *lives, int64_t process_id)
{
	return process_id > 0 && (uint64_t)process_id < lives->count ? &lives->of[process_id] : NULL;
}

/* ---- what the kernel says ---- */

struct process_walk {
	struct store_series *out;
	const struct lives *lives;
	int64_t process_id; /* 0: none yet */
	struct curve curves[SERIES_PROCESS_FIELDS];
};

static void finish_process(struct process_walk *walk)
{
	for (int i = 0; walk->process_id && i < SERIES_PROCESS_FIELDS; i++)
		curve_finish(&walk->curves[i]);
}

static int process_row(sqlite3_stmt *row, void *context)
{
	struct process_walk *walk = context;
	int64_t process_id = sqlite3_column_int64(row, 0), time = sqlite3_column_int64(row, 1);
	const struct life *life = life_of(walk->lives, process_id);

	if (!life)
		return SEEP_ERR_DAMAGED;
	if (process_id != walk->process_id) {
		finish_process(walk);
		walk->process_id = process_id;
		for (int i = 0; i < SERIES_PROCESS_FIELDS; i++)
			walk->curves[i] = (struct curve){.grid = &walk->out->grid,
							 .life = life,
							 .is_level = i != SERIES_CPU_NS,
							 .is_looked_up = i == SERIES_CPU_NS,
							 .sum = walk->out->process[i],
							 .time = INT64_MIN,
							 .known = NAN};
	}
	for (int i = 0; i < SERIES_PROCESS_FIELDS; i++)
		if (sqlite3_column_type(row, i + 3) != SQLITE_NULL)
			curve_take(&walk->curves[i], time, sqlite3_column_int64(row, 2),
				   sqlite3_column_double(row, i + 3));
	return SEEP_OK;
}

int series_read_processes(struct store *store, uint32_t process_id, const struct lives *lives, struct store_series *out,
			  struct error *error)
{
	struct process_walk walk = {.out = out, .lives = lives};
	sqlite3_stmt *statement;
	int code = store_prepare(store,
				 "SELECT process_id, time, resolution, " SERIES_PROCESS_COLUMNS " FROM process_sample"
				 " WHERE ?1 = 0 OR process_id = ?1 ORDER BY process_id, time",
				 &statement, error);

	if (code)
		return code;
	sqlite3_bind_int64(statement, 1, process_id);
	for (int i = 0; i < SERIES_PROCESS_FIELDS; i++)
		for (size_t point = 0; point < out->grid.count; point++)
			out->process[i][point] = NAN;
	code = store_each_row(store, statement, process_row, &walk, error);
	finish_process(&walk);
	return code;
}

/* ---- what happened to them ---- */

struct event_walk {
	struct store_series *out;
	const struct lives *lives;
	int64_t process_id;
	struct curve curve;
};

static bool is_next_event(const struct event_walk *walk, const char *name)
{
	return !walk->out->event_count || strcmp(walk->out->events[walk->out->event_count - 1].name, name) != 0;
}

static int add_event(struct store_series *out, const char *name)
{
	struct store_event_series *events = realloc(out->events, (out->event_count + 1) * sizeof(*events));
	struct store_event_series event = {0};

	if (!events)
		return SEEP_ERR_MEMORY;
	out->events = events;
	event.name = strdup(name);
	event.count = calloc(out->grid.count, sizeof(*event.count));
	events[out->event_count++] = event;
	return event.name && event.count ? SEEP_OK : SEEP_ERR_MEMORY;
}

static int event_row(sqlite3_stmt *row, void *context)
{
	struct event_walk *walk = context;
	const char *name = (const char *)sqlite3_column_text(row, 0);
	int64_t process_id = sqlite3_column_int64(row, 1);
	const struct life *life = life_of(walk->lives, process_id);
	bool is_next = name && is_next_event(walk, name);

	if (!name || !life)
		return SEEP_ERR_DAMAGED;
	if (is_next || process_id != walk->process_id) {
		if (walk->process_id)
			curve_finish(&walk->curve);
		if (is_next && add_event(walk->out, name))
			return SEEP_ERR_MEMORY;
		walk->process_id = process_id;
		walk->curve = (struct curve){.grid = &walk->out->grid,
					     .life = life,
					     .sum = walk->out->events[walk->out->event_count - 1].count,
					     .time = life->started_ns / NS_PER_S - 1};
	}
	curve_take(&walk->curve, sqlite3_column_int64(row, 2), sqlite3_column_int64(row, 3),
		   sqlite3_column_double(row, 4));
	return SEEP_OK;
}

int series_read_events(struct store *store, uint32_t process_id, const struct lives *lives, struct store_series *out,
		       struct error *error)
{
	struct event_walk walk = {.out = out, .lives = lives};
	sqlite3_stmt *statement;
	int code;

	if (!store_has_table(store, "event_series"))
		return SEEP_OK;
	code = store_prepare(store,
			     "SELECT name, process_id, time, resolution, count FROM event_series"
			     " WHERE ?1 = 0 OR process_id = ?1 ORDER BY name, process_id, time",
			     &statement, error);
	if (code)
		return code;
	sqlite3_bind_int64(statement, 1, process_id);
	code = store_each_row(store, statement, event_row, &walk, error);
	if (walk.process_id)
		curve_finish(&walk.curve);
	return code;
}
