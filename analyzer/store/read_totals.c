/* SPDX-License-Identifier: MIT */
/*
 * The figures at a moment. A counter's value at time t is the newest row not after t: the row of `total` if nothing has
 * changed since, else the history's, of which the seconds are newer than the minutes, and these than the hours.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_internal.h"

/* The end of a server's processes is not one instant: see store_read_totals() in store.h. */
#define ENDED_TOGETHER_NS (2 * NS_PER_S)

/* In the tables' order: STORE_COUNTERS, STORE_PARTS. */
struct figures {
	uint64_t acquired_count, acquired_bytes, released_count, released_bytes, birth_sum, temporary_count;
	double acquired_unseen_count, acquired_unseen_bytes, released_unseen_count, released_unseen_bytes;
	double acquired_count_variance, acquired_bytes_variance, released_count_variance, released_bytes_variance;
};
enum { FIGURE_COLUMNS = 14 };

struct row_key {
	int64_t site_id, process_id, time;
};

struct moment {
	int64_t at_ns;
	int64_t time;      /* whole seconds, as in the tables */
	int64_t now_epoch; /* the arena's clock at that moment */
	uint32_t process_id;
	uint8_t *alive; /* by process id */
	size_t process_count;
};

struct totals {
	struct model_total *entries;
	size_t count, capacity;
	bool is_open;       /* the last entry still gets figures of other processes */
	uint64_t birth_sum; /* of its live objects */
};

struct statements {
	sqlite3_stmt *newest, *seconds, *minute, *hour;
	bool seconds_left; /* the walk over seconds stands on a row */
};

static struct figures figures_of(sqlite3_stmt *row, int column)
{
	return (struct figures){
		.acquired_count = (uint64_t)sqlite3_column_int64(row, column),
		.acquired_bytes = (uint64_t)sqlite3_column_int64(row, column + 1),
		.released_count = (uint64_t)sqlite3_column_int64(row, column + 2),
		.released_bytes = (uint64_t)sqlite3_column_int64(row, column + 3),
		.birth_sum = (uint64_t)sqlite3_column_int64(row, column + 4),
		.temporary_count = (uint64_t)sqlite3_column_int64(row, column + 5),
		.acquired_unseen_count = sqlite3_column_double(row, column + 6),
		.acquired_unseen_bytes = sqlite3_column_double(row, column + 7),
		.released_unseen_count = sqlite3_column_double(row, column + 8),
		.released_unseen_bytes = sqlite3_column_double(row, column + 9),
		.acquired_count_variance = sqlite3_column_double(row, column + 10),
		.acquired_bytes_variance = sqlite3_column_double(row, column + 11),
		.released_count_variance = sqlite3_column_double(row, column + 12),
		.released_bytes_variance = sqlite3_column_double(row, column + 13),
	};
}

static struct row_key key_of(sqlite3_stmt *row)
{
	return (struct row_key){sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1),
				sqlite3_column_int64(row, 2)};
}

/* ---- who is alive ---- */

struct alive_walk {
	struct moment *moment;
	int64_t recording_end_ns; /* INT64_MAX: still runs */
};

static int alive_row(sqlite3_stmt *row, void *context)
{
	struct alive_walk *walk = context;
	struct moment *moment = walk->moment;
	int64_t id = sqlite3_column_int64(row, 0);
	int64_t started_ns = sqlite3_column_int64(row, 1);
	bool runs = sqlite3_column_type(row, 2) == SQLITE_NULL;
	int64_t ended_ns = sqlite3_column_int64(row, 2);
	const char *reason = (const char *)sqlite3_column_text(row, 3);
	bool is_folded = reason && strcmp(reason, "folded") == 0;
	bool is_other_program = reason && strcmp(reason, "exec") == 0;
	bool was_there_at_end = !is_other_program && ended_ns > walk->recording_end_ns - ENDED_TOGETHER_NS;

	if (id < 1 || (uint64_t)id >= moment->process_count)
		return SEEP_ERR_DAMAGED;
	/* who asks for one process that has ended wants to know what it held at its end */
	if (moment->process_id)
		was_there_at_end = true;
	moment->alive[id] =
		!is_folded && started_ns <= moment->at_ns && (runs || ended_ns > moment->at_ns || was_there_at_end);
	return SEEP_OK;
}

