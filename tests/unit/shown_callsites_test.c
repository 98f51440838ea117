/* SPDX-License-Identifier: MIT */
/* Which callsites have series of their own, and what is counted for each: sums stay true, and nothing flaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../analyzer/analysis/memory.h"
#include "../../analyzer/analysis/shown_callsites.h"

enum { SITES = 40, LIMIT = 8 };

/* Callsite i is site i + 1, of the heap or, every fourth, a file. */
struct test {
	struct model_site sites[SITES + 1];
	struct recording recording;
	struct model_total totals[SITES];
	size_t total_count;
	struct judged_site judged_sites[SITES];
	struct judged_group groups[SITES];
	struct judgement judgement;
	struct callsite_id ids[SITES];
	struct shown_callsites shown;
	size_t limit;
};

static int set_up(void **state)
{
	struct test *test = memory_zeroed(1, sizeof(*test));

	for (uint32_t i = 0; i < SITES; i++) {
		test->sites[i + 1] = (struct model_site){
			.id = i + 1, .node_id = 1, .kind = i % 4 == 3 ? SEEP_KIND_FILE : SEEP_KIND_HEAP};
		test->totals[i] = (struct model_total){
			.site_id = i + 1,
			.live_count = 1 + i,
			.live_bytes = 100 + i,
			.acquired_count = 10 * i,
			.acquired_bytes = 1000 * i,
			.released_count = 3 * i,
			.released_bytes = 300 * i,
		};
	}
	test->recording = (struct recording){.sites = test->sites, .site_count = SITES + 1};
	test->total_count = SITES;
	test->judgement = (struct judgement){.groups = test->groups, .sites = test->judged_sites};
	test->limit = LIMIT;
	*state = test;
	return 0;
}

static int tear_down(void **state)
{
	struct test *test = *state;

	shown_callsites_release(&test->shown);
	free(test);
	return 0;
}

/* Callsites in the judgement's order. */
static void judge(struct test *test, const size_t *order, size_t count)
{
	test->judgement.group_count = test->judgement.site_count = count;
	for (size_t i = 0; i < count; i++) {
		test->judged_sites[i] = (struct judged_site){.site_id = (uint32_t)order[i] + 1};
		test->groups[i] =
			(struct judged_group){.kind = test->sites[order[i] + 1].kind, .first_site = i, .site_count = 1};
		snprintf(test->ids[i].text, sizeof(test->ids[i].text), "c1:%02zu", order[i]);
	}
}

static void judge_in_order(struct test *test, size_t count)
{
	size_t order[SITES];

	for (size_t i = 0; i < count; i++)
		order[i] = i;
	judge(test, order, count);
}

static void update(struct test *test)
{
	struct shown_input input = {
		.recording = &test->recording,
		.totals = test->totals,
		.total_count = test->total_count,
		.judgement = test->judgement.group_count ? &test->judgement : NULL,
		.ids = test->ids,
		.limit = test->limit,
	};

	shown_callsites_update(&test->shown, &input);
	assert_true(shown_callsites_check(&test->shown, test->limit));
}

static const struct shown_callsite *find(const struct test *test, size_t callsite)
{
	char id[sizeof(test->ids[0].text)];

	snprintf(id, sizeof(id), "c1:%02zu", callsite);
	for (size_t i = 0; i < test->shown.count; i++)
		if (!strcmp(test->shown.items[i].id.text, id))
			return &test->shown.items[i];
	return NULL;
}

static void the_first_are_shown_and_the_rest_is_other(void **state)
{
	struct test *test = *state;
	const struct shown_kind *heap = &test->shown.kinds[SEEP_KIND_HEAP];
	int64_t held = 0;

	judge_in_order(test, SITES);
	update(test);
	assert_int_equal(test->shown.count, LIMIT);
	assert_int_equal(find(test, 2)->figures.live_bytes, 102);
	assert_int_equal(find(test, 2)->figures.acquired_objects, 0); /* what was before is nobody's */
	assert_int_equal(find(test, 3)->kind, SEEP_KIND_FILE);
	assert_null(find(test, LIMIT));
	for (size_t i = 0; i < SITES; i++)
		held += i % 4 == 3 ? 0 : test->totals[i].live_bytes;
	assert_int_equal(heap->all.live_bytes, held);
	assert_int_equal(heap->other.live_bytes, held - 100 - 101 - 102 - 104 - 105 - 106);
	assert_false(test->shown.kinds[SEEP_KIND_SOCKET].is_any);
}

static void without_a_judgement_all_is_other(void **state)
{
	struct test *test = *state;

	update(test);
	assert_int_equal(test->shown.count, 0);
	assert_int_equal(test->shown.kinds[SEEP_KIND_FILE].other.live_objects,
			 test->shown.kinds[SEEP_KIND_FILE].all.live_objects);
	judge_in_order(test, SITES);
	test->limit = 0;
	update(test);
	assert_int_equal(test->shown.count, 0);
}

