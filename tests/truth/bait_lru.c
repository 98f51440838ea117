/* SPDX-License-Identifier: MIT */
/* bait_lru.c - a cache of at most 200 of 1,000 keys: the least recently used makes room for each new one. */
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>

enum { ENTRIES_MAX = 200 };

struct entry {
	struct entry *newer, *older;
	unsigned key;
	char value[500];
};

/* A ring: `ring.older` is the newest entry, `ring.newer` the oldest. */
static struct entry ring = {.newer = &ring, .older = &ring};
static size_t count;

static void entry_remove(struct entry *entry)
{
	entry->newer->older = entry->older;
	entry->older->newer = entry->newer;
	count--;
}

static void entry_add(struct entry *entry)
{
	entry->newer = &ring;
	entry->older = ring.older;
	ring.older->newer = entry;
	ring.older = entry;
	count++;
}

static struct entry *entry_find(unsigned key)
{
	struct entry *entry = ring.older;

	while (entry != &ring && entry->key != key)
		entry = entry->older;
	return entry == &ring ? NULL : entry;
}

static struct entry *entry_new(unsigned key)
{
	struct entry *entry = malloc(sizeof(*entry)), *oldest = ring.newer;

	if (!entry)
		return NULL;
	if (count == ENTRIES_MAX) {
		entry_remove(oldest);
		free(oldest);
	}
	entry->key = key;
	return entry;
}

static bool cache_put(const struct request *request)
{
	struct entry *entry = entry_find(request->key);

	if (!request->value)
		return false;
	if (entry)
		entry_remove(entry);
	else
		entry = entry_new(request->key);
	if (!entry)
		return false;
	snprintf(entry->value, sizeof(entry->value), "%s", request->value);
	entry_add(entry);
	return true;
}

const struct service service = {.answer = cache_put};
