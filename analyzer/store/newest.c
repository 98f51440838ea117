/* SPDX-License-Identifier: MIT */
#include "newest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "series_internal.h"

/* The last figures of a process that has ended are surely written by then. */
#define SETTLED_NS (10 * NS_PER_S)

/* A process, as of the last reading. */
struct process {
	bool is_settled; /* its sums will not change any more */
	bool has_kind[SEEP_KIND_COUNT];
	double sums[SEEP_KIND_COUNT][SERIES_SITE_FIELDS];
	double figures[SERIES_PROCESS_FIELDS]; /* the last known; NAN: none is */
	double *events;                        /* by name */
	size_t event_count;
};

struct store_newest {
	int64_t newest_ns; /* 0: nothing is read yet */
	int64_t cpu_s;     /* when CPU time was looked up last */
	struct lives lives;
	struct process *processes; /* by id, as many as lives */
	size_t process_count;
	uint8_t *kinds; /* by site id; SEEP_KIND_COUNT: no such site */
	size_t kind_count, kind_room;
	char **names; /* of events */
	size_t name_count;
};

struct walk {
	struct store_newest *newest;
	struct process *process; /* that is read */
};

static int out_of_memory(const struct store *store, struct error *error)
{
	return error_set(error, SEEP_ERR_MEMORY, "out of memory; cannot read %s", store->path);
}

/* ---- what is kept ---- */

struct store_newest *store_newest_new(void)
{
	return calloc(1, sizeof(struct store_newest));
}

static void processes_release(struct store_newest *newest)
{
	for (size_t i = 0; i < newest->process_count; i++)
		free(newest->processes[i].events);
	free(newest->processes);
	newest->processes = NULL;
	newest->process_count = 0;
}

/* But names: points have been made with them. */
static void forget(struct store_newest *newest)
{
	processes_release(newest);
	free(newest->lives.of);
	newest->lives = (struct lives){0};
	newest->kind_count = 0;
	newest->newest_ns = 0;
}

void store_newest_release(struct store_newest *newest)
{
	if (!newest)
		return;
	forget(newest);
	for (size_t i = 0; i < newest->name_count; i++)
		free(newest->names[i]);
	free(newest->names);
	free(newest->kinds);
	free(newest);
}

/* Room for the processes that have come. */
static int make_room(struct store_newest *newest)
{
	size_t count = newest->lives.count;
	struct process *grown;

	if (count <= newest->process_count)
		return SEEP_OK;
	grown = reallocarray(newest->processes, count, sizeof(*grown));
	if (!grown)
		return SEEP_ERR_MEMORY;
	newest->processes = grown;
	for (; newest->process_count < count; newest->process_count++) {
		struct process *process = &grown[newest->process_count];

		*process = (struct process){0};
		for (int i = 0; i < SERIES_PROCESS_FIELDS; i++)
			process->figures[i] = NAN;
	}
	return SEEP_OK;
}

/* Some were folded together: their figures are another's now. */
static bool is_folded_since(const struct store_newest *newest, const struct lives *before)
{
	for (size_t i = 0; i < before->count; i++)
		if (before->of[i].is_known && (i >= newest->lives.count || !newest->lives.of[i].is_known))
			return true;
	return false;
}

/* ---- kinds ---- */

static int kind_row(sqlite3_stmt *row, void *context)
{
	struct store_newest *newest = context;
	int64_t id = sqlite3_column_int64(row, 0);
	const char *name = (const char *)sqlite3_column_text(row, 1);
	int kind = name ? kind_by_name(name) : -1;

	if (id < 1 || id > INT32_MAX || kind < 0)
		return SEEP_ERR_DAMAGED;
	if ((size_t)id >= newest->kind_room) {
		size_t room = (size_t)id + 1 > 2 * newest->kind_room ? (size_t)id + 1024 : 2 * newest->kind_room;
		uint8_t *grown = realloc(newest->kinds, room);

		if (!grown)
			return SEEP_ERR_MEMORY;
		newest->kinds = grown;
		newest->kind_room = room;
	}
	for (; newest->kind_count <= (size_t)id; newest->kind_count++)
		newest->kinds[newest->kind_count] = SEEP_KIND_COUNT;
	newest->kinds[id] = (uint8_t)kind;
	return SEEP_OK;
}

