/* SPDX-License-Identifier: MIT */
/*
 * Figures over time. Each (site, process) is one walk along the grid over its rows of hours, minutes, seconds and
 * total; all four tables are read in the order of (site, process, time), side by side. With steps of a minute or more
 * the seconds are left aside: they say nothing between two points that the minutes do not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "series_internal.h"

/* The end of a server's processes is not one instant: see store_read_totals() in store.h. */
#define ENDED_TOGETHER_NS (2 * NS_PER_S)

enum { MINUTE_S = 60, HOUR_S = 3600, MOST_POINTS = 600, FEWEST_POINTS = 120 };
/* Points of all sites together: 8 bytes each for six fields, so that a recording of any size can be judged. */
enum { MOST_SITE_POINTS = 2400000 };

/* Of one process at one site, in the columns' order. */
enum figure {
	ACQUIRED_OBJECTS,
	ACQUIRED_BYTES,
	RELEASED_OBJECTS,
	RELEASED_BYTES,
	BIRTH_SUM,
	FIGURE_COUNT,
};
struct figures {
	double of[FIGURE_COUNT];
};
#define FIGURE_COLUMNS "acquired_count, acquired_bytes, released_count, released_bytes, birth_sum"
enum { FIRST_FIGURE = 3, INHERITED = FIRST_FIGURE + FIGURE_COUNT, PARTS = INHERITED + 3 };

/* A table, read in the order of (site, process, time). */
struct stream {
	sqlite3_stmt *statement;
	int64_t bucket_s; /* a row is the last one of so many seconds */
	bool has_row;
	int64_t site_id, process_id, time;
};
enum { HOURS, MINUTES, SECONDS, HISTORIES };

struct reader {
	struct store *store;
	struct error *error;
	struct store_series *out;
	uint32_t process_id;
	int64_t created_ns;
	struct lives lives;
	size_t site_room;
	uint8_t *kinds; /* by site id: callsites are added up by kind; NULL: each has a series of its own */
	size_t kind_count;
	struct stream newest, histories[HISTORIES];
	double *walk[FIGURE_COUNT]; /* of the (site, process) at hand: grid.count of each */
	double *walk_values;
};

static int out_of_memory(struct reader *reader)
{
	return error_set(reader->error, SEEP_ERR_MEMORY, "out of memory; cannot read %s", reader->store->path);
}

/* ---- the grid ---- */

/* Steps that people think in, so that points fall on whole minutes and hours of a day's length. */
static int64_t round_step(int64_t least)
{
	static const int16_t steps[] = {1,  2,   3,   4,   5,   6,   10,  12,  15,  20,   30,
					60, 120, 180, 240, 300, 360, 600, 720, 900, 1200, 1800};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i] >= least)
			return steps[i];
	return (least + HOUR_S - 1) / HOUR_S * HOUR_S;
}

static size_t points_for(size_t most, size_t sites)
{
	size_t points = most ? most : MOST_POINTS;

	if (sites && points > MOST_SITE_POINTS / sites)
		points = MOST_SITE_POINTS / sites;
	return points > FEWEST_POINTS ? points : FEWEST_POINTS;
}

static struct store_grid grid_for(int64_t start_s, int64_t end_s, int64_t least_step_s, size_t points)
{
	struct store_grid grid = {.start_s = start_s, .step_s = 1};
	int64_t step;

	if (end_s < start_s)
		return grid;
	step = (end_s - start_s + (int64_t)points - 2) / ((int64_t)points - 1);
	step = round_step(step > least_step_s ? step : least_step_s);
	if (step > INT32_MAX)
		return grid; /* no clock is that wrong: a damaged file */
	grid.step_s = (int32_t)step;
	grid.count = (size_t)((end_s - start_s) / step + 1);
	grid.start_s = end_s - ((int64_t)grid.count - 1) * step;
	return grid;
}

int64_t grid_time(const struct store_grid *grid, size_t index)
{
	return grid->start_s + (int64_t)index * grid->step_s;
}

/* The first point not before a time. */
size_t grid_point(const struct store_grid *grid, int64_t time_s)
{
	int64_t after = time_s - grid->start_s, index;

	if (after <= 0)
		return 0;
	index = (after + grid->step_s - 1) / grid->step_s;
	return index < (int64_t)grid->count ? (size_t)index : grid->count;
}

