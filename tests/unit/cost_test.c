/* SPDX-License-Identifier: MIT */
/* What the hooks cost: from the shim's sums to nanoseconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* needs the ones above */

#include "../../analyzer/base/clock.h"
#include "../../analyzer/base/cycles.h"
#include "../../analyzer/record/hook_cost.h"

/* ---- the estimate ---- */

static void a_timed_event_stands_for_256(void **state)
{
	struct slot_header header = {.captures = 3, .captured_frames = 4, .rule_misses = 5};
	struct store_cost cost;

	(void)state;
	/* 100 timed acquisitions of 200 cycles, 100 releases of 50; a cycle is half a nanosecond */
	header.cost = (struct arena_cost){.timed = {100, 100},
					  .cycles = {100 * 200, 100 * 50},
					  .squares = 100 * 200 * 200 + 100 * 50 * 50,
					  .clipped = 1};
	cost = hook_cost_of(&header, 0.5, 77);
	assert_int_equal(cost.cpu_ns, 77);
	assert_int_equal(cost.hook_ns[COST_ACQUISITION], 100 * 100 * 256);
	assert_int_equal(cost.hook_ns[COST_RELEASE], 100 * 25 * 256);
	/* 1.96 * 256 * sqrt(squares) * 0.5 */
	assert_in_range(cost.error_ns, 517000, 517500);
	assert_int_equal(cost.timed[COST_RELEASE], 100);
	assert_int_equal(cost.clipped, 1);
	assert_int_equal(cost.captures, 3);
	assert_int_equal(cost.captured_frames, 4);
	assert_int_equal(cost.rule_misses, 5);
}

static void a_sum_below_zero_is_nothing(void **state)
{
	struct slot_header header = {.cost = {.timed = {1, 1}, .cycles = {(uint64_t)-5, 3}}};

	(void)state;
	assert_int_equal(hook_cost_of(&header, 1, -1).hook_ns[COST_ACQUISITION], 0);
	assert_int_equal(hook_cost_of(&header, 1, -1).hook_ns[COST_RELEASE], 3 * 256);
	assert_int_equal(hook_cost_of(&header, 1, -1).cpu_ns, -1);
}

static void whatever_the_arena_says_is_a_number(void **state)
{
	struct slot_header header;
	struct store_cost cost;

	(void)state;
	memset(&header, 0x7f, sizeof(header));
	cost = hook_cost_of(&header, 0.4, 0);
	assert_int_equal(cost.hook_ns[COST_ACQUISITION], 0);
	memset(&header, 0xff, sizeof(header));
	cost = hook_cost_of(&header, 0.4, 0);
	assert_int_equal(cost.captures, 0);
	assert_true(cost.error_ns >= 0);
}

static void a_cycle_is_measured_whenever_it_is_asked_for(void **state)
{
	struct cycle_clock clock;
	double at_once, later;

	(void)state;
	cycle_clock_start(&clock);
	at_once = cycle_clock_ns(&clock);
	later = cycle_clock_ns(&clock);
	assert_true(at_once > 0.05 && at_once < 100);
	assert_true(at_once / later > 0.99 && at_once / later < 1.01);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_timed_event_stands_for_256),
		cmocka_unit_test(a_sum_below_zero_is_nothing),
		cmocka_unit_test(whatever_the_arena_says_is_a_number),
		cmocka_unit_test(a_cycle_is_measured_whenever_it_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
