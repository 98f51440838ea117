/* SPDX-License-Identifier: MIT */
/*
 * idmap.h - (two numbers) -> id, for what is looked up by its natural key: a tree node by parent and location.
 *
 * Open addressing of our own: a run of cc1 asks it 130,000 times, and with uthash that was a third of what the recorder
 * took to read the stacks.
 *
 * Zeroed is valid and empty. 0 is not an id: it means "not there". Owns its memory until idmap_clear().
 */
#ifndef SEEP_IDMAP_H
#define SEEP_IDMAP_H

#include <stddef.h>
#include <stdint.h>

struct idmap_entry;
struct idmap {
	struct idmap_entry *entries; /* open addressing, linear probing */
	size_t capacity;             /* a power of 2, or 0 */
	size_t count;
};

uint32_t idmap_find(const struct idmap *map, uint64_t a, uint64_t b);
/* Adds or replaces; `id` is not 0. Returns 0, or SEEP_ERR_MEMORY and the map is as it was. */
int idmap_put(struct idmap *map, uint64_t a, uint64_t b, uint32_t id);
size_t idmap_count(const struct idmap *map);
void idmap_clear(struct idmap *map);

#endif
