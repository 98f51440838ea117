/* SPDX-License-Identifier: MIT */
/*
 * cost.h - what the hooks cost the process, estimated by timing a few of its events.
 *
 * Of each thread's events, of whatever kind, about one in ARENA_COST_EVERY, chosen at random, is timed with the
 * time-stamp counter, from the moment an event is known to be one to the end of its recording: the real call is no part
 * of it. An event that is not timed pays for this with one decrement of a counter that lies beside what every hook
 * reads.
 *
 * The estimate: each timed event stands for ARENA_COST_EVERY. The distances between timed events are drawn uniformly
 * from 1 to 2 * ARENA_COST_EVERY - 1, and the first one of a thread from what is left of such a distance at a random
 * moment, so that every event, the first and the last of a short thread as well, is timed with the same probability,
 * and no workload's period meets the choice's. So the sum is unbiased, for all events together, the ones that the
 * sampled mode leaves out included (Horvitz and Thompson 1952). Its standard error is at most ARENA_COST_EVERY times
 * the root of the sum of squares.
 *
 * What the sum is wrong by, knowingly:
 *  - an event that takes longer than ARENA_COST_CLIP cycles counts as one of that length (winsorised, and counted in
 *    `clipped`): nearly always another program had the core meanwhile. The few events at a program's start that need
 *    longer for their new pages and rules count as too cheap.
 *  - what a timing takes by itself is measured at the start (the mean of some that nothing interrupted) and subtracted;
 *    a single difference may then be negative, and is added as it is, for cut off at 0 the sum would be too high.
 *  - not in it: the hook's instructions around the recording (the call, the look whether this is the outermost one, the
 *    real function's address), and what the recording does to caches and branch prediction of the program after it; the
 *    hooks that only count (io.c, marks.c).
 *
 *	void heap_released(void *pointer)
 *	{
 *		if (UNLIKELY(cost_is_due())) {
 *			COST_TIMED(COST_RELEASE, heap_released(pointer));
 *			return;
 *		}
 *		...
 */
#ifndef SEEP_COST_H
#define SEEP_COST_H

#include "cycles_x86_64.h"
#include "state.h"

/* Measures what a timing takes. Before the first event. */
void cost_init(void);
/* In the child: its choice is its own from here. */
void cost_after_fork(void);

/*
 * Once for each event, before anything that may spare the hook work (not sampled, not known): that is part of the cost.
 * The event that is due calls itself between the two.
 */
static inline bool cost_is_due(void)
{
	return --local.cost_left < 0;
}
bool cost_choose(void); /* the next one; false: this one is not timed after all */
void cost_add(uint64_t cycles, enum arena_cost_part part);

/* Both are inline, so that the code between the two readings is what runs untimed, and has been fetched before them. */
static inline uint64_t cost_begin(void)
{
	return LIKELY(cost_choose()) ? cycles_now() : 0;
}
static inline void cost_end(uint64_t began, enum arena_cost_part part)
{
	if (LIKELY(began != 0))
		cost_add(cycles_now() - began, part);
}
/* `again` is the function's call of itself, so that the same code runs timed and untimed. */
#define COST_TIMED(part, again)                     \
	do {                                        \
		uint64_t cost_began = cost_begin(); \
                                                    \
		again;                              \
		cost_end(cost_began, part);         \
	} while (0)

#endif