/* ---- the processes ---- */

struct lives_walk {
	struct lives *lives;
	uint32_t process_id;
	int64_t recording_end_ns; /* INT64_MAX: still runs */
};

static int life_row(sqlite3_stmt *row, void *context)
{
	struct lives_walk *walk = context;
	struct lives *lives = walk->lives;
	int64_t id = sqlite3_column_int64(row, 0);
	const char *reason = (const char *)sqlite3_column_text(row, 3);
	bool is_other_program = reason && strcmp(reason, "exec") == 0;
	bool runs = sqlite3_column_type(row, 2) == SQLITE_NULL;
	struct life *life;

	if (id < 1 || (uint64_t)id >= lives->count)
		return SEEP_ERR_DAMAGED;
	life = &lives->of[id];
	*life = (struct life){
		.pid = (uint32_t)sqlite3_column_int64(row, 4),
		.started_ns = sqlite3_column_int64(row, 1),
		.ended_ns = runs ? INT64_MAX : sqlite3_column_int64(row, 2),
		.went_on = is_other_program,
		.is_known = true,
		.is_folded = reason && strcmp(reason, "folded") == 0,
	};
	if (life->ended_ns > lives->last_end_ns || walk->process_id == id)
		lives->last_end_ns = life->ended_ns;
	if (walk->process_id == id)
		lives->first_start_ns = life->started_ns;
	life->lasts = runs || walk->process_id == id ||
		      (!is_other_program && life->ended_ns > walk->recording_end_ns - ENDED_TOGETHER_NS);
	return SEEP_OK;
}

int lives_read(struct store *store, uint32_t process_id, struct lives *out, struct error *error)
{
	struct lives_walk walk = {out, process_id, store_meta_integer(store, "ended_ns", INT64_MAX)};
	int64_t highest = store_integer(store, "SELECT max(id) FROM process", 0);
	sqlite3_stmt *statement;
	int code;

	*out = (struct lives){0};
	if (highest < 0 || highest > INT32_MAX || process_id > highest)
		return error_set(error, SEEP_ERR_DAMAGED, "%s is damaged (impossible ids); use another recording",
				 store->path);
	out->of = calloc((size_t)highest + 1, sizeof(*out->of));
	if (!out->of)
		return error_set(error, SEEP_ERR_MEMORY, "out of memory; cannot read %s", store->path);
	out->count = (size_t)highest + 1;
	/* the chosen one last: its times count, whatever the others' are */
	code = store_prepare(store, "SELECT id, started_ns, ended_ns, end_reason, pid FROM process ORDER BY id = ?1",
			     &statement, error);
	if (code)
		return code;
	sqlite3_bind_int64(statement, 1, process_id);
	return store_each_row(store, statement, life_row, &walk, error);
}

bool life_holds_at(const struct life *life, int64_t time_s)
{
	return !life->is_folded && life->started_ns / NS_PER_S <= time_s &&
	       (life->lasts || life->ended_ns / NS_PER_S > time_s);
}

/* ---- the span ---- */

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What is known to the end is known to the newest second, or to the last one before the end. */
static void lay_grid(struct reader *reader, const struct store_series_options *options, size_t sites)
{
	int64_t newest_ns = store_meta_integer(reader->store, "newest_ns", reader->created_ns);
	int64_t start_s =
		larger(larger(options->since_ns, reader->created_ns), reader->lives.first_start_ns) / NS_PER_S;
	int64_t end_s = newest_ns / NS_PER_S;
	int64_t interval_s = (store_meta_integer(reader->store, "interval_ms", 1000) + 999) / 1000;

	if (reader->lives.last_end_ns != INT64_MAX)
		end_s = smaller(end_s, reader->lives.last_end_ns / NS_PER_S - 1);
	end_s = smaller(end_s, options->until_ns / NS_PER_S);
	reader->out->grid = grid_for(start_s, end_s, interval_s, points_for(options->most_points, sites));
}

