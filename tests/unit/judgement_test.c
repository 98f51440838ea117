/* SPDX-License-Identifier: MIT */
/* Which function is named, which callsites are told together, and in which order. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../analyzer/analysis/judgement.h"
#include "../../analyzer/analysis/wrappers.h"
#include "recording_fixture.h"

#define HEAP SEEP_KIND_HEAP

enum { POINTS = 120, SITES = 24, FIELDS = 6 };

struct test {
	struct fixture fixture;
	double values[SITES][FIELDS][POINTS];
	struct judgement_site sites[SITES];
	struct judgement_release releases[4];
	size_t release_count;
	size_t count;
	struct judgement_options options;
	regex_t regex;
	struct judgement judgement;
};

static int set_up(void **state)
{
	struct test *test = memory_zeroed(1, sizeof(*test));

	fixture_init(&test->fixture);
	*state = test;
	return 0;
}

static int tear_down(void **state)
{
	struct test *test = *state;

	judgement_release(&test->judgement);
	fixture_release(&test->fixture);
	if (test->options.wrapper || test->options.focus)
		regfree(&test->regex);
	free(test);
	return 0;
}

/* How a callsite behaves: what it acquires and releases a second, of `bytes` each. */
struct behaviour {
	double acquired, released, bytes;
	double start; /* held from the beginning */
};

static const struct behaviour leaks = {.acquired = 10, .released = 2, .bytes = 100};
static const struct behaviour works = {.acquired = 500, .released = 500, .bytes = 64, .start = 20};
static const struct behaviour stands = {.start = 7, .bytes = 1000};

/* A little noise that repeats: what neither grows nor stands still. */
static double noise(size_t i)
{
	static const double values[] = {0, 3, 1, 4, 1, 5, 2, 6, 5, 3, 5, 0, 2, 4};

	return values[i % (sizeof(values) / sizeof(values[0]))];
}

static void fill(struct test *test, size_t site, const struct behaviour *behaviour)
{
	double(*values)[POINTS] = test->values[site];

	for (size_t i = 0; i < POINTS; i++) {
		double acquired = behaviour->start + behaviour->acquired * (double)i;
		double released = behaviour->released * (double)i;
		double live = acquired - released + (behaviour->acquired > 0 ? noise(i + site) : 0);

		values[0][i] = live;
		values[1][i] = live * behaviour->bytes;
		values[2][i] = live + released;
		values[3][i] = (live + released) * behaviour->bytes;
		values[4][i] = released;
		values[5][i] = behaviour->acquired > behaviour->released ? (double)i / 2 : 5;
	}
	test->sites[site].series = (struct growth_series){.live_objects = values[0],
							  .live_bytes = values[1],
							  .acquired_objects = values[2],
							  .acquired_bytes = values[3],
							  .released_objects = values[4],
							  .mean_age_s = values[5]};
}

static uint32_t add(struct test *test, enum seep_kind kind, const struct behaviour *behaviour, const char *stack)
{
	uint32_t id = fixture_add(&test->fixture, kind, 1, 1, stack);

	test->sites[test->count].site_id = id;
	fill(test, test->count++, behaviour);
	return id;
}

static void judge(struct test *test)
{
	struct judgement_input input = {
		.recording = &test->fixture.recording,
		.grid = {.start_s = 1000, .step_s = 1, .count = POINTS},
		.sites = test->sites,
		.site_count = test->count,
		.releases = test->releases,
		.release_count = test->release_count,
	};

	judgement_release(&test->judgement);
	judgement_build(&input, &test->options, &test->judgement);
}

static const struct judged_group *group_named(const struct test *test, const char *function, enum seep_kind kind)
{
	for (size_t i = 0; i < test->judgement.group_count; i++)
		if (!strcmp(test->judgement.groups[i].frame->function, function) &&
		    test->judgement.groups[i].kind == kind)
			return &test->judgement.groups[i];
	return NULL;
}

