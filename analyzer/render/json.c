/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <math.h>
#include <string.h>

static void add_line(struct json *json)
{
	buffer_add(json->out, "\n");
	for (unsigned i = 0; i < json->depth; i++)
		buffer_add(json->out, "  ");
}

/* The bytes of the UTF-8 sequence at `text`, 0 if it is none. Overlong forms and surrogates are none. */
static size_t sequence_size(const unsigned char *text)
{
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

static void add_character(struct json *json, const char *text, size_t size)
{
	switch (*text) {
	case '"':
		buffer_add(json->out, "\\\"");
		return;
	case '\\':
		buffer_add(json->out, "\\\\");
		return;
	case '\n':
		buffer_add(json->out, "\\n");
		return;
	case '\t':
		buffer_add(json->out, "\\t");
		return;
	default:
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			buffer_format(json->out, "\\u%04x", (unsigned)(unsigned char)*text);
		else
			buffer_add_bytes(json->out, text, size);
	}
}

static void add_quoted(struct json *json, const char *text)
{
	buffer_add(json->out, "\"");
	while (*text) {
		size_t size = sequence_size((const unsigned char *)text);

		if (size)
			add_character(json, text, size);
		else
			buffer_add(json->out, "\\ufffd");
		text += size ? size : 1;
	}
	buffer_add(json->out, "\"");
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
	add_quoted(json, key);
	buffer_add(json->out, ": ");
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
	if (!json->depth)
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
	add_quoted(json, text);
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
