/* SPDX-License-Identifier: MIT */
/*
 * events.h - counting what happens to the process (arena.h lists it): no stack, no section, one addition.
 *
 * Each thread has a line of the slot's page of events to itself, or, where there are more of them than shards, shares
 * one with few others. Async-signal-safe; errno is kept. Nothing is counted in a vfork child.
 */
#ifndef SEEP_EVENTS_H
#define SEEP_EVENTS_H

#include "state.h"

static inline bool events_are_counted(void)
{
	return (shim_records() && LIKELY(!shim_in_vfork_child)) || shim_active(false);
}

struct event_line {
	uint64_t *count;   /* by enum arena_event */
	bool is_exclusive; /* no other thread adds to it */
};

/* Only where events_are_counted(). */
static inline struct event_line event_line(void)
{
	const struct thread *thread = thread_self();

	return (struct event_line){shim.slot.events[thread->event_line].count, thread->shard != SHARED_SHARD};
}

static inline void event_add(enum arena_event event, uint64_t count)
{
	struct event_line line;

	if (!events_are_counted())
		return;
	line = event_line();
	counter_add(&line.count[event], count, line.is_exclusive);
}

#endif
