/* SPDX-License-Identifier: MIT */
/*
 * interner.h - numbers for what is met again and again: strings, and other bytes. Pure.
 *
 * A table is a pointer that is NULL while it is empty; it owns its keys. Release it with interned_release(). Without
 * memory these functions do not return (memory.h).
 */
#ifndef SEEP_INTERNER_H
#define SEEP_INTERNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory.h"

#define uthash_malloc(size) memory_zeroed(1, size)
#include <uthash.h>

struct interned {
	char *key;
	size_t number;  /* from 0, in the order of being met */
	uint64_t value; /* the caller's; 0 at first */
	UT_hash_handle hh;
};

/* The entry of a key of so many bytes, new or known: takes the key over. */
struct interned *intern(struct interned **table, char *key, size_t size, bool *is_new);
size_t interned_count(const struct interned *table);
void interned_release(struct interned *table);

#endif