/* Everything is one block, the sites' arrays first. */
static int reserve(struct reader *reader, size_t most)
{
	struct store_series *out = reader->out;
	size_t points = out->grid.count;
	double *next;

	out->sites = calloc(most + 1, sizeof(*out->sites));
	out->values = calloc((most * SERIES_SITE_FIELDS + SERIES_PROCESS_FIELDS) * points + 1, sizeof(double));
	reader->walk_values = calloc(FIGURE_COUNT * points + 1, sizeof(double));
	if (!out->sites || !out->values || !reader->walk_values)
		return out_of_memory(reader);
	reader->site_room = most;
	next = out->values;
	for (size_t i = 0; i < most; i++)
		for (int field = 0; field < SERIES_SITE_FIELDS; field++, next += points)
			out->sites[i].values[field] = next;
	for (int field = 0; field < SERIES_PROCESS_FIELDS; field++, next += points)
		out->process[field] = next;
	for (int figure = 0; figure < FIGURE_COUNT; figure++)
		reader->walk[figure] = reader->walk_values + (size_t)figure * points;
	return SEEP_OK;
}

/* ---- streams of rows ---- */

static int stream_next(struct reader *reader, struct stream *stream)
{
	int step = sqlite3_step(stream->statement);

	stream->has_row = step == SQLITE_ROW;
	if (!stream->has_row)
		return step == SQLITE_DONE ? SEEP_OK : store_fail(reader->store, step, "read", reader->error);
	stream->site_id = sqlite3_column_int64(stream->statement, 0);
	stream->process_id = sqlite3_column_int64(stream->statement, 1);
	stream->time = sqlite3_column_int64(stream->statement, 2);
	return SEEP_OK;
}

static struct figures stream_figures(const struct stream *stream)
{
	struct figures figures;

	for (int i = 0; i < BIRTH_SUM; i++)
		figures.of[i] = (double)(uint64_t)sqlite3_column_int64(stream->statement, FIRST_FIGURE + i);
	/* a sum modulo 2^64 of epochs that may lie before the recording's */
	figures.of[BIRTH_SUM] = (double)sqlite3_column_int64(stream->statement, FIRST_FIGURE + BIRTH_SUM);
	return figures;
}

/* <0, 0, >0: the stream's row is of a (site, process) before, of, after this one. */
static int stream_compare(const struct stream *stream, int64_t site_id, int64_t process_id)
{
	if (stream->site_id != site_id)
		return stream->site_id < site_id ? -1 : 1;
	return (stream->process_id > process_id) - (stream->process_id < process_id);
}

static int prepare_newest(struct reader *reader)
{
	char sql[1024];

	snprintf(
		sql, sizeof(sql),
		"SELECT t.site_id, t.process_id, t.time, acquired_count, acquired_bytes, released_count,"
		" released_bytes, t.birth_sum, coalesce(i.count, 0), coalesce(i.bytes, 0), coalesce(i.birth_sum, 0), %s"
		" FROM total t LEFT JOIN inherited i USING (process_id, site_id)%s"
		" WHERE ?1 = 0 OR t.process_id = ?1 ORDER BY t.site_id, t.process_id",
		reader->store->version < 2
			? "0, 0.0, 0.0"
			: "w.site_id IS NOT NULL,"
			  " coalesce(i.count_variance, 0) + acquired_count_variance - released_count_variance,"
			  " coalesce(i.bytes_variance, 0) + acquired_bytes_variance - released_bytes_variance",
		reader->store->version < 2 ? "" : " LEFT JOIN sampled_site w USING (process_id, site_id)");
	return store_prepare(reader->store, sql, &reader->newest.statement, reader->error);
}

static int prepare_history(struct reader *reader, int which, const char *table, int64_t from, int64_t until)
{
	static const int64_t buckets[HISTORIES] = {HOUR_S, MINUTE_S, 1};
	struct stream *stream = &reader->histories[which];
	char sql[512];
	int code;

	snprintf(sql, sizeof(sql),
		 "SELECT site_id, process_id, time, " FIGURE_COLUMNS " FROM %s WHERE time >= ?2 AND time < ?3"
		 " AND (?1 = 0 OR process_id = ?1) ORDER BY site_id, process_id, time",
		 table);
	code = store_prepare(reader->store, sql, &stream->statement, reader->error);
	if (code)
		return code;
	stream->bucket_s = buckets[which];
	sqlite3_bind_int64(stream->statement, 1, reader->process_id);
	sqlite3_bind_int64(stream->statement, 2, from);
	sqlite3_bind_int64(stream->statement, 3, until);
	return stream_next(reader, stream);
}

