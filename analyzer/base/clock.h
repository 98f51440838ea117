/* SPDX-License-Identifier: MIT */
/* clock.h - the clocks, in nanoseconds, and sleeping. Only edges read clocks: analysis is handed its times. */
#ifndef SEEP_CLOCK_H
#define SEEP_CLOCK_H

#include <stdint.h>

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

int64_t clock_realtime_ns(void); /* since 1970; steps when somebody sets the clock */
int64_t clock_boottime_ns(void); /* since boot, suspended time included; never steps */
int64_t clock_cpu_ns(void);      /* used by this process */

#endif
