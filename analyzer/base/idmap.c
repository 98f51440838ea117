/* SPDX-License-Identifier: MIT */
#include "idmap.h"

#include <stdlib.h>

#include "error.h"

enum { LEAST_CAPACITY = 64 };

/* id 0: the place is free. */
struct idmap_entry {
	uint64_t a, b;
	uint32_t id;
};

/* Both numbers are small and close together mostly: the multiplications spread them over the upper bits. */
static size_t home(const struct idmap *map, uint64_t a, uint64_t b)
{
	uint64_t mixed = (a * 0x9e3779b97f4a7c15u ^ b) * 0xff51afd7ed558ccdu;

	return (size_t)(mixed ^ mixed >> 32) & (map->capacity - 1);
}

/* The entry's place, or the free one where it belongs: the table is never full. */
static struct idmap_entry *place(const struct idmap *map, uint64_t a, uint64_t b)
{
	size_t at = home(map, a, b);

	while (map->entries[at].id && (map->entries[at].a != a || map->entries[at].b != b))
		at = (at + 1) & (map->capacity - 1);
	return &map->entries[at];
}

uint32_t idmap_find(const struct idmap *map, uint64_t a, uint64_t b)
{
	return map->capacity ? place(map, a, b)->id : 0;
}

static int enlarge(struct idmap *map)
{
	struct idmap larger = {.capacity = map->capacity ? 2 * map->capacity : LEAST_CAPACITY, .count = map->count};

	larger.entries = calloc(larger.capacity, sizeof(*larger.entries));
	if (!larger.entries)
		return SEEP_ERR_MEMORY;
	for (size_t i = 0; i < map->capacity; i++) {
		const struct idmap_entry *entry = &map->entries[i];

		if (entry->id)
			*place(&larger, entry->a, entry->b) = *entry;
	}
	free(map->entries);
	*map = larger;
	return SEEP_OK;
}

int idmap_put(struct idmap *map, uint64_t a, uint64_t b, uint32_t id)
{
	struct idmap_entry *entry;

	/* three quarters at most */
	if (4 * (map->count + 1) > 3 * map->capacity && enlarge(map))
		return SEEP_ERR_MEMORY;
	entry = place(map, a, b);
	map->count += !entry->id;
	*entry = (struct idmap_entry){a, b, id};
	return SEEP_OK;
}

size_t idmap_count(const struct idmap *map)
{
	return map->count;
}

void idmap_clear(struct idmap *map)
{
	free(map->entries);
	*map = (struct idmap){0};
}
