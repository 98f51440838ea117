/* SPDX-License-Identifier: MIT */
#include "idmap.h"

#include <stdlib.h>

#include "error.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct idmap_key {
	uint64_t a, b;
};

struct idmap_entry {
	struct idmap_key key;
	uint32_t id;
	UT_hash_handle hh;
};

static struct idmap_entry *find(const struct idmap *map, uint64_t a, uint64_t b)
{
	struct idmap_key key = {a, b};
	struct idmap_entry *entry;

	HASH_FIND(hh, map->entries, &key, sizeof(key), entry);
	return entry;
}

uint32_t idmap_find(const struct idmap *map, uint64_t a, uint64_t b)
{
	const struct idmap_entry *entry = find(map, a, b);

	return entry ? entry->id : 0;
}

int idmap_put(struct idmap *map, uint64_t a, uint64_t b, uint32_t id)
{
	struct idmap_entry *entry = find(map, a, b);

	if (entry) {
		entry->id = id;
		return SEEP_OK;
	}
	entry = malloc(sizeof(*entry));
	if (!entry)
		return SEEP_ERR_MEMORY;
	entry->key = (struct idmap_key){a, b};
	entry->id = id;
	entry->hh.tbl = NULL;
	HASH_ADD(hh, map->entries, key, sizeof(entry->key), entry);
	if (entry->hh.tbl)
		return SEEP_OK;
	free(entry);
	return SEEP_ERR_MEMORY;
}

size_t idmap_count(const struct idmap *map)
{
	return HASH_COUNT(map->entries);
}

void idmap_clear(struct idmap *map)
{
	struct idmap_entry *entry = map->entries;
	struct idmap_entry *next;

	if (!entry)
		return;
	HASH_CLEAR(hh, map->entries); /* frees the table, not the entries: they are still chained */
	for (; entry; entry = next) {
		next = entry->hh.next;
		free(entry);
	}
	map->entries = NULL;
}
