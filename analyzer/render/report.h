/* SPDX-License-Identifier: MIT */
/*
 * report.h - the reports as text and as JSON. Each function appends one whole report to the buffer.
 *
 * The text of `top` and `peek` is that of `pprof -top` and `pprof -peek`, to the byte, followed by the trust
 * lines that end every report. Control characters in names are shown as '?', so that no name can
 * write to the reader's terminal.
 */
#ifndef SEEP_REPORT_H
#define SEEP_REPORT_H

#include "../analysis/graph.h"
#include "../analysis/lines.h"
#include "../analysis/tree.h"
#include "../analysis/trust.h"
#include "buffer.h"
#include "json.h"
#include "style.h"
#include "units.h"

/* What all reports begin and end with. Borrowed strings; NULL where nothing is known or was asked for. */
struct report_head {
	const char *recording, *base;        /* paths */
	const char *program;                 /* name of the (first) program */
	const char *program_path, *build_id; /* of its file; "" no build id */
	struct value_type type;
	int64_t time_ns, duration_ns; /* since 1970; 0 unknown */
	bool is_live;                 /* the recording still grows */
	bool is_difference;           /* of two moments or recordings */
	const char *focus, *ignore, *hide;
	int64_t total;                  /* percentages are of this */
	struct uncertainty uncertainty; /* of the total */
	/* how heap blocks were sampled; NULL for reports of other kinds, and where every block was recorded */
	const struct model_sampling *samplings, *base_samplings;
	size_t sampling_count, base_sampling_count;
	int64_t until_ns; /* the figures' moment */
	struct trust trust;
	struct style style;
};

/* ---- text ---- */

void report_top(struct buffer *out, const struct report_head *head, const struct graph *graph);

/* Callers and callees of the nodes whose name matches; returns how many did. */
size_t report_peek(struct buffer *out, const struct report_head *head, const struct graph *graph, const regex_t *name,
		   size_t limit);

void report_tree(struct buffer *out, const struct report_head *head, const struct tree *tree);

/* A routine's source. lines[i] is line i + 1; `found` NULL: not found, `looked` says where. */
struct report_source {
	const char *found, *looked;
	char **lines;
	size_t line_count;
};
void report_list(struct buffer *out, const struct report_head *head, const struct routines *routines,
		 const struct report_source *sources);

/* ---- JSON: one object each ---- */

void report_top_json(struct buffer *out, const struct report_head *head, const struct graph *graph);
size_t report_peek_json(struct buffer *out, const struct report_head *head, const struct graph *graph,
			const regex_t *name, size_t limit);
void report_tree_json(struct buffer *out, const struct report_head *head, const struct tree *tree);
void report_list_json(struct buffer *out, const struct report_head *head, const struct routines *routines,
		      const struct report_source *sources);

/* ---- parts ---- */

/* The first lines: program, type (if there is one) and time; and the filters that were asked for. */
void report_begin(struct buffer *out, const struct report_head *head);
void report_filters(struct buffer *out, const struct report_head *head);

/* The last: the trust lines, with the name of the recording, which the user may have left to us to find. */
void report_end(struct buffer *out, const struct report_head *head);

/* The same of JSON: an object is open in between. */
struct json report_begin_json(struct buffer *out, const struct report_head *head);
void report_end_json(struct json *json, const struct report_head *head);

/* What the first of them says after "Trust: ", without a newline. */
void report_trust_sentence(struct buffer *out, const struct trust *trust);

/*
 * The trust lines: two, and a third if the recording was left unfinished. `note` ends the last one; NULL none.
 */
void report_trust(struct buffer *out, const struct trust *trust, const char *note, struct style style);
void report_trust_json(struct json *json, const struct trust *trust);

/* A name or path for a terminal: control characters, and bytes that are no UTF-8, as '?'. */
void report_name(struct buffer *out, const char *name);

#endif
