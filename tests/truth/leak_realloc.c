/* SPDX-License-Identifier: MIT */
/* leak_realloc.c - a history that is one block, made longer by each request, for ever. */
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRY_SIZE = 100 };

static char *history;
static size_t history_size;

static bool history_append(const struct request *request)
{
	char *longer = realloc(history, history_size + ENTRY_SIZE);

	if (!longer)
		return false;
	history = longer;
	memset(history + history_size, 0, ENTRY_SIZE);
	snprintf(history + history_size, ENTRY_SIZE, "put %u %s", request->key, request->value ? request->value : "");
	history_size += ENTRY_SIZE;
	return request->value != NULL;
}

const struct service service = {.answer = history_append};
