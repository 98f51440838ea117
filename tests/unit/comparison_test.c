/* SPDX-License-Identifier: MIT */
/* What changed between two recordings: by fingerprint, with what is sampled, and in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../analyzer/render/comparison.h"
#include "recording_fixture.h"

#define HEAP SEEP_KIND_HEAP

struct test {
	struct fixture before, after;
	struct comparison_options options;
	struct comparison comparison;
};

static int set_up(void **state)
{
	struct test *test = memory_zeroed(1, sizeof(*test));

	fixture_init(&test->before);
	fixture_init(&test->after);
	value_type_find("inuse_space", &test->options.type);
	*state = test;
	return 0;
}

static int tear_down(void **state)
{
	struct test *test = *state;

	comparison_release(&test->comparison);
	fixture_release(&test->before);
	fixture_release(&test->after);
	free(test);
	return 0;
}

static void build(struct test *test)
{
	struct profile_input before = {&test->before.recording, test->before.totals, test->before.count, -1};
	struct profile_input after = {&test->after.recording, test->after.totals, test->after.count, +1};

	comparison_release(&test->comparison);
	comparison_build(&before, &after, &test->options, &test->comparison);
}

static void expect(const struct test *test, size_t at, enum change change, int64_t before, int64_t after)
{
	const struct compared *callsite = &test->comparison.callsites[at];

	assert_string_equal(change_name(callsite->change), change_name(change));
	assert_int_equal(callsite->before, before);
	assert_int_equal(callsite->after, after);
}

static void test_callsites_come_grow_shrink_go_and_stay(void **state)
{
	struct test *test = *state;

	fixture_add(&test->before, HEAP, 1, 100, "app!stays@a.c:1; app!main");
	fixture_add(&test->before, HEAP, 1, 100, "app!grows@a.c:2; app!main");
	fixture_add(&test->before, HEAP, 1, 900, "app!shrinks@a.c:3; app!main");
	fixture_add(&test->before, HEAP, 1, 300, "app!goes@a.c:4; app!main");
	/* another build: other files and lines */
	fixture_add(&test->after, HEAP, 1, 100, "app!stays@b.c:201; app!main");
	fixture_add(&test->after, HEAP, 9, 5100, "app!grows.part.0@b.c:202; app!main");
	fixture_add(&test->after, HEAP, 1, 500, "app!shrinks@b.c:203; app!main");
	fixture_add(&test->after, HEAP, 1, 200, "app!comes@b.c:204; app!main");
	build(test);
	assert_int_equal(test->comparison.count, 5);
	expect(test, 0, CHANGE_GREW, 100, 5100);
	expect(test, 1, CHANGE_SHRANK, 900, 500);
	expect(test, 2, CHANGE_WENT, 300, 0);
	expect(test, 3, CHANGE_CAME, 0, 200);
	expect(test, 4, CHANGE_NONE, 100, 100);
	for (int i = 0; i < CHANGE_COUNT; i++)
		assert_int_equal(test->comparison.change_counts[i], 1);
	assert_int_equal(test->comparison.before, 1400);
	assert_int_equal(test->comparison.after, 5900);
}

static void test_two_lines_of_a_function_are_one_callsite_and_two_kinds_are_two(void **state)
{
	struct test *test = *state;

	fixture_add(&test->after, HEAP, 1, 100, "app!put@a.c:1; app!main");
	fixture_add(&test->after, HEAP, 1, 50, "app!put@a.c:9; app!main");
	build(test);
	assert_int_equal(test->comparison.count, 1);
	expect(test, 0, CHANGE_CAME, 0, 150);
	value_type_find("fds", &test->options.type);
	fixture_add(&test->after, SEEP_KIND_FILE, 2, 0, "app!put@a.c:1; app!main");
	fixture_add(&test->after, SEEP_KIND_PIPE, 3, 0, "app!put@a.c:1; app!main");
	build(test);
	assert_int_equal(test->comparison.count, 2);
}

static void test_focus_and_ignore_choose_stacks(void **state)
{
	struct test *test = *state;
	regex_t regex;

	fixture_add(&test->after, HEAP, 1, 100, "app!put@a.c:1; app!main");
	fixture_add(&test->after, HEAP, 1, 50, "app!get@a.c:9; app!main");
	assert_int_equal(regcomp(&regex, "^get$", REG_EXTENDED | REG_NOSUB), 0);
	test->options.focus = &regex;
	build(test);
	assert_int_equal(test->comparison.count, 1);
	expect(test, 0, CHANGE_CAME, 0, 50);
	test->options.focus = NULL;
	test->options.ignore = &regex;
	build(test);
	assert_int_equal(test->comparison.count, 1);
	expect(test, 0, CHANGE_CAME, 0, 100);
	regfree(&regex);
}

static void test_an_estimate_has_changed_only_beyond_its_interval(void **state)
{
	struct test *test = *state;
	struct model_part part = {.unseen = 1e6, .variance = 1e12, .weight = 524288};

	fixture_add(&test->before, HEAP, 10, 2000000, "app!put; app!main");
	fixture_add(&test->after, HEAP, 10, 2500000, "app!put; app!main");
	test->before.totals[0].byte_parts.live = part;
	test->after.totals[0].byte_parts.live = part;
	build(test);
	expect(test, 0, CHANGE_NONE, 2000000, 2500000);
	test->after.totals[0].live_bytes = 90000000;
	build(test);
	expect(test, 0, CHANGE_GREW, 2000000, 90000000);
}

static void test_the_text_says_what_is_left_out(void **state)
{
	struct test *test = *state;
	struct report_head head = {.recording = "b.db", .base = "a.db", .type = test->options.type};
	struct buffer out = {0};

	fixture_add(&test->before, HEAP, 1, 300, "app!goes@/src/a.c:4; app!main");
	fixture_add(&test->after, HEAP, 1, 100, "app!put\n@/src/a.c:1; app!main");
	build(test);
	comparison_text(&out, &head, &test->comparison, 1);
	assert_non_null(strstr(out.text, "A: a.db\nB: b.db\nType: inuse_space; A 300B, B 100B, change -200B\n"));
	assert_non_null(strstr(out.text, "went        -300B       300B          0  heap in goes (a.c:4)\n"));
	assert_non_null(strstr(out.text, "and 1 more that changed; -n 0 shows all\n"));
	assert_non_null(strstr(out.text, "2 callsites: 1 came, 0 grew, 0 shrank, 1 went, 0 are the same\n"));
	buffer_release(&out);
	comparison_text(&out, &head, &test->comparison, 0);
	assert_non_null(strstr(out.text, "came        +100B          0       100B  heap in put? (a.c:1)\n"));
	buffer_release(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_callsites_come_grow_shrink_go_and_stay),
		TEST(test_two_lines_of_a_function_are_one_callsite_and_two_kinds_are_two),
		TEST(test_focus_and_ignore_choose_stacks),
		TEST(test_an_estimate_has_changed_only_beyond_its_interval),
		TEST(test_the_text_says_what_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
