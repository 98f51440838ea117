/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/utf8.h"

static void add_line(struct json *json)
{
	if (json->is_compact)
		return;
	buffer_add(json->out, "\n");
	for (unsigned i = 0; i < json->depth; i++)
		buffer_add(json->out, "  ");
}

static void add_character(struct buffer *out, const char *text, size_t size)
{
	switch (*text) {
	case '"':
		buffer_add(out, "\\\"");
		return;
	case '\\':
		buffer_add(out, "\\\\");
		return;
	case '\n':
		buffer_add(out, "\\n");
		return;
	case '\t':
		buffer_add(out, "\\t");
		return;
	default:
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			buffer_format(out, "\\u%04x", (unsigned)(unsigned char)*text);
		else
			buffer_add_bytes(out, text, size);
	}
}

void json_quote(struct buffer *out, const char *text)
{
	buffer_add(out, "\"");
	while (*text) {
		size_t size = utf8_size(text);

		if (size)
			add_character(out, text, size);
		else
			buffer_add(out, "\\ufffd");
		text += size ? size : 1;
	}
	buffer_add(out, "\"");
}

static void add_key(struct json *json, const char *key)
{
	if (json->has_items)
		buffer_add(json->out, ",");
	if (json->depth)
		add_line(json);
	json->has_items = true;
	if (!key)
		return;
	json_quote(json->out, key);
	buffer_add(json->out, json->is_compact ? ":" : ": ");
}

static void begin(struct json *json, const char *key, const char *bracket)
{
	add_key(json, key);
	buffer_add(json->out, bracket);
	json->depth++;
	json->has_items = false;
}

static void end(struct json *json, const char *bracket)
{
	json->depth--;
	if (json->has_items)
		add_line(json);
	buffer_add(json->out, bracket);
	json->has_items = true;
	if (!json->depth && !json->is_compact)
		buffer_add(json->out, "\n");
}

void json_begin_object(struct json *json, const char *key)
{
	begin(json, key, "{");
}

void json_end_object(struct json *json)
{
	end(json, "}");
}

void json_begin_array(struct json *json, const char *key)
{
	begin(json, key, "[");
}

void json_end_array(struct json *json)
{
	end(json, "]");
}

void json_string(struct json *json, const char *key, const char *text)
{
	if (!text) {
		json_null(json, key);
		return;
	}
	add_key(json, key);
	json_quote(json->out, text);
}

void json_int(struct json *json, const char *key, int64_t value)
{
	add_key(json, key);
	buffer_format(json->out, "%lld", (long long)value);
}

void json_uint(struct json *json, const char *key, uint64_t value)
{
	add_key(json, key);
	buffer_format(json->out, "%llu", (unsigned long long)value);
}

void json_real(struct json *json, const char *key, double value)
{
	if (!isfinite(value)) {
		json_null(json, key);
		return;
	}
	add_key(json, key);
	buffer_format(json->out, "%.6g", value);
}

/* Beyond the fifth digit there is an exponent, where that is shorter than zeros. */
static void add_short_whole(struct buffer *out, double value)
{
	unsigned exponent = 0;
	int64_t number;

	while (fabs(value) >= 99999.5) {
		value /= 10;
		exponent++;
	}
	number = llround(value);
	for (; exponent && exponent < 3; exponent--)
		number *= 10;
	for (; exponent && number % 10 == 0; exponent++)
		number /= 10;
	buffer_format(out, exponent ? "%llde%u" : "%lld", (long long)number, exponent);
}

void json_short(struct json *json, const char *key, double value)
{
	if (!isfinite(value)) {
		json_null(json, key);
		return;
	}
	add_key(json, key);
	if (fabs(value) < 1e15 && (value == trunc(value) || fabs(value) >= 1e5))
		add_short_whole(json->out, value);
	else
		buffer_format(json->out, "%.5g", value);
}

void json_seconds(struct json *json, const char *key, int64_t ns)
{
	int64_t ms = ns / 1000000;

	add_key(json, key);
	buffer_format(json->out, "%s%lld.%03lld", ms < 0 ? "-" : "", llabs(ms / 1000), llabs(ms % 1000));
}

/* Beyond it not every whole number is a double. */
#define MOST_WHOLE 0x1p53

static void add_number(struct buffer *out, double value)
{
	if (!isfinite(value))
		buffer_add(out, "null");
	else if (value == trunc(value) && fabs(value) <= MOST_WHOLE)
		buffer_format(out, "%lld", (long long)value);
	else
		buffer_format(out, "%.6g", value);
}

void json_numbers(struct json *json, const char *key, const double *values, size_t count)
{
	add_key(json, key);
	buffer_add(json->out, "[");
	for (size_t i = 0; i < count; i++) {
		buffer_add(json->out, i ? "," : "");
		add_number(json->out, values[i]);
	}
	buffer_add(json->out, "]");
}

void json_bool(struct json *json, const char *key, bool value)
{
	add_key(json, key);
	buffer_add(json->out, value ? "true" : "false");
}

void json_null(struct json *json, const char *key)
{
	add_key(json, key);
	buffer_add(json->out, "null");
}
