/* SPDX-License-Identifier: MIT */
#include "batch.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "../base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

const struct batch_table_row *batch_table(enum batch_table table)
{
	static const struct batch_table_row tables[TABLE_COUNT] = {
#define X(id, table, key, mode) [TABLE_##id] = {#table, key, BATCH_##mode},
		PUSH_TABLES(X)
#undef X
	};

	return &tables[table];
}

void batch_add_column(struct batch_rows *rows, const char *name)
{
	assert(rows->column_count < BATCH_COLUMNS && "a table has more columns than batch.h thinks");
	rows->is_given = true;
	rows->columns[rows->column_count++] = memory_string(name);
}

/* The text before a value, and after it. */
static void begin_value(struct batch_rows *rows)
{
	if (rows->filled)
		buffer_add(&rows->text, "\t");
}

static void end_value(struct batch_rows *rows)
{
	if (++rows->filled < rows->column_count)
		return;
	buffer_add(&rows->text, "\n");
	rows->filled = 0;
	rows->count++;
}

void batch_add_null(struct batch_rows *rows)
{
	begin_value(rows);
	buffer_add(&rows->text, "\\N");
	end_value(rows);
}

/* Most of what is pushed are numbers: printf() would take half of the time. */
void batch_add_integer(struct batch_rows *rows, int64_t value)
{
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (value < 0)
		digits[--at] = '-';
	begin_value(rows);
	buffer_add_bytes(&rows->text, digits + at, sizeof(digits) - at);
	end_value(rows);
}

void batch_add_real(struct batch_rows *rows, double value)
{
	if (isnan(value)) {
		batch_add_null(rows);
		return;
	}
	begin_value(rows);
	if (value == 0) /* as nearly all variances are */
		buffer_add(&rows->text, "0");
	else if (isinf(value))
		buffer_add(&rows->text, value > 0 ? "Infinity" : "-Infinity");
	else
		buffer_format(&rows->text, "%.17g", value);
	end_value(rows);
}

void batch_add_boolean(struct batch_rows *rows, bool value)
{
	begin_value(rows);
	buffer_add(&rows->text, value ? "t" : "f");
	end_value(rows);
}

void batch_add_text(struct batch_rows *rows, const char *text)
{
	if (text)
		batch_add_bytes(rows, text, strlen(text));
	else
		batch_add_null(rows);
}

/* What would end a value or a row, or begin an escape; 0: the byte is as it is. */
static char escape_of(char byte)
{
	switch (byte) {
	case '\t':
		return 't';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\\':
		return '\\';
	default:
		return 0;
	}
}

void batch_add_bytes(struct batch_rows *rows, const char *text, size_t size)
{
	char tail[8] = ""; /* a character is looked at with what comes after it: never beyond the end */

	begin_value(rows);
	for (size_t at = 0; at < size;) {
		size_t left = size - at, length;
		char escape = escape_of(text[at]);

		memset(tail, 0, sizeof(tail));
		memcpy(tail, text + at, left < 4 ? left : 4);
		length = text[at] ? utf8_size(tail) : 0;
		if (escape)
			buffer_format(&rows->text, "\\%c", escape);
		else if (length)
			buffer_add_bytes(&rows->text, text + at, length);
		else
			buffer_add(&rows->text, REPLACEMENT);
		at += length ? length : 1;
	}
	end_value(rows);
}

size_t batch_size(const struct batch *batch)
{
	size_t size = 0;

	for (size_t i = 0; i < TABLE_COUNT; i++)
		size += batch->tables[i].count;
	return size;
}

void batch_release(struct batch *batch)
{
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		struct batch_rows *rows = &batch->tables[i];

		for (size_t j = 0; j < rows->column_count; j++)
			free(rows->columns[j]);
		buffer_release(&rows->text);
	}
	*batch = (struct batch){0};
}