static int read_alive(struct store *store, struct moment *moment, struct error *error)
{
	struct alive_walk walk = {.moment = moment,
				  .recording_end_ns = store_meta_integer(store, "ended_ns", INT64_MAX)};
	int64_t highest = store_integer(store, "SELECT max(id) FROM process", 0);
	sqlite3_stmt *statement;
	int code;

	if (highest < 0 || highest > INT32_MAX)
		return error_set(error, SEEP_ERR_DAMAGED, "%s is damaged (impossible ids); use another recording",
				 store->path);
	moment->process_count = (size_t)highest + 1;
	moment->alive = calloc(moment->process_count, 1);
	if (!moment->alive)
		return error_set(error, SEEP_ERR_MEMORY, "out of memory; cannot read %s", store->path);
	code = store_prepare(store, "SELECT id, started_ns, ended_ns, end_reason FROM process", &statement, error);
	return code ? code : store_each_row(store, statement, alive_row, &walk, error);
}

static void moment_init(struct moment *moment, struct store *store, uint32_t process_id, int64_t at_ns)
{
	int64_t created_ns = store_meta_integer(store, "created_ns", 0);
	int64_t newest_ns = store_meta_integer(store, "newest_ns", created_ns);

	moment->process_id = process_id;
	moment->at_ns = at_ns < newest_ns ? at_ns : newest_ns;
	moment->time = moment->at_ns / NS_PER_S;
	moment->now_epoch = 1 + moment->at_ns / NS_PER_S - created_ns / NS_PER_S;
}

/* ---- the newest row not after the moment ---- */

/* The columns after the figures of the newest row. */
enum { INHERITED = 3 + FIGURE_COLUMNS, INHERITED_PARTS = INHERITED + 3, WEIGHTS = INHERITED_PARTS + 4 };

/* A recording of before there was sampling has none of its columns and tables. */
static int prepare_newest(struct store *store, sqlite3_stmt **out, struct error *error)
{
	static const char old[] = "SELECT t.site_id, t.process_id, t.time, acquired_count, acquired_bytes,"
				  " released_count, released_bytes, t.birth_sum, temporary_count, " STORE_NO_PARTS
				  ", coalesce(i.count, 0), coalesce(i.bytes, 0), coalesce(i.birth_sum, 0),"
				  " 0, 0, 0.0, 0.0, 0, 0.0"
				  " FROM total t LEFT JOIN inherited i USING (process_id, site_id)"
				  " WHERE ?1 = 0 OR t.process_id = ?1 ORDER BY t.site_id, t.process_id";
	static const char new[] = "SELECT t.site_id, t.process_id, t.time, acquired_count, acquired_bytes,"
				  " released_count, released_bytes, t.birth_sum, temporary_count, " STORE_PARTS
				  ", coalesce(i.count, 0), coalesce(i.bytes, 0), coalesce(i.birth_sum, 0),"
				  " coalesce(i.unseen_count, 0), coalesce(i.unseen_bytes, 0),"
				  " coalesce(i.count_variance, 0), coalesce(i.bytes_variance, 0),"
				  " coalesce(w.interval, 0), coalesce(w.weight, 0)"
				  " FROM total t LEFT JOIN inherited i USING (process_id, site_id)"
				  " LEFT JOIN sampled_site w USING (process_id, site_id)"
				  " WHERE ?1 = 0 OR t.process_id = ?1 ORDER BY t.site_id, t.process_id";

	return store_prepare(store, store->version < 2 ? old : new, out, error);
}

static int prepare_history(struct store *store, const char *format, sqlite3_stmt **out, struct error *error)
{
	char sql[1024];

	snprintf(sql, sizeof(sql), format, store->version < 2 ? STORE_NO_PARTS : STORE_PARTS);
	return store_prepare(store, sql, out, error);
}

