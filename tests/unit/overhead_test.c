/* SPDX-License-Identifier: MIT */
/* The limit on the hooks' cost: how the sampling interval goes up, and when it comes down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs the ones above */

#include "../../analyzer/record/overhead.h"

#define KB UINT64_C(1024)

/* A decision after a second of CPU time, with a limit of 4 %. */
static uint64_t decide(struct overhead *overhead, uint64_t interval, double percent)
{
	const struct overhead_measure measure = {
		.hook_ns = (int64_t)(percent * 1e7), .cpu_ns = 1000000000, .interval = interval, .limit_percent = 4};

	return overhead_decide(overhead, &measure);
}

static uint64_t decide_often(struct overhead *overhead, uint64_t interval, double percent, unsigned times)
{
	for (; times; times--)
		interval = decide(overhead, interval, percent);
	return interval;
}

static void within_the_limit_it_stays_exact(void **state)
{
	struct overhead overhead = {0};

	(void)state;
	assert_int_equal(decide_often(&overhead, 0, 0, 1000), 0);
	assert_int_equal(decide_often(&overhead, 0, 4, 1000), 0);
}

static void over_the_limit_it_goes_up_until_the_cost_fits(void **state)
{
	struct overhead overhead = {0};

	(void)state;
	assert_int_equal(decide(&overhead, 0, 30), 4 * KB);
	assert_int_equal(decide(&overhead, 4 * KB, 9), 16 * KB);
	assert_int_equal(decide(&overhead, 16 * KB, 5), 32 * KB);
	assert_int_equal(decide(&overhead, 32 * KB, 3.9), 32 * KB);
}

static void it_ends_at_the_greatest_interval(void **state)
{
	struct overhead overhead = {0};

	(void)state;
	assert_int_equal(decide_often(&overhead, 0, 50, 100), OVERHEAD_MOST);
	assert_int_equal(decide(&overhead, 2048 * KB, 50), OVERHEAD_MOST);
	/* also from one that was asked for, beyond it */
	assert_int_equal(decide(&overhead, 2 * OVERHEAD_MOST, 50), 2 * OVERHEAD_MOST);
}

static void it_comes_down_after_a_long_calm_only(void **state)
{
	struct overhead overhead = {0};

	(void)state;
	assert_int_equal(decide_often(&overhead, 64 * KB, 0.9, OVERHEAD_PATIENCE - 1), 64 * KB);
	/* one that is not calm begins it anew */
	assert_int_equal(decide(&overhead, 64 * KB, 1.1), 64 * KB);
	assert_int_equal(decide_often(&overhead, 64 * KB, 0.9, OVERHEAD_PATIENCE - 1), 64 * KB);
	assert_int_equal(decide(&overhead, 64 * KB, 0.9), 32 * KB);
}

static void the_last_step_to_exact_needs_more_room(void **state)
{
	struct overhead overhead = {0};

	(void)state;
	assert_int_equal(decide_often(&overhead, 4 * KB, 0.9, 1000), 4 * KB);
	assert_int_equal(decide_often(&overhead, 4 * KB, 0.2, OVERHEAD_PATIENCE), 0);
}

static void a_load_that_goes_up_and_down_has_few_changes(void **state)
{
	struct overhead overhead = {0};
	uint64_t interval = 0;
	unsigned changes = 0;

	(void)state;
	/* a day, busy and calm for five minutes each in turn */
	for (unsigned second = 0; second < 86400; second++) {
		double percent = second / 300 % 2 ? 0.01 : interval ? 3 : 10;
		uint64_t next = decide(&overhead, interval, percent);

		changes += next != interval;
		interval = next;
	}
	assert_in_range(changes, 3, 16);
}

static void no_cpu_time_is_no_cost(void **state)
{
	const struct overhead_measure nothing = {.hook_ns = 5};

	(void)state;
	assert_true(overhead_percent(&nothing) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(within_the_limit_it_stays_exact),
		cmocka_unit_test(over_the_limit_it_goes_up_until_the_cost_fits),
		cmocka_unit_test(it_ends_at_the_greatest_interval),
		cmocka_unit_test(it_comes_down_after_a_long_calm_only),
		cmocka_unit_test(the_last_step_to_exact_needs_more_room),
		cmocka_unit_test(a_load_that_goes_up_and_down_has_few_changes),
		cmocka_unit_test(no_cpu_time_is_no_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
