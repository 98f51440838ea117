/* SPDX-License-Identifier: MIT */
/* bait_warm_up.c - 100 tables of a fixed size, each made when it is first asked for. */
#include "lines.h"

#include <stdlib.h>
#include <string.h>

enum { TABLES = 100, TABLE_SIZE = 4000 };

static unsigned *tables[TABLES];

static unsigned *table_make(unsigned number)
{
	unsigned *table = malloc(TABLE_SIZE);

	for (unsigned i = 0; table && i < TABLE_SIZE / sizeof(*table); i++)
		table[i] = i * number;
	return table;
}

static bool table_put(const struct request *request)
{
	unsigned number = request->key % TABLES;

	if (!tables[number])
		tables[number] = table_make(number);
	if (!tables[number] || !request->value)
		return false;
	tables[number][request->key / TABLES] = (unsigned)strlen(request->value);
	return true;
}

const struct service service = {.answer = table_put};
