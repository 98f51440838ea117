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
	uint32_t pid;
	int64_t started_ns, ended_ns; /* ended_ns INT64_MAX: runs */
	bool lasts;                   /* to the end of the recording */
	bool went_on;                 /* as another program: it ended, but not the kernel's process */
	bool is_known;                /* false: no process has that id */
	bool is_folded;
};

bool life_holds_at(const struct life *life, int64_t time_s);

struct lives {
	struct life *of; /* by process id */
	size_t count;
	int64_t first_start_ns, last_end_ns; /* of the chosen process; 0 and the last end of all */
};

/* process_id: the chosen one, 0 all. Free out->of, also after an error. */
int lives_read(struct store *store, uint32_t process_id, struct lives *out, struct error *error);

int64_t grid_time(const struct store_grid *grid, size_t index);
/* The first point not before a time; grid->count: all are. */
size_t grid_point(const struct store_grid *grid, int64_t time_s);

/* Of process_sample, in the order of enum store_process_field. */
#define SERIES_PROCESS_COLUMNS                                                                                     \
	"rss_anon, rss_file, rss_shmem, swap, vm_size, threads, descriptors, seep_private_bytes, tcp_established," \
	" tcp_close_wait, tcp_time_wait, cpu_user_ns + cpu_system_ns"

/* Fill out->process, and out->events; the grid is laid. */
int series_read_processes(struct store *store, uint32_t process_id, const struct lives *lives, struct store_series *out,
			  struct error *error);
int series_read_events(struct store *store, uint32_t process_id, const struct lives *lives, struct store_series *out,
		       struct error *error);

#endif
