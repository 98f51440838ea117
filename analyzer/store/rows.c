/* SPDX-License-Identifier: MIT */
/* The streams' statements: ?1 since, ?2 before, ?3 folded processes only. */
#include "rows.h"

#include <stdlib.h>

#include "store_internal.h"

#define FOLDED "(SELECT id FROM process WHERE slot = -1)"
#define META(key) "(SELECT CAST(value AS INTEGER) FROM meta WHERE key = '" key "')"
#define IN_SPAN "time >= ?1 AND time < ?2 AND (NOT ?3 OR process_id IN " FOLDED ")"
#define EVENTS "acquired_count, acquired_bytes, released_count, released_bytes, temporary_count"
#define OLD_PARTS                                                                                      \
	"0 AS acquired_unseen_count, 0 AS acquired_unseen_bytes, 0 AS released_unseen_count,"          \
	" 0 AS released_unseen_bytes, 0.0 AS acquired_count_variance, 0.0 AS acquired_bytes_variance," \
	" 0.0 AS released_count_variance, 0.0 AS released_bytes_variance"
#define TOTAL_PARTS                                                                                        \
	"live_unseen_count, live_unseen_bytes, live_count_variance, live_bytes_variance,"                  \
	" acquired_unseen_count, acquired_unseen_bytes, acquired_count_variance, acquired_bytes_variance," \
	" interval, weight"
#define OLD_TOTAL_PARTS                                                                        \
	"0 AS live_unseen_count, 0 AS live_unseen_bytes, 0.0 AS live_count_variance,"          \
	" 0.0 AS live_bytes_variance, 0 AS acquired_unseen_count, 0 AS acquired_unseen_bytes," \
	" 0.0 AS acquired_count_variance, 0.0 AS acquired_bytes_variance, 0 AS interval, 0.0 AS weight"

/* The minute that has not ended has no row yet but in `total`; a folded process has one in sample_minute, too. */
#define HISTORY(parts)                                                                                                 \
	"SELECT time, process_id, site_id, 60 AS resolution, " EVENTS ", " parts " FROM sample_minute"                 \
	" WHERE " IN_SPAN " AND time >= coalesce(" META(                                                               \
		"minutes_from") ", 0)"                                                                                 \
				" UNION ALL SELECT time, process_id, site_id, 3600, " EVENTS ", " parts                \
				" FROM sample_hour"                                                                    \
				" WHERE " IN_SPAN " AND time < " META(                                                 \
					"minutes_from") " UNION ALL SELECT time, process_id, site_id, 60, " EVENTS     \
							", " parts " FROM total"                                       \
							" WHERE " IN_SPAN " AND time >= " META(                        \
								"newest_ns") " / 60000000000 * 60 AND process_id NOT " \
									     "IN " FOLDED                              \
									     " AND (acquired_count | acquired_bytes "  \
									     "| released_count | released_bytes)"
#define TOTAL(parts)                                                                                           \
	"SELECT process_id, site_id, live_count, live_bytes, acquired_count, acquired_bytes, released_count,"  \
	" released_bytes, temporary_count, inherited_count, inherited_bytes, changed, " parts " FROM callsite" \
	" WHERE changed >= ?1 OR process_id IN " FOLDED

static const struct stream {
	const char *needs; /* a table or view of the recording */
	const char *sql;
	const char *old_sql; /* of schema 1; NULL: the same */
} streams[STREAM_COUNT] = {
	[STREAM_PROCESS] =
		{"process",
		 "SELECT id AS process_id, pid, ppid, parent_id, exe, coalesce((SELECT build_id FROM module m"
		 " WHERE m.path = p.exe ORDER BY m.id DESC LIMIT 1), '') AS build_id, command, allocator,"
		 " started_ns, ended_ns, end_reason FROM process p",
		 NULL},
	[STREAM_TOTAL] = {"callsite", TOTAL(TOTAL_PARTS), TOTAL(OLD_TOTAL_PARTS)},
	[STREAM_LIMIT] = {"limits", "SELECT process_id, name, since, value FROM limits", NULL},
	[STREAM_TRUST] = {"trust", "SELECT process_id, name, value FROM trust", NULL},
	[STREAM_HOOK_COST] =
		{"hook_cost",
		 "SELECT process_id, time, hook_ns, error_ns, acquisition_ns, release_ns,"
		 " acquisitions_timed, releases_timed, clipped, cpu_ns, percent, captures, captured_frames,"
		 " rule_misses FROM hook_cost",
		 NULL},
	[STREAM_EVENT_TOTAL] = {"event_total", "SELECT process_id, name, count, time FROM event_total", NULL},
	[STREAM_AGE] = {"age_histogram",
			"SELECT process_id, site_id, time, from_s, to_s, count, bytes FROM age_histogram", NULL},
	[STREAM_MARK] = {"mark", "SELECT id AS mark_id, time_ns, process_id, kind, text FROM mark", NULL},
	[STREAM_HISTORY] = {"sample_minute", HISTORY(STORE_PARTS), HISTORY(OLD_PARTS)},
	[STREAM_PROCESS_HISTORY] =
		{"process_sample",
		 "SELECT max(time) AS time, process_id, max(resolution, 60) AS resolution, rss_anon,"
		 " rss_file, rss_shmem, swap, vm_size, vm_hwm, cpu_user_ns, cpu_system_ns, threads,"
		 " descriptors, tcp_established, tcp_syn_sent, tcp_syn_recv, tcp_fin_wait1,"
		 " tcp_fin_wait2, tcp_time_wait, tcp_close, tcp_close_wait, tcp_last_ack, tcp_listen,"
		 " tcp_closing, seep_private_bytes"
		 " FROM process_sample WHERE " IN_SPAN " GROUP BY process_id, time / 60",
		 NULL},
	[STREAM_MEMORY_HISTORY] =
		{"memory_parts",
		 "SELECT max(time) AS time, process_id, max(resolution, 60) AS resolution, bytes, heap,"
		 " anonymous, mapping, stack, seep, file, other, unattributed, live_bytes, live_count,"
		 " large_bytes, heap_size, anonymous_size"
		 " FROM memory_parts WHERE " IN_SPAN " GROUP BY process_id, time / 60",
		 NULL},
	[STREAM_COST_HISTORY] = {"cost",
				 "SELECT max(time) AS time, process_id, max(resolution, 60) AS resolution, cpu_ns,"
				 " acquisition_ns, release_ns, error_ns, acquisitions_timed, releases_timed, captures,"
				 " captured_frames, rule_misses"
				 " FROM cost WHERE cpu_ns IS NOT NULL AND " IN_SPAN " GROUP BY process_id, time / 60",
				 NULL},
	[STREAM_EVENT_HISTORY] = {"event_series",
				  "SELECT max(time) AS time, process_id, name, max(resolution, 60) AS resolution, count"
				  " FROM event_series WHERE " IN_SPAN " GROUP BY process_id, name, time / 60",
				  NULL},
};