static int read_kinds(struct store *store, struct store_newest *newest, struct error *error)
{
	sqlite3_stmt *statement;
	int code = store_prepare(store, "SELECT id, kind FROM site WHERE id >= ?1 ORDER BY id", &statement, error);

	if (code)
		return code;
	sqlite3_bind_int64(statement, 1, (int64_t)newest->kind_count);
	return store_each_row(store, statement, kind_row, newest, error);
}

/* ---- callsites' figures ---- */

/* NULL: of no callsite that there is. */
static double *sums_of(struct walk *walk, sqlite3_stmt *row)
{
	int64_t id = sqlite3_column_int64(row, 0);
	uint8_t kind;

	if (id < 1 || (uint64_t)id >= walk->newest->kind_count)
		return NULL;
	kind = walk->newest->kinds[id];
	if (kind >= SEEP_KIND_COUNT)
		return NULL;
	walk->process->has_kind[kind] = true;
	return walk->process->sums[kind];
}

static double unsigned_column(sqlite3_stmt *row, int column)
{
	return (double)(uint64_t)sqlite3_column_int64(row, column);
}

static int total_row(sqlite3_stmt *row, void *context)
{
	double *sums = sums_of(context, row);
	double acquired = unsigned_column(row, 1), acquired_bytes = unsigned_column(row, 2);
	double released = unsigned_column(row, 3);

	if (!sums)
		return SEEP_ERR_DAMAGED;
	sums[SERIES_ACQUIRED_OBJECTS] += acquired;
	sums[SERIES_ACQUIRED_BYTES] += acquired_bytes;
	sums[SERIES_RELEASED_OBJECTS] += released;
	sums[SERIES_LIVE_OBJECTS] += acquired - released;
	sums[SERIES_LIVE_BYTES] += acquired_bytes - unsigned_column(row, 4);
	return SEEP_OK;
}

static int inherited_row(sqlite3_stmt *row, void *context)
{
	double *sums = sums_of(context, row);

	if (!sums)
		return SEEP_ERR_DAMAGED;
	sums[SERIES_LIVE_OBJECTS] += (double)sqlite3_column_int64(row, 1);
	sums[SERIES_LIVE_BYTES] += (double)sqlite3_column_int64(row, 2);
	return SEEP_OK;
}

static int read_rows_of(struct store *store, const char *sql, uint32_t process_id, row_function *row, struct walk *walk,
			struct error *error)
{
	sqlite3_stmt *statement;
	int code = store_prepare(store, sql, &statement, error);

	if (code)
		return code;
	sqlite3_bind_int64(statement, 1, process_id);
	return store_each_row(store, statement, row, walk, error);
}

static int read_sums(struct store *store, struct store_newest *newest, uint32_t id, struct error *error)
{
	const struct life *life = &newest->lives.of[id];
	struct walk walk = {newest, &newest->processes[id]};
	int code;

	if (!life->is_known || walk.process->is_settled)
		return SEEP_OK;
	memset(walk.process->sums, 0, sizeof(walk.process->sums));
	code = read_rows_of(store,
			    "SELECT site_id, acquired_count, acquired_bytes, released_count, released_bytes FROM total"
			    " WHERE process_id = ?1",
			    id, total_row, &walk, error);
	if (code == SEEP_OK)
		code = read_rows_of(store, "SELECT site_id, count, bytes FROM inherited WHERE process_id = ?1", id,
				    inherited_row, &walk, error);
	walk.process->is_settled = life->is_folded || life->ended_ns < newest->newest_ns - SETTLED_NS;
	return code;
}

