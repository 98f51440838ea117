/* SPDX-License-Identifier: MIT */
/*
 * target.h - what a request asks for: "/api/series?recording=0&since=12", taken apart and decoded. Pure.
 *
 * Hostile input: whatever the bytes are, a target is either refused or has a path that begins with '/' and parameters
 * in which no control character is. RFC 3986 section 3, and for the query application/x-www-form-urlencoded: '+' is a
 * space. Decoded once: "%252e" is "%2e".
 */
#ifndef SEEP_HTTP_TARGET_H
#define SEEP_HTTP_TARGET_H

#include <stddef.h>

enum { HTTP_TARGET_BYTES = 8192, HTTP_PARAMETERS_MOST = 64 };

/* Zeroed is valid and empty; release with target_release(). The strings lie in `text`. */
struct target {
	char *text;
	const char *path;
	struct target_parameter {
		const char *name, *value;
	} parameters[HTTP_PARAMETERS_MOST];
	size_t parameter_count;
};

enum target_fault {
	TARGET_FINE,
	TARGET_MALFORMED, /* no path, an escape that is none, a control character, ... */
	TARGET_TOO_LONG,
	TARGET_TOO_MANY, /* parameters */
	TARGET_NO_MEMORY,
};

/* What is refused leaves `out` empty. */
enum target_fault target_parse(const char *raw, struct target *out);
void target_release(struct target *target);

/* The first parameter of that name; NULL: there is none. */
const char *target_value(const struct target *target, const char *name);

#endif
