/* SPDX-License-Identifier: MIT */
/*
 * live_leaf.h - the states of a leaf of the live map, between live.c, which fills leaves, and live_sweep.c, which gives
 * back empty ones.
 *
 *	none --put--> in use <--put-- retiring <-- in use         (a sweep asks whether it is empty)
 *	              in use <--put-- idle <-- discarding <-- retiring  (its pages are gone)
 *
 * In use is the address itself, a positive number. Retiring still holds words: takes look there. Discarding and idle
 * hold none. Each step is a compare-and-swap, so that a put never waits: it takes a retiring or idle leaf back,
 * and puts a fresh one in the place of one that is being discarded.
 */
#ifndef SEEP_LIVE_LEAF_H
#define SEEP_LIVE_LEAF_H

#include "live.h"

static inline intptr_t leaf_in(enum leaf_state state, intptr_t address)
{
	return INTPTR_MIN | address | (intptr_t)state;
}

static inline size_t leaf_bytes(enum live_level level)
{
	return ((size_t)sizeof(live_word) << REGION_BITS) >> live_shifts[level];
}

/* The tops of the maps of handles, made at first use, by enum live_map. */
extern _Atomic(_Atomic(struct live_region *) *) live_handle_tops[LIVE_MAPS];

/* All regions of the heap's map that have leaves; grows at the head. */
extern _Atomic(struct live_region *) live_regions;

#endif
