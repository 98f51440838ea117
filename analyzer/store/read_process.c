/* SPDX-License-Identifier: MIT */
/* The kernel's figures of a process, the marks, and their descriptor tables. */
#include <stdio.h>
#include <string.h>

#include "store_internal.h"

/* Some figures are looked at less often than each second: the last known one of this long before counts. */
#define LOOK_BACK_S 60

enum { FIGURE_COUNT = 11 };

static void take_known(sqlite3_stmt *row, int64_t *values)
{
	for (int i = 0; i < FIGURE_COUNT; i++) {
		if (values[i] < 0 && sqlite3_column_type(row, i + 1) != SQLITE_NULL)
			values[i] = sqlite3_column_int64(row, i + 1);
	}
}

static struct store_process_figures figures_of(int64_t time, const int64_t *values)
{
	return (struct store_process_figures){
		.time = time,
		.rss_anon = values[0],
		.rss_file = values[1],
		.rss_shmem = values[2],
		.swap = values[3],
		.vm_size = values[4],
		.vm_hwm = values[5],
		.cpu_user_ns = values[6],
		.cpu_system_ns = values[7],
		.threads = values[8],
		.descriptors = values[9],
		.seep_private_bytes = values[10],
	};
}

int store_read_process(struct store *store, uint32_t process_id, int64_t at_ns, struct store_process_figures *out,
		       struct error *error)
{
	static const char sql[] =
		"SELECT time, rss_anon, rss_file, rss_shmem, swap, vm_size, vm_hwm, cpu_user_ns, cpu_system_ns, "
		"threads,"
		" descriptors, seep_private_bytes FROM process_sample WHERE process_id = ?1 AND time <= ?2"
		" ORDER BY time DESC";
	int64_t values[FIGURE_COUNT];
	int64_t newest = -1;
	sqlite3_stmt *statement;
	int code = store_prepare(store, sql, &statement, error);
	int step;

	if (code)
		return code;
	memset(values, -1, sizeof(values));
	sqlite3_bind_int64(statement, 1, process_id);
	sqlite3_bind_int64(statement, 2, at_ns / NS_PER_S);
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		if (newest < 0)
			newest = sqlite3_column_int64(statement, 0);
		if (sqlite3_column_int64(statement, 0) < newest - LOOK_BACK_S)
			break;
		take_known(statement, values);
	}
	sqlite3_finalize(statement);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return store_fail(store, step, "read", error);
	if (newest < 0)
		return error_set(error, SEEP_ERR_NOT_FOUND, "%s has no kernel figures of process %u at that time",
				 store->path, process_id);
	*out = figures_of(newest, values);
	return SEEP_OK;
}

/* ---- the hooks' cost ---- */

/* "Lately" begins this long before the newest. */
#define LATELY_S 60

static struct store_cost cost_of(sqlite3_stmt *row)
{
	return (struct store_cost){
		.time = sqlite3_column_int64(row, 0),
		.cpu_ns = sqlite3_column_type(row, 1) == SQLITE_NULL ? -1 : sqlite3_column_int64(row, 1),
		.hook_ns = {[COST_ACQUISITION] = sqlite3_column_int64(row, 2),
			    [COST_RELEASE] = sqlite3_column_int64(row, 3)},
		.error_ns = sqlite3_column_int64(row, 4),
		.timed = {[COST_ACQUISITION] = sqlite3_column_int64(row, 5),
			  [COST_RELEASE] = sqlite3_column_int64(row, 6)},
		.clipped = sqlite3_column_int64(row, 7),
		.captures = sqlite3_column_int64(row, 8),
		.captured_frames = sqlite3_column_int64(row, 9),
		.rule_misses = sqlite3_column_int64(row, 10),
	};
}

/* Newest first. True: another row is wanted. */
static bool take_cost(struct store_costs *costs, const struct store_cost *cost)
{
	if (costs->newest.time < 0)
		costs->newest = *cost;
	if (cost->cpu_ns < 0)
		return true;
	if (costs->looked.cpu_ns < 0)
		costs->looked = *cost;
	if (cost->time > costs->looked.time - LATELY_S)
		return true;
	costs->earlier = *cost;
	return false;
}

static int read_events(struct store *store, uint32_t process_id, int64_t *out, struct error *error)
{
	sqlite3_stmt *statement;
	int code = store_prepare(store, "SELECT sum(acquired_count + released_count) FROM total WHERE process_id = ?1",
				 &statement, error);
	int step;

	if (code)
		return code;
	sqlite3_bind_int64(statement, 1, process_id);
	step = sqlite3_step(statement);
	*out = step == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_finalize(statement);
	return step == SQLITE_ROW ? SEEP_OK : store_fail(store, step, "read", error);
}

