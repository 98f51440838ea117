/* SPDX-License-Identifier: MIT */
#include "utf8.h"

#include <string.h>

size_t utf8_size(const char *bytes)
{
	const unsigned char *text = (const unsigned char *)bytes;
	size_t size = text[0] < 0x80   ? 1
		      : text[0] < 0xc2 ? 0
		      : text[0] < 0xe0 ? 2
		      : text[0] < 0xf0 ? 3
		      : text[0] < 0xf5 ? 4
				       : 0;

	for (size_t i = 1; i < size; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return size;
}

bool utf8_is_valid(const char *text)
{
	size_t length;

	for (; *text; text += length) {
		length = utf8_size(text);
		if (!length)
			return false;
	}
	return true;
}

void utf8_make(char *text)
{
	size_t length;

	for (; *text; text += length) {
		length = utf8_size(text);
		if (!length) {
			*text = '?';
			length = 1;
		}
	}
}

size_t utf8_next(const char *text, bool *is_shown)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t size = utf8_size(text);
	bool is_control = size == 1 ? bytes[0] < 0x20 || bytes[0] == 0x7f : bytes[0] == 0xc2 && bytes[1] < 0xa0;

	*is_shown = size && !is_control;
	return size ? size : 1;
}

void utf8_make_line(char *text)
{
	char *to = text;

	while (*text) {
		bool is_shown;
		size_t size = utf8_next(text, &is_shown);

		if (is_shown) {
			memmove(to, text, size);
			to += size;
		} else {
			*to++ = '?';
		}
		text += size;
	}
	*to = '\0';
}
