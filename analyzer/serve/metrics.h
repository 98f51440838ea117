/* SPDX-License-Identifier: MIT */
/*
 * metrics.h - /metrics, for Prometheus and whatever else reads its format: the newest figures of every recording.
 *
 * What it keeps between two scrapes: which callsites are shown and what was counted for them (shown_callsites.h), and
 * what a recording's program is called, so that its series keep their labels.
 *
 * Each scrape reads the recordings anew, in one read transaction each. The judgement is the page's, which is at most
 * some seconds older (page_judgement.h): who is judged says which callsites are shown, not what they hold.
 */
#ifndef SEEP_SERVE_METRICS_H
#define SEEP_SERVE_METRICS_H

#include "../commands/page.h"

enum {
	METRICS_CALLSITES = 50,        /* of a recording, unless --metrics-callsites says otherwise */
	METRICS_CALLSITES_MOST = 1000, /* what may be said */
	METRICS_PROCESSES_MOST = 64,   /* of a recording: those that were recorded first */
};

struct metrics;

/* The page is borrowed. At most `callsites` of each recording have series of their own. */
struct metrics *metrics_open(struct page *page, size_t callsites);
void metrics_close(struct metrics *metrics); /* NULL is fine */

/* Appends what /metrics answers. A recording that cannot be read now says so in a metric of its own. */
void metrics_add(struct metrics *metrics, struct buffer *out);

#endif
