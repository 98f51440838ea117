/* SPDX-License-Identifier: MIT */
/* playground_fixed.c - a list of the newest strings, and file providers that are closed. */
#include "playground.h"

#include <stdlib.h>
#include <unistd.h>

enum { STRINGS_KEPT = 64 };

void string_keep(struct string_list *list, struct string *string)
{
	*list->last = string;
	list->last = &string->next;
	list->count++;
	if (list->count > STRINGS_KEPT) {
		struct string *oldest = list->first;

		list->first = oldest->next;
		list->count--;
		free(oldest);
	}
}

void provider_done(int provider)
{
	close(provider);
}
