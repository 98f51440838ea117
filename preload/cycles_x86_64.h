/* SPDX-License-Identifier: MIT */
/* cycles_x86_64.h - the time-stamp counter: constant rate, the same on all cores, no system call. */
#ifndef SEEP_CYCLES_X86_64_H
#define SEEP_CYCLES_X86_64_H

#include <stdint.h>

/*
 * Without a fence: waiting for all that is under way would cost the program more than the hook does, and would count
 * as the hook's what runs beside it.
 */
static inline uint64_t cycles_now(void)
{
	return __builtin_ia32_rdtsc();
}

#endif
