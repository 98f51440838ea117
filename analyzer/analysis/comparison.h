/* SPDX-License-Identifier: MIT */
/*
 * comparison.h - two recordings callsite by callsite: what came, grew, shrank, went. Pure.
 *
 * Callsites meet by their fingerprints (fingerprint.h), so the recordings may be of two builds, two hosts, or of before
 * and after a fix. Estimates (sampled heap blocks) have changed only if the 95 % interval of the difference is without
 * 0.
 */
#ifndef SEEP_COMPARISON_H
#define SEEP_COMPARISON_H

#include "fingerprint.h"

enum change {
	CHANGE_CAME,
	CHANGE_GREW,
	CHANGE_SHRANK,
	CHANGE_WENT,
	CHANGE_NONE,
	CHANGE_COUNT,
};

struct compared {
	struct fingerprint fingerprint;
	enum seep_kind kind;
	enum change change;
	int64_t before, after;
	struct uncertainty uncertainty; /* of after - before */
	struct profile stack;           /* one stack, of the newer recording that has it */
};

struct comparison_options {
	struct value_type type;
	const regex_t *focus, *ignore; /* NULL: not asked for */
};

/* Zeroed is valid and empty. */
struct comparison {
	struct compared *callsites; /* by change of value, largest first; then by fingerprint */
	size_t count, capacity;
	size_t change_counts[CHANGE_COUNT];
	int64_t before, after; /* sums */
};

/* Release with comparison_release(). Borrows from the recordings. */
void comparison_build(const struct profile_input *before, const struct profile_input *after,
		      const struct comparison_options *options, struct comparison *out);
void comparison_release(struct comparison *comparison);

/* "came", "grew", "shrank", "went", "same" */
const char *change_name(enum change change);

#endif
