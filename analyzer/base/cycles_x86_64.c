/* SPDX-License-Identifier: MIT */
#include "cycles.h"

#include <time.h>

#include "clock.h"

/* The two clocks are read some tens of nanoseconds apart: of this time a hundred-thousandth part. */
#define SHORTEST_NS (2 * NS_PER_MS)

static int64_t raw_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

void cycle_clock_start(struct cycle_clock *clock)
{
	clock->ns = raw_ns();
	clock->cycles = __builtin_ia32_rdtsc();
}

double cycle_clock_ns(const struct cycle_clock *clock)
{
	struct timespec rest = {0, SHORTEST_NS};
	struct cycle_clock now;

	cycle_clock_start(&now);
	if (now.ns - clock->ns < SHORTEST_NS) {
		nanosleep(&rest, NULL);
		cycle_clock_start(&now);
	}
	return (double)(now.ns - clock->ns) / (double)(now.cycles - clock->cycles);
}
