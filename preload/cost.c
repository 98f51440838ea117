/* SPDX-License-Identifier: MIT */
#include "cost.h"

#include <sys/prctl.h>

#include "cycles_x86_64.h"
#include "sys.h"

enum { MOST_APART = 2 * ARENA_COST_EVERY - 1, CALIBRATIONS = 64 };

static struct {
	bool is_possible;
	int64_t timing_cycles; /* of one timing around nothing */
} timer;

/* The counter's low bits are as good as random from one timed event to the next. */
static uint32_t random_below(uint32_t limit)
{
	uint32_t random = local.cost_random ^ (uint32_t)cycles_now();

	/* Marsaglia 2003, xorshift32 */
	random ^= random << 13;
	random ^= random >> 17;
	random ^= random << 5;
	local.cost_random = random ? random : 1;
	return (uint32_t)((uint64_t)random * limit >> 32);
}

/* Events until the first timed one of a thread, 0 for this one: what is left of a distance is mostly short. */
static uint32_t first_distance(void)
{
	uint32_t one, other;

	local.cost_random = (uint32_t)(uintptr_t)&local | 1;
	one = random_below(MOST_APART);
	other = random_below(MOST_APART);
	return one < other ? one : other;
}

COLD uint64_t cost_begin(void)
{
	if (!timer.is_possible) {
		local.cost_left = INT32_MAX;
		return 0;
	}
	if (!local.cost_random) {
		local.cost_left = (int32_t)first_distance();
		if (local.cost_left)
			return 0;
	}
	local.cost_left = 1 + (int32_t)random_below(MOST_APART);
	return cycles_now();
}

static void add(uint64_t *to, uint64_t value)
{
	__atomic_fetch_add(to, value, __ATOMIC_RELAXED);
}

COLD void cost_end(uint64_t began, enum arena_cost_part part)
{
	struct arena_cost *cost = &shim.slot.header->cost;
	int64_t cycles;

	if (!began)
		return;
	cycles = (int64_t)(cycles_now() - began) - timer.timing_cycles;
	if (cycles > ARENA_COST_CLIP || cycles < -ARENA_COST_CLIP) {
		cycles = ARENA_COST_CLIP;
		add(&cost->clipped, 1);
	}
	add(&cost->timed[part], 1);
	add(&cost->cycles[part], (uint64_t)cycles);
	add(&cost->squares, (uint64_t)(cycles * cycles));
}

void cost_after_fork(void)
{
	local.cost_left = 0;
	local.cost_random = 0;
}

/* Where a process has been forbidden the instruction (PR_SET_TSC), it would be ended by it. */
static bool counter_may_be_read(void)
{
	int mode = PR_TSC_SIGSEGV;

	return sys_prctl(PR_GET_TSC, (unsigned long)&mode, 0, 0, 0) < 0 || mode == PR_TSC_ENABLE;
}

void cost_init(void)
{
	uint64_t least = UINT64_MAX;

	if (!counter_may_be_read())
		return;
	for (int i = 0; i < CALIBRATIONS; i++) {
		uint64_t began = cycles_now();
		uint64_t cycles = cycles_now() - began;

		least = cycles < least ? cycles : least;
	}
	timer.timing_cycles = (int64_t)least;
	timer.is_possible = true;
}
