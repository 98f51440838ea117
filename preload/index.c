/* SPDX-License-Identifier: MIT */
#include "index.h"

#include "shim.h"
#include "sys.h"

struct index_table {
	uint64_t mask;
	_Atomic(uint64_t) used;
	struct index_table *older;
	_Atomic(uint64_t) entries[];
};

enum { FIRST_ENTRIES = 4096, MAX_PROBES = 64 };

static uint64_t entry_of(uint64_t hash, uint32_t id)
{
	return (hash & UINT64_C(0xffffffff00000000)) | id;
}

static uint32_t table_find(struct index_table *table, uint64_t hash, index_match *match, const void *key)
{
	for (uint64_t i = 0; i < MAX_PROBES; i++) {
		uint64_t entry = atomic_load_explicit(&table->entries[(hash + i) & table->mask], memory_order_acquire);

		if (entry == 0)
			return 0;
		if (((entry ^ hash) >> 32) == 0 && match((uint32_t)entry, key))
			return (uint32_t)entry;
	}
	return 0;
}

/* The id that stands for the key afterwards, or 0: no room near its place. */
static uint32_t table_insert(struct index_table *table, uint64_t hash, uint32_t id, index_match *match, const void *key)
{
	for (uint64_t i = 0; i < MAX_PROBES; i++) {
		_Atomic(uint64_t) *place = &table->entries[(hash + i) & table->mask];
		uint64_t entry = atomic_load_explicit(place, memory_order_acquire);

		if (entry == 0 && atomic_compare_exchange_strong(place, &entry, entry_of(hash, id))) {
			atomic_fetch_add_explicit(&table->used, 1, memory_order_relaxed);
			return id;
		}
		if (((entry ^ hash) >> 32) == 0 && match((uint32_t)entry, key))
			return (uint32_t)entry;
	}
	return 0;
}

static struct index_table *index_extend(struct index *index, struct index_table *full)
{
	uint64_t size = full ? (full->mask + 1) * 2 : FIRST_ENTRIES;
	size_t bytes = sizeof(struct index_table) + size * sizeof(uint64_t);
	struct index_table *table = pages_map(bytes);

	if (!table)
		return NULL;
	table->mask = size - 1;
	table->older = full;
	if (atomic_compare_exchange_strong(&index->newest, &full, table))
		return table;
	sys_munmap(table, bytes);
	return full;
}

static struct index_table *index_table(struct index *index)
{
	struct index_table *table = atomic_load_explicit(&index->newest, memory_order_acquire);

	if (table && atomic_load_explicit(&table->used, memory_order_relaxed) <= table->mask / 2)
		return table;
	return index_extend(index, table);
}

uint32_t index_insert(struct index *index, uint64_t hash, uint32_t id, index_match *match, const void *key)
{
	for (int attempt = 0; attempt < 8; attempt++) {
		struct index_table *table = index_table(index);
		uint32_t standing;

		if (!table)
			return id;
		standing = table_insert(table, hash, id, match, key);
		if (standing)
			return standing;
		if (!index_extend(index, table))
			return id;
	}
	return id;
}

uint32_t index_find(struct index *index, uint64_t hash, index_match *match, const void *key)
{
	struct index_table *newest = atomic_load_explicit(&index->newest, memory_order_acquire);
	uint32_t id = 0;

	for (struct index_table *table = newest; table; table = table->older) {
		id = table_find(table, hash, match, key);
		if (!id)
			continue;
		return table == newest ? id : index_insert(index, hash, id, match, key);
	}
	return 0;
}
