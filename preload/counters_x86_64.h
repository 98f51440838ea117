/* SPDX-License-Identifier: MIT */
/*
 * counters_x86_64.h - adding to a shared counter.
 *
 * One instruction in both cases: a signal handler of the same thread can come before or after it, never in between. The
 * lock prefix costs 5 ns and is left out where no other thread writes the counter.
 */
#ifndef SEEP_COUNTERS_H
#define SEEP_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

static inline void counter_add(uint64_t *counter, uint64_t value, bool exclusive)
{
	if (exclusive)
		__asm__ volatile("addq %1, %0" : "+m"(*counter) : "er"(value) : "cc");
	else
		__asm__ volatile("lock addq %1, %0" : "+m"(*counter) : "er"(value) : "cc");
}

#endif
