/* SPDX-License-Identifier: MIT */
/*
 * correlate.h - which event a callsite's growth goes with. Pure.
 *
 * Differences are compared, never levels: two sums that only grow correlate, whatever they count (Yule, "Why do we
 * sometimes get nonsense-correlations between time-series?", Journal of the Royal Statistical Society 89, 1926). The
 * time is cut into at most 32 parts; the ratio is that of the sums (Cochran, "Sampling Techniques", 1977, chapter 6),
 * with its interval from what it leaves in the parts.
 *
 * A counter explains the growth if it leaves no more than the plain time does (a leak per minute goes with no event),
 * and either the load varied and the growth varied with it, or the ratio is a whole number: under a constant load
 * everything is proportional to everything, and only "1.00 objects per reset" means something. Of several that leave
 * equally little, as counters of one cause do, one with a whole number is taken, the smallest one, and of these the
 * first in this order: marks, reset, accepted, connected, forks, threads, timer_expirations, calls, bytes.
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
	double explained;        /* share of the growth's square, 0 to 1 */
	double dispersion;       /* variance of what is left, per object: 0 exact, 1 as if each came by chance */
	bool is_whole;           /* the ratio is a whole number, as far as the interval tells */
};

/* Explains the growth of `level` (grid->count numbers). */
void correlate(const struct growth_grid *grid, const double *level, const struct correlate_counter *counters,
	       size_t count, struct correlate_result *out);

#endif