static int prepare_streams(struct reader *reader)
{
	int64_t seconds_from = store_meta_integer(reader->store, "seconds_from", 0);
	int64_t minutes_from = store_meta_integer(reader->store, "minutes_from", 0);
	bool with_seconds = reader->out->grid.step_s < MINUTE_S;
	int code = prepare_newest(reader);

	if (!with_seconds)
		seconds_from = INT64_MAX;
	if (code == SEEP_OK)
		code = prepare_history(reader, HOURS, "sample_hour", 0, minutes_from);
	if (code == SEEP_OK)
		code = prepare_history(reader, MINUTES, "sample_minute", minutes_from, seconds_from);
	if (code == SEEP_OK && with_seconds)
		code = prepare_history(reader, SECONDS, "sample_second", seconds_from, INT64_MAX);
	if (code)
		return code;
	sqlite3_bind_int64(reader->newest.statement, 1, reader->process_id);
	/* newer than all history, it ends a minute of which no row is kept yet */
	reader->newest.bucket_s = with_seconds ? 1 : MINUTE_S;
	return stream_next(reader, &reader->newest);
}

/* ---- the walk along the grid ---- */

struct walk {
	size_t index; /* the next point to fill */
	int64_t time; /* of the figures known last */
	struct figures known;
};

static void fill_point(struct reader *reader, struct walk *walk, const struct figures *next, double part)
{
	for (int i = 0; i < FIGURE_COUNT; i++)
		reader->walk[i][walk->index] = walk->known.of[i] + part * (next->of[i] - walk->known.of[i]);
	walk->index++;
}

/* The points before the time of a row that is the last one of its bucket. */
static void walk_to(struct reader *reader, struct walk *walk, int64_t time, int64_t bucket_s, struct figures figures)
{
	const struct store_grid *grid = &reader->out->grid;
	int64_t from = larger(time / bucket_s * bucket_s, walk->time);
	size_t end = grid_point(grid, time);

	if (time <= walk->time)
		return;
	while (walk->index < end) {
		int64_t at = grid_time(grid, walk->index);

		fill_point(reader, walk, &figures, at <= from ? 0 : (double)(at - from) / (double)(time - from));
	}
	walk->known = figures;
	walk->time = time;
}

static int walk_history(struct reader *reader, struct walk *walk, struct stream *stream)
{
	int code = SEEP_OK;
	int order;

	if (!stream->statement)
		return SEEP_OK;
	while (code == SEEP_OK && stream->has_row) {
		order = stream_compare(stream, reader->newest.site_id, reader->newest.process_id);
		if (order > 0)
			break;
		if (order == 0)
			walk_to(reader, walk, stream->time, stream->bucket_s, stream_figures(stream));
		code = stream_next(reader, stream);
	}
	return code;
}

/* All rows of the (site, process) that `newest` stands on. */
static int walk_rows(struct reader *reader, const struct life *life)
{
	struct stream *newest = &reader->newest;
	struct walk walk = {.time = life->started_ns / NS_PER_S - 1};
	int code = SEEP_OK;

	walk.known.of[BIRTH_SUM] = (double)sqlite3_column_int64(newest->statement, INHERITED + 2);
	for (int i = 0; i < HISTORIES && code == SEEP_OK; i++)
		code = walk_history(reader, &walk, &reader->histories[i]);
	if (code)
		return code;
	walk_to(reader, &walk, newest->time, newest->bucket_s, stream_figures(newest));
	while (walk.index < reader->out->grid.count)
		fill_point(reader, &walk, &walk.known, 0);
	return SEEP_OK;
}

/* ---- adding up ---- */

