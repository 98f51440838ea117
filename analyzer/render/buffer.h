/* SPDX-License-Identifier: MIT */
/*
 * buffer.h - the text of a report: it grows in memory and is printed once.
 *
 * Zeroed is valid and empty; release with buffer_release(). Running out of memory ends the program (memory.h).
 */
#ifndef SEEP_BUFFER_H
#define SEEP_BUFFER_H

#include <stddef.h>
#include <stdio.h>

struct buffer {
	char *text; /* NUL-terminated once something was added; NULL before */
	size_t size, capacity;
};

void buffer_add(struct buffer *buffer, const char *text);
void buffer_add_bytes(struct buffer *buffer, const char *bytes, size_t size);
void buffer_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_release(struct buffer *buffer);

/* Writes and flushes: 0, or the errno value. */
int buffer_print(const struct buffer *buffer, FILE *to);

#endif
