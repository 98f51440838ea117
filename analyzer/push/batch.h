/* SPDX-License-Identifier: MIT */
/*
 * batch.h - rows on their way into PostgreSQL: what one transaction brings.
 *
 * They are gathered whole before the database hears of them, so that a recording is never held open while a network is
 * waited for. Rows are kept in the text format of COPY. Names may be any bytes: what is not UTF-8, and NUL, which
 * PostgreSQL has no way to store, become U+FFFD.
 *
 * Zeroed is valid and empty; release with batch_release(). Pure.
 */
#ifndef SEEP_PUSH_BATCH_H
#define SEEP_PUSH_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "../render/buffer.h"

/* How rows meet those that are there already. In each case a row that is the same is not written again. */
enum batch_mode {
	BATCH_REPLACE, /* what is not in the batch is deleted */
	BATCH_MERGE,   /* a row with the same key is updated */
	BATCH_APPEND,  /* a row with the same key is the same */
};

/*
 * X(identifier, table of postgres.sql, key besides recording_id, mode). The processes are the first: rows of processes
 * that are gone are found by them.
 */
#define PUSH_TABLES(X)                                                       \
	X(PROCESS, process, "process_id", REPLACE)                           \
	X(SITE, site, "site_id", MERGE)                                      \
	X(TOTAL, total, "process_id, site_id", MERGE)                        \
	X(JUDGEMENT, judgement, "callsite", REPLACE)                         \
	X(LIMIT, process_limit, "process_id, name", REPLACE)                 \
	X(TRUST, trust, "process_id, name", REPLACE)                         \
	X(COST, process_cost, "process_id", REPLACE)                         \
	X(EVENT, event, "process_id, name", REPLACE)                         \
	X(AGE, age, "process_id, site_id, from_s", REPLACE)                  \
	X(MARK, mark, "mark_id", REPLACE)                                    \
	X(TOTAL_HISTORY, total_history, "process_id, site_id, time", APPEND) \
	X(PROCESS_HISTORY, process_history, "process_id, time", APPEND)      \
	X(MEMORY_HISTORY, memory_history, "process_id, time", APPEND)        \
	X(COST_HISTORY, cost_history, "process_id, time", APPEND)            \
	X(EVENT_HISTORY, event_history, "process_id, name, time", APPEND)

enum batch_table {
#define X(id, table, key, mode) TABLE_##id,
	PUSH_TABLES(X)
#undef X
		TABLE_COUNT
};

enum { BATCH_COLUMNS = 40 };

struct batch_rows {
	bool is_given; /* false: the batch says nothing of this table */
	char *columns[BATCH_COLUMNS];
	size_t column_count;
	struct buffer text; /* COPY's */
	size_t count;
	size_t filled; /* values of the row that is being made */
};

struct batch {
	struct batch_rows tables[TABLE_COUNT];
};

struct batch_table_row {
	const char *name, *key;
	enum batch_mode mode;
};
const struct batch_table_row *batch_table(enum batch_table table);

void batch_add_column(struct batch_rows *rows, const char *name);
/* The values of a row, in the order of the columns; with the last one it is complete. */
void batch_add_null(struct batch_rows *rows);
void batch_add_integer(struct batch_rows *rows, int64_t value);
void batch_add_real(struct batch_rows *rows, double value); /* NAN: NULL */
void batch_add_boolean(struct batch_rows *rows, bool value);
void batch_add_text(struct batch_rows *rows, const char *text); /* NULL: NULL */
void batch_add_bytes(struct batch_rows *rows, const char *text, size_t size);

size_t batch_size(const struct batch *batch); /* rows */
void batch_release(struct batch *batch);

#endif
