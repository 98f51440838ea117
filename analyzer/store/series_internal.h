/* SPDX-License-Identifier: MIT */
/*
 * series_internal.h - what the readers of series share: the grid, and when each process lived.
 */
#ifndef SEEP_STORE_SERIES_INTERNAL_H
#define SEEP_STORE_SERIES_INTERNAL_H

#include "series.h"
#include "store_internal.h"

/* When a process held what it held. */
struct life {
	int64_t started_ns, ended_ns; /* ended_ns INT64_MAX: runs */
	bool lasts;                   /* to the end of the recording */
	bool is_folded;
};

bool life_holds_at(const struct life *life, int64_t time_s);

struct lives {
	struct life *of; /* by process id */
	size_t count;
	int64_t first_start_ns, last_end_ns; /* of the chosen process; 0 and the last end of all */
};

int64_t grid_time(const struct store_grid *grid, size_t index);
/* The first point not before a time; grid->count: all are. */
size_t grid_point(const struct store_grid *grid, int64_t time_s);

/* Fill out->process, and out->events; the grid is laid. */
int series_read_processes(struct store *store, uint32_t process_id, const struct lives *lives, struct store_series *out,
			  struct error *error);
int series_read_events(struct store *store, uint32_t process_id, const struct lives *lives, struct store_series *out,
		       struct error *error);

#endif