static int prepare(struct store *store, const struct moment *moment, struct statements *out, struct error *error)
{
	int code = prepare_newest(store, &out->newest, error);

	if (code == SEEP_OK)
		code = prepare_history(store,
				       "SELECT site_id, process_id, max(time), " STORE_COUNTERS
				       ", %s FROM sample_second"
				       " WHERE time <= ?1 GROUP BY site_id, process_id ORDER BY site_id, process_id",
				       &out->seconds, error);
	if (code == SEEP_OK)
		code = prepare_history(store,
				       "SELECT site_id, process_id, time, " STORE_COUNTERS ", %s FROM sample_minute"
				       " WHERE site_id = ?1 AND process_id = ?2 AND time <= ?3"
				       " ORDER BY time DESC LIMIT 1",
				       &out->minute, error);
	if (code == SEEP_OK)
		code = prepare_history(store,
				       "SELECT site_id, process_id, time, " STORE_COUNTERS ", %s FROM sample_hour"
				       " WHERE site_id = ?1 AND process_id = ?2 AND time <= ?3"
				       " ORDER BY time DESC LIMIT 1",
				       &out->hour, error);
	if (code)
		return code;
	sqlite3_bind_int64(out->newest, 1, moment->process_id);
	sqlite3_bind_int64(out->seconds, 1, moment->time);
	out->seconds_left = true;
	return SEEP_OK;
}

static void statements_release(struct statements *statements)
{
	sqlite3_finalize(statements->newest);
	sqlite3_finalize(statements->seconds);
	sqlite3_finalize(statements->minute);
	sqlite3_finalize(statements->hour);
}

/* Both walks are in order of (site, process): advances the seconds' to the key. True if it has it. */
static bool seconds_reach(struct statements *statements, struct row_key key)
{
	struct row_key at;

	while (statements->seconds_left) {
		if (sqlite3_stmt_busy(statements->seconds)) {
			at = key_of(statements->seconds);
			if (at.site_id > key.site_id || (at.site_id == key.site_id && at.process_id >= key.process_id))
				return at.site_id == key.site_id && at.process_id == key.process_id;
		}
		statements->seconds_left = sqlite3_step(statements->seconds) == SQLITE_ROW;
	}
	return false;
}

static bool seek_history(sqlite3_stmt *history, struct row_key key, int64_t time, struct figures *out)
{
	bool found;

	sqlite3_reset(history);
	sqlite3_bind_int64(history, 1, key.site_id);
	sqlite3_bind_int64(history, 2, key.process_id);
	sqlite3_bind_int64(history, 3, time);
	found = sqlite3_step(history) == SQLITE_ROW;
	if (found)
		*out = figures_of(history, 3);
	sqlite3_reset(history);
	return found;
}

/* The counters of a row of `total` as they were at the moment; zeros if nothing had happened yet. */
static struct figures figures_at(struct statements *statements, const struct moment *moment, struct row_key key,
				 uint64_t inherited_birth_sum)
{
	struct figures figures = {.birth_sum = inherited_birth_sum};

	if (key.time <= moment->time)
		return figures_of(statements->newest, 3);
	if (seconds_reach(statements, key))
		return figures_of(statements->seconds, 3);
	if (!seek_history(statements->minute, key, moment->time, &figures))
		seek_history(statements->hour, key, moment->time, &figures);
	return figures;
}

/* ---- adding up ---- */

static struct model_total *entry_for(struct totals *totals, uint32_t site_id)
{
	struct model_total *grown;

	if (totals->is_open && totals->entries[totals->count - 1].site_id == site_id)
		return &totals->entries[totals->count - 1];
	if (totals->count == totals->capacity) {
		totals->capacity = totals->capacity ? totals->capacity * 2 : 256;
		grown = realloc(totals->entries, totals->capacity * sizeof(*grown));
		if (!grown)
			return NULL;
		totals->entries = grown;
	}
	totals->birth_sum = 0;
	totals->is_open = true;
	totals->entries[totals->count] = (struct model_total){.site_id = site_id};
	return &totals->entries[totals->count++];
}

