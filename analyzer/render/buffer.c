/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"

/* What most additions fit in: they are formatted once. */
enum { USUAL_ROOM = 64 };

void buffer_add_bytes(struct buffer *buffer, const char *bytes, size_t size)
{
	buffer->text = memory_grow(buffer->text, &buffer->capacity, buffer->size + size + 1, 1);
	memcpy(buffer->text + buffer->size, bytes, size);
	buffer->size += size;
	buffer->text[buffer->size] = '\0';
}

void buffer_add(struct buffer *buffer, const char *text)
{
	buffer_add_bytes(buffer, text, strlen(text));
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	size_t room;
	int size;

	buffer->text = memory_grow(buffer->text, &buffer->capacity, buffer->size + USUAL_ROOM, 1);
	room = buffer->capacity - buffer->size;
	va_start(arguments, format);
	size = vsnprintf(buffer->text + buffer->size, room, format, arguments);
	va_end(arguments);
	if (size < 0) {
		buffer->text[buffer->size] = '\0';
		return;
	}
	if ((size_t)size >= room) {
		buffer->text = memory_grow(buffer->text, &buffer->capacity, buffer->size + (size_t)size + 1, 1);
		va_start(arguments, format);
		vsnprintf(buffer->text + buffer->size, (size_t)size + 1, format, arguments);
		va_end(arguments);
	}
	buffer->size += (size_t)size;
}

void buffer_release(struct buffer *buffer)
{
	free(buffer->text);
	*buffer = (struct buffer){0};
}

int buffer_print(const struct buffer *buffer, FILE *to)
{
	errno = 0;
	if (fwrite(buffer->text ? buffer->text : "", 1, buffer->size, to) != buffer->size || fflush(to))
		return errno ? errno : EIO;
	return 0;
}
