/* SPDX-License-Identifier: MIT */
#include "utf8.h"

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