static void add_point(struct reader *reader, struct store_site_series *site, size_t i, bool lives,
		      double inherited_objects, double inherited_bytes)
{
	double *const *walk = reader->walk;
	double acquired = walk[ACQUIRED_OBJECTS][i], released = walk[RELEASED_OBJECTS][i];

	site->values[SERIES_ACQUIRED_OBJECTS][i] += acquired;
	site->values[SERIES_ACQUIRED_BYTES][i] += walk[ACQUIRED_BYTES][i];
	if (!lives) {
		/* a kind's are for rates: the end of a process is no burst of releases */
		site->values[SERIES_RELEASED_OBJECTS][i] += reader->kinds || released > acquired ? released : acquired;
		return;
	}
	site->values[SERIES_RELEASED_OBJECTS][i] += released;
	site->values[SERIES_LIVE_OBJECTS][i] += inherited_objects + acquired - released;
	site->values[SERIES_LIVE_BYTES][i] += inherited_bytes + walk[ACQUIRED_BYTES][i] - walk[RELEASED_BYTES][i];
	site->values[SERIES_MEAN_AGE_S][i] += walk[BIRTH_SUM][i]; /* an age when all are added: site_finish() */
}

static void add_row(struct reader *reader, struct store_site_series *site, const struct life *life)
{
	const struct store_grid *grid = &reader->out->grid;
	sqlite3_stmt *row = reader->newest.statement;
	double objects = (double)sqlite3_column_int64(row, INHERITED),
	       bytes = (double)sqlite3_column_int64(row, INHERITED + 1);

	for (size_t i = 0; i < grid->count; i++)
		add_point(reader, site, i, life_holds_at(life, grid_time(grid, i)), objects, bytes);
	if (!life_holds_at(life, grid_time(grid, grid->count - 1)) || !sqlite3_column_int64(row, PARTS))
		return;
	site->is_estimated = true;
	site->objects_variance += sqlite3_column_double(row, PARTS + 1);
	site->bytes_variance += sqlite3_column_double(row, PARTS + 2);
}

static void site_finish(struct reader *reader, struct store_site_series *site)
{
	const struct store_grid *grid = &reader->out->grid;

	for (size_t i = 0; i < grid->count; i++) {
		double live = site->values[SERIES_LIVE_OBJECTS][i];
		double *age = &site->values[SERIES_MEAN_AGE_S][i];
		/* the arena's clock then: the recording's first second is 1 */
		int64_t epoch = 1 + grid_time(grid, i) - reader->created_ns / NS_PER_S;

		*age = live > 0 ? (double)epoch - *age / live : 0;
		if (*age < 0)
			*age = 0;
	}
	if (site->objects_variance < 0)
		site->objects_variance = 0;
	if (site->bytes_variance < 0)
		site->bytes_variance = 0;
}

/* The series of the site that `newest` stands on; sites come in order. */
static struct store_site_series *site_for(struct reader *reader)
{
	struct store_series *out = reader->out;
	int64_t id = reader->newest.site_id;

	if (out->site_count && out->sites[out->site_count - 1].site_id == (uint32_t)id)
		return &out->sites[out->site_count - 1];
	if (id < 1 || id > INT32_MAX || out->site_count == reader->site_room)
		return NULL;
	out->sites[out->site_count].site_id = (uint32_t)id;
	return &out->sites[out->site_count++];
}

/* The sum that it belongs to. */
static struct store_site_series *kind_for(struct reader *reader)
{
	int64_t id = reader->newest.site_id;

	if (id < 1 || (uint64_t)id >= reader->kind_count || reader->kinds[id] >= SEEP_KIND_COUNT)
		return NULL;
	reader->out->sites[reader->kinds[id]].site_id = (uint32_t)id;
	return &reader->out->sites[reader->kinds[id]];
}

static int damaged(struct reader *reader)
{
	return error_set(reader->error, SEEP_ERR_DAMAGED,
			 "%s is damaged (its tables contradict each other); use another recording",
			 reader->store->path);
}

static int read_sites(struct reader *reader)
{
	struct store_series *out = reader->out;
	struct stream *newest = &reader->newest;
	int code = prepare_streams(reader);

	while (code == SEEP_OK && newest->has_row) {
		struct store_site_series *site = reader->kinds ? kind_for(reader) : site_for(reader);

		if (!site || newest->process_id < 1 || (uint64_t)newest->process_id >= reader->lives.count)
			return damaged(reader);
		code = walk_rows(reader, &reader->lives.of[newest->process_id]);
		if (code)
			return code;
		add_row(reader, site, &reader->lives.of[newest->process_id]);
		code = stream_next(reader, newest);
	}
	for (size_t i = 0; i < reader->site_room && code == SEEP_OK; i++)
		site_finish(reader, &out->sites[i]);
	return code;
}

/* ---- kinds ---- */

