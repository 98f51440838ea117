/* SPDX-License-Identifier: MIT */
/* How old is what functions hold: callsites' ages added up by the functions in their stacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../analyzer/analysis/ages.h"
#include "recording_fixture.h"

struct test {
	struct fixture fixture;
	struct model_ages sites[8];
	size_t count;
	struct profile_options options;
	struct age_groups groups;
};

static int set_up(void **state)
{
	struct test *test = memory_zeroed(1, sizeof(*test));

	fixture_init(&test->fixture);
	value_type_find("inuse_space", &test->options.type);
	*state = test;
	return 0;
}

static int tear_down(void **state)
{
	struct test *test = *state;

	age_groups_release(&test->groups);
	fixture_release(&test->fixture);
	free(test);
	return 0;
}

/* A callsite of which one process holds `count` things of that age, 10 bytes each. */
static uint32_t add(struct test *test, enum seep_kind kind, const char *stack, unsigned place, double count)
{
	uint32_t id = fixture_add(&test->fixture, kind, (int64_t)count, (int64_t)count * 10, stack);

	test->sites[test->count] = (struct model_ages){.site_id = id};
	test->sites[test->count++].ages[place] = (struct model_age){count, 10 * count};
	return id;
}

static void group(struct test *test, const char *expression)
{
	struct ages_input input = {.recording = &test->fixture.recording,
				   .sites = test->sites,
				   .site_count = test->count,
				   .totals = test->fixture.totals,
				   .total_count = test->fixture.count};
	regex_t name;

	assert_int_equal(regcomp(&name, expression, REG_EXTENDED | REG_NOSUB), 0);
	input.name = &name;
	ages_group(&input, &test->options, &test->groups);
	regfree(&name);
}

static void a_function_has_what_all_its_callsites_hold(void **state)
{
	struct test *test = *state;

	add(test, SEEP_KIND_HEAP, "app!make; app!serve; app!main", 0, 5);
	add(test, SEEP_KIND_HEAP, "app!make; app!init; app!main", 3, 7);
	add(test, SEEP_KIND_HEAP, "app!walk; app!walk; app!main", 3, 2);
	add(test, SEEP_KIND_SOCKET, "app!make; app!main", 3, 100);
	group(test, "^(make|serve|walk)$");
	assert_int_equal(test->groups.count, 3);
	assert_string_equal(test->groups.groups[0].function, "make");
	assert_true(test->groups.groups[0].sum.count == 12 && test->groups.groups[0].sum.bytes == 120);
	assert_true(test->groups.groups[0].ages[0].count == 5 && test->groups.groups[0].ages[3].bytes == 70);
	assert_int_equal(test->groups.groups[0].live_count, 12);
	assert_int_equal(test->groups.groups[0].live_bytes, 120);
	assert_string_equal(test->groups.groups[1].function, "serve");
	assert_string_equal(test->groups.groups[2].function, "walk");
	assert_true(test->groups.groups[2].sum.count == 2); /* though it is there twice */
}

static void processes_are_added_and_their_counters_not_twice(void **state)
{
	struct test *test = *state;

	test->sites[test->count + 1].site_id = add(test, SEEP_KIND_HEAP, "app!make; app!main", 0, 5);
	test->sites[test->count++].ages[2] = (struct model_age){3, 30};
	group(test, "make");
	assert_int_equal(test->groups.count, 1);
	assert_true(test->groups.groups[0].sum.count == 8);
	assert_int_equal(test->groups.groups[0].live_count, 5);
}

static void handles_are_ordered_by_their_number_and_names_break_ties(void **state)
{
	struct test *test = *state;

	value_type_find("sockets", &test->options.type);
	add(test, SEEP_KIND_SOCKET, "app!b", 0, 5);
	add(test, SEEP_KIND_SOCKET, "app!a", 1, 5);
	add(test, SEEP_KIND_SOCKET, "app!c", 2, 6);
	group(test, ".");
	assert_int_equal(test->groups.count, 3);
	assert_string_equal(test->groups.groups[0].function, "c");
	assert_string_equal(test->groups.groups[1].function, "a");
	assert_string_equal(test->groups.groups[2].function, "b");
}

static void sites_that_there_are_not_and_no_match_give_nothing(void **state)
{
	struct test *test = *state;

	add(test, SEEP_KIND_HEAP, "app!make; app!main", 0, 5);
	test->sites[test->count] = test->sites[0];
	test->sites[test->count++].site_id = UINT32_MAX;
	group(test, "other");
	assert_int_equal(test->groups.count, 0);
	age_groups_release(&test->groups);
	group(test, "make");
	assert_true(test->groups.groups[0].sum.count == 5);
}

static void places_are_powers_of_two_seconds(void **state)
{
	(void)state;
	assert_int_equal(age_from(0), 0);
	assert_int_equal(age_to(0), 1);
	assert_int_equal(age_from(1), 1);
	assert_int_equal(age_to(1), 2);
	assert_int_equal(age_from(MODEL_AGES - 1), 1 << 24);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_function_has_what_all_its_callsites_hold),
		TEST(processes_are_added_and_their_counters_not_twice),
		TEST(handles_are_ordered_by_their_number_and_names_break_ties),
		TEST(sites_that_there_are_not_and_no_match_give_nothing),
		TEST(places_are_powers_of_two_seconds),
	};

	return cmocka_run_group_tests_name("ages", tests, NULL, NULL);
}
