/* SPDX-License-Identifier: MIT */
#include "sampling.h"

#include "fpu_x86_64.h"
#include "sys.h"

uint8_t sampling_filter[1 << FILTER_BITS];

/* ---- which blocks ---- */

static uint64_t seed(void)
{
	uint64_t random = 0;
	struct timespec now;

	if (sys_getrandom(&random, sizeof(random), 1) != sizeof(random)) {
		sys_clock_gettime(CLOCK_MONOTONIC, &now);
		random = (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uint64_t)sys_getpid() << 20 ^
			 (uintptr_t)&local;
	}
	return random | 1;
}

static int64_t gap(uint64_t interval)
{
	uint32_t fpu;
	int64_t result;

	if (!local.sample_random)
		local.sample_random = seed();
	fpu = fpu_begin();
	result = weights_gap(weights_random(&local.sample_random), interval);
	fpu_end(fpu);
	return result;
}

/* A new gap by the interval that is in force. */
static void draw(void)
{
	uint64_t interval = __atomic_load_n(&shim.arena->sample_interval, __ATOMIC_RELAXED);

	if (interval > ARENA_LONGEST_SAMPLE)
		interval = ARENA_LONGEST_SAMPLE;
	local.sample_left = interval ? gap(interval) : 0;
	local.sample_interval = interval;
	if (interval && !sampling_was_on())
		atomic_store_explicit(&shim.was_sampled, true, memory_order_relaxed);
}

COLD bool sampling_draws(size_t size, uint64_t *interval)
{
	if (!local.sample_interval) {
		draw();
		if (local.sample_interval && sampling_skips(size))
			return false;
	}
	*interval = local.sample_interval;
	draw();
	return true;
}

void sampling_start(void)
{
	shim.has_filter = __atomic_load_n(&shim.arena->sample_interval, __ATOMIC_RELAXED) != 0;
}

void sampling_after_fork(void)
{
	local.sample_left = 0;
	local.sample_interval = 0;
	local.sample_random = 0;
}

/* ---- the filter ---- */

/* A full counter stays full: its blocks are looked up in the live map from then on. */
static void filter_add(uint8_t *place, uint8_t change)
{
	uint8_t count = __atomic_load_n(place, __ATOMIC_RELAXED);

	while (count != UINT8_MAX && !__atomic_compare_exchange_n(place, &count, (uint8_t)(count + change), true,
								  __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

void filter_enter(uintptr_t address)
{
	filter_add(sampling_place(address), 1);
}

void sampling_enter(uintptr_t address)
{
	if (shim.has_filter)
		filter_enter(address);
}

void sampling_forget(uintptr_t address)
{
	if (shim.has_filter)
		filter_add(sampling_place(address), (uint8_t)-1);
}

/* ---- the estimates ---- */

/* The site's, if it has an interval; NULL for want of pages too. */
static struct arena_estimates *estimates_of(struct site_id site)
{
	if (!shim.slot.sites[site.n].interval)
		return NULL;
	if (!region_ensure(&shim.slot.estimates_region, (site.n + 1) * sizeof(struct arena_estimates))) {
		trust_add(TRUST_DROPPED_EVENTS, 1);
		return NULL;
	}
	return (struct arena_estimates *)shim.slot.estimates_region.base + site.n;
}

static void whole_add(uint64_t *sum, double value, int64_t times)
{
	__atomic_fetch_add(sum, (uint64_t)((int64_t)(value + 0.5) * times), __ATOMIC_RELAXED);
}

static void real_add(uint64_t *sum, double value)
{
	uint64_t old = __atomic_load_n(sum, __ATOMIC_RELAXED), new;
	double real;

	do {
		memcpy(&real, &old, sizeof(real));
		real += value;
		memcpy(&new, &real, sizeof(new));
	} while (!__atomic_compare_exchange_n(sum, &old, new, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

static void charge_note(struct arena_estimates *estimates, uint64_t size)
{
	uint64_t charge = weights_charge(size);
	uint32_t bounded = charge < UINT32_MAX ? (uint32_t)charge : UINT32_MAX;
	uint32_t least = __atomic_load_n(&estimates->least_charge, __ATOMIC_RELAXED);
	uint32_t largest = __atomic_load_n(&estimates->largest_charge, __ATOMIC_RELAXED);

	while ((!least || bounded < least) && !__atomic_compare_exchange_n(&estimates->least_charge, &least, bounded,
									   true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	while (bounded > largest && !__atomic_compare_exchange_n(&estimates->largest_charge, &largest, bounded, true,
								 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* The place in the sums of what was acquired or released. */
struct sums {
	uint64_t *count, *bytes, *count_variance, *bytes_variance;
};

static void sums_add(struct arena_estimates *estimates, struct sums sums, struct live_block block, int64_t times,
		     int64_t births)
{
	double unseen = weights_unseen(block.size, shim.slot.sites[block.site.n].interval);
	double size = (double)block.size, variance = unseen * (1 + unseen);
	int64_t living = (int64_t)(unseen * ARENA_BIRTH_UNIT + 0.5);

	whole_add(sums.count, unseen * ARENA_COUNT_UNIT, times);
	whole_add(sums.bytes, size * unseen * ARENA_BYTES_UNIT, times);
	real_add(sums.count_variance, variance * (double)times);
	real_add(sums.bytes_variance, size * size * variance * (double)times);
	__atomic_fetch_add(&estimates->birth_sum, (uint64_t)(births * living) * block.birth_epoch, __ATOMIC_RELAXED);
}

void estimate_acquire(struct live_block block)
{
	struct arena_estimates *to = estimates_of(block.site);
	uint32_t fpu;

	if (!to)
		return;
	fpu = fpu_begin();
	charge_note(to, block.size);
	sums_add(to,
		 (struct sums){&to->acquired_count, &to->acquired_bytes, &to->acquired_count_variance,
			       &to->acquired_bytes_variance},
		 block, 1, 1);
	fpu_end(fpu);
}

void estimate_release(struct live_block block, int64_t times)
{
	struct arena_estimates *to = estimates_of(block.site);
	uint32_t fpu;

	if (!to)
		return;
	fpu = fpu_begin();
	sums_add(to,
		 (struct sums){&to->released_count, &to->released_bytes, &to->released_count_variance,
			       &to->released_bytes_variance},
		 block, times, -times);
	fpu_end(fpu);
}

void estimate_temporary(struct live_block block)
{
	struct arena_estimates *to = estimates_of(block.site);
	uint32_t fpu;

	if (!to)
		return;
	fpu = fpu_begin();
	whole_add(&to->temporary_count,
		  weights_unseen(block.size, shim.slot.sites[block.site.n].interval) * ARENA_COUNT_UNIT, 1);
	fpu_end(fpu);
}
