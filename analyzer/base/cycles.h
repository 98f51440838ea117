/* SPDX-License-Identifier: MIT */
/*
 * cycles.h - how long a cycle of the time-stamp counter is, which the shim counts in.
 *
 * Measured against CLOCK_MONOTONIC_RAW, which nobody adjusts. Right for arenas of this machine, since it was booted.
 */
#ifndef SEEP_CYCLES_H
#define SEEP_CYCLES_H

#include <stdint.h>

struct cycle_clock {
	uint64_t cycles;
	int64_t ns;
};

/* Begins the measurement. */
void cycle_clock_start(struct cycle_clock *clock);
/* Nanoseconds of a cycle; the later after the start, the more exactly. Sleeps 2 ms if it is asked sooner than that. */
double cycle_clock_ns(const struct cycle_clock *clock);

#endif
