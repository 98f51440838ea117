/* SPDX-License-Identifier: MIT */
/*
 * judgement.h - a recording judged: which callsites leak, warm up, churn, are steady, and which function to name.
 *
 * Words: a *callsite* is a stack and a kind. It is named after the first frame from within that is no allocation
 * wrapper (wrappers.h). A *group* is the callsites of one kind with the same named function and line: what differs are
 * their callers and the wrappers on the way. Each callsite is judged by itself, and each group by the sum of its
 * callsites; reports show groups, with the stacks beneath. With one callsite both are the same.
 *
 * Order: leaks, undecided, warm-ups, churn, steady; in each by share of the growth, then by what is held, then by name
 * and kind. The callsites of a group are in the same order.
 *
 * Pure: structs in, structs out. The judgement borrows the recording's strings, and the names of the events, which must
 * outlive it.
 */
#ifndef SEEP_JUDGEMENT_H
#define SEEP_JUDGEMENT_H

#include "profile.h"
#include "verdict.h"

/* Of a callsite or a group, over the judged span. */
struct judged {
	struct verdict_result verdict; /* .goes_with.counter: index of judgement.events */
	double live_objects, live_bytes;
	double growth_objects, growth_bytes; /* last level less first */
	double acquired_objects, acquired_bytes, released_objects;
	/* part of what everything of its sort grew by, 0 to 1: bytes of heap and mappings, otherwise objects of its
	 * kind */
	double share;
	bool is_estimated;
	double objects_error, bytes_error; /* one standard deviation of the level, if it is an estimate */
};

/* A function (no wrapper of free) that releases what was acquired at a callsite, and how often of what was looked at.
 */
struct judged_release {
	const char *function;
	uint64_t count;
};

struct judged_site {
	uint32_t site_id, node_id;
	enum seep_kind kind;
	size_t group;         /* of judgement.groups */
	size_t stack;         /* of judgement.profile.stacks: the allocator's frames are hidden */
	size_t wrapper_count; /* so many of its frames, from within, are wrappers; the next one is named */
	struct judged judged;
};

struct judged_group {
	enum seep_kind kind;
	const struct profile_frame *frame; /* the named one */
	size_t first_site, site_count;     /* of judgement.sites */
	struct judged judged;
	/* where others of these callsites are released, most first; none: not known, or nowhere */
	struct judged_release *releases;
	size_t release_count;
};

/* What happened to the process in the judged span. */
struct judged_event {
	const char *name;
	double count;
};

/* Zeroed is valid and empty. */
struct judgement {
	struct growth_grid grid;
	struct judged_group *groups;
	size_t group_count;
	struct judged_site *sites; /* in order of their groups */
	size_t site_count;
	size_t verdict_counts[VERDICT_LEAK + 1]; /* groups */
	struct judged_event *events;
	size_t event_count;
	struct profile profile;
	struct profile release_profile; /* of the stacks that release */
};

/* What is judged: callsites with their series, on one grid. */
struct judgement_site {
	uint32_t site_id;
	struct growth_series series;
};
struct judgement_input {
	const struct recording *recording;
	struct growth_grid grid;
	const struct judgement_site *sites;
	size_t site_count;
	const struct correlate_counter *events;
	size_t event_count;
	const struct judgement_release *releases; /* a sample */
	size_t release_count;
};
struct judgement_release {
	uint32_t site_id; /* that acquired */
	uint32_t node_id; /* the stack that released */
	uint64_t count;
};

struct judgement_options {
	uint32_t kinds;                       /* bit 1 << enum seep_kind; 0: all */
	const regex_t *focus, *ignore, *hide; /* as in profile.h; NULL: not asked for */
	const regex_t *wrapper;               /* functions that are wrappers whatever is found; NULL: none */
	bool show_all;                        /* hide no frames, and find no wrappers */
	struct verdict_options verdict;       /* the counters are the input's */
};

/* Release with judgement_release(). */
void judgement_build(const struct judgement_input *input, const struct judgement_options *options,
		     struct judgement *out);
void judgement_release(struct judgement *judgement);

/* The kinds whose sort is bytes: heap and mappings. */
bool judged_by_bytes(enum seep_kind kind);

/* The slope that its sort is judged by. */
const struct growth_slope *judged_slope(const struct judged *judged, enum seep_kind kind);

#endif
