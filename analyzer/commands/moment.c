/* SPDX-License-Identifier: MIT */
#include "moment.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/clock.h"

#define DAY_NS (86400 * NS_PER_S)
#define MOST_SECONDS (100LL * 366 * 86400)

static int64_t unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	default:
		return 0;
	}
}

/* "1h30m" */
static bool parse_duration(const char *text, int64_t *out)
{
	int64_t sum = 0;

	if (!*text)
		return false;
	while (*text) {
		size_t size = strspn(text, "0123456789.");
		char *end;
		double number;
		int64_t unit;

		if (!isdigit((unsigned char)*text))
			return false;
		number = strtod(text, &end);
		if (end != text + size) /* hexadecimal, or with an exponent */
			return false;
		unit = unit_seconds(*end);
		if (!unit || number * (double)unit > MOST_SECONDS)
			return false;
		sum += (int64_t)(number * (double)unit * (double)NS_PER_S);
		if (sum > MOST_SECONDS * NS_PER_S)
			return false;
		text = end + 1;
	}
	*out = sum;
	return true;
}

static bool parse_whole(const char *text, const char *format, struct tm *parts)
{
	const char *end;

	*parts = (struct tm){.tm_mday = 1, .tm_isdst = -1};
	end = strptime(text, format, parts);
	return end && !*end;
}

/* A year like 20 or 20262 is a slip of the finger, and its nanoseconds would not fit. */
static bool set_absolute(int64_t seconds, struct moment *out)
{
	if (seconds < 0 || seconds > MOST_SECONDS)
		return false;
	*out = (struct moment){MOMENT_ABSOLUTE, seconds * NS_PER_S};
	return true;
}

static bool parse_absolute(const char *text, struct moment *out)
{
	static const char *const formats[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S",
					      "%Y-%m-%d %H:%M", "%Y-%m-%d"};
	char local[64];
	size_t size = strlen(text);
	bool is_utc = size && text[size - 1] == 'Z';
	struct tm parts;

	if (size >= sizeof(local))
		return false;
	memcpy(local, text, size + 1);
	if (is_utc)
		local[size - 1] = '\0';
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!parse_whole(local, formats[i], &parts))
			continue;
		return set_absolute(is_utc ? timegm(&parts) : mktime(&parts), out);
	}
	return false;
}

static bool parse_of_day(const char *text, struct moment *out)
{
	struct tm parts;

	if (!parse_whole(text, "%H:%M:%S", &parts) && !parse_whole(text, "%H:%M", &parts))
		return false;
	*out = (struct moment){MOMENT_OF_DAY, (parts.tm_hour * 3600LL + parts.tm_min * 60LL + parts.tm_sec) * NS_PER_S};
	return true;
}

/* As in `date -d @...`. */
static bool parse_epoch(const char *text, struct moment *out)
{
	size_t size = strspn(text, "0123456789.");
	char *end;
	double seconds;

	if (!isdigit((unsigned char)*text))
		return false;
	seconds = strtod(text, &end);
	if (end != text + size || *end || seconds > MOST_SECONDS)
		return false;
	*out = (struct moment){MOMENT_ABSOLUTE, (int64_t)(seconds * (double)NS_PER_S)};
	return true;
}

bool moment_parse(const char *text, struct moment *out)
{
	if (*text == '@')
		return parse_epoch(text + 1, out);
	if (*text == '+') {
		out->form = MOMENT_AFTER_START;
		return parse_duration(text + 1, &out->ns);
	}
	if (parse_of_day(text, out) || parse_absolute(text, out))
		return true;
	out->form = MOMENT_BEFORE_END;
	return parse_duration(*text == '-' ? text + 1 : text, &out->ns);
}

static int64_t midnight_before(int64_t at_ns)
{
	time_t seconds = (time_t)(at_ns / NS_PER_S);
	struct tm parts;

	localtime_r(&seconds, &parts);
	parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
	parts.tm_isdst = -1;
	return mktime(&parts) * NS_PER_S;
}

int64_t moment_resolve(struct moment moment, int64_t start_ns, int64_t end_ns)
{
	int64_t at_ns;

	switch (moment.form) {
	case MOMENT_BEFORE_END:
		return end_ns - moment.ns;
	case MOMENT_AFTER_START:
		return start_ns + moment.ns;
	case MOMENT_OF_DAY:
		at_ns = midnight_before(end_ns) + moment.ns;
		return at_ns > end_ns ? midnight_before(end_ns - DAY_NS) + moment.ns : at_ns;
	default:
		return moment.ns;
	}
}
