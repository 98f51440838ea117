/* SPDX-License-Identifier: MIT */
/*
 * verdict.h - does a callsite leak? Pure.
 *
 * How it is judged, for each callsite by its objects, or by its bytes where only these grow:
 *
 * 1. Does it grow? The trend test of drift.h over the time of activity (activity.h), whole and newer half, and over all
 *    callsites the control of false discoveries by Benjamini and Hochberg ("Controlling the false discovery rate: a
 *    practical and powerful approach to multiple testing", Journal of the Royal Statistical Society B 57, 1995). What
 * does not grow is steady, or churn where much comes and goes.
 * 2. Does its shape (shape.h) speak against a leak? Level since a while, ever slower: warm-up. Fallen back, no higher
 * than before it began, or no more than the load explains: steady or churn. Of the latter the ages tell: what is kept
 * for ever grows old with the recording, what lives for a while only does not, however many there are (Little's law).
 *    Fewer than 8 steps' worth: undecided.
 * 3. What remains grows evenly, without a sign of an end. So does a cache that is filled with one new key a request,
 * and no curve tells them apart before the cache is full. So a leak needs one more piece of evidence:
 *    - survivors: others of the same callsite live for a short while only, and these outlive them many times over (the
 *      idea of SWAT: Chilimbi and Hauswirth, "Low-overhead memory leak detection using adaptive statistical profiling",
 *      ASPLOS 2004, by age instead of access);
 *    - a cause: a ratio to an event that is constant and a whole number or rare (correlate.h), or the same to what
 * comes and goes at another callsite, which serves as a request counter where there is none;
 *    - a rare path: fewer than one object in 50 of what the process does. A cache that is so seldom missed is full;
 *    - handles: 100 or more, none or few given back;
 *    - one block after the other, each a little longer than the one that it replaces, 72 times and more;
 *    - duration: 10 minutes of activity. Growth that is none in real servers lasts 4 to 10 equal steps of load.
 *    Without one it is undecided, with the time that is left of the ten minutes.
 *    What grows one for one with a leak is one too. What grows with accepted connections as these stay established is
 *    undecided: their peers keep them. Handles that grew with an event and stopped are a leak that has met its limit.
 *    What grows in the same number as two others, beside a table that doubles, is the content of a map: undecided, too.
 * What this cannot tell: a cache that takes exactly one new object a request or reset, and is bounded, is called a leak
 * until it is full. Leaks of fewer than 8 objects.
 */
#ifndef SEEP_VERDICT_H
#define SEEP_VERDICT_H

#include "correlate.h"

enum verdict {
	VERDICT_UNDECIDED, /* grows, or may; cannot be told yet */
	VERDICT_STEADY,    /* does not grow */
	VERDICT_CHURN,     /* does not grow, and much comes and goes */
	VERDICT_WARM_UP,   /* has grown and is level now, or grows ever more slowly */
	VERDICT_LEAK,      /* grows without bound */
};

/* Zeroed: the defaults. */
struct verdict_options {
	const struct correlate_counter *counters; /* events of the process, on the same grid */
	size_t counter_count;
	const double *open_connections; /* a level on the grid: TCP connections that are established; NULL unknown */
	double false_discovery_rate;    /* among what is said to grow; 0: 0.001 */
};

struct verdict_result {
	enum verdict verdict;
	const char *reason;                          /* static: one clause in words why */
	double more_seconds;                         /* UNDECIDED: until it probably can be told; 0 unknown */
	struct growth_slope objects, bytes;          /* a second of activity */
	int64_t since_s;                             /* when the growth began; 0: there is none */
	double p_value;                              /* of "does not grow", before the control over callsites */
	double mean_age_s, mean_lifetime_s;          /* of what lives; of what was released. NAN unknown */
	double detectable_objects, detectable_bytes; /* a second: the least slope seen with 95 % certainty */
	struct correlate_result goes_with;           /* what the objects' growth goes with */
};

/* "leak", "warm-up", "steady", "churn", "undecided" */
const char *verdict_name(enum verdict verdict);

/* Judges all callsites of a process together: false discoveries are controlled over all of them. */
void verdicts_judge(const struct growth_grid *grid, const struct growth_series *sites, size_t count,
		    const struct verdict_options *options, struct verdict_result *out);

#endif
