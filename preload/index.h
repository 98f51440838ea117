/* SPDX-License-Identifier: MIT */
/*
 * index.h - a lock-free, insert-only multimap from a 64-bit hash to small ids, in private memory.
 *
 * Several ids may stand under one hash: the caller's `match` decides which is meant. A full table is followed by
 * one of twice the size; entries found in an older one are copied to the newest. Entries are never removed: one that
 * stops matching (its module was unloaded) is passed over.
 *
 * Invariant: an entry is one 64-bit word, (hash's upper half, id), 0 empty; it is written once, by compare-and-swap.
 */
#ifndef SEEP_INDEX_H
#define SEEP_INDEX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct index_table;
struct index {
	_Atomic(struct index_table *) newest;
};

typedef bool index_match(uint32_t id, const void *key);

/* The id under `hash` for which match(id, key) holds, or 0. */
uint32_t index_find(struct index *index, uint64_t hash, index_match *match, const void *key);

/*
 * Puts id under hash unless a matching one is there already: returns the id that stands there in the end. With
 * no memory for a larger table the id is returned without being found again later.
 */
uint32_t index_insert(struct index *index, uint64_t hash, uint32_t id, index_match *match, const void *key);

static inline uint64_t index_hash(uint64_t a, uint64_t b)
{
	uint64_t h = (a + UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xbf58476d1ce4e5b9) ^ b;

	h ^= h >> 32;
	h *= UINT64_C(0x94d049bb133111eb);
	return h ^ h >> 29;
}

/* A quick hash of one word: take its highest bits (Knuth, The Art of Computer Programming 3, 6.4, on multiplication).
 */
static inline uint64_t index_spread(uint64_t value)
{
	return value * UINT64_C(0x9e3779b97f4a7c15);
}

#endif
