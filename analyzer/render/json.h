/* SPDX-License-Identifier: MIT */
/*
 * json.h - writes JSON into a buffer: commas, indentation and escapes are its business.
 *
 * Begin and end must match; a key is NULL inside an array and at the top. Bytes that are not UTF-8 (paths may
 * be anything) become U+FFFD, so that the output is JSON whatever a server called its files.
 */
#ifndef SEEP_JSON_H
#define SEEP_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

struct json {
	struct buffer *out;
	bool is_compact; /* without blanks and newlines: for programs */
	unsigned depth;
	bool has_items; /* of the innermost open object or array */
};

void json_begin_object(struct json *json, const char *key);
void json_end_object(struct json *json);
void json_begin_array(struct json *json, const char *key);
void json_end_array(struct json *json);
void json_string(struct json *json, const char *key, const char *text); /* NULL: null */
void json_int(struct json *json, const char *key, int64_t value);
void json_uint(struct json *json, const char *key, uint64_t value);
void json_real(struct json *json, const char *key, double value); /* not finite: null */
/* The same, with at most 5 significant digits, in as few characters as that takes: 0.5, 20480, 12346e4. */
void json_short(struct json *json, const char *key, double value);
/* A time, of nanoseconds since 1970, in seconds to the millisecond. */
void json_seconds(struct json *json, const char *key, int64_t ns);
/* An array on one line: whole numbers exactly, others as json_real() has them; not finite: null. */
void json_numbers(struct json *json, const char *key, const double *values, size_t count);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

/* A JSON string alone, with its quotation marks. */
void json_quote(struct buffer *out, const char *text);

#endif
