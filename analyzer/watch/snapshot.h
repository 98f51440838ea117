/* SPDX-License-Identifier: MIT */
/*
 * snapshot.h - what the view shows of a recording at one moment, read whole and changed no more.
 *
 * Figures are read often, the judgement seldom; a snapshot is figures with the newest judgement. All of it is made and
 * released by one thread (worker.h); another one may read a snapshot meanwhile. So names that one session has looked up
 * are copied to the next, and not moved, and the symbolizer is never a snapshot's.
 */
#ifndef SEEP_WATCH_SNAPSHOT_H
#define SEEP_WATCH_SNAPSHOT_H

#include "../commands/judge.h"
#include "../render/watch_view.h"

struct snapshot_judgement {
	struct session session; /* that the judgement borrows from */
	struct judged_recording judged;
	char **event_names; /* of the judgement, for its series are released */
	struct growth_report report;
	char *process_words;
	int64_t judged_s;
	unsigned users;
};

struct snapshot {
	struct snapshot *next;  /* in the worker's list of those to be released */
	struct session session; /* its profile is of every type */
	struct watch_head head;
	struct snapshot_judgement *judgement; /* NULL: none yet */
	char *why_unjudged;
	/* what the next one's rates are made of */
	int64_t newest_ns;
	uint64_t events;
	int64_t cpu_ns, cpu_at_s; /* the base of the CPU's rate: not always this snapshot's */
};

/* What is taken over from one snapshot to the next. */
struct snapshot_source {
	const struct options *options;        /* that name one recording, and every type */
	struct symbolizer *symbolizer;        /* NULL: none was needed yet */
	const struct snapshot *newest;        /* NULL: none yet */
	struct snapshot_judgement *judgement; /* the newest; NULL: none yet */
	char *why_unjudged;
};

/* Reads the figures; *out is to be given to snapshot_release(). */
int snapshot_read(struct snapshot_source *source, double refresh_s, struct snapshot **out, struct error *error);

/* Judges anew: the following snapshots have the new judgement. That there is nothing to judge is no error. */
int snapshot_judge(struct snapshot_source *source, struct error *error);

void snapshot_release(struct snapshot *snapshot); /* NULL is fine */

#endif
