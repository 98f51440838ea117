/* SPDX-License-Identifier: MIT */
/* A callsite over time, as the page draws it, and what its function holds with all it called. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../analyzer/analysis/callsite_curves.h"
#include "recording_fixture.h"

enum { MOST_POINTS = 700, MOST = 6 };

struct test {
	struct fixture fixture;
	double objects[MOST][MOST_POINTS], bytes[MOST][MOST_POINTS], ages[MOST][MOST_POINTS];
	struct judgement_site sites[MOST];
	size_t count, points;
	struct judgement judgement;
};

static int set_up(void **state)
{
	struct test *test = memory_zeroed(1, sizeof(*test));

	fixture_init(&test->fixture);
	test->points = 8;
	*state = test;
	return 0;
}

static int tear_down(void **state)
{
	struct test *test = *state;

	judgement_release(&test->judgement);
	fixture_release(&test->fixture);
	free(test);
	return 0;
}

/* A callsite that begins with `start` objects of 10 bytes, and gets `more` with each point; they are `age` seconds old.
 */
static void add(struct test *test, enum seep_kind kind, double start, double more, double age, const char *stack)
{
	size_t at = test->count++;

	for (size_t i = 0; i < MOST_POINTS; i++) {
		test->objects[at][i] = start + more * (double)i;
		test->bytes[at][i] = 10 * test->objects[at][i];
		test->ages[at][i] = age;
	}
	test->sites[at] = (struct judgement_site){
		.site_id = fixture_add(&test->fixture, kind, 1, 1, stack),
		.series = {.live_objects = test->objects[at],
			   .live_bytes = test->bytes[at],
			   .acquired_objects = test->objects[at],
			   .mean_age_s = test->ages[at]},
	};
}

static void judge(struct test *test)
{
	struct judgement_input input = {.recording = &test->fixture.recording,
					.grid = {.start_s = 1000, .step_s = 2, .count = test->points},
					.sites = test->sites,
					.site_count = test->count};

	judgement_build(&input, &(struct judgement_options){0}, &test->judgement);
}

static size_t group_of(const struct test *test, const char *function)
{
	for (size_t i = 0; i < test->judgement.group_count; i++)
		if (!strcmp(test->judgement.groups[i].frame->function, function))
			return i;
	fail_msg("there is no group %s", function);
	return 0;
}

static void curves_are_sums_over_the_callsites_of_a_group(void **state)
{
	struct test *test = *state;
	struct callsite_curves curves;

	add(test, SEEP_KIND_HEAP, 0, 1, 4, "app!put@cache.c:10; app!main@main.c:5");
	add(test, SEEP_KIND_HEAP, 100, 0, 50, "app!other@cache.c:10; app!main@main.c:5");
	add(test, SEEP_KIND_HEAP, 0, 3, 8, "app!put@cache.c:10; app!work@main.c:9; app!main@main.c:5");
	judge(test);
	assert_int_equal(test->judgement.group_count, 2);
	callsite_curves_build(&test->judgement, &test->judgement.groups[group_of(test, "put")],
			      &(struct callsite_series){test->sites, test->count}, &curves);
	assert_true(curves.live_objects[0] == 0 && curves.live_objects[7] == 28);
	assert_true(curves.live_bytes[7] == 280);
	assert_true(curves.acquired_objects[7] == 28);
	assert_true(curves.released_objects[7] == 0);
	assert_true(isnan(curves.mean_age_s[0])); /* nothing lived */
	assert_true(curves.mean_age_s[7] == 7);   /* weighted by the objects */
	callsite_curves_release(&curves);
}

static void a_spark_has_few_points_and_the_ends(void **state)
{
	struct test *test = *state;
	double values[CALLSITE_SPARK_MOST];
	struct callsite_series series = {test->sites, 2};

	test->points = 600;
	add(test, SEEP_KIND_HEAP, 5, 1, 1, "app!put@cache.c:10; app!main@main.c:5");
	add(test, SEEP_KIND_SOCKET, 7, 0, 1, "app!meet@net.c:10; app!main@main.c:5");
	judge(test);
	assert_int_equal(
		callsite_spark(&test->judgement, &test->judgement.groups[group_of(test, "put")], &series, values), 60);
	assert_true(values[0] == 50 && values[59] == 6040);
	for (size_t i = 1; i < 60; i++) /* evenly spaced: 10 or 11 points apart */
		assert_in_range((unsigned)(values[i] - values[i - 1]), 100, 110);
	assert_int_equal(
		callsite_spark(&test->judgement, &test->judgement.groups[group_of(test, "meet")], &series, values), 2);
	assert_true(values[0] == 7 && values[1] == 7); /* objects, and a level that never changed */
}

static void sparks_of_thousands_are_shorter(void **state)
{
	struct test *test = *state;
	double values[CALLSITE_SPARK_MOST];
	struct callsite_series series = {test->sites, 1};

	test->points = 600;
	add(test, SEEP_KIND_HEAP, 5, 1, 1, "app!put@cache.c:10; app!main@main.c:5");
	judge(test);
	test->judgement.group_count = 10000;
	assert_int_equal(callsite_spark(&test->judgement, &test->judgement.groups[0], &series, values), 20);
	assert_true(values[0] == 50 && values[19] == 6040);
	test->judgement.group_count = 2000;
	assert_int_equal(callsite_spark(&test->judgement, &test->judgement.groups[0], &series, values), 30);
	test->judgement.group_count = 1;
}

static void a_spark_of_few_points_has_them_all(void **state)
{
	struct test *test = *state;
	double values[CALLSITE_SPARK_MOST];

	add(test, SEEP_KIND_HEAP, 0, 1, 1, "app!put@cache.c:10; app!main@main.c:5");
	judge(test);
	assert_int_equal(callsite_spark(&test->judgement, &test->judgement.groups[0],
					&(struct callsite_series){test->sites, 1}, values),
			 8);
	for (size_t i = 0; i < 8; i++)
		assert_true(values[i] == 10 * (double)i);
}

static void cum_is_of_all_stacks_of_the_kind_with_the_function(void **state)
{
	struct test *test = *state;
	struct callsite_cum cums[MOST];

	add(test, SEEP_KIND_HEAP, 1, 0, 1, "app!leaf@a.c:1; app!middle@a.c:2; app!main@main.c:5");
	add(test, SEEP_KIND_HEAP, 10, 0, 1, "app!middle@a.c:3; app!main@main.c:5");
	add(test, SEEP_KIND_HEAP, 100, 0, 1, "app!leaf@a.c:1; app!middle@a.c:2; app!middle@a.c:4; app!main@main.c:5");
	add(test, SEEP_KIND_SOCKET, 1000, 0, 1, "app!middle@a.c:9; app!main@main.c:5");
	judge(test);
	callsite_cums(&test->judgement, cums);
	for (size_t i = 0; i < test->judgement.group_count; i++) {
		const struct judged_group *group = &test->judgement.groups[i];
		bool is_leaf = !strcmp(group->frame->function, "leaf");

		if (group->kind == SEEP_KIND_SOCKET)
			assert_true(cums[i].objects == 1000);
		else
			assert_true(cums[i].objects == (is_leaf ? 101 : 111)); /* the recursion counts once */
		assert_true(cums[i].bytes == 10 * cums[i].objects);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(curves_are_sums_over_the_callsites_of_a_group),
		TEST(a_spark_has_few_points_and_the_ends),
		TEST(sparks_of_thousands_are_shorter),
		TEST(a_spark_of_few_points_has_them_all),
		TEST(cum_is_of_all_stacks_of_the_kind_with_the_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
