/* SPDX-License-Identifier: MIT */
/*
 * page_live.h - the last minutes of a recording that grows, point by point, as they came: what a page that asks each
 * second for what is new is told from, without reading history.
 *
 * Invariant: a line's points are on one grid, its newest point is not after the newest reading. A reading that comes
 * after a few seconds without one is joined to the last one by straight lines; after a longer gap the line begins anew,
 * and what lies before it has to be read from the recording.
 */
#ifndef SEEP_PAGE_LIVE_H
#define SEEP_PAGE_LIVE_H

#include "../store/newest.h"

enum { PAGE_LIVE_POINTS = 600, PAGE_LIVE_LINES = 8 };

/* The points of one process, or of all. */
struct page_line {
	uint32_t process_id;
	int64_t used; /* when it was asked for: what was not for the longest time makes room */
	struct store_grid grid;
	struct store_point last;                         /* the newest reading */
	struct store_point points[2 * PAGE_LIVE_POINTS]; /* grid.count of them; the newest PAGE_LIVE_POINTS at least */
};

/* Zeroed is valid and empty. */
struct page_live {
	struct recording times; /* those of the last reading */
	struct store_newest *newest;
	struct page_line *lines[PAGE_LIVE_LINES]; /* NULL: none */
	int64_t uses;
};

/* Reads what is new, of the moment that it begins for the store. After an error all lines begin anew. */
int page_live_read(struct store *store, struct page_live *live, struct error *error);
void page_live_release(struct page_live *live);

/* The line of a process (0 all) up to the last reading; it is begun if there is none. */
int page_live_line(struct page_live *live, uint32_t process_id, struct page_line **out, struct error *error);

/*
 * The line's points from the last one not after since_s on, as a series. False: its first point is later. Release with
 * store_series_release().
 */
bool page_line_since(const struct page_live *live, const struct page_line *line, int64_t since_s,
		     struct store_series *out);

#endif
