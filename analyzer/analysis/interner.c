/* SPDX-License-Identifier: MIT */
#include "interner.h"

#include <stdlib.h>

struct interned *intern(struct interned **table, char *key, size_t size, bool *is_new)
{
	struct interned *entry;

	HASH_FIND(hh, *table, key, size, entry);
	*is_new = !entry;
	if (entry) {
		free(key);
		return entry;
	}
	entry = memory_zeroed(1, sizeof(*entry));
	entry->key = key;
	entry->number = HASH_COUNT(*table);
	HASH_ADD_KEYPTR(hh, *table, entry->key, size, entry);
	return entry;
}

size_t interned_count(const struct interned *table)
{
	return HASH_COUNT(table);
}

void interned_release(struct interned *table)
{
	struct interned *entry, *next;

	HASH_ITER(hh, table, entry, next)
	{
		HASH_DEL(table, entry);
		free(entry->key);
		free(entry);
	}
}
