/* SPDX-License-Identifier: MIT */
/*
 * baseline.h - what leaked before, so that a gate can tell what is new: made from a recording, or read from a small
 *text file that a project commits.
 *
 *	seep-baseline 1
 *	s1:0123456789abcdef timerfd 200 objects/s 0 bytes/s 1 per write_calls # timer_start < turn_set_timer < main
 *
 * One line a callsite that leaked, sorted by fingerprint; "per EVENT" only where its growth goes with one. "open"
 *before the figures: it grew, and could not be told of. "part" instead of figures: a further way to a function that
 *leaks, which was not shown to leak by itself. '#' begins a comment: the functions, for people. Figures are rounded to
 *two digits, so that a new measurement changes few lines. Pure.
 */
#ifndef SEEP_BASELINE_H
#define SEEP_BASELINE_H

#include "../base/error.h"
#include "fingerprint.h"

enum baseline_state {
	BASELINE_LEAK,
	BASELINE_OPEN, /* grew, and it could not be told whether it leaks */
	BASELINE_PART, /* a further way to a leak; no figures */
};

struct baseline_entry {
	struct fingerprint fingerprint;
	enum seep_kind kind;
	double objects, bytes; /* a second */
	char *event;           /* what the growth goes with; NULL: nothing */
	double ratio;          /* objects for each of it */
	enum baseline_state state;
	char *functions; /* "" unknown */
};

/* Zeroed is valid and empty. */
struct baseline {
	struct baseline_entry *entries; /* by fingerprint once sorted */
	size_t count, capacity;
};

/* Refuses with SEEP_ERR_USAGE and "FILE:LINE: what is wrong". Release also after an error. The result is sorted. */
int baseline_parse(const char *file, const char *text, struct baseline *out, struct error *error);

/* True if a file that begins so is a baseline and no recording. */
bool baseline_is(const char *text);

/* A new zeroed entry; sort when all are there. */
struct baseline_entry *baseline_add(struct baseline *baseline);
void baseline_sort(struct baseline *baseline);
const struct baseline_entry *baseline_find(const struct baseline *baseline, struct fingerprint fingerprint);
void baseline_release(struct baseline *baseline);

#endif
