/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"

static void *checked(void *memory)
{
	if (memory)
		return memory;
	fputs("seep: not enough memory for this report; narrow it with --type, --process or --focus\n", stderr);
	exit(SEEP_EXIT_UNKNOWN);
}

void *memory_zeroed(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *memory_copy(const void *from, size_t bytes)
{
	void *copy = memory_zeroed(1, bytes);

	if (bytes)
		memcpy(copy, from, bytes);
	return copy;
}

char *memory_string(const char *text)
{
	return checked(strdup(text));
}

char *memory_format(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return checked(text);
}

void *memory_grow(void *items, size_t *capacity, size_t wanted, size_t size)
{
	size_t grown = *capacity ? *capacity : 16;

	if (wanted <= *capacity)
		return items;
	while (grown < wanted)
		grown *= 2;
	items = checked(reallocarray(items, grown, size));
	*capacity = grown;
	return items;
}
