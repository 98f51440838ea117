/* SPDX-License-Identifier: MIT */
/* leak_error_path.c - a record a request: released when it was kept, and not when the request turns out to be wrong. */
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>

struct record {
	unsigned key;
	char value[200];
};

static struct record *record_new(unsigned key)
{
	struct record *record = calloc(1, sizeof(*record));

	if (record)
		record->key = key;
	return record;
}

static bool record_keep(const struct request *request)
{
	struct record *record = record_new(request->key);

	if (!record || !request->value)
		return false;
	snprintf(record->value, sizeof(record->value), "%s", request->value);
	free(record);
	return true;
}

const struct service service = {.answer = record_keep};
