/* SPDX-License-Identifier: MIT */
/*
 * rows.h - what a recording's public views say, row by row and as it is: for whoever copies it elsewhere.
 *
 * History comes at a minute's resolution and coarser: of each minute the last row, at that row's own time. Such a row
 * is final, and the same whenever it is read, with one exception: processes that were folded together (seep-schema(5),
 * process.end_reason) get rows at moments that are long past. So each of these streams can be read of folded processes
 * alone.
 */
#ifndef SEEP_STORE_ROWS_H
#define SEEP_STORE_ROWS_H

#include "store.h"

enum store_stream {
	STREAM_PROCESS,
	STREAM_TOTAL, /* of view callsite: since `since`, and of every folded process */
	STREAM_LIMIT,
	STREAM_TRUST,
	STREAM_HOOK_COST,
	STREAM_EVENT_TOTAL,
	STREAM_AGE,
	STREAM_MARK,
	STREAM_HISTORY, /* of view callsite_series; this one and those after it: since `since`, before `until` */
	STREAM_PROCESS_HISTORY,
	STREAM_MEMORY_HISTORY,
	STREAM_COST_HISTORY,
	STREAM_EVENT_HISTORY,
	STREAM_COUNT,
};

struct store_value {
	enum store_value_type { STORE_NULL, STORE_INTEGER, STORE_REAL, STORE_TEXT } type;
	int64_t integer;
	double real;
	const char *text; /* any bytes; lives until the next row */
	size_t size;
};

struct store_span {
	int64_t since, until; /* seconds since 1970, until excluded */
	bool folded_only;
};

/* A walk over a stream's rows. A recording of before there was such a view has none. Close it in any case. */
struct store_rows;
int store_rows_open(struct store *store, enum store_stream stream, const struct store_span *span,
		    struct store_rows **out, struct error *error);
size_t store_rows_columns(const struct store_rows *rows);
/* Lives as long as the walk. */
const char *store_rows_column(const struct store_rows *rows, size_t column);
/* Fills `values`, one a column: 1, 0 after the last row, or a negative enum seep_error. */
int store_rows_next(struct store_rows *rows, struct store_value *values, struct error *error);
void store_rows_close(struct store_rows *rows); /* NULL is fine */

/* How many processes were added together; it only grows. */
int64_t store_folded_processes(struct store *store);

/* Rows of the history, hour by hour (seconds since 1970), in order; what is before `since` is left out. */
int store_each_history_hour(struct store *store, int64_t since, void (*each)(int64_t hour, int64_t rows, void *),
			    void *context, struct error *error);

#endif
