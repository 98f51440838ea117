/* SPDX-License-Identifier: MIT */
/*
 * page.h - what the page asks, and gets: from a query to JSON. No HTTP in it: `seep serve` asks on behalf of a browser,
 * `seep export --html` once for a report to keep. Both get the same bytes.
 *
 * A page holds the recordings by index, and what is dear to find out again: names, judgements, curves. No recording is
 * held open between two calls, so that its recorder can finish it. Not thread-safe.
 *
 * What a recording or a query may be wrong in, a function says in `error`, as everywhere; out of memory ends the
 * program (memory.h). The codes have a meaning for the one who asks: SEEP_ERR_USAGE: the query is wrong (HTTP's 400),
 * SEEP_ERR_NOT_FOUND: what it names is not there, or nothing is known of it (404), others: our trouble (500).
 */
#ifndef SEEP_PAGE_H
#define SEEP_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/error.h"
#include "../render/buffer.h"

struct page;

/* Strings are borrowed for the call. */
struct page_options {
	const char *const *files; /* recordings; a query names them by their index */
	size_t file_count;        /* at least one */
	const char *type;         /* of reports without one; NULL: inuse_space */
	const char *wrapper;      /* as --wrapper; NULL: none */
	bool debuginfod;          /* as --debuginfod */
};

/* Refuses, with its sentence, the first file that is no recording. Close with page_close(), also after an error. */
int page_open(const struct page_options *options, struct page **out, struct error *error);
void page_close(struct page *page); /* NULL is fine */

size_t page_recording_count(const struct page *page);

/* ---- queries ---- */

enum { PAGE_MOST_PARAMETERS = 24, PAGE_MOST_BYTES = 200 };

/* Parameters by name, from wherever. Zeroed is valid and empty; copies what it is given. */
struct page_query {
	struct page_parameter {
		char *name, *value;
	} parameters[PAGE_MOST_PARAMETERS];
	size_t count;
};

/*
 * SEEP_ERR_USAGE, with a sentence, if a parameter is there already, if there are too many, or if a name or a value has
 * more than PAGE_MOST_BYTES bytes. `value` NULL is "". The query stays valid.
 */
int page_query_add(struct page_query *query, const char *name, const char *value, struct error *error);
void page_query_release(struct page_query *query);

/* The value of a parameter; NULL: it is not given, or empty. */
const char *page_query_value(const struct page_query *query, const char *name);

/* ---- answers ---- */

/* Appends one JSON object to `json`. After an error `json` is as before. */
typedef int page_function(struct page *page, const struct page_query *query, struct buffer *json, struct error *error);

page_function page_recordings; /* page_recordings.c: which recordings there are */
page_function page_series;     /* page_series.c: curves over time; with `since` what came after */
page_function page_callsites;  /* page_callsites.c: the judgement, callsite by callsite */
page_function page_callsite;   /* page_callsite.c: one callsite's stacks, curves, ages */
page_function page_flame;      /* page_flame.c: stacks with a value */

/* What an answer is saved as. Strings are static. */
struct page_file {
	const char *name, *type; /* "seep.csv"; its media type */
};

/* page_export.c: what `seep export` writes with the query's `format`. */
int page_export(struct page *page, const struct page_query *query, struct buffer *out, struct page_file *file,
		struct error *error);

/* Once a second: looks what is new. Appends the data of a `tick` event. */
void page_tick(struct page *page, struct buffer *event);

#endif