static bool has_figures(const struct model_total *total)
{
	return total->live_count || total->live_bytes || total->acquired_count || total->acquired_bytes ||
	       total->released_count || total->released_bytes;
}

static double mean_age(const struct model_total *total, uint64_t birth_sum, int64_t now_epoch)
{
	double age;

	if (total->live_count <= 0)
		return 0;
	age = (double)now_epoch - (double)(int64_t)birth_sum / (double)total->live_count;
	return age > 0 ? age : 0;
}

/* The last entry is complete: its age can be told, and one without figures is taken back. */
static void entry_finish(struct totals *totals, const struct moment *moment)
{
	struct model_total *last;

	if (!totals->is_open)
		return;
	totals->is_open = false;
	last = &totals->entries[totals->count - 1];
	last->mean_age_s = mean_age(last, totals->birth_sum, moment->now_epoch);
	if (!has_figures(last))
		totals->count--;
}

static void part_put(struct model_part *part, double unseen, double variance)
{
	part->unseen += unseen;
	part->variance += variance;
}

static void add_events(struct model_total *total, const struct figures *figures)
{
	struct model_parts *counts = &total->count_parts, *bytes = &total->byte_parts;

	total->acquired_count += figures->acquired_count;
	total->acquired_bytes += figures->acquired_bytes;
	total->released_count += figures->released_count;
	total->released_bytes += figures->released_bytes;
	total->temporary_count += figures->temporary_count;
	part_put(&counts->acquired, figures->acquired_unseen_count, figures->acquired_count_variance);
	part_put(&bytes->acquired, figures->acquired_unseen_bytes, figures->acquired_bytes_variance);
	part_put(&counts->released, figures->released_unseen_count, figures->released_count_variance);
	part_put(&bytes->released, figures->released_unseen_bytes, figures->released_bytes_variance);
}

static void weigh(struct model_parts *parts, double weight)
{
	if (weight <= parts->acquired.weight)
		return;
	parts->acquired.weight = parts->released.weight = parts->live.weight = weight;
}

/* Modulo 2^64, as the counters are: what a damaged recording holds may be any numbers. */
static int64_t live(int64_t sum, int64_t inherited, uint64_t acquired, uint64_t released)
{
	return (int64_t)((uint64_t)sum + (uint64_t)inherited + acquired - released);
}

static void add_live(struct totals *totals, struct model_total *total, const struct figures *figures,
		     sqlite3_stmt *newest)
{
	total->live_count = live(total->live_count, sqlite3_column_int64(newest, INHERITED), figures->acquired_count,
				 figures->released_count);
	total->live_bytes = live(total->live_bytes, sqlite3_column_int64(newest, INHERITED + 1),
				 figures->acquired_bytes, figures->released_bytes);
	totals->birth_sum += figures->birth_sum;
	part_put(&total->count_parts.live,
		 sqlite3_column_double(newest, INHERITED_PARTS) + figures->acquired_unseen_count -
			 figures->released_unseen_count,
		 sqlite3_column_double(newest, INHERITED_PARTS + 2) + figures->acquired_count_variance -
			 figures->released_count_variance);
	part_put(&total->byte_parts.live,
		 sqlite3_column_double(newest, INHERITED_PARTS + 1) + figures->acquired_unseen_bytes -
			 figures->released_unseen_bytes,
		 sqlite3_column_double(newest, INHERITED_PARTS + 3) + figures->acquired_bytes_variance -
			 figures->released_bytes_variance);
}

