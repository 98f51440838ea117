/* SPDX-License-Identifier: MIT */
#include "utf8.h"

#include <stddef.h>

/* Length of the UTF-8 sequence at `text`, 0 if it is none. Overlong forms and surrogates are let through: they harm
 * nobody. */
static size_t utf8_length(const unsigned char *text)
{
	size_t length = text[0] < 0x80             ? 1
			: (text[0] & 0xe0) == 0xc0 ? 2
			: (text[0] & 0xf0) == 0xe0 ? 3
			: (text[0] & 0xf8) == 0xf0 ? 4
						   : 0;

	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

bool utf8_is_valid(const char *text)
{
	size_t length;

	for (; *text; text += length) {
		length = utf8_length((const unsigned char *)text);
		if (!length)
			return false;
	}
	return true;
}

void utf8_make(char *text)
{
	size_t length;

	for (; *text; text += length) {
		length = utf8_length((const unsigned char *)text);
		if (!length) {
			*text = '?';
			length = 1;
		}
	}
}
