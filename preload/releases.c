/* SPDX-License-Identifier: MIT */
#include "releases.h"

#include "index.h"
#include "slot.h"

enum { PROBES = 16 };

/* The pair's entry, taken now if it is new; NULL: no room near its place. */
static struct arena_release *entry_find(struct arena_release *table, uint32_t capacity, uint64_t key)
{
	uint64_t home = index_spread(key) >> 32;

	for (uint32_t i = 0; i < PROBES; i++) {
		struct arena_release *entry = &table[(home + i) & (capacity - 1)];
		uint64_t found = __atomic_load_n(&entry->key, __ATOMIC_RELAXED);

		if (!found &&
		    __atomic_compare_exchange_n(&entry->key, &found, key, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
			__atomic_fetch_add(&arena_slot()->releases_used, 1, __ATOMIC_RELAXED);
			return entry;
		}
		if (found == key)
			return entry;
	}
	return NULL;
}

void release_note_at(struct site_id site, struct node_id node)
{
	uint32_t capacity;
	struct arena_release *table = arena_release_table(&capacity);
	struct arena_release *entry;

	if (!table || !site.n || !node.n)
		return;
	entry = entry_find(table, capacity, (uint64_t)site.n << 32 | node.n);
	if (entry)
		__atomic_fetch_add(&entry->noted, 1, __ATOMIC_RELAXED);
}

COLD void release_note(struct site_id site)
{
	if (site.n)
		release_note_at(site, node_noted(HERE));
}
