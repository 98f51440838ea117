/* SPDX-License-Identifier: MIT */
/* Poisson sampling: weights, gaps, the estimates' bias, and what their intervals hold. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../analyzer/analysis/sampling.h"
#include "../../preload/weights.h"

enum { INTERVAL = 65536, RUNS = 400, MOST_BLOCKS = 60000 };
/* 95 % of the runs less 2.5 standard deviations of such a count: what 26 honest intervals stay above. */
enum { LEAST_HELD = 369 };

/* ---- weights.h ---- */

static void weights_are_those_of_expm1(void **state)
{
	(void)state;
	for (uint64_t interval = 1; interval <= UINT64_C(1) << 40; interval = interval * 3 + 1)
		for (uint64_t size = 256; (double)size / (double)interval < 60; size = size * 2 + 17) {
			double exact = 1 / expm1((double)size / (double)interval);

			assert_true(fabs(weights_unseen(size, interval) / exact - 1) < 1e-7);
		}
}

static void small_blocks_weigh_as_256_bytes_and_huge_ones_nothing(void **state)
{
	(void)state;
	assert_true(weights_unseen(0, 524288) == weights_unseen(256, 524288));
	assert_true(weights_unseen(16, 524288) == weights_unseen(256, 524288));
	assert_true(weights_unseen(257, 524288) < weights_unseen(256, 524288));
	assert_true(weights_unseen(UINT64_MAX, 524288) == 0);
	assert_true(weights_unseen(UINT64_MAX, UINT64_C(1) << 40) == 0);
}

static void gaps_are_exponential(void **state)
{
	static const uint64_t extremes[] = {0, 1, UINT64_MAX, UINT64_C(1) << 63, UINT64_C(1) << 11};
	uint64_t random = 1;
	double sum = 0, squares = 0;
	enum { COUNT = 1000000 };

	(void)state;
	for (size_t i = 0; i < sizeof(extremes) / sizeof(extremes[0]); i++) {
		double uniform = (double)((extremes[i] >> 11) + 1) * 0x1p-53;

		assert_true(fabs(weights_exponential(extremes[i]) + log(uniform)) < 1e-12);
	}
	for (int i = 0; i < COUNT; i++) {
		uint64_t number = weights_random(&random);
		double gap = (double)weights_gap(number, INTERVAL);

		assert_true(fabs(weights_exponential(number) + log((double)((number >> 11) + 1) * 0x1p-53)) < 1e-12);
		assert_true(gap >= 1);
		sum += gap;
		squares += gap * gap;
	}
	/* mean and variance of the exponential distribution, each within five standard errors */
	assert_true(fabs(sum / COUNT / INTERVAL - 1) < 5e-3);
	assert_true(fabs(squares / COUNT / 2 / INTERVAL / INTERVAL - 1) < 12e-3);
}

/* ---- the quantile ---- */

static void quantiles_are_garwoods(void **state)
{
	(void)state;
	/* half of chi-square's: tables of the limits for a Poisson count (Garwood 1936) */
	assert_true(fabs(gamma_quantile(1, 0.975) - 3.688879) < 1e-5);
	assert_true(fabs(gamma_quantile(1, 0.025) - 0.025318) < 1e-5);
	assert_true(fabs(gamma_quantile(2, 0.975) - 5.571643) < 1e-5);
	assert_true(fabs(gamma_quantile(10, 0.025) - 4.795389) < 1e-5);
	assert_true(fabs(gamma_quantile(11, 0.975) - 18.390356) < 1e-5);
	/* no jump where the approximation takes over */
	assert_true(fabs(gamma_quantile(2000, 0.975) / gamma_quantile(2000.001, 0.975) - 1) < 1e-5);
	assert_true(gamma_quantile(1e-4, 0.025) >= 0 && gamma_quantile(1e-4, 0.975) < 1);
}

/* ---- a simulated callsite ---- */

struct blocks {
	uint64_t sizes[MOST_BLOCKS];
	size_t count;
};

struct estimate {
	double bytes, count;
	bool bytes_hold, count_holds;
};

static struct blocks blocks;
static double all_bytes, all_count;

