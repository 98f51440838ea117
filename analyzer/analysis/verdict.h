/* SPDX-License-Identifier: MIT */
/*
 * verdict.h - does a callsite leak? Pure.
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
	double false_discovery_rate; /* among what is said to grow; 0: 0.01 */
};

struct verdict_result {
	enum verdict verdict;
	const char *reason;                 /* static: one clause in words why */
	double more_seconds;                /* UNDECIDED: how much longer until it probably can be told; 0 unknown */
	struct growth_slope objects, bytes; /* a second */
	int64_t since_s;                    /* when the growth began; 0: there is none */
	double p_value;                     /* of "does not grow", before the control over callsites */
	double mean_age_s, mean_lifetime_s; /* of what lives; of what was released. NAN unknown */
	double detectable_objects, detectable_bytes; /* a second: the least slope seen with 95 % certainty */
	struct correlate_result goes_with;           /* what the objects' growth goes with */
};

/* "leak", "warm-up", "steady", "churn", "undecided" */
const char *verdict_name(enum verdict verdict);

/* Judges all callsites of a process together: false discoveries are controlled over all of them. */
void verdicts_judge(const struct growth_grid *grid, const struct growth_series *sites, size_t count,
		    const struct verdict_options *options, struct verdict_result *out);

#endif
