/* SPDX-License-Identifier: MIT */
/*
 * wrappers.h - which frames of a stack only hand on what they acquire: zmalloc, ngx_alloc, xstrdup, a string class.
 *
 * The innermost frame is almost never the answer: every server has its own malloc. A function is a wrapper if
 *  - it is said to be one (a regular expression); or
 *  - its name says so: it ends as the C library's allocators do (malloc, calloc, realloc, zalloc, palloc, memalign,
 * strdup, strndup, memdup, asprintf, whatever stands before them, and "_..." behind), or is of the C++ standard
 * library; or
 *  - its fan-in does: most of what is acquired in stacks with it, it acquires itself (or by a wrapper that it calls),
 * and that for at least four different functions, of which at least half give back what they get.
 *
 * The last condition tells a wrapper from a leak that is reached from everywhere: if nearly all callers of a function
 * grow by what it acquires, then the function keeps it, and is the one to name. Wrappers of wrappers are found alike. A
 * function is known by its name and module. The outermost frame is never a wrapper. Pure.
 */
#ifndef SEEP_WRAPPERS_H
#define SEEP_WRAPPERS_H

#include "profile.h"

/* What a stack says of the functions in it, in the order of the profile's stacks. */
struct wrapper_evidence {
	double acquired; /* objects */
	bool grows;      /* it keeps most of what it gets */
};

/*
 * wrapper_counts[i] (profile->stack_count numbers): so many of stack i's frames, from within, are wrappers. `named` may
 * be NULL.
 */
void wrappers_find(const struct profile *profile, const struct wrapper_evidence *evidence, const regex_t *named,
		   size_t *wrapper_counts);

/* True if a function is a wrapper by its name. */
bool wrapper_by_name(const char *function);

#endif