static void expect_names(const struct test *test, const char *expected)
{
	char names[512] = "";

	for (size_t i = 0; i < test->judgement.group_count; i++) {
		size_t size = strlen(names);

		snprintf(names + size, sizeof(names) - size, "%s%s", i ? " " : "",
			 test->judgement.groups[i].frame->function);
	}
	assert_string_equal(names, expected);
}

static void set_wrapper(struct test *test, const char *expression)
{
	assert_int_equal(regcomp(&test->regex, expression, REG_EXTENDED | REG_NOSUB), 0);
	test->options.wrapper = &test->regex;
}

/* ---- wrappers ---- */

static void names_that_end_as_allocators_do_are_wrappers(void **state)
{
	static const char *const wrappers[] = {"zmalloc",
					       "xmalloc",
					       "CRYPTO_malloc",
					       "g_malloc0_malloc",
					       "ngx_palloc",
					       "zmalloc_usable",
					       "xstrdup",
					       "sdsrealloc",
					       "OPENSSL_memdup",
					       "zfree",
					       "std::vector<int>::push_back(int const&)"};
	static const char *const others[] = {
		"conn_new",    "turn_log", "main", "log_alloced", "mallocator", "", "Pool<malloc>::get(int)",
		"take(strdup)"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrappers) / sizeof(wrappers[0]); i++)
		if (!wrapper_by_name(wrappers[i]))
			fail_msg("%s is a wrapper", wrappers[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (wrapper_by_name(others[i]))
			fail_msg("%s is no wrapper", others[i]);
}

static void a_function_that_many_call_for_memory_is_a_wrapper(void **state)
{
	struct test *test = *state;
	const struct judged_group *group;

	add(test, HEAP, &leaks, "libc.so.6!malloc; app!get@mem.c:3; app!reply_new@a.c:1; app!main");
	add(test, HEAP, &works, "libc.so.6!malloc; app!get@mem.c:3; app!parse@a.c:2; app!main");
	add(test, HEAP, &works, "libc.so.6!malloc; app!get@mem.c:3; app!format@a.c:3; app!main");
	add(test, HEAP, &works, "libc.so.6!malloc; app!get@mem.c:3; app!load@a.c:4; app!main");
	judge(test);
	group = &test->judgement.groups[0];
	assert_string_equal(group->frame->function, "reply_new");
	assert_int_equal(group->judged.verdict.verdict, VERDICT_LEAK);
	assert_int_equal(test->judgement.sites[group->first_site].wrapper_count, 1);
	assert_int_equal(test->judgement.group_count, 4);
}

static void three_callers_make_no_wrapper(void **state)
{
	struct test *test = *state;

	add(test, HEAP, &leaks, "app!get; app!a; app!main");
	add(test, HEAP, &works, "app!get; app!b; app!main");
	add(test, HEAP, &works, "app!get; app!c; app!main");
	judge(test);
	expect_names(test, "get");
	assert_int_equal(test->judgement.groups[0].site_count, 3);
}

static void wrappers_of_wrappers_are_found(void **state)
{
	struct test *test = *state;
	static const char *const callers[] = {"a", "b", "c", "d", "e"};
	static const char *const others[] = {"f", "g", "h"};

	for (size_t i = 0; i < 5; i++) {
		char *stack = memory_format("app!get; app!text_new; app!%s; app!main", callers[i]);

		add(test, HEAP, &works, stack);
		free(stack);
	}
	for (size_t i = 0; i < 3; i++) {
		char *stack = memory_format("app!get; app!%s; app!main", others[i]);

		add(test, HEAP, &works, stack);
		free(stack);
	}
	judge(test);
	assert_null(group_named(test, "get", HEAP));
	assert_null(group_named(test, "text_new", HEAP));
	assert_non_null(group_named(test, "a", HEAP));
	assert_int_equal(test->judgement.sites[group_named(test, "a", HEAP)->first_site].wrapper_count, 2);
	assert_int_equal(test->judgement.sites[group_named(test, "f", HEAP)->first_site].wrapper_count, 1);
}

static void a_function_that_keeps_what_it_gets_for_everybody_is_the_leak(void **state)
{
	struct test *test = *state;
	static const char *const callers[] = {"a", "b", "c", "d", "e"};

	for (size_t i = 0; i < 5; i++) {
		char *stack = memory_format("app!log_line@log.c:9; app!%s; app!main", callers[i]);

		add(test, HEAP, i ? &leaks : &works, stack);
		free(stack);
	}
	judge(test);
	expect_names(test, "log_line");
	assert_int_equal(test->judgement.groups[0].site_count, 5);
	assert_int_equal(test->judgement.groups[0].judged.verdict.verdict, VERDICT_LEAK);
	assert_true(fabs(test->judgement.groups[0].judged.verdict.objects.estimate - 32) < 1);
}

static void a_function_that_acquires_little_itself_is_no_wrapper(void **state)
{
	struct test *test = *state;
	static const char *const callers[] = {"a", "b", "c", "d"};

	for (size_t i = 0; i < 4; i++) {
		char *stack = memory_format("app!serve; app!%s; app!main", callers[i]);

		add(test, HEAP, &works, stack);
		free(stack);
		stack = memory_format("app!part%zu; app!serve; app!%s; app!main", i, callers[i]);
		add(test, HEAP, &works, stack);
		add(test, SEEP_KIND_SOCKET, &works, stack);
		free(stack);
	}
	judge(test);
	assert_non_null(group_named(test, "serve", HEAP));
}

static void a_wrapper_can_be_named_by_hand(void **state)
{
	struct test *test = *state;

	add(test, SEEP_KIND_TIMERFD, &leaks, "app!timer_start@t.c:5; app!turn@t.c:9; app!main");
	judge(test);
	expect_names(test, "timer_start");
	set_wrapper(test, "^timer_");
	judge(test);
	expect_names(test, "turn");
	assert_int_equal(test->judgement.groups[0].frame->line, 9);
}

static void the_outermost_frame_is_named_if_all_are_wrappers(void **state)
{
	struct test *test = *state;

	add(test, HEAP, &works, "app!xmalloc; app!xstrdup");
	judge(test);
	expect_names(test, "xstrdup");
}

/* ---- groups, shares, order ---- */

static void callsites_of_one_function_line_and_kind_are_one_group(void **state)
{
	struct test *test = *state;

	add(test, HEAP, &leaks, "app!op_new@op.c:5; app!get@a.c:1; app!main");
	add(test, HEAP, &leaks, "app!op_new@op.c:5; app!set@a.c:2; app!main");
	add(test, HEAP, &works, "app!op_new@op.c:6; app!set@a.c:2; app!main");
	add(test, SEEP_KIND_SOCKET, &leaks, "app!op_new@op.c:5; app!set@a.c:2; app!main");
	judge(test);
	assert_int_equal(test->judgement.group_count, 3);
	for (size_t i = 0; i < test->judgement.group_count; i++)
		for (size_t s = 0; s < test->judgement.groups[i].site_count; s++)
			assert_int_equal(test->judgement.sites[test->judgement.groups[i].first_site + s].group, i);
	assert_int_equal(test->judgement.verdict_counts[VERDICT_LEAK], 2);
	/* 8 a second each, of 100 bytes */
	assert_int_equal(group_named(test, "op_new", HEAP)->site_count, 2);
	assert_true(fabs(group_named(test, "op_new", HEAP)->judged.verdict.bytes.estimate - 1600) < 10);
}

static void shares_are_of_what_grows_of_the_same_sort(void **state)
{
	struct test *test = *state;
	struct behaviour slow = leaks;

	slow.released = 8; /* 2 a second instead of 8 */
	add(test, HEAP, &slow, "app!slow; app!main");
	add(test, HEAP, &leaks, "app!fast; app!main");
	add(test, SEEP_KIND_SOCKET, &slow, "app!open; app!main");
	add(test, HEAP, &stands, "app!table; app!main");
	judge(test);
	assert_true(fabs(group_named(test, "fast", HEAP)->judged.share - 0.8) < 0.02);
	assert_true(fabs(group_named(test, "slow", HEAP)->judged.share - 0.2) < 0.02);
	assert_true(fabs(group_named(test, "open", SEEP_KIND_SOCKET)->judged.share - 1) < 1e-9);
	assert_true(group_named(test, "table", HEAP)->judged.share == 0);
	expect_names(test, "open fast slow table");
}

static void what_came_at_the_start_is_no_share_of_the_growth(void **state)
{
	struct test *test = *state;

	add(test, HEAP, &leaks, "app!leak; app!main");
	add(test, HEAP, &stands, "app!table; app!main");
	for (size_t i = 0; i < POINTS; i++)
		test->values[1][1][i] = i < 5 ? 0 : 1e9;
	judge(test);
	assert_true(group_named(test, "leak", HEAP)->judged.share > 0.99);
}

static void a_leak_in_a_noisy_group_makes_it_a_leak(void **state)
{
	struct test *test = *state;

	add(test, HEAP, &leaks, "app!op_new@op.c:5; app!get@a.c:1; app!main");
	add(test, HEAP, &works, "app!op_new@op.c:5; app!set@a.c:2; app!main");
	for (size_t i = 0; i < POINTS; i++) {
		test->values[1][0][i] = noise(i) * 1e5;
		test->values[1][1][i] = noise(i) * 1e7;
	}
	/* of the noise's medians */
	for (size_t i = 0; i < POINTS / 4; i++)
		test->values[1][1][3 * POINTS / 4 + i] = test->values[1][1][POINTS / 4 + i];
	judge(test);
	assert_int_equal(test->judgement.groups[0].judged.verdict.verdict, VERDICT_LEAK);
	assert_int_equal(test->judgement.sites[0].judged.verdict.verdict, VERDICT_LEAK);
}

/* The timers of two paths are one group; the records beside them are one each, and grow as one path's timers do. */
static void a_callsite_is_judged_beside_the_others_and_not_beside_their_sum(void **state)
{
	struct test *test = *state;
	static const double shares[] = {0.3, 0.7};

	add(test, SEEP_KIND_TIMERFD, &leaks, "app!timer_start@t.c:5; app!get@a.c:1; app!main");
	add(test, SEEP_KIND_TIMERFD, &leaks, "app!timer_start@t.c:5; app!set@a.c:2; app!main");
	add(test, HEAP, &leaks, "app!get@a.c:1; app!main");
	add(test, HEAP, &leaks, "app!set@a.c:2; app!main");
	for (size_t i = 0; i < POINTS; i++)
		for (size_t s = 0; s < 4; s++) {
			/* the paths are taken by turns, unevenly */
			double live = floor(8 * shares[s % 2] * (double)i) + (s % 2 ? noise(i) : 6 - noise(i));

			test->values[s][0][i] = test->values[s][2][i] = live;
			test->values[s][1][i] = test->values[s][3][i] = live * 100;
			test->values[s][4][i] = 0;
		}
	test->sites[0].series.is_handle = test->sites[1].series.is_handle = true;
	judge(test);
	assert_int_equal(group_named(test, "timer_start", SEEP_KIND_TIMERFD)->judged.verdict.verdict, VERDICT_LEAK);
	assert_true(fabs(group_named(test, "timer_start", SEEP_KIND_TIMERFD)->judged.verdict.objects.estimate - 8) < 1);
	assert_int_equal(group_named(test, "get", HEAP)->judged.verdict.verdict, VERDICT_LEAK);
	assert_int_equal(group_named(test, "set", HEAP)->judged.verdict.verdict, VERDICT_LEAK);
}

static void what_one_path_hands_on_to_another_is_no_leak(void **state)
{
	struct test *test = *state;

	add(test, HEAP, &leaks, "app!grow@buf.c:5; app!get@a.c:1; app!main");
	add(test, HEAP, &leaks, "app!grow@buf.c:5; app!set@a.c:2; app!main");
	for (size_t i = 0; i < POINTS; i++) {
		test->values[1][0][i] = 2000 - test->values[0][0][i];
		test->values[1][1][i] = test->values[1][0][i] * 100;
		test->values[1][4][i] = test->values[1][2][i] + test->values[0][0][i];
	}
	judge(test);
	assert_int_equal(test->judgement.group_count, 1);
	assert_int_not_equal(test->judgement.groups[0].judged.verdict.verdict, VERDICT_LEAK);
}

static void what_stands_still_is_steady_and_no_test(void **state)
{
	struct test *test = *state;

	add(test, HEAP, &stands, "app!table; app!main");
	judge(test);
	assert_int_equal(test->judgement.groups[0].judged.verdict.verdict, VERDICT_STEADY);
	assert_int_equal(test->judgement.groups[0].judged.verdict.goes_with.counter, -1);
	assert_true(test->judgement.groups[0].judged.live_objects == 7);
}

static void filters_leave_out_callsites(void **state)
{
	struct test *test = *state;

	add(test, HEAP, &leaks, "app!a; app!main");
	add(test, SEEP_KIND_SOCKET, &leaks, "app!b; app!main");
	test->options.kinds = 1u << SEEP_KIND_SOCKET;
	judge(test);
	expect_names(test, "b");
	test->options.kinds = 0;
	assert_int_equal(regcomp(&test->regex, "^a$", REG_EXTENDED | REG_NOSUB), 0);
	test->options.focus = &test->regex;
	judge(test);
	expect_names(test, "a");
}

static void the_functions_that_release_are_counted_by_group(void **state)
{
	struct test *test = *state;
	uint32_t first = add(test, HEAP, &leaks, "app!op_new@op.c:5; app!get@a.c:1; app!main");
	uint32_t second = add(test, HEAP, &leaks, "app!op_new@op.c:5; app!set@a.c:2; app!main");
	uint32_t at_close = fixture_node(&test->fixture, "libseep.so!free; app!zfree; app!conn_close; app!main");
	uint32_t at_end = fixture_node(&test->fixture, "libseep.so!free; app!zfree; app!op_done; app!main");

	test->releases[0] = (struct judgement_release){first, at_close, 3};
	test->releases[1] = (struct judgement_release){second, at_end, 5};
	test->releases[2] = (struct judgement_release){second, at_close, 4};
	test->releases[3] = (struct judgement_release){9999, at_close, 4};
	test->release_count = 4;
	judge(test);
	assert_int_equal(test->judgement.groups[0].release_count, 2);
	assert_string_equal(test->judgement.groups[0].releases[0].function, "conn_close");
	assert_int_equal(test->judgement.groups[0].releases[0].count, 7);
	assert_string_equal(test->judgement.groups[0].releases[1].function, "op_done");
}

static void nothing_to_judge_is_an_empty_judgement(void **state)
{
	struct test *test = *state;

	judge(test);
	assert_int_equal(test->judgement.group_count, 0);
	judgement_release(&test->judgement);
	judgement_build(&(struct judgement_input){.recording = &test->fixture.recording}, &test->options,
			&test->judgement);
	assert_int_equal(test->judgement.group_count, 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_end_as_allocators_do_are_wrappers),
		test(a_function_that_many_call_for_memory_is_a_wrapper),
		test(three_callers_make_no_wrapper),
		test(wrappers_of_wrappers_are_found),
		test(a_function_that_keeps_what_it_gets_for_everybody_is_the_leak),
		test(a_function_that_acquires_little_itself_is_no_wrapper),
		test(a_wrapper_can_be_named_by_hand),
		test(the_outermost_frame_is_named_if_all_are_wrappers),
		test(callsites_of_one_function_line_and_kind_are_one_group),
		test(shares_are_of_what_grows_of_the_same_sort),
		test(what_came_at_the_start_is_no_share_of_the_growth),
		test(a_leak_in_a_noisy_group_makes_it_a_leak),
		test(a_callsite_is_judged_beside_the_others_and_not_beside_their_sum),
		test(what_one_path_hands_on_to_another_is_no_leak),
		test(what_stands_still_is_steady_and_no_test),
		test(filters_leave_out_callsites),
		test(the_functions_that_release_are_counted_by_group),
		test(nothing_to_judge_is_an_empty_judgement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
