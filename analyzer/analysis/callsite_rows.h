/* SPDX-License-Identifier: MIT */
/*
 * callsite_rows.h - the table of callsites, one row for each group of a judgement: what it holds now, its verdict.
 *
 * Figures and verdicts may be of different moments, for figures are read much more often than all is judged anew. A
 * callsite that came after the judgement has a row without a verdict; it is named after its innermost frame that is no
 * wrapper by its name.
 *
 *   flat    what the row's callsites hold (or acquired), as the type counts
 *   cum     the same of all callsites in whose stacks the row's function is, each once: what `seep top` calls its cum
 *   count   how many objects flat is
 *
 * Without a type everything is shown, each kind in its own unit; cum is then of the row's kind only.
 *
 * Pure. Rows borrow from the profile and the judgement, which must outlive them.
 */
#ifndef SEEP_CALLSITE_ROWS_H
#define SEEP_CALLSITE_ROWS_H

#include "judgement.h"

/* X(identifier, what it sorts by): the largest, or newest, first; names and kinds by alphabet */
#define ROW_ORDERS(X)                                    \
	X(VERDICT, "verdict: leaks first")               \
	X(NAME, "name of the function")                  \
	X(KIND, "kind")                                  \
	X(FLAT, "flat: what it holds itself")            \
	X(CUM, "cum: with all that the function called") \
	X(GROWTH, "growth a second")                     \
	X(SINCE, "begin of the growth, newest first")    \
	X(AGE, "mean age, oldest first")                 \
	X(COUNT, "number of objects")

enum row_order {
#define X(id, text) ROWS_BY_##id,
	ROW_ORDERS(X)
#undef X
		ROW_ORDER_COUNT
};

struct callsite_row {
	enum seep_kind kind;
	const struct profile_frame *frame; /* the named one */
	const struct judged_group *group;  /* NULL: too new to be judged */
	bool in_bytes;                     /* flat, cum and growth are */
	bool is_estimate;                  /* flat is, of sampled blocks */
	int64_t flat, cum, count;
	struct growth_slope growth; /* a second; zeroed of what is not judged, and of what does not grow */
	double mean_age_s;          /* of what lives; NAN: nothing does */
	size_t first_stack;         /* of the profile, one of its own; SIZE_MAX none */
};

/* Zeroed is valid and empty. */
struct callsite_rows {
	struct callsite_row *items;
	size_t count, capacity;
};

struct callsite_rows_input {
	const struct profile *profile;     /* of every type (samples.h) */
	const struct judgement *judgement; /* NULL: nothing is judged yet */
	const struct value_type *type;     /* NULL: every kind, in its own unit */
};

/* The rows by verdict. Release with callsite_rows_release(). */
void callsite_rows_build(const struct callsite_rows_input *input, struct callsite_rows *out);
void callsite_rows_release(struct callsite_rows *rows);

/* Ties are broken by verdict, then by name, kind and line. `reversed` turns all of it round. */
void callsite_rows_sort(struct callsite_rows *rows, enum row_order order, bool reversed);

/*
 * True if the text, in whatever case, is part of the row's function, program or library, kind, verdict, or "file.c:12".
 * "" is part of all.
 */
bool callsite_row_matches(const struct callsite_row *row, const char *text);

/* True if both are the same callsite, of whatever moments. */
bool callsite_row_is_same(const struct callsite_row *a, const struct callsite_row *b);

/* "leak", ... ; "new" of what is not judged yet */
const char *callsite_row_verdict(const struct callsite_row *row);

const char *row_order_text(enum row_order order);

#endif
