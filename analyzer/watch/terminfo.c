/* SPDX-License-Identifier: MIT */
#include "terminfo.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>

bool terminfo_load(int descriptor)
{
	const char *name = getenv("TERM");
	int found;

	return name && *name && setupterm(NULL, descriptor, &found) == OK && cursor_address != NULL;
}

void terminfo_leave(char *out, size_t size)
{
	const char *const sequences[] = {exit_attribute_mode, cursor_normal, keypad_local, exit_ca_mode};
	size_t used = 0;

	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		size_t length = sequences[i] ? strlen(sequences[i]) : 0;

		if (!length || used + length >= size)
			continue;
		memcpy(out + used, sequences[i], length);
		used += length;
	}
	out[used] = '\0';
}
