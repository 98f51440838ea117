/* SPDX-License-Identifier: MIT */
/*
 * live.h - the live map: address of a block -> site, size, birth epoch.
 *
 * A two-level shadow of the address space, found by shift and load: no hash, no lock, because a block's entry belongs
 * to whoever owns the block. An entry is one word, written after the real malloc has returned and
 * cleared before the real free is called. Private memory, so that a forked child's map is that of its heap.
 *
 * Granule: 16 bytes; blocks at 8 modulo 16 (allocators that pack small blocks 8 bytes apart) have a second
 * shadow. A size too large for the word stands in the entry of the block's second granule, which the block covers.
 */
#ifndef SEEP_LIVE_H
#define SEEP_LIVE_H

#include "state.h"

struct live_block {
	struct site_id site; /* .n 0: unknown */
	uint32_t birth_epoch;
	uint64_t size;
};

/*
 * Handles are known by addresses that may be heap blocks' as well, or by numbers: maps of their own. Those of threads
 * and POSIX timers are empty in a forked child, as the child has none of either.
 */
enum live_map { LIVE_HEAP, LIVE_HANDLES, LIVE_TIMERS, LIVE_WATCHES, LIVE_THREADS };

/*
 * Enters a block; *previous gets what stood there (its release was not seen). False: no memory for that part of the
 * map. live_take() removes and returns the entry. Both are wait-free but for the mapping of a new leaf.
 */
bool live_put(enum live_map map, uintptr_t address, struct live_block block, struct live_block *previous);
struct live_block live_take(enum live_map map, uintptr_t address);

bool live_init(void);

#endif