static int add_row(struct totals *totals, struct statements *statements, const struct moment *moment)
{
	struct row_key key = key_of(statements->newest);
	uint64_t inherited_birth_sum = (uint64_t)sqlite3_column_int64(statements->newest, INHERITED + 2);
	struct figures figures;
	struct model_total *total;

	if (key.process_id < 1 || (uint64_t)key.process_id >= moment->process_count || key.site_id < 1 ||
	    key.site_id > INT32_MAX)
		return SEEP_ERR_DAMAGED;
	if (totals->is_open && totals->entries[totals->count - 1].site_id != (uint32_t)key.site_id)
		entry_finish(totals, moment);
	total = entry_for(totals, (uint32_t)key.site_id);
	if (!total)
		return SEEP_ERR_MEMORY;
	figures = figures_at(statements, moment, key, inherited_birth_sum);
	add_events(total, &figures);
	weigh(&total->byte_parts, sqlite3_column_double(statements->newest, WEIGHTS));
	weigh(&total->count_parts, sqlite3_column_double(statements->newest, WEIGHTS + 1));
	if (moment->alive[key.process_id])
		add_live(totals, total, &figures, statements->newest);
	return SEEP_OK;
}

static int add_all(struct store *store, struct totals *totals, struct statements *statements,
		   const struct moment *moment, struct error *error)
{
	int code = SEEP_OK;
	int step;

	while ((step = sqlite3_step(statements->newest)) == SQLITE_ROW && code == SEEP_OK)
		code = add_row(totals, statements, moment);
	if (code == SEEP_ERR_MEMORY)
		return error_set(error, code, "out of memory; cannot read %s", store->path);
	if (code)
		return error_set(error, code, "%s is damaged (its tables contradict each other); use another recording",
				 store->path);
	if (step != SQLITE_DONE)
		return store_fail(store, step, "read", error);
	entry_finish(totals, moment);
	return SEEP_OK;
}

int store_read_totals(struct store *store, uint32_t process_id, int64_t at_ns, struct model_total **out, size_t *count,
		      struct error *error)
{
	struct moment moment = {0};
	struct statements statements = {0};
	struct totals totals = {0};
	int code;

	*out = NULL;
	*count = 0;
	moment_init(&moment, store, process_id, at_ns);
	code = read_alive(store, &moment, error);
	if (code == SEEP_OK)
		code = prepare(store, &moment, &statements, error);
	if (code == SEEP_OK)
		code = add_all(store, &totals, &statements, &moment, error);
	statements_release(&statements);
	free(moment.alive);
	if (code) {
		free(totals.entries);
		return code;
	}
	*out = totals.entries;
	*count = totals.count;
	return SEEP_OK;
}

/* ---- by process and kind ---- */

struct held_walk {
	void (*each)(const struct store_held *, void *);
	void *context;
};

static int held_row(sqlite3_stmt *row, void *context)
{
	struct held_walk *walk = context;
	const char *name = (const char *)sqlite3_column_text(row, 1);
	int64_t process_id = sqlite3_column_int64(row, 0);
	int kind = name ? kind_by_name(name) : -1;
	struct store_held held = {
		.process_id = (uint32_t)process_id,
		.kind = (enum seep_kind)kind,
		.count = sqlite3_column_int64(row, 2),
		.bytes = sqlite3_column_int64(row, 3),
	};

	if (process_id < 1 || process_id > INT32_MAX || kind < 0)
		return SEEP_ERR_DAMAGED;
	walk->each(&held, walk->context);
	return SEEP_OK;
}

int store_each_held(struct store *store, void (*each)(const struct store_held *, void *), void *context,
		    struct error *error)
{
	struct held_walk walk = {.each = each, .context = context};
	sqlite3_stmt *statement;
	int code = store_prepare(store,
				 "SELECT t.process_id, s.kind,"
				 " sum(coalesce(i.count, 0) + acquired_count - released_count),"
				 " sum(coalesce(i.bytes, 0) + acquired_bytes - released_bytes)"
				 " FROM total t JOIN site s ON s.id = t.site_id"
				 " LEFT JOIN inherited i ON i.process_id = t.process_id AND i.site_id = t.site_id"
				 " GROUP BY t.process_id, s.kind ORDER BY t.process_id",
				 &statement, error);

	return code ? code : store_each_row(store, statement, held_row, &walk, error);
}