static void who_is_near_the_cap_stays(void **state)
{
	struct test *test = *state;
	static const size_t first[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	static const size_t second[] = {0, 1, 2, 3, 4, 5, 8, 9, 10, 6, 7, 11, 12, 13, 14, 15};

	judge(test, first, 16);
	update(test);
	for (int i = 0; i < 10; i++) {
		judge(test, i % 2 ? first : second, 16);
		update(test);
		assert_non_null(find(test, 6));
		assert_non_null(find(test, 7));
		assert_null(find(test, 8));
	}
}

static void who_leads_gets_a_place_and_who_falls_far_loses_it(void **state)
{
	struct test *test = *state;
	static const size_t leads[] = {15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
	static const size_t falls[] = {0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 7, 8, 15};

	judge_in_order(test, 16);
	update(test);
	judge(test, leads, 16);
	update(test);
	assert_non_null(find(test, 15));
	assert_null(find(test, 7)); /* was the last of those shown */
	judge(test, falls, 16);
	update(test);
	assert_null(find(test, 15));
	assert_non_null(find(test, 9));
	assert_null(find(test, 7));
}

static void one_that_is_shown_later_counts_from_then_and_one_that_goes_leaves_its_counts(void **state)
{
	struct test *test = *state;
	static const size_t leads[] = {20, 0, 1, 2, 4, 5, 6, 8, 9, 10};
	uint64_t other;

	judge_in_order(test, LIMIT);
	update(test);
	test->totals[2].acquired_count += 7;
	update(test);
	assert_int_equal(find(test, 2)->figures.acquired_objects, 7);
	other = test->shown.kinds[SEEP_KIND_HEAP].other.acquired_objects;
	judge(test, leads, 10);
	test->totals[20].acquired_count += 5;
	update(test);
	assert_int_equal(find(test, 20)->figures.acquired_objects, 5);
	assert_int_equal(find(test, 20)->figures.live_objects, 21);
	/* callsites 3 and 7, the files, are gone from the judgement */
	assert_int_equal(test->shown.kinds[SEEP_KIND_HEAP].other.acquired_objects, other);
	assert_int_equal(test->shown.kinds[SEEP_KIND_FILE].other.acquired_objects,
			 test->shown.kinds[SEEP_KIND_FILE].all.acquired_objects);
}

static void a_callsite_that_is_met_later_is_counted(void **state)
{
	struct test *test = *state;

	test->recording.site_count = test->total_count = 10;
	test->total_count = 9;
	judge_in_order(test, 9);
	update(test);
	test->recording.site_count = SITES + 1;
	test->total_count = SITES;
	update(test);
	assert_int_equal(test->shown.kinds[SEEP_KIND_HEAP].all.live_objects +
				 test->shown.kinds[SEEP_KIND_FILE].all.live_objects,
			 SITES * (SITES + 1) / 2);
	/* one that the recording does not have */
	test->totals[0].site_id = SITES + 7;
	update(test);
}

static void a_total_that_falls_takes_nothing_away(void **state)
{
	struct test *test = *state;
	struct shown_figures other;

	judge_in_order(test, LIMIT);
	update(test);
	test->totals[2].acquired_count += 5;
	update(test);
	other = test->shown.kinds[SEEP_KIND_HEAP].other;
	test->totals[2].acquired_count = 0;
	test->totals[20].released_bytes = 0;
	update(test);
	assert_int_equal(find(test, 2)->figures.acquired_objects, 5);
	assert_int_equal(test->shown.kinds[SEEP_KIND_HEAP].other.released_bytes, other.released_bytes);
}

/* A generator of our own: the same everywhere. */
static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void shuffle(size_t *order, size_t count, uint32_t *random)
{
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	for (size_t i = count; i > 1; i--) {
		size_t other = next_random(random) % i, kept = order[i - 1];

		order[i - 1] = order[other];
		order[other] = kept;
	}
}

static void no_counter_ever_falls_whoever_is_shown(void **state)
{
	struct test *test = *state;
	struct shown_figures before[SITES] = {0}, others[SEEP_KIND_COUNT] = {0};
	uint32_t random = 7;

	for (int round = 0; round < 300; round++) {
		size_t order[SITES];

		shuffle(order, SITES, &random);
		judge(test, order, 1 + next_random(&random) % SITES);
		for (size_t i = 0; i < SITES; i++) {
			test->totals[i].acquired_count += next_random(&random) % 100;
			test->totals[i].live_count = next_random(&random) % 100;
		}
		update(test);
		for (size_t i = 0; i < SITES; i++) {
			const struct shown_callsite *callsite = find(test, i);

			/* one that went comes back as another series does: from the beginning */
			assert_true(!callsite || !before[i].live_bytes ||
				    callsite->figures.acquired_objects >= before[i].acquired_objects);
			before[i] = callsite ? callsite->figures : (struct shown_figures){0};
		}
		for (size_t kind = 0; kind < SEEP_KIND_COUNT; kind++) {
			assert_true(test->shown.kinds[kind].other.acquired_objects >= others[kind].acquired_objects);
			others[kind] = test->shown.kinds[kind].other;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(the_first_are_shown_and_the_rest_is_other),
		TEST(without_a_judgement_all_is_other),
		TEST(who_is_near_the_cap_stays),
		TEST(who_leads_gets_a_place_and_who_falls_far_loses_it),
		TEST(one_that_is_shown_later_counts_from_then_and_one_that_goes_leaves_its_counts),
		TEST(a_callsite_that_is_met_later_is_counted),
		TEST(a_total_that_falls_takes_nothing_away),
		TEST(no_counter_ever_falls_whoever_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
