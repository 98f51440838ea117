/* SPDX-License-Identifier: MIT */
/*
 * hook_cost.h - what the hooks cost each process: from the shim's few timings to nanoseconds in the recording, and for
 * the limit on them (overhead.h). How it is estimated: preload/cost.h.
 */
#ifndef SEEP_HOOK_COST_H
#define SEEP_HOOK_COST_H

#include "watch.h"

/* What is remembered of one process. Zeroed is valid. */
struct hook_cost_memory {
	struct store_cost stored;
	bool is_stored;          /* `stored` is what the recording has: not after a rollback */
	int64_t hook_ns, cpu_ns; /* at the last look that knew both */
};

/* The header's sums, in a unit of ours. Pure. cpu_ns -1: unknown. */
struct store_cost hook_cost_of(const struct slot_header *header, double ns_per_cycle, int64_t cpu_ns);

/* What changed, as of the watch's last reading. A process that lives is stored when its CPU time is known as well. */
int hook_cost_record(const struct watch *watch, struct hook_cost_memory *memory, const struct tick *tick,
		     int64_t cpu_ns, bool lives);
/* What the hooks and the process have taken between the last two looks, for the limit. cpu_ns 0: not known. */
struct hook_cost_part {
	int64_t hook_ns, cpu_ns;
};
struct hook_cost_part hook_cost_since(const struct watch *watch, struct hook_cost_memory *memory,
				      const struct tick *tick, int64_t cpu_ns);

#endif
