/* SPDX-License-Identifier: MIT */
#include "hook_cost.h"

#include <math.h>
#include <string.h>

/* Of the normal distribution: 95 % of it lie within so many standard errors. */
#define ERRORS_OF_95_PERCENT 1.96
/* A century: what the file says beyond is damage, and must stay a number. */
#define MOST_NS 3e18

static int64_t limited(double ns)
{
	return ns > 0 && ns < MOST_NS ? (int64_t)ns : 0;
}

static int64_t counted(uint64_t count)
{
	return count <= INT64_MAX ? (int64_t)count : 0;
}

struct store_cost hook_cost_of(const struct slot_header *header, double ns_per_cycle, int64_t cpu_ns)
{
	const struct arena_cost *cost = &header->cost;
	double ns_of_timed = ns_per_cycle * ARENA_COST_EVERY;
	struct store_cost out = {
		.cpu_ns = cpu_ns,
		.error_ns = limited(ERRORS_OF_95_PERCENT * ns_of_timed * sqrt((double)cost->squares)),
		.clipped = counted(cost->clipped),
		.captures = counted(header->captures),
		.captured_frames = counted(header->captured_frames),
		.rule_misses = counted(header->rule_misses),
	};

	for (int part = 0; part < COST_PARTS; part++) {
		out.hook_ns[part] = limited(ns_of_timed * (double)(int64_t)cost->cycles[part]);
		out.timed[part] = counted(cost->timed[part]);
	}
	return out;
}

static bool is_same(const struct store_cost *a, const struct store_cost *b)
{
	/* hook_ns of the same cycles differs, as the length of a cycle is known better */
	return a->cpu_ns == b->cpu_ns && memcmp(a->timed, b->timed, sizeof(a->timed)) == 0 &&
	       a->captures == b->captures && a->rule_misses == b->rule_misses;
}

int hook_cost_record(const struct watch *watch, struct hook_cost_memory *memory, const struct tick *tick,
		     int64_t cpu_ns, bool lives)
{
	struct store_cost cost = hook_cost_of(watch_header(watch), tick->ns_per_cycle, cpu_ns);

	if ((lives && cpu_ns < 0) || (memory->is_stored && is_same(&cost, &memory->stored)))
		return SEEP_OK;
	memory->stored = cost;
	memory->is_stored = true;
	return store_put_cost(tick->store, watch_process_id(watch), &cost, tick->error);
}

struct hook_cost_part hook_cost_since(const struct watch *watch, struct hook_cost_memory *memory,
				      const struct tick *tick, int64_t cpu_ns)
{
	struct store_cost cost = hook_cost_of(watch_header(watch), tick->ns_per_cycle, cpu_ns);
	int64_t hook_ns = cost.hook_ns[COST_ACQUISITION] + cost.hook_ns[COST_RELEASE];
	struct hook_cost_part part = {hook_ns - memory->hook_ns, cpu_ns - memory->cpu_ns};

	if (cpu_ns < 0)
		return (struct hook_cost_part){0, 0};
	memory->hook_ns = hook_ns;
	memory->cpu_ns = cpu_ns;
	return part;
}
