/* SPDX-License-Identifier: MIT */
/*
 * callsite_id.h - the name of a judged callsite (a group of judgement.h) for links, metrics and marks.
 *
 * "c1:0123456789abcdef": version 1, and the fingerprint (fingerprint.h) of its kind and its named function. So it stays
 * when lines shift, the source file is renamed, or other callers come and go, and over a rebuild. A function that
 * acquires things of one kind in several lines has several callsites: the first by line has that id, the others end in
 * "-2", "-3", ... in the order of their lines. So a line that is met later than one below it would take over that one's
 * id; whoever judges a recording more than once, or parts of it, keeps the numbers (struct callsite_numbers). A
 * function without a name is known by its offset, for one build only.
 *
 * Pure.
 */
#ifndef SEEP_CALLSITE_ID_H
#define SEEP_CALLSITE_ID_H

#include "judgement.h"

struct callsite_id {
	char text[32];
};

/* Of all groups, in their order: out has room for judgement->group_count. No two are the same. */
void callsite_ids(const struct recording *recording, const struct judgement *judgement, struct callsite_id *out);

struct interned;

/* The numbers of callsites as they were given out; of a recording. Zeroed is valid and empty. */
struct callsite_numbers {
	struct interned *numbers; /* by id without number, and place */
	struct interned *counts;  /* by id without number: how many were given out */
};

/* The same, but a callsite that has a number keeps it, and one that has none gets the next. */
void callsite_ids_kept(const struct recording *recording, const struct judgement *judgement,
		       struct callsite_numbers *numbers, struct callsite_id *out);
void callsite_numbers_release(struct callsite_numbers *numbers);

#endif