static void set_blocks(size_t count, uint64_t (*size_of)(size_t))
{
	blocks.count = count;
	all_bytes = 0;
	all_count = (double)count;
	for (size_t i = 0; i < count; i++) {
		blocks.sizes[i] = size_of(i);
		all_bytes += (double)blocks.sizes[i];
	}
}

static bool holds(double seen, const struct model_part *part, double truth)
{
	struct uncertainty uncertainty = {.gained = *part};
	struct interval interval = interval_of(llround(seen + part->unseen), &uncertainty);

	return interval.low <= truth && truth <= interval.high;
}

static struct estimate sample(uint64_t *random, double most_objects)
{
	struct model_part bytes = {.weight = INTERVAL}, count = {.weight = most_objects};
	double seen_bytes = 0, seen_count = 0;
	int64_t left = weights_gap(weights_random(random), INTERVAL);

	for (size_t i = 0; i < blocks.count; i++) {
		double size = (double)blocks.sizes[i], unseen = weights_unseen(blocks.sizes[i], INTERVAL);

		left -= (int64_t)weights_charge(blocks.sizes[i]);
		if (left > 0)
			continue;
		seen_bytes += size;
		seen_count++;
		part_add(&bytes, &(struct model_part){size * unseen, size * size * unseen * (1 + unseen), 0});
		part_add(&count, &(struct model_part){unseen, unseen * (1 + unseen), 0});
		left = weights_gap(weights_random(random), INTERVAL);
	}
	return (struct estimate){seen_bytes + bytes.unseen, seen_count + count.unseen,
				 holds(seen_bytes, &bytes, all_bytes), holds(seen_count, &count, all_count)};
}

/* The mean of many estimates is the truth, and 95 % of the intervals hold it; seeded, so that it is the same each time.
 */
static void expect_truth(double most_objects)
{
	double bytes = 0, count = 0, byte_squares = 0, count_squares = 0;
	int bytes_hold = 0, count_hold = 0;
	uint64_t random = 42;

	for (int run = 0; run < RUNS; run++) {
		struct estimate estimate = sample(&random, most_objects);

		bytes += estimate.bytes;
		count += estimate.count;
		byte_squares += pow(estimate.bytes - all_bytes, 2);
		count_squares += pow(estimate.count - all_count, 2);
		bytes_hold += estimate.bytes_hold;
		count_hold += estimate.count_holds;
	}
	assert_true(fabs(bytes / RUNS - all_bytes) < 4 * sqrt(byte_squares) / RUNS);
	assert_true(fabs(count / RUNS - all_count) < 4 * sqrt(count_squares) / RUNS);
	assert_true(bytes_hold >= LEAST_HELD);
	assert_true(count_hold >= LEAST_HELD);
}

static uint64_t size_64(size_t i)
{
	(void)i;
	return 64;
}

static uint64_t size_mixed(size_t i)
{
	return 16 + i * 7919 % 4080;
}

static uint64_t size_large(size_t i)
{
	(void)i;
	return INTERVAL * 3 / 2;
}

static void estimates_are_unbiased_and_intervals_hold_the_truth(void **state)
{
	static const size_t small[] = {50, 300, 2000, 60000}, large[] = {1, 3, 10, 100, 500};

	(void)state;
	for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
		set_blocks(small[i], size_64);
		expect_truth(INTERVAL / 256.0);
		set_blocks(small[i], size_mixed);
		expect_truth(INTERVAL / 256.0);
	}
	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
		set_blocks(large[i], size_large);
		expect_truth(2.0 / 3);
	}
}

/* ---- intervals ---- */

static void an_exact_figure_is_its_own_interval(void **state)
{
	struct uncertainty exact = {.gained = {.unseen = 0}};

	(void)state;
	assert_false(uncertainty_is_any(&exact));
	assert_true(interval_of(123, &exact).low == 123 && interval_of(123, &exact).high == 123);
	assert_int_equal(interval_width(123, &exact), 0);
}

static void of_nothing_sampled_the_limit_is_3_69_intervals(void **state)
{
	struct uncertainty none = {.gained = {.weight = 1000000}};
	struct interval interval = interval_of(0, &none);

	(void)state;
	assert_true(uncertainty_is_any(&none));
	assert_true(interval.low == 0);
	assert_true(fabs(interval.high - 3688879) < 2);
}

