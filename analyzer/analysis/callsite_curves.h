/* SPDX-License-Identifier: MIT */
/*
 * callsite_curves.h - what a judged group held and did over time, and what its function holds with all it called. Pure.
 */
#ifndef SEEP_CALLSITE_CURVES_H
#define SEEP_CALLSITE_CURVES_H

#include "judgement.h"

/* What was judged: the sites by id, ascending, on the judgement's grid. */
struct callsite_series {
	const struct judgement_site *sites;
	size_t count;
};

/* Sums over the callsites of one group; grid.count numbers each. */
struct callsite_curves {
	double *live_objects, *live_bytes;           /* level */
	double *acquired_objects, *released_objects; /* cumulative */
	double *mean_age_s;                          /* of what lives; NAN where nothing does */
};

/* Release with callsite_curves_release(). */
void callsite_curves_build(const struct judgement *judgement, const struct judged_group *group,
			   const struct callsite_series *series, struct callsite_curves *out);
void callsite_curves_release(struct callsite_curves *curves);

/*
 * The group's level in few numbers, evenly spaced from the first point to the last: of bytes where it is judged by
 * them, else of objects. At least two, so that it can be drawn; just these two where it never changed. There are fewer
 * where there are thousands of callsites, for somebody has to load them all: 20 each of 3,000 or more. Returns how
 * many.
 */
enum { CALLSITE_SPARK_MOST = 60, CALLSITE_SPARK_FEWEST = 20 };
size_t callsite_spark(const struct judgement *judgement, const struct judged_group *group,
		      const struct callsite_series *series, double out[CALLSITE_SPARK_MOST]);

/*
 * What all callsites of the group's kind hold at the end whose stack has the group's function in it, as `seep top
 * --cum` counts it: a function that occurs in a stack twice counts once. Of all groups: out has room for group_count.
 */
struct callsite_cum {
	double objects, bytes;
};
void callsite_cums(const struct judgement *judgement, struct callsite_cum *out);

#endif
