/* SPDX-License-Identifier: MIT */
/*
 * series_file.h - labelled growth series as text: what real servers did, kept to judge the judgement by.
 *
 *   seep-series 1
 *   source redis 7.0.15, 60 s of redis-benchmark -t set -r 100000
 *   set tuned                              or: held-out (not looked at while the judgement was tuned)
 *   grid 1 120                             seconds a step, points
 *   event read_calls COLUMN
 *   site LABEL KIND NAME                   leak | warm-up | level | no-leak | - (is there, but not counted)
 *   live_objects COLUMN                    and live_bytes, acquired_objects, released_objects, age_ds (mean, in 0.1 s)
 *   end
 *
 * A COLUMN is the first value and then the differences, with spaces between; d*n is d for n times. All are whole.
 * "live_bytes each 40" says that every object has so many. released_objects are left out where they are what was
 * acquired and does not live. A line that begins with # is a comment.
 */
#ifndef SEEP_SERIES_FILE_H
#define SEEP_SERIES_FILE_H

#include <stdio.h>

#include "../../analyzer/analysis/verdict.h"

#define SERIES_LABELS(X) X(NONE, "-") X(LEAK, "leak") X(WARM_UP, "warm-up") X(LEVEL, "level") X(NO_LEAK, "no-leak")
enum series_label {
#define X(id, name) LABEL_##id,
	SERIES_LABELS(X)
#undef X
		LABEL_COUNT
};
extern const char *const series_labels[];

#define SERIES_COLUMNS(X)               \
	X(LIVE_OBJECTS, "live_objects") \
	X(LIVE_BYTES, "live_bytes")     \
	X(ACQUIRED_OBJECTS, "acquired_objects") X(RELEASED_OBJECTS, "released_objects") X(AGE, "age_ds")
enum series_column {
#define X(id, name) COLUMN_##id,
	SERIES_COLUMNS(X)
#undef X
		COLUMN_COUNT
};

struct series_site {
	enum series_label label;
	char *kind, *name;
	double *columns[COLUMN_COUNT]; /* ages in seconds */
};

struct series_event {
	char *name;
	double *count;
};

/* Zeroed is valid and empty. */
struct series_file {
	char *source;
	bool is_held_out;
	struct growth_grid grid;
	struct series_event *events;
	size_t event_count;
	struct series_site *sites;
	size_t site_count;
};

/* Returns 0; -1 after a sentence on stderr. Release it in any case. */
int series_read(const char *path, struct series_file *out);
void series_release(struct series_file *file);

void series_write_head(FILE *out, const char *source, bool is_held_out, const struct growth_grid *grid);
void series_write_event(FILE *out, const char *name, const double *values, size_t count);
/* Columns that are NULL are left out. */
void series_write_site(FILE *out, const struct series_site *site, size_t count);

/* LABEL_COUNT: there is no such label. */
enum series_label series_label_of(const char *name);

#endif