static void what_was_seen_is_below_every_interval(void **state)
{
	struct uncertainty large = {.gained = {.unseen = 30000, .variance = 4e9, .weight = INTERVAL}};

	(void)state;
	assert_true(interval_of(1030000, &large).low >= 1000000);
}

static void a_difference_is_as_uncertain_as_both_sides(void **state)
{
	struct model_part part = {.unseen = 1e8, .variance = 1e12, .weight = 10};
	struct uncertainty one = {.gained = part}, both = {.gained = part, .lost = part};

	(void)state;
	assert_true(fabs((double)interval_width(0, &both) / (double)interval_width(0, &one) - sqrt(2)) < 0.01);
}

/* ---- growth ---- */

static struct model_total total_of(double live, double acquired, double released)
{
	struct model_total total = {.live_bytes = (int64_t)live,
				    .acquired_bytes = (uint64_t)acquired,
				    .released_bytes = (uint64_t)released};

	total.byte_parts.live = (struct model_part){live, live, 1};
	total.byte_parts.acquired = (struct model_part){acquired, acquired, 1};
	total.byte_parts.released = (struct model_part){released, released, 1};
	return total;
}

static void what_lives_at_both_moments_cancels(void **state)
{
	struct value_type type;
	struct model_total earlier = total_of(1000, 5000, 4000), later = total_of(1010, 5015, 4005);
	struct uncertainty growth;

	(void)state;
	assert_true(value_type_find("inuse_space", &type));
	growth = sampling_of_growth(&type, &earlier, &later);
	assert_true(growth.gained.variance == 15 && growth.lost.variance == 5);
	/* churn: the two moments say more */
	later = total_of(1010, 9010, 8000);
	growth = sampling_of_growth(&type, &earlier, &later);
	assert_true(growth.gained.variance == 1010 && growth.lost.variance == 1000);
	/* a process ended in between: its events do not add up to the difference */
	later = total_of(900, 5015, 4005);
	growth = sampling_of_growth(&type, &earlier, &later);
	assert_true(growth.gained.variance == 900 && growth.lost.variance == 1000);
	assert_true(value_type_find("alloc_space", &type));
	growth = sampling_of_growth(&type, &earlier, &later);
	assert_true(growth.gained.variance == 15 && growth.lost.variance == 0);
}

static void a_callsite_without_samples_is_bound_once_sampling_is_on(void **state)
{
	struct model_site sites[] = {{0}, {.id = 1, .kind = SEEP_KIND_HEAP}, {.id = 2, .kind = SEEP_KIND_SOCKET}};
	struct model_sampling samplings[] = {{100, 65536}, {200, 131072}};
	struct recording recording = {.sites = sites, .site_count = 3, .samplings = samplings, .sampling_count = 2};
	struct model_total totals[] = {{.site_id = 1, .acquired_count = 2, .acquired_bytes = 2048}, {.site_id = 2}};

	(void)state;
	sampling_bound(&recording, totals, 2, 99);
	assert_true(totals[0].byte_parts.live.weight == 0);
	sampling_bound(&recording, totals, 2, 100);
	assert_true(totals[0].byte_parts.live.weight == 65536 && totals[0].count_parts.live.weight == 64);
	assert_true(totals[1].byte_parts.live.weight == 0);
	assert_true(sampling_largest(&recording, 250) == 131072);
}

#define test(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(weights_are_those_of_expm1),
		test(small_blocks_weigh_as_256_bytes_and_huge_ones_nothing),
		test(gaps_are_exponential),
		test(quantiles_are_garwoods),
		test(estimates_are_unbiased_and_intervals_hold_the_truth),
		test(an_exact_figure_is_its_own_interval),
		test(of_nothing_sampled_the_limit_is_3_69_intervals),
		test(what_was_seen_is_below_every_interval),
		test(a_difference_is_as_uncertain_as_both_sides),
		test(what_lives_at_both_moments_cancels),
		test(a_callsite_without_samples_is_bound_once_sampling_is_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
