/* SPDX-License-Identifier: MIT */
/*
 * export.h - a profile in the formats of other tools: the table of formats, one function and one file each.
 *
 * Each function appends one whole file to the buffer. Names come from the watched program and may hold anything: each
 * format escapes what has a meaning in it. Pure.
 */
#ifndef SEEP_EXPORT_H
#define SEEP_EXPORT_H

#include "../analysis/samples.h"
#include "report.h"

/*
 * F(X, identifier, name, is_binary, has_every_type, help): `seep export --NAME`. has_every_type: the file has values of
 * every type; otherwise of the one that --type says. The X is handed on, so that other lists can be made of this
 * one. JSON is apart, for it is an option of other commands, too.
 */
/* clang-format off */
#define EXPORT_FORMATS(F, X) \
	F(X, PPROF, pprof, true, true, "pprof's profile.proto, compressed: every type, for `go tool pprof`, Parca, Pyroscope") \
	F(X, COLLAPSED, collapsed, false, false, "one line a stack, for flamegraph.pl") \
	F(X, SPEEDSCOPE, speedscope, false, true, "for https://www.speedscope.app: every type") \
	F(X, HEAPTRACK, heaptrack, false, true, "for heaptrack_print and heaptrack_gui: heap blocks still held") \
	F(X, CSV, csv, false, true, "comma-separated values, a row a stack: every type") \
	F(X, SVG, svg, false, false, "a flame graph, for any browser")

#define EXPORT_EVERY_FORMAT(F, X) \
	EXPORT_FORMATS(F, X) \
	F(X, JSON, json, false, true, "JSON")
/* clang-format on */

enum export_format {
	EXPORT_NONE,
#define FORMAT(X, id, name, binary, every, help) EXPORT_##id,
	EXPORT_EVERY_FORMAT(FORMAT, )
#undef FORMAT
		EXPORT_SQLITE, /* a copy of the recording, which is no matter of rendering */
	EXPORT_HTML,           /* the page with its answers, nor that */
	EXPORT_COUNT
};

/* What is exported; everything is borrowed. */
struct export_source {
	const struct report_head *head;
	const struct samples *samples;
	const struct recording *recording, *base; /* base: NULL none */
};

typedef void export_function(struct buffer *out, const struct export_source *source);

struct export_row {
	const char *name;
	bool is_binary, has_every_type;
	export_function *render; /* NULL: EXPORT_SQLITE, EXPORT_HTML */
};

/* The row of a format but EXPORT_NONE. */
const struct export_row *export_row(enum export_format format);

#define FORMAT(X, id, name, binary, every, help) export_function export_##name;
EXPORT_EVERY_FORMAT(FORMAT, )
#undef FORMAT

/* ---- for the formats ---- */

const struct profile_frame *export_frame(const struct samples *samples, size_t id_index);

/* "bytes" or "count" */
const char *export_unit(const struct value_type *type);

/* A name on one line of UTF-8: control characters as '?', as reports show them, and so each of `more`. */
void export_name(struct buffer *out, const char *name, const char *more);

/* A sample's functions, outermost first, separated by ';'. */
void export_stack(struct buffer *out, const struct samples *samples, const struct sample *sample);

/* What a reader has to know of the figures, a sentence a line: how they were sampled. Empty if they are exact. */
void export_sampling_notes(struct buffer *out, const struct export_source *source);
/* The trust lines that end every report. */
void export_trust_notes(struct buffer *out, const struct export_source *source);

#endif
