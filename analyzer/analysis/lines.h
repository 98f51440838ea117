/* SPDX-License-Identifier: MIT */
/*
 * lines.h - a profile by source lines of matching functions: `seep list`.
 *
 * A routine is a function in a file. Its flat and cum, and those of each of its lines, count every stack once,
 * so that a recursive function never has more than all. Routines by name, then file; lines ascending.
 * Pure. Borrows from the profile, which must outlive it.
 */
#ifndef SEEP_LINES_H
#define SEEP_LINES_H

#include "profile.h"

struct line_values {
	uint32_t line; /* 0 unknown */
	int64_t flat, cum;
	struct uncertainty flat_uncertainty, cum_uncertainty;
};

struct routine {
	const char *function;
	const char *file; /* NULL unknown */
	const char *module;
	uint32_t start_line; /* 0 unknown */
	int64_t flat, cum;
	struct uncertainty flat_uncertainty, cum_uncertainty;
	struct line_values *lines;
	size_t line_count, line_capacity;
};

/* Zeroed is valid and empty. */
struct routines {
	struct routine *items;
	size_t count, capacity;
};

/* The routines whose function matches; release with routines_release(). */
void routines_build(const struct profile *profile, const regex_t *function, struct routines *out);
void routines_release(struct routines *routines);

#endif
