/* SPDX-License-Identifier: MIT */
/*
 * newest.h - the newest figures by kind, read again and again while a recording grows: each time what the last point of
 * store_read_kinds() would be, without the history that it needs.
 *
 * What is kept between two readings is what no longer changes: the kinds of callsites, the figures of processes that
 * have ended, the last known figures of the kernel. A reading takes the rows of the processes that live.
 */
#ifndef SEEP_STORE_NEWEST_H
#define SEEP_STORE_NEWEST_H

#include "series.h"

struct store_newest;

/* NULL: out of memory. Release with store_newest_release(); NULL is fine. */
struct store_newest *store_newest_new(void);
void store_newest_release(struct store_newest *newest);

/*
 * Of one recording, whose store may be opened anew each time; of the moment that store_begin_reading() began. After an
 * error the next reading begins from nothing.
 */
int store_newest_read(struct store *store, struct store_newest *newest, struct error *error);

/* The names of events in the order of a point's; they are added to, and stay where they are until the release. */
size_t store_newest_events(const struct store_newest *newest, char *const **names);

/* The newest process of that number, as of the last reading; 0: there is none. */
uint32_t store_newest_process(const struct store_newest *newest, uint32_t pid);

/* The process, or of all (0) any, runs. If none does, a point is not what it was before the end: it is of after that.
 */
bool store_newest_runs(const struct store_newest *newest, uint32_t process_id);

/* The last second that a history has: of those that have ended the one before their end. */
int64_t store_newest_end(const struct store_newest *newest, uint32_t process_id);

struct store_point {
	int64_t time_s;
	double kinds[SEEP_KIND_COUNT][SERIES_SITE_FIELDS]; /* without mean ages; NAN: there is no such callsite */
	double process[SERIES_PROCESS_FIELDS];
	double *events; /* cumulative, as many as there are names; to be freed */
	size_t event_count;
};

/* As of the last reading; process_id 0 all. */
int store_newest_point(const struct store_newest *newest, uint32_t process_id, struct store_point *out,
		       struct error *error);

#endif
