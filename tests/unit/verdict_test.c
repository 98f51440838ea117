/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../analyzer/analysis/verdict.h"

enum { SECONDS = 60 };

static void a_line_upwards_is_a_leak_and_a_level_one_is_not(void **state)
{
	double level[SECONDS], rising[SECONDS], events[SECONDS];
	struct growth_grid grid = {.start_s = 1000, .step_s = 1, .count = SECONDS};
	struct growth_series sites[] = {{.live_objects = rising, .live_bytes = rising},
					{.live_objects = level, .live_bytes = level}};
	struct correlate_counter counter = {"reset", events};
	struct verdict_options options = {.counters = &counter, .counter_count = 1};
	struct verdict_result results[2];

	(void)state;
	for (int i = 0; i < SECONDS; i++) {
		level[i] = 100 + i % 3;
		events[i] = 2 * i;
		rising[i] = 4 * i;
	}
	verdicts_judge(&grid, sites, 2, &options, results);
	assert_int_equal(results[0].verdict, VERDICT_LEAK);
	assert_int_equal(results[0].goes_with.counter, 0);
	assert_true(results[0].goes_with.ratio > 1.99 && results[0].goes_with.ratio < 2.01);
	assert_int_equal(results[1].verdict, VERDICT_STEADY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_line_upwards_is_a_leak_and_a_level_one_is_not)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