struct store_rows {
	const struct store *store;
	sqlite3_stmt *statement; /* NULL: the recording has no such rows */
};

int store_rows_open(struct store *store, enum store_stream stream, const struct store_span *span,
		    struct store_rows **out, struct error *error)
{
	const struct stream *source = &streams[stream];
	const char *sql = store->version < 2 && source->old_sql ? source->old_sql : source->sql;
	int code = SEEP_OK;

	*out = calloc(1, sizeof(**out));
	if (!*out)
		return error_set(error, SEEP_ERR_MEMORY, "out of memory; cannot read %s", store->path);
	(*out)->store = store;
	if (!store_has_table(store, source->needs))
		return SEEP_OK;
	code = store_prepare(store, sql, &(*out)->statement, error);
	if (code)
		return code;
	/* a statement that has fewer parameters refuses the rest, and needs none of it */
	sqlite3_bind_int64((*out)->statement, 1, span->since);
	sqlite3_bind_int64((*out)->statement, 2, span->until);
	sqlite3_bind_int((*out)->statement, 3, span->folded_only);
	return SEEP_OK;
}

size_t store_rows_columns(const struct store_rows *rows)
{
	return (size_t)sqlite3_column_count(rows->statement);
}

const char *store_rows_column(const struct store_rows *rows, size_t column)
{
	return sqlite3_column_name(rows->statement, (int)column);
}

static struct store_value value_of(sqlite3_stmt *row, int column)
{
	switch (sqlite3_column_type(row, column)) {
	case SQLITE_NULL:
		return (struct store_value){.type = STORE_NULL};
	case SQLITE_INTEGER:
		return (struct store_value){.type = STORE_INTEGER, .integer = sqlite3_column_int64(row, column)};
	case SQLITE_FLOAT:
		return (struct store_value){.type = STORE_REAL, .real = sqlite3_column_double(row, column)};
	default:
		return (struct store_value){.type = STORE_TEXT,
					    .text = (const char *)sqlite3_column_text(row, column),
					    .size = (size_t)sqlite3_column_bytes(row, column)};
	}
}

int store_rows_next(struct store_rows *rows, struct store_value *values, struct error *error)
{
	int code = rows->statement ? sqlite3_step(rows->statement) : SQLITE_DONE;

	if (code == SQLITE_DONE)
		return 0;
	if (code != SQLITE_ROW)
		return store_fail(rows->store, code, "read", error);
	for (int i = 0; i < sqlite3_column_count(rows->statement); i++) {
		values[i] = value_of(rows->statement, i);
		if (values[i].type == STORE_TEXT && !values[i].text)
			return error_set(error, SEEP_ERR_MEMORY, "out of memory; cannot read %s", rows->store->path);
	}
	return 1;
}

void store_rows_close(struct store_rows *rows)
{
	if (!rows)
		return;
	sqlite3_finalize(rows->statement);
	free(rows);
}

int64_t store_folded_processes(struct store *store)
{
	return store_integer(store, "SELECT sum(value) FROM trust WHERE name = 'folded_processes'", 0);
}

struct hour_walk {
	void (*each)(int64_t hour, int64_t rows, void *);
	void *context;
};

static int hour_row(sqlite3_stmt *row, void *context)
{
	struct hour_walk *walk = context;

	walk->each(sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1), walk->context);
	return SEEP_OK;
}

int store_each_history_hour(struct store *store, int64_t since, void (*each)(int64_t hour, int64_t rows, void *),
			    void *context, struct error *error)
{
	struct hour_walk walk = {.each = each, .context = context};
	sqlite3_stmt *statement;
	int code = store_prepare(store,
				 "SELECT time / 3600 * 3600 AS hour, count(*) FROM"
				 " (SELECT time FROM sample_minute UNION ALL SELECT time FROM sample_hour)"
				 " WHERE time >= ?1 GROUP BY hour ORDER BY hour",
				 &statement, error);

	if (code)
		return code;
	sqlite3_bind_int64(statement, 1, since);
	return store_each_row(store, statement, hour_row, &walk, error);
}