static int kind_row(sqlite3_stmt *row, void *context)
{
	int64_t id = sqlite3_column_int64(row, 0);
	const char *name = (const char *)sqlite3_column_text(row, 1);
	int kind = name ? kind_by_name(name) : -1;
	struct reader *reader = context;

	if (id < 1 || (uint64_t)id >= reader->kind_count || kind < 0)
		return SEEP_ERR_DAMAGED;
	reader->kinds[id] = (uint8_t)kind;
	return SEEP_OK;
}

static int read_kinds(struct reader *reader)
{
	int64_t highest = store_integer(reader->store, "SELECT max(id) FROM site", 0);
	sqlite3_stmt *statement;
	int code;

	if (highest < 0 || highest > INT32_MAX)
		return damaged(reader);
	reader->kind_count = (size_t)highest + 1;
	reader->kinds = malloc(reader->kind_count);
	if (!reader->kinds)
		return out_of_memory(reader);
	memset(reader->kinds, SEEP_KIND_COUNT, reader->kind_count);
	code = store_prepare(reader->store, "SELECT id, kind FROM site", &statement, reader->error);
	return code ? code : store_each_row(reader->store, statement, kind_row, reader, reader->error);
}

/* Those of which there is any stay, in order. */
static void keep_kinds(struct store_series *out)
{
	for (size_t i = 0; i < SEEP_KIND_COUNT; i++) {
		if (!out->sites[i].site_id)
			continue;
		out->sites[i].kind = (enum seep_kind)i;
		out->sites[out->site_count++] = out->sites[i];
	}
}

/* ---- all of it ---- */

static int read_all(struct reader *reader, const struct store_series_options *options, size_t sites)
{
	struct store *store = reader->store;
	struct store_series *out = reader->out;
	int code;

	lay_grid(reader, options, reader->kinds ? 0 : sites);
	code = reserve(reader, sites);
	if (code == SEEP_OK && out->grid.count)
		code = read_sites(reader);
	if (code == SEEP_OK && out->grid.count)
		code = series_read_processes(store, options->process_id, &reader->lives, out, reader->error);
	if (code == SEEP_OK && out->grid.count)
		code = series_read_events(store, options->process_id, &reader->lives, out, reader->error);
	if (code == SEEP_OK && reader->kinds)
		keep_kinds(out);
	return code;
}

static void reader_init(struct reader *reader, struct store *store, const struct store_series_options *options,
			struct store_series *out, struct error *error)
{
	*reader = (struct reader){.store = store,
				  .error = error,
				  .out = out,
				  .process_id = options->process_id,
				  .created_ns = store_meta_integer(store, "created_ns", 0)};
	*out = (struct store_series){0};
}

static void reader_release(struct reader *reader)
{
	sqlite3_finalize(reader->newest.statement);
	for (int i = 0; i < HISTORIES; i++)
		sqlite3_finalize(reader->histories[i].statement);
	free(reader->lives.of);
	free(reader->walk_values);
	free(reader->kinds);
}

int store_read_series(struct store *store, const struct store_series_options *options, struct store_series *out,
		      struct error *error)
{
	size_t sites = (size_t)store_integer(store, "SELECT count(DISTINCT site_id) FROM total", 0);
	struct reader reader;
	int code;

	reader_init(&reader, store, options, out, error);
	code = lives_read(store, options->process_id, &reader.lives, error);
	if (code == SEEP_OK)
		code = read_all(&reader, options, sites);
	reader_release(&reader);
	return code;
}

int store_read_kinds(struct store *store, const struct store_series_options *options, struct store_series *out,
		     struct error *error)
{
	struct reader reader;
	int code;

	reader_init(&reader, store, options, out, error);
	code = lives_read(store, options->process_id, &reader.lives, error);
	if (code == SEEP_OK)
		code = read_kinds(&reader);
	if (code == SEEP_OK)
		code = read_all(&reader, options, SEEP_KIND_COUNT);
	reader_release(&reader);
	return code;
}

void store_series_release(struct store_series *series)
{
	for (size_t i = 0; i < series->event_count; i++) {
		free(series->events[i].name);
		free(series->events[i].count);
	}
	free(series->events);
	free(series->sites);
	free(series->values);
	*series = (struct store_series){0};
}