/* ---- the kernel's figures, and events ---- */

static struct process *process_of(struct store_newest *newest, int64_t id)
{
	return id > 0 && (uint64_t)id < newest->process_count ? &newest->processes[id] : NULL;
}

static int figures_row(sqlite3_stmt *row, void *context)
{
	struct store_newest *newest = context;
	struct process *process = process_of(newest, sqlite3_column_int64(row, 0));

	if (!process)
		return SEEP_ERR_DAMAGED;
	for (int i = 0; i < SERIES_PROCESS_FIELDS; i++)
		if (sqlite3_column_type(row, i + 2) != SQLITE_NULL)
			process->figures[i] = sqlite3_column_double(row, i + 2);
	if (sqlite3_column_type(row, SERIES_CPU_NS + 2) != SQLITE_NULL)
		newest->cpu_s = sqlite3_column_int64(row, 1);
	return SEEP_OK;
}

/* SIZE_MAX: out of memory. */
static size_t name_index(struct store_newest *newest, const char *name)
{
	char **grown;
	size_t i = 0;

	while (i < newest->name_count && strcmp(newest->names[i], name) != 0)
		i++;
	if (i < newest->name_count)
		return i;
	grown = reallocarray(newest->names, newest->name_count + 1, sizeof(*grown));
	if (!grown)
		return SIZE_MAX;
	newest->names = grown;
	grown[i] = strdup(name);
	if (!grown[i])
		return SIZE_MAX;
	newest->name_count++;
	return i;
}

static int event_row(sqlite3_stmt *row, void *context)
{
	struct store_newest *newest = context;
	struct process *process = process_of(newest, sqlite3_column_int64(row, 0));
	const char *name = (const char *)sqlite3_column_text(row, 1);
	size_t index;

	if (!process || !name)
		return SEEP_ERR_DAMAGED;
	index = name_index(newest, name);
	if (index == SIZE_MAX)
		return SEEP_ERR_MEMORY;
	if (index >= process->event_count) {
		double *grown = reallocarray(process->events, newest->name_count, sizeof(*grown));

		if (!grown)
			return SEEP_ERR_MEMORY;
		process->events = grown;
		while (process->event_count < newest->name_count)
			grown[process->event_count++] = 0;
	}
	process->events[index] = sqlite3_column_double(row, 2);
	return SEEP_OK;
}

/* What came since the last reading, or in its second. */
static int read_since(struct store *store, const char *sql, int64_t since_s, row_function *row,
		      struct store_newest *newest, struct error *error)
{
	sqlite3_stmt *statement;
	int code = store_prepare(store, sql, &statement, error);

	if (code)
		return code;
	sqlite3_bind_int64(statement, 1, since_s);
	return store_each_row(store, statement, row, newest, error);
}

/* ---- a reading ---- */

static int read_lives(struct store *store, struct store_newest *newest, struct error *error)
{
	struct lives before = newest->lives;
	int code = lives_read(store, 0, &newest->lives, error);

	if (code == SEEP_OK && is_folded_since(newest, &before)) {
		processes_release(newest);
		newest->newest_ns = 0;
	}
	free(before.of);
	if (code == SEEP_OK && make_room(newest))
		return out_of_memory(store, error);
	return code;
}

static int read_all(struct store *store, struct store_newest *newest, struct error *error)
{
	int code = read_lives(store, newest, error);
	int64_t since_s = newest->newest_ns / NS_PER_S;

	newest->newest_ns = store_meta_integer(store, "newest_ns", 0);
	if (code == SEEP_OK)
		code = read_kinds(store, newest, error);
	for (size_t id = 1; id < newest->lives.count && code == SEEP_OK; id++)
		code = read_sums(store, newest, (uint32_t)id, error);
	if (code == SEEP_OK)
		code = read_since(store,
				  "SELECT process_id, time, " SERIES_PROCESS_COLUMNS
				  " FROM process_sample WHERE time >= ?1"
				  " ORDER BY time",
				  since_s, figures_row, newest, error);
	if (code == SEEP_OK && store_has_table(store, "event_series"))
		code = read_since(store,
				  "SELECT process_id, name, count FROM event_series WHERE time >= ?1 ORDER BY time",
				  since_s, event_row, newest, error);
	return code;
}

