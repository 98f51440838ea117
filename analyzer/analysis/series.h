/* SPDX-License-Identifier: MIT */
/*
 * series.h - a quantity over time, as the judgement sees it. Pure data.
 *
 * All series of one judgement share one grid: point i is the time start_s + i * step_s, in whole seconds since 1970.
 * Every array has grid.count finite numbers; a NULL array is one that nothing is known of. What began later than the
 * grid is 0 until then. Arrays are borrowed: whoever judges keeps no pointer.
 */
#ifndef SEEP_SERIES_H
#define SEEP_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct growth_grid {
	int64_t start_s;
	int32_t step_s;
	size_t count; /* up to about 600 */
};

/* One callsite, or any quantity. */
struct growth_series {
	const double *live_objects, *live_bytes;         /* level */
	const double *acquired_objects, *acquired_bytes; /* cumulative since the process began */
	const double *released_objects;                  /* cumulative */
	const double *mean_age_s;                        /* of what lives */
	bool is_handle;                    /* no memory that a cache could hold: descriptors, timers, threads, ... */
	bool is_estimated;                 /* from sampled events: */
	double objects_error, bytes_error; /* one standard deviation of the newest level */
};

/* A rate of change with its 95 % interval; units of the quantity a second. */
struct growth_slope {
	double estimate, low, high;
};

#endif
