/* SPDX-License-Identifier: MIT */
/*
 * ages.h - how old is what a function's callsites hold. Pure.
 *
 * A function's histogram is the sum over the callsites whose stacks it is in (as cum is): two functions of one stack
 * both have it.
 */
#ifndef SEEP_ANALYSIS_AGES_H
#define SEEP_ANALYSIS_AGES_H

#include "profile.h"

struct ages_input {
	const struct recording *recording;
	const struct model_ages *sites; /* of one or several processes: a site may stand there more than once */
	size_t site_count;
	const struct model_total *totals; /* the newest counters, by site id */
	size_t total_count;
	const regex_t *name; /* of the functions wanted */
};

struct age_group {
	const char *function; /* borrowed of the profile */
	struct model_age sum; /* of: */
	struct model_age ages[MODEL_AGES];
	int64_t live_count, live_bytes; /* of the same callsites, as the counters are now */
};

/* Zeroed is valid and empty; release with age_groups_release(). */
struct age_groups {
	struct age_group *groups; /* the largest first, as the type counts */
	size_t count, capacity;
	struct profile profile; /* stack i is that of site i of the input */
};

/* options->type chooses kinds and order. */
void ages_group(const struct ages_input *input, const struct profile_options *options, struct age_groups *out);
void age_groups_release(struct age_groups *groups);

/* Seconds: an age of that place is at least from, and less than to. */
int64_t age_from(unsigned place);
int64_t age_to(unsigned place);

#endif
