/* SPDX-License-Identifier: MIT */
/*
 * cost_limit.h - keeps the hooks of an arena's processes within --max-overhead: adds up what they cost, has overhead.h
 * decide, sets the arena's sampling interval, and puts each change into the recording.
 *
 * All of it is done by the recorder: the processes pay nothing for it. Zeroed: there is no limit. Nothing is owned.
 */
#ifndef SEEP_COST_LIMIT_H
#define SEEP_COST_LIMIT_H

#include "../arena/arena_reader.h"
#include "../store/writer.h"
#include "overhead.h"

struct cost_limit {
	struct overhead overhead;
	struct overhead_measure measure; /* since the last decision; limit_percent 0: no limit */
	bool is_told;                    /* the recording has the limit */
	bool is_resumed;                 /* the next sum is of a time that another recorder has decided about */
	bool is_pending;                 /* `change` is not in the recording yet */
	struct store_adaptation change;
};

void cost_limit_begin(struct cost_limit *limit, const struct arena_header *head);
/* Time of a process since it was looked at last. */
void cost_limit_add(struct cost_limit *limit, int64_t hook_ns, int64_t cpu_ns);
/* After the look at all processes. */
void cost_limit_decide(struct cost_limit *limit, struct arena_reader *arena, int64_t now_ns);
/* Puts what is new into the transaction; cost_limit_written() after its commit. */
int cost_limit_put(struct cost_limit *limit, struct store *store, struct error *error);
void cost_limit_written(struct cost_limit *limit);

#endif
