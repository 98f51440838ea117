/* SPDX-License-Identifier: MIT */
/*
 * sampling.h - which heap blocks are recorded when not all are. What the estimates are is in weights.h.
 *
 * Each thread counts down the bytes to the next point of its own. When that is reached the block is recorded, in a site
 * that tells the interval, and a new gap is drawn with the interval that the arena has now. The gap under way keeps the
 * interval it was drawn with: so the interval may change at any time, to and from 0 (every block is recorded), and each
 * block has the weight of the interval that it was really subject to.
 *
 * A signal handler that allocates between the load and the store of the count may have its own bytes, or a gap it has
 * drawn, forgotten: one gap among millions is then too short.
 *
 * The filter answers for most frees that the block is not in the live map, from 64 KiB that stay in the cache: a
 * counter for the recorded blocks of each 32 bytes, modulo 2 MiB. It is there in processes that were sampled from their
 * start; otherwise blocks of before would fill it.
 */
#ifndef SEEP_SAMPLING_H
#define SEEP_SAMPLING_H

#include "live.h"
#include "weights.h"

/*
 * True if the block is not sampled: nothing else is to be done for it. The fast path, before anything but the choice of
 * what is timed (cost.h): what a block costs that is not sampled is part of the hooks' cost.
 */
static inline bool sampling_skips(size_t size)
{
	int64_t left = local.sample_left - (int64_t)weights_charge(size);

	if (left <= 0)
		return false;
	local.sample_left = left;
	return true;
}

/* After sampling_skips() was false, in an active process: true if the block is recorded, *interval telling how. */
bool sampling_draws(size_t size, uint64_t *interval);
static inline bool sampling_records(size_t size, uint64_t *interval)
{
	*interval = 0;
	if (LIKELY((local.sample_interval | __atomic_load_n(&shim.arena->sample_interval, __ATOMIC_RELAXED)) == 0))
		return true;
	return sampling_draws(size, interval);
}

/*
 * The filter. A block is entered before it is put into the live map, and forgotten after it was taken out. Neighbours
 * have neighbouring counters, so that as much of the filter is in use as of the heap: a line for 2 KiB. glibc's chunks
 * lie at least 32 bytes apart: none shares its counter with the next.
 */
enum { FILTER_BITS = 16, FILTER_GRANULE_BITS = 5 };
extern uint8_t sampling_filter[1 << FILTER_BITS];
static inline uint8_t *sampling_place(uintptr_t address)
{
	return &sampling_filter[address >> FILTER_GRANULE_BITS & ((1 << FILTER_BITS) - 1)];
}
static inline bool sampling_never_saw(uintptr_t address)
{
	return shim.has_filter && __atomic_load_n(sampling_place(address), __ATOMIC_RELAXED) == 0;
}
void filter_enter(uintptr_t address); /* whether there is one or not */
void sampling_enter(uintptr_t address);
void sampling_forget(uintptr_t address);

/* True if this process may have blocks that were not recorded. */
static inline bool sampling_was_on(void)
{
	return atomic_load_explicit(&shim.was_sampled, memory_order_relaxed);
}

/* What a block adds to the estimates of its site, `times` 1 or -1; nothing if that has no interval. */
void estimate_acquire(struct live_block block);
void estimate_release(struct live_block block, int64_t times);
void estimate_temporary(struct live_block block);

/* A process that begins; a forked child, whose points must not be its parent's. */
void sampling_start(void);
void sampling_after_fork(void);

#endif
