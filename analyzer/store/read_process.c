/* SPDX-License-Identifier: MIT */
/* The kernel's figures of a process, the marks, and their descriptor tables. */
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
