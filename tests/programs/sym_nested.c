/* SPDX-License-Identifier: MIT */
/*
 * sym_nested.c - inline functions in inline functions, for the symbolizer. SYM_PADDING moves lines and code, so that a
 * second build has another build-id.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INLINED static inline __attribute__((always_inline))
#define FRAME __attribute__((noinline, noclone))

struct table {
	char **rows;
	size_t count;
};

/* Exported, so that a stripped build with -rdynamic still names them; table_free is not. */
int sym_padding(int value);
size_t table_fill(struct table *table, int rows);
uint64_t table_sum(const struct table *table);

#ifdef SYM_PADDING
FRAME int sym_padding(int value)
{
	return value * SYM_PADDING + 1;
}
#endif

INLINED void *checked(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

INLINED char *text_copy(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = checked(malloc(size));

	memcpy(copy, text, size);
	return copy;
}

INLINED void table_add(struct table *table, const char *text)
{
	table->rows = checked(realloc(table->rows, (table->count + 1) * sizeof(*table->rows)));
	table->rows[table->count++] = text_copy(text);
}

FRAME size_t table_fill(struct table *table, int rows)
{
	char text[32];

	for (int i = 0; i < rows; i++) {
		snprintf(text, sizeof(text), "row %d", i);
		if (i % 3)
			table_add(table, text);
		else
			table_add(table, "a third");
	}
	return table->count;
}

FRAME uint64_t table_sum(const struct table *table)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < table->count; i++)
		for (const char *at = table->rows[i]; *at; at++)
			sum = sum * 31 + (unsigned char)*at;
	return sum;
}

static FRAME void table_free(struct table *table)
{
	while (table->count)
		free(table->rows[--table->count]);
	free(table->rows);
}

int main(int argc, char **argv)
{
	struct table table = {0};
	int rows = argc > 1 ? atoi(argv[1]) : 10;

	printf("%zu rows, %llu\n", table_fill(&table, rows), (unsigned long long)table_sum(&table));
	table_free(&table);
#ifdef SYM_PADDING
	return sym_padding(rows) == 0;
#else
	return 0;
#endif
}