int store_newest_read(struct store *store, struct store_newest *newest, struct error *error)
{
	int code = read_all(store, newest, error);

	if (code)
		forget(newest);
	return code;
}

/* ---- what was read ---- */

size_t store_newest_events(const struct store_newest *newest, char *const **names)
{
	*names = newest->names;
	return newest->name_count;
}

uint32_t store_newest_process(const struct store_newest *newest, uint32_t pid)
{
	for (size_t id = newest->lives.count; id-- > 1;)
		if (newest->lives.of[id].is_known && newest->lives.of[id].pid == pid)
			return (uint32_t)id;
	return 0;
}

/* INT64_MAX: it runs. */
static int64_t ended_ns(const struct store_newest *newest, uint32_t process_id)
{
	if (process_id)
		return process_id < newest->lives.count ? newest->lives.of[process_id].ended_ns : 0;
	return newest->lives.last_end_ns;
}

bool store_newest_runs(const struct store_newest *newest, uint32_t process_id)
{
	return ended_ns(newest, process_id) == INT64_MAX;
}

int64_t store_newest_end(const struct store_newest *newest, uint32_t process_id)
{
	int64_t newest_s = newest->newest_ns / NS_PER_S, end_s = ended_ns(newest, process_id) / NS_PER_S - 1;

	return end_s < newest_s ? end_s : newest_s;
}

static void add(double *sum, double value)
{
	if (!isnan(value))
		*sum = isnan(*sum) ? value : *sum + value;
}

static void add_process(const struct life *life, const struct process *process, struct store_point *point)
{
	bool holds = life_holds_at(life, point->time_s);

	for (int kind = 0; kind < SEEP_KIND_COUNT; kind++) {
		for (int field = 0; field < SERIES_SITE_FIELDS && process->has_kind[kind]; field++) {
			bool is_level = field == SERIES_LIVE_OBJECTS || field == SERIES_LIVE_BYTES;

			add(&point->kinds[kind][field], is_level && !holds ? 0 : process->sums[kind][field]);
		}
	}
	for (int field = 0; field < SERIES_PROCESS_FIELDS; field++)
		if (holds || (field == SERIES_CPU_NS && !life->went_on))
			add(&point->process[field], process->figures[field]);
	for (size_t i = 0; i < process->event_count; i++)
		point->events[i] += process->events[i];
}

int store_newest_point(const struct store_newest *newest, uint32_t process_id, struct store_point *out,
		       struct error *error)
{
	*out = (struct store_point){.time_s = newest->newest_ns / NS_PER_S, .event_count = newest->name_count};
	out->events = calloc(newest->name_count + 1, sizeof(*out->events));
	if (!out->events)
		return error_set(error, SEEP_ERR_MEMORY, "out of memory; cannot add up what was read");
	for (int kind = 0; kind < SEEP_KIND_COUNT; kind++)
		for (int field = 0; field < SERIES_SITE_FIELDS; field++)
			out->kinds[kind][field] = NAN;
	for (int field = 0; field < SERIES_PROCESS_FIELDS; field++)
		out->process[field] = NAN;
	for (size_t id = 1; id < newest->lives.count; id++)
		if (newest->lives.of[id].is_known && (!process_id || process_id == id))
			add_process(&newest->lives.of[id], &newest->processes[id], out);
	if (newest->cpu_s < out->time_s)
		out->process[SERIES_CPU_NS] = NAN; /* it is looked up now and then, and goes on */
	return SEEP_OK;
}
