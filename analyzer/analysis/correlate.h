/* SPDX-License-Identifier: MIT */
/*
 * correlate.h - which event a callsite's growth goes with. Pure.
 *
 * Differences are compared, never levels: two sums that only grow correlate, whatever they count (Yule, "Why do we
 * sometimes get nonsense-correlations between time-series?", Journal of the Royal Statistical Society 89, 1926).
 */
#ifndef SEEP_CORRELATE_H
#define SEEP_CORRELATE_H

#include "series.h"

/* An event counter: cumulative, on the grid. */
struct correlate_counter {
	const char *name;
	const double *count;
};

struct correlate_result {
	int counter;             /* index; -1: none explains the growth, and the rest is 0 */
	double ratio, low, high; /* objects per event, with the 95 % interval */
	double explained;        /* share of the growth's variance, 0 to 1 */
};

/*
 * Explains the growth of `level` (grid->count numbers) by one of the counters. Of several that explain it equally well,
 * as counters of one cause do, one with a ratio of a whole number is taken, and of these the first of: marks
 * ("mark:..."), reset, accepted, connected, forks, threads, timer_expirations, calls, bytes.
 */
void correlate(const struct growth_grid *grid, const double *level, const struct correlate_counter *counters,
	       size_t count, struct correlate_result *out);

#endif
