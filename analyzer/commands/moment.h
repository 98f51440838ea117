/* SPDX-License-Identifier: MIT */
/*
 * moment.h - the times that --since and --until take.
 *
 *   2026-11-21T14:02:03   local time; seconds may be left out, 'T' may be a blank; a final 'Z' makes it UTC
 *   14:02  14:02:03       local time of the recording's last day, or of the day before if that is not yet reached
 *   10m  -10m  -1h30m     before the end of the recording (units s, m, h, d)
 *   +30s                  after its start
 *   @1763733723           seconds since 1970, with or without a fraction
 *
 * Parsing needs no recording, so a mistake is told before one is opened.
 */
#ifndef SEEP_MOMENT_H
#define SEEP_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

enum moment_form {
	MOMENT_NONE = 0, /* not given */
	MOMENT_ABSOLUTE,
	MOMENT_OF_DAY,
	MOMENT_BEFORE_END,
	MOMENT_AFTER_START,
};

struct moment {
	enum moment_form form;
	int64_t ns; /* since 1970; since midnight; a duration */
};

/* False if the text is none of the above. */
bool moment_parse(const char *text, struct moment *out);

/* Nanoseconds since 1970; start and end are the recording's. Not for MOMENT_NONE. */
int64_t moment_resolve(struct moment moment, int64_t start_ns, int64_t end_ns);

#endif
