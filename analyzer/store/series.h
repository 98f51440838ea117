/* SPDX-License-Identifier: MIT */
/*
 * series.h - a recording's figures over time, on one grid of equal steps: what growth is judged from.
 *
 * A recording has a row only where something changed, and of the past one a minute or an hour. On the grid
 *  - a cumulative figure is carried forward from the newest row not after the point. Within the minute or the hour
 * whose last row is the only one kept it is interpolated between that row and what was known when the minute began:
 * nothing is known of it there, and a staircase would be judged as one;
 *  - what a process holds counts while it lives (began, not ended; one that ended together with the recording lived to
 *    its end). What it held when it ended, the kernel has released: it counts as released then. So for a site the sum
 *    over processes is what the machine holds, and acquired less released explains it but for what forks inherited;
 *  - processes that were folded together count with their events, and hold nothing.
 *
 * Figures of sampled heap blocks are estimates (is_estimated), as everywhere; the variances are those of the last
 * point's level.
 */
#ifndef SEEP_STORE_SERIES_H
#define SEEP_STORE_SERIES_H

#include "store.h"

/* Point i is at start_s + i * step_s, seconds since 1970. */
struct store_grid {
	int64_t start_s;
	int32_t step_s;
	size_t count;
};

enum store_site_field {
	SERIES_LIVE_OBJECTS,
	SERIES_LIVE_BYTES,
	SERIES_ACQUIRED_OBJECTS, /* cumulative, from the process's start */
	SERIES_ACQUIRED_BYTES,
	SERIES_RELEASED_OBJECTS,
	SERIES_MEAN_AGE_S, /* of what lives; 0 where nothing does */
	SERIES_SITE_FIELDS,
};

struct store_site_series {
	uint32_t site_id;
	enum seep_kind kind;                /* of store_read_kinds() */
	double *values[SERIES_SITE_FIELDS]; /* grid.count of each */
	bool is_estimated;
	double objects_variance, bytes_variance;
};

/* What happened to the processes: accepted connections, resets, ... */
struct store_event_series {
	char *name;
	double *count; /* cumulative from the processes' start; owned, grid.count of them */
};

/* What the kernel says, summed over the processes that live; NAN where it is not known of any. */
enum store_process_field {
	SERIES_RSS_ANON,
	SERIES_RSS_FILE,
	SERIES_RSS_SHMEM,
	SERIES_SWAP,
	SERIES_VM_SIZE,
	SERIES_THREADS,
	SERIES_DESCRIPTORS,
	SERIES_SEEP_PRIVATE,
	SERIES_TCP_ESTABLISHED,
	SERIES_TCP_CLOSE_WAIT,
	SERIES_TCP_TIME_WAIT,
	SERIES_CPU_NS, /* user and system time, cumulative: of those that have ended, too */
	SERIES_PROCESS_FIELDS,
};

/* Zeroed is valid and empty. */
struct store_series {
	struct store_grid grid;
	struct store_site_series *sites; /* by site id; every site with any figure before the last point */
	size_t site_count;
	struct store_event_series *events; /* by name */
	size_t event_count;
	double *process[SERIES_PROCESS_FIELDS];
	double *values; /* what the sites' and processes' arrays are parts of */
};

/*
 * Reads them for a process (0 all) from since_ns to until_ns, both cut to what was recorded: INT64_MIN and INT64_MAX
 * mean all. The grid has at most `most_points` points (fewer where there are tens of thousands of sites), its step is a
 * second, a recorder's interval, or more, and its last point is the last whole second: of a process that has ended the
 * last one before its end, for in its end it gives back what it held. grid.count 0: the span holds no such second.
 * Release with store_series_release(), also after an error.
 */
struct store_series_options {
	uint32_t process_id;
	int64_t since_ns, until_ns;
	size_t most_points; /* 0: 600 */
};
int store_read_series(struct store *store, const struct store_series_options *options, struct store_series *out,
		      struct error *error);
void store_series_release(struct store_series *series);

/*
 * The same with all callsites of a kind as one: `sites` are the kinds that there are, in order, and the grid has as
 * many points as wanted. What a process held when it ended is not counted as released by it.
 */
int store_read_kinds(struct store *store, const struct store_series_options *options, struct store_series *out,
		     struct error *error);

#endif
