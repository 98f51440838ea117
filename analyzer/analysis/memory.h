/* SPDX-License-Identifier: MIT */
/*
 * memory.h - memory for reports: these functions return it or do not return.
 *
 * A report that has no memory has nothing to say: they print one sentence and exit with SEEP_EXIT_UNKNOWN, so
 * that analysis and render need no error path for it. Nothing that runs for long (recorder, store) uses them.
 */
#ifndef SEEP_MEMORY_H
#define SEEP_MEMORY_H

#include <stddef.h>

/* `count` zeroed items of `size` bytes; free() them. Never NULL. */
void *memory_zeroed(size_t count, size_t size);

/* A copy of `bytes` bytes; free() it. */
void *memory_copy(const void *from, size_t bytes);
char *memory_string(const char *text);
char *memory_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Room for at least `wanted` items of `size` bytes: returns `items`, or the array where it has moved to,
 * with *capacity (items) updated. Grows by doubling.
 */
void *memory_grow(void *items, size_t *capacity, size_t wanted, size_t size);

#endif
