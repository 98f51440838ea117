/* SPDX-License-Identifier: MIT */
/*
 * units.h - figures as people read them, in pprof's ways (its measurement package), to the byte.
 *
 * Bytes are scaled by 1024: 512B, 12.50kB, 1MB, 1.20GB. Counts are plain. Two decimals, none if they are zero.
 */
#ifndef SEEP_UNITS_H
#define SEEP_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/* Long enough for any figure. */
struct figure {
	char text[32];
};

/* How the values of one report are written. Zeroed: counts. */
struct unit {
	const char *name; /* "", "B", "kB", ... */
	double factor;    /* 0 stands for 1 */
	bool own;         /* each value in the unit that suits it */
};

/* Each value in the unit that suits it, or plain counts. */
struct unit unit_own(bool in_bytes);

/*
 * One unit for a whole report: the one that suits the smallest value, but when the largest is more than 100 times
 * that, the one that suits 100 times the smallest, so that it still shows as 0.01. Values absolute.
 */
struct unit unit_common(bool in_bytes, int64_t smallest, int64_t largest);

struct figure figure_value(struct unit unit, int64_t value);

/* " 12.34%", "  100%", " 0.50%", "    0%": at least five characters before the sign of percent. */
struct figure figure_percent(int64_t value, int64_t total);

/* The same without leading blanks. */
struct figure figure_percent_bare(int64_t value, int64_t total);

/* "1.50s", "12ms", "2.25hrs". */
struct figure figure_duration(int64_t duration_ns);

/* How fast something grows, by seconds, or by minutes or hours if it is slow: "+25.60kB/s", "+1.5/min", "0". */
struct figure figure_rate(double per_second, bool in_bytes);

/* For sentences: "3 s", "4 min", "2.5 h", "3 days". */
struct figure figure_age(double seconds);

#endif
