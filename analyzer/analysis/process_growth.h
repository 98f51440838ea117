/* SPDX-License-Identifier: MIT */
/*
 * process_growth.h - what a process's private memory consists of, which part of it grows, and when a limit is reached.
 * Pure: structs in, structs out.
 *
 * The waterfall adds up to what the kernel says, RssAnon + VmSwap, exactly: what no look could attribute is in the part
 * "other", which may be negative where memory came or went while the parts were read. Parts of a look:
 *
 *   tracked live blocks     requested bytes of the heap blocks that live (sampled: an estimate)
 *   not touched yet         of these, what was never written and so takes no memory; <= 0
 *   allocator slack         the allocator's memory less the two above: rounding, headers, free chunks
 *   mappings                resident bytes of what the program mapped itself
 *   thread stacks, Seep's own, files' private pages, other
 *
 * Slack and untouched blocks cannot both be seen from outside; only their difference can. With glibc the address space
 * of large blocks is known beside their memory, which tells how much of them is untouched; for the rest, and with other
 * allocators, the smaller of both is taken for 0.
 *
 * A live block of s bytes lies on (s - 1) / 4096 + 2 pages at most. What the allocator has beyond the pages that its
 * live blocks can lie on is free pages for certain: kept (retention), and malloc_trim() or another allocator would give
 * them back. Slack that can be all on pages of live blocks is called fragmentation: nothing but moving the live blocks
 * could give it back. Whether whole free pages exist beside them cannot be told from outside.
 *
 * Slopes: trend.h. Forecast: (limit - used) / slope, its interval by that of the slope. Used is what all have that
 * share the limit (a control group's memory, a user's queued signals), the slope is the process's own. It says when the
 * limit is reached if all goes on as in this period, not that it will.
 */
#ifndef SEEP_PROCESS_GROWTH_H
#define SEEP_PROCESS_GROWTH_H

#include "../base/model.h"
#include "series.h"

/* X(identifier, name in JSON, what reports call it), in the order of reports */
#define WATERFALL_PARTS(X)                                       \
	X(LIVE, "live", "tracked live blocks")                   \
	X(UNTOUCHED, "untouched", "of them not touched yet")     \
	X(SLACK, "slack", "allocator slack and free chunks")     \
	X(MAPPINGS, "mappings", "mappings")                      \
	X(STACKS, "stacks", "thread stacks")                     \
	X(SEEP, "seep", "Seep's own")                            \
	X(FILES, "files", "variables of programs and libraries") \
	X(OTHER, "other", "other: of no known owner")

enum waterfall_part {
#define X(id, name, text) WATERFALL_##id,
	WATERFALL_PARTS(X)
#undef X
		WATERFALL_COUNT
};

struct waterfall {
	int64_t time;
	int64_t total; /* RssAnon + swap: the sum of the parts */
	int64_t parts[WATERFALL_COUNT];
	int64_t overhead;   /* about so much of the slack is headers and rounding of live blocks; -1 unknown */
	int64_t free_pages; /* at least so much of it is pages without a live block */
};

enum process_verdict {
	PROCESS_UNDECIDED,
	PROCESS_STEADY,
	PROCESS_LEAK,          /* tracked live bytes grow */
	PROCESS_RETENTION,     /* the allocator keeps free pages: grows, or stays high, and live bytes do not */
	PROCESS_FRAGMENTATION, /* the same, but what is free lies between live blocks */
	PROCESS_MAPPINGS,
	PROCESS_STACKS,
	PROCESS_OTHER, /* what belongs to none of these grows */
};

enum forecast_state {
	FORECAST_UNKNOWN, /* the limit, the level or the slope */
	FORECAST_NO_LIMIT,
	FORECAST_REACHED,
	FORECAST_NOT_GROWING, /* also: not certain to grow */
	FORECAST_GROWING,
};
enum forecast_of { FORECAST_MEMORY, FORECAST_DESCRIPTORS, FORECAST_TIMERS, FORECAST_COUNT };

struct forecast {
	enum forecast_state state;
	int64_t used, limit;              /* -1 unknown; limit INT64_MAX: none */
	struct growth_slope slope;        /* of what is used, a second */
	double seconds, earliest, latest; /* until the limit; INFINITY: never */
};

struct process_growth {
	bool is_known; /* false: no look has told the parts, and only the forecasts may say something */
	struct waterfall first, last;
	struct growth_slope total, parts[WATERFALL_COUNT]; /* bytes a second */
	enum process_verdict verdict;
	const char *reason; /* static: one clause in words */
	struct forecast forecasts[FORECAST_COUNT];
};

/* Of one process: its looks by time, none is fine. `is_glibc`: malloc is the C library's. */
struct process_history {
	const struct model_look *looks;
	size_t look_count;
	struct model_limits limits; /* the newest */
	bool is_glibc;
};
struct process_growth process_growth_of(const struct process_history *history);

/* A process of a recording, which is borrowed. */
struct judged_process {
	const struct model_process *process;
	struct process_growth growth;
};

/* One moment. False: the look does not tell. */
bool waterfall_of(const struct model_look *look, bool is_glibc, struct waterfall *out);
struct forecast forecast_of(int64_t used, int64_t limit, const struct growth_slope *slope);

/* "leak", "retention", ... ; "memory", "descriptors", "timers" */
const char *process_verdict_name(enum process_verdict verdict);
const char *forecast_name(enum forecast_of which);

#endif
