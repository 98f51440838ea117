/* SPDX-License-Identifier: MIT */
#include "cost.h"

#include <stdarg.h>

#include "hooks.h"

enum { MOST_APART = 2 * ARENA_COST_EVERY - 1, CALIBRATIONS = 64 };

static struct {
	volatile bool is_possible;
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

COLD bool cost_choose(void)
{
	if (UNLIKELY(atomic_load_explicit(&shim.mode, memory_order_acquire) != MODE_ACTIVE) || !timer.is_possible) {
		local.cost_left = ARENA_COST_EVERY; /* looks again then */
		return false;
	}
	if (!local.cost_random) {
		local.cost_left = (int32_t)first_distance();
		if (local.cost_left)
			return false;
	}
	local.cost_left = 1 + (int32_t)random_below(MOST_APART);
	return true;
}

static void add(uint64_t *to, uint64_t value)
{
	__atomic_fetch_add(to, value, __ATOMIC_RELAXED);
}

COLD void cost_add(uint64_t timed_cycles, enum arena_cost_part part)
{
	struct arena_cost *cost = &shim.slot.header->cost;
	int64_t cycles = (int64_t)timed_cycles - timer.timing_cycles;

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

/*
 * A process may forbid itself the instruction, and would be ended by ours. (None starts that way: the dynamic linker
 * reads the counter, too.)
 */
HOOK int prctl(int option, ...)
{
	unsigned long words[4];
	va_list arguments;

	/* as libc's own: the registers hold something, whatever was passed */
	va_start(arguments, option);
	for (int i = 0; i < 4; i++)
		words[i] = va_arg(arguments, unsigned long);
	va_end(arguments);
	if (option == PR_SET_TSC && words[0] != PR_TSC_ENABLE)
		timer.is_possible = false;
	return REAL(prctl)(option, words[0], words[1], words[2], words[3]);
}

void cost_init(void)
{
	uint64_t cycles[CALIBRATIONS], least = UINT64_MAX;
	int64_t sum = 0, count = 0;

	for (int i = 0; i < CALIBRATIONS; i++) {
		uint64_t began = cycles_now();

		cycles[i] = cycles_now() - began;
		least = cycles[i] < least ? cycles[i] : least;
	}
	for (int i = 0; i < CALIBRATIONS; i++) {
		if (cycles[i] > 2 * least)
			continue;
		sum += (int64_t)cycles[i];
		count++;
	}
	timer.timing_cycles = (sum + count / 2) / count;
	timer.is_possible = true;
}
