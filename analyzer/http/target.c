/* SPDX-License-Identifier: MIT */
#include "target.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_control(unsigned char byte)
{
	return byte < 0x20 || byte == 0x7f;
}

static unsigned hex_value(char digit)
{
	return isdigit((unsigned char)digit) ? (unsigned)(digit - '0') : (unsigned)(tolower(digit) - 'a') + 10;
}

/* Decodes up to `end` in place; false: an escape that is none, or hides a control character. */
static bool decode(char *text, const char *end, bool plus_is_space)
{
	char *to = text;

	for (const char *from = text; from < end; from++) {
		unsigned char byte = (unsigned char)*from;

		if (byte == '%') {
			if (end - from < 3 || !isxdigit((unsigned char)from[1]) || !isxdigit((unsigned char)from[2]))
				return false;
			byte = (unsigned char)(hex_value(from[1]) << 4 | hex_value(from[2]));
			from += 2;
		} else if (byte == '+' && plus_is_space) {
			byte = ' ';
		}
		if (is_control(byte))
			return false;
		*to++ = (char)byte;
	}
	*to = '\0';
	return true;
}

/* Of "name=value"; what has no name is left out. */
static enum target_fault add_parameter(struct target *target, char *text, char *end)
{
	char *equals = memchr(text, '=', (size_t)(end - text));
	char *value = equals ? equals + 1 : end;

	if (end == text)
		return TARGET_FINE;
	if (target->parameter_count == HTTP_PARAMETERS_MOST)
		return TARGET_TOO_MANY;
	if (!decode(value, end, true) || !decode(text, equals ? equals : end, true))
		return TARGET_MALFORMED;
	if (*text)
		target->parameters[target->parameter_count++] = (struct target_parameter){text, value};
	return TARGET_FINE;
}

static enum target_fault add_parameters(struct target *target, char *query)
{
	enum target_fault fault = TARGET_FINE;

	while (query && !fault) {
		char *end = query + strcspn(query, "&");
		char *next = *end ? end + 1 : NULL;

		*end = '\0';
		fault = add_parameter(target, query, end);
		query = next;
	}
	return fault;
}

static bool has_plain_bytes(const char *raw)
{
	for (; *raw; raw++)
		if (is_control((unsigned char)*raw) || *raw == ' ')
			return false;
	return true;
}

static enum target_fault parse(char *text, struct target *out)
{
	char *query = strchr(text, '?');
	char *end = query ? query : text + strlen(text);

	if (query)
		*query++ = '\0';
	if (!decode(text, end, false))
		return TARGET_MALFORMED;
	out->path = text;
	return add_parameters(out, query);
}

enum target_fault target_parse(const char *raw, struct target *out)
{
	enum target_fault fault;

	*out = (struct target){0};
	if (strnlen(raw, HTTP_TARGET_BYTES + 1) > HTTP_TARGET_BYTES)
		return TARGET_TOO_LONG;
	if (raw[0] != '/' || !has_plain_bytes(raw))
		return TARGET_MALFORMED;
	out->text = strdup(raw);
	if (!out->text)
		return TARGET_NO_MEMORY;
	fault = parse(out->text, out);
	if (fault)
		target_release(out);
	return fault;
}

void target_release(struct target *target)
{
	free(target->text);
	*target = (struct target){0};
}

const char *target_value(const struct target *target, const char *name)
{
	for (size_t i = 0; i < target->parameter_count; i++)
		if (!strcmp(target->parameters[i].name, name))
			return target->parameters[i].value;
	return NULL;
}