int store_read_costs(struct store *store, uint32_t process_id, struct store_costs *out, struct error *error)
{
	static const char sql[] = "SELECT time, cpu_ns, acquisition_ns, release_ns, error_ns, acquisitions_timed,"
				  " releases_timed, clipped, captures, captured_frames, rule_misses"
				  " FROM cost WHERE process_id = ?1 ORDER BY time DESC";
	sqlite3_stmt *statement;
	bool goes_on = true;
	int code, step = SQLITE_DONE;

	*out = (struct store_costs){.newest = {.time = -1}, .looked = {.cpu_ns = -1}};
	if (!store_has_table(store, "cost"))
		return SEEP_ERR_NOT_FOUND;
	code = store_prepare(store, sql, &statement, error);
	if (code)
		return code;
	sqlite3_bind_int64(statement, 1, process_id);
	while (goes_on && (step = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_cost cost = cost_of(statement);

		goes_on = take_cost(out, &cost);
	}
	sqlite3_finalize(statement);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return store_fail(store, step, "read", error);
	return out->newest.time < 0 ? SEEP_ERR_NOT_FOUND : read_events(store, process_id, &out->events, error);
}

struct adaptation_walk {
	void (*each)(const struct store_adaptation *, void *);
	void *context;
};

static int adaptation_row(sqlite3_stmt *row, void *context)
{
	struct adaptation_walk *walk = context;
	struct store_adaptation adaptation = {
		.time_ns = sqlite3_column_int64(row, 0),
		.interval = sqlite3_column_int64(row, 1),
		.interval_before = sqlite3_column_int64(row, 2),
		.hook_ns = sqlite3_column_int64(row, 3),
		.cpu_ns = sqlite3_column_int64(row, 4),
		.limit_percent = sqlite3_column_double(row, 5),
	};

	walk->each(&adaptation, walk->context);
	return SEEP_OK;
}

int store_each_adaptation(struct store *store, void (*each)(const struct store_adaptation *, void *), void *context,
			  struct error *error)
{
	struct adaptation_walk walk = {.each = each, .context = context};
	sqlite3_stmt *statement;
	int code;

	if (!store_has_table(store, "adaptation"))
		return SEEP_OK;
	code = store_prepare(store,
			     "SELECT time_ns, interval, interval_before, hook_ns, cpu_ns, limit_percent FROM adaptation"
			     " ORDER BY time_ns",
			     &statement, error);
	return code ? code : store_each_row(store, statement, adaptation_row, &walk, error);
}

/* ---- marks ---- */

struct mark_walk {
	void (*each)(const struct store_mark *, void *);
	void *context;
};

static int mark_row(sqlite3_stmt *row, void *context)
{
	struct mark_walk *walk = context;
	struct store_mark mark = {
		.id = (uint32_t)sqlite3_column_int64(row, 0),
		.process_id = (uint32_t)sqlite3_column_int64(row, 1),
		.node_id = (uint32_t)sqlite3_column_int64(row, 2),
		.time_ns = sqlite3_column_int64(row, 3),
		.kind = (const char *)sqlite3_column_text(row, 4),
		.text = (const char *)sqlite3_column_text(row, 5),
		.descriptor_count = (uint32_t)sqlite3_column_int64(row, 6),
	};

	if (!mark.kind || !mark.text)
		return SEEP_ERR_MEMORY;
	walk->each(&mark, walk->context);
	return SEEP_OK;
}

int store_each_mark(struct store *store, void (*each)(const struct store_mark *, void *), void *context,
		    struct error *error)
{
	struct mark_walk walk = {.each = each, .context = context};
	sqlite3_stmt *statement;
	int code = store_prepare(store,
				 "SELECT id, process_id, node_id, time_ns, kind, text,"
				 " (SELECT count(*) FROM descriptor_table d WHERE d.mark_id = mark.id)"
				 " FROM mark ORDER BY time_ns, id",
				 &statement, error);

	return code ? code : store_each_row(store, statement, mark_row, &walk, error);
}

struct descriptor_walk {
	void (*each)(const struct store_descriptor *, void *);
	void *context;
};

static int descriptor_row(sqlite3_stmt *row, void *context)
{
	struct descriptor_walk *walk = context;
	struct store_descriptor descriptor = {
		.fd = sqlite3_column_int(row, 0),
		.kind = (const char *)sqlite3_column_text(row, 1),
		.site_id = (uint32_t)sqlite3_column_int64(row, 2),
		.age_s = sqlite3_column_type(row, 3) == SQLITE_NULL ? -1 : sqlite3_column_int64(row, 3),
		.target = (const char *)sqlite3_column_text(row, 4),
		.tcp_state = (const char *)sqlite3_column_text(row, 5),
	};

	if (!descriptor.kind)
		return SEEP_ERR_MEMORY;
	walk->each(&descriptor, walk->context);
	return SEEP_OK;
}

int store_each_descriptor(struct store *store, uint32_t mark_id, void (*each)(const struct store_descriptor *, void *),
			  void *context, struct error *error)
{
	struct descriptor_walk walk = {.each = each, .context = context};
	sqlite3_stmt *statement;
	int code = store_prepare(store,
				 "SELECT fd, kind, site_id, age_s, target, tcp_state FROM descriptor_table"
				 " WHERE mark_id = ?1 ORDER BY fd",
				 &statement, error);

	if (code)
		return code;
	sqlite3_bind_int64(statement, 1, mark_id);
	return store_each_row(store, statement, descriptor_row, &walk, error);
}
