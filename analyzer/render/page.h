/* SPDX-License-Identifier: MIT */
/*
 * page.h - what the page gets, as JSON: one object each. Times are seconds since 1970, sizes bytes; what is not known
 * is null, and never 0. Everything is borrowed. Pure.
 */
#ifndef SEEP_RENDER_PAGE_H
#define SEEP_RENDER_PAGE_H

#include "../analysis/curves.h"
#include "../analysis/trust.h"
#include "../analysis/value_type.h"
#include "json.h"

/* ---- the recordings ---- */

struct page_recording_row {
	const char *path;
	const char *error; /* why it cannot be read; then nothing of the rest is known. NULL: it can */
	const struct recording *recording;
	const char *program, *program_path, *build_id; /* of the process that it is named after; NULL unknown */
	const char *host;                              /* NULL unknown */
	bool is_live;
	struct trust trust;
	const struct value_type *types; /* those with any value */
	size_t type_count;
};

void page_recordings_json(struct buffer *out, const struct page_recording_row *rows, size_t count, int64_t now_ns);

/* ---- curves ---- */

struct page_mark {
	int64_t time_ns;
	char *kind, *text;
};

struct page_series {
	size_t recording; /* index */
	const struct curves *curves;
	bool is_estimated; /* those of the heap are */
	const struct page_mark *marks;
	size_t mark_count;
};

void page_series_json(struct buffer *out, const struct page_series *series);

/* ---- a tick ---- */

struct page_tick_row {
	int64_t newest_ns;
	bool is_live;
	uint32_t judged_version;
};

/* On one line, as an event stream wants it. */
void page_tick_json(struct buffer *out, const struct page_tick_row *rows, size_t count);

#endif
