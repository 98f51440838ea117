/* SPDX-License-Identifier: MIT */
/*
 * activity.h - the part of a recording in which the process had something to do. Pure.
 *
 * A server that waits for load tells nothing of what load does to it: a level that is the same after an hour of nobody
 * calling is no sign of health. So trends are judged over the time in which it worked. An idle stretch is one of 5
 * points and 5 seconds at least with less than a fiftieth of the usual number of acquisitions, releases and events.
 */
#ifndef SEEP_ACTIVITY_H
#define SEEP_ACTIVITY_H

#include "correlate.h"

struct activity {
	size_t count;    /* of points: the first, the last of every active interval, and the newest */
	size_t *index;   /* on the grid */
	double *seconds; /* of activity, from 0 */
	double *work;    /* what was acquired and what happened until then */
};

/* Returns 0, or -1 without memory. Release it in any case. */
int activity_init(struct activity *activity, const struct growth_grid *grid, const struct growth_series *sites,
		  size_t count, const struct correlate_counter *counters, size_t counter_count);
void activity_release(struct activity *activity);

#endif
