/* SPDX-License-Identifier: MIT */
/* What `seep growth` looks like, from judgements made by hand: compared with the files of tests/golden. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "golden.h"
#include "growth_fixture.h"

static void a_report_tells_leaks_first_and_counts_what_is_fine(void **state)
{
	struct growth_test *test = *state;

	growth_leaks(test);
	growth_others(test);
	growth_finish(test);
	growth_text(&test->out, &test->report);
	expect_golden(&test->out, "growth.txt");
}

static void with_stacks_every_frame_has_a_line(void **state)
{
	struct growth_test *test = *state;

	growth_leaks(test);
	growth_finish(test);
	test->report.with_stacks = true;
	growth_text(&test->out, &test->report);
	expect_golden(&test->out, "growth_stacks.txt");
}

static void a_limit_says_what_it_leaves_out_and_none_shows_all(void **state)
{
	struct growth_test *test = *state;

	growth_leaks(test);
	growth_others(test);
	growth_finish(test);
	test->report.limit = 1;
	growth_text(&test->out, &test->report);
	assert_non_null(strstr(test->out.text, "timer_start"));
	assert_null(strstr(test->out.text, "op_new"));
	assert_non_null(strstr(test->out.text, "and 5 more; -n 0 shows all\n"));
	test->out.size = 0;
	test->report.limit = 0;
	growth_text(&test->out, &test->report);
	assert_non_null(strstr(test->out.text, "steady  table_make"));
	assert_non_null(strstr(test->out.text, "churn  parse"));
	assert_null(strstr(test->out.text, "-n 0"));
}

static void without_a_leak_that_is_the_first_thing_said(void **state)
{
	struct growth_test *test = *state;

	growth_others(test);
	growth_finish(test);
	growth_text(&test->out, &test->report);
	assert_non_null(strstr(test->out.text, "\nNo leak found yet.\n"));
	test->judgement.group_count = 0;
	test->judgement.verdict_counts[VERDICT_UNDECIDED] = 0;
	test->out.size = 0;
	growth_text(&test->out, &test->report);
	assert_non_null(strstr(test->out.text, "\nNo leak.\n"));
}

static void a_small_ratio_is_told_the_other_way_round(void **state)
{
	struct growth_test *test = *state;
	struct correlate_result *with;

	growth_leaks(test);
	growth_finish(test);
	with = &test->groups[0].judged.verdict.goes_with;
	*with = (struct correlate_result){.counter = WRITES, .ratio = 0.001, .low = 0.0005, .high = 0.002};
	growth_text(&test->out, &test->report);
	assert_non_null(strstr(test->out.text, ", one per 1000 writes (500..2000)\n"));
	test->events[WRITES].name = "write_bytes";
	*with = (struct correlate_result){.counter = WRITES, .ratio = 1.0 / 53248, .low = 1.0 / 54272};
	with->high = with->ratio;
	test->out.size = 0;
	growth_text(&test->out, &test->report);
	assert_non_null(strstr(test->out.text, ", one per 52kB written (52kB..53kB)\n"));
}

static void as_json_it_has_every_figure(void **state)
{
	struct growth_test *test = *state;

	growth_leaks(test);
	growth_others(test);
	growth_finish(test);
	test->report.limit = 0;
	growth_json(&test->out, &test->report);
	expect_golden(&test->out, "growth.json");
}

#define test(name) cmocka_unit_test_setup_teardown(name, growth_set_up, growth_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_report_tells_leaks_first_and_counts_what_is_fine),
		test(with_stacks_every_frame_has_a_line),
		test(a_limit_says_what_it_leaves_out_and_none_shows_all),
		test(without_a_leak_that_is_the_first_thing_said),
		test(a_small_ratio_is_told_the_other_way_round),
		test(as_json_it_has_every_figure),
	};

	return cmocka_run_group_tests(tests, growth_set_zone, NULL);
}
