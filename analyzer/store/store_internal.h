/* SPDX-License-Identifier: MIT */
/*
 * store_internal.h - what the files of analyzer/store share, and nobody else sees: SQLite.
 *
 * Invariant: a reader's figures are of one moment. Its read transaction begins with store_begin_reading() or
 * store_read_recording() (or the first read) and lasts until the next of these or the close.
 */
#ifndef SEEP_STORE_INTERNAL_H
#define SEEP_STORE_INTERNAL_H

#include <sqlite3.h>

#include "../base/clock.h"
#include "store.h"

#define STORE_APPLICATION_ID 0x53656570 /* "Seep" */
#define STORE_VERSION 3

/* A row of figures, in the tables' order; what sampling adds came with version 2. */
#define STORE_COUNTERS "acquired_count, acquired_bytes, released_count, released_bytes, birth_sum, temporary_count"
#define STORE_PARTS                                                                                   \
	"acquired_unseen_count, acquired_unseen_bytes, released_unseen_count, released_unseen_bytes," \
	" acquired_count_variance, acquired_bytes_variance, released_count_variance, released_bytes_variance"
#define STORE_NO_PARTS "0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0"

/* Of a look, in the order of store_look_values(). */
#define STORE_LOOK                                                                                                   \
	"rss_anon, swap, live_bytes, live_count, large_bytes, heap, heap_size, anonymous, anonymous_size, mapping, " \
	"stack,"                                                                                                     \
	" seep, file, other, cgroup_bytes, descriptors, timers, signals"
enum { STORE_LOOK_COUNT = 18 };
void store_look_values(struct model_look *look, int64_t *values[STORE_LOOK_COUNT]);

struct writer;

struct store {
	sqlite3 *db;
	char *path;
	int version;           /* of the recording's schema: 1 to STORE_VERSION */
	struct writer *writer; /* NULL: a reader */
};

/* Turns SQLite's result code into ours and writes the sentence. `doing`: "read", "write to", "open". */
int store_fail(const struct store *store, int sqlite_code, const char *doing, struct error *error);

/* Runs a statement without result, or several. */
int store_execute(const struct store *store, const char *sql, struct error *error);
int store_prepare(const struct store *store, const char *sql, sqlite3_stmt **out, struct error *error);

/*
 * Steps through all rows and finalizes the statement (prepared and bound by the caller; NULL is an earlier failure).
 * `row` returns 0, or an error code that ends the walk.
 */
typedef int row_function(sqlite3_stmt *row, void *context);
int store_each_row(const struct store *store, sqlite3_stmt *statement, row_function *row, void *context,
		   struct error *error);

/* One integer from a query without parameters; `missing` if there is no row or it is NULL. */
int64_t store_integer(const struct store *store, const char *sql, int64_t missing);
/* Meta as a number, `missing` if the key is not there. */
int64_t store_meta_integer(const struct store *store, const char *key, int64_t missing);

/* False: a recording of before there was such a table. `name` is one of ours. */
bool store_has_table(const struct store *store, const char *name);

/* Allocated copy of a text column; `missing` (may be NULL) stands for NULL. NULL also when memory is short. */
char *column_text(sqlite3_stmt *row, int column, const char *missing);

/* The names in misuse.kind, by enum arena_misuse_kind. */
const char *misuse_kind_name(enum arena_misuse_kind kind);

#endif
