/* SPDX-License-Identifier: MIT */
/* Which id a callsite gets, and what that survives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../analyzer/analysis/callsite_id.h"
#include "recording_fixture.h"

enum { POINTS = 4, MOST = 8 };

/* A build of a program: its callsites, of which nothing grows. */
struct build {
	struct fixture fixture;
	struct judgement_site sites[MOST];
	size_t count;
	struct judgement judgement;
	struct callsite_id ids[MOST];
};

static void add(struct build *build, enum seep_kind kind, const char *stack)
{
	static const double level[POINTS] = {1, 1, 1, 1};

	build->sites[build->count++] = (struct judgement_site){
		.site_id = fixture_add(&build->fixture, kind, 1, 1, stack),
		.series = {.live_objects = level, .live_bytes = level, .acquired_objects = level},
	};
}

static void judge(struct build *build)
{
	struct judgement_input input = {.recording = &build->fixture.recording,
					.grid = {.start_s = 1000, .step_s = 1, .count = POINTS},
					.sites = build->sites,
					.site_count = build->count};

	judgement_build(&input, &(struct judgement_options){0}, &build->judgement);
	callsite_ids(&build->fixture.recording, &build->judgement, build->ids);
}

static struct build *begin(void)
{
	struct build *build = memory_zeroed(1, sizeof(*build));

	fixture_init(&build->fixture);
	return build;
}

static void end(struct build *build)
{
	judgement_release(&build->judgement);
	fixture_release(&build->fixture);
	free(build);
}

/* The id of the callsite of a kind in that function and line; NULL: there is none. */
static const char *id_of(const struct build *build, enum seep_kind kind, const char *function, uint32_t line)
{
	for (size_t i = 0; i < build->judgement.group_count; i++) {
		const struct judged_group *group = &build->judgement.groups[i];

		if (group->kind == kind && !strcmp(group->frame->function, function) && group->frame->line == line)
			return build->ids[i].text;
	}
	fail_msg("no callsite in %s:%u", function, line);
	return NULL;
}

static void test_an_id_is_of_kind_module_and_function(void **state)
{
	struct build *build = begin();

	(void)state;
	add(build, SEEP_KIND_HEAP, "app!put@cache.c:10; app!main@main.c:5");
	add(build, SEEP_KIND_SOCKET, "app!put@cache.c:12; app!main@main.c:5");
	add(build, SEEP_KIND_HEAP, "libcache.so.1!put@cache.c:10; app!main@main.c:5");
	add(build, SEEP_KIND_HEAP, "app!get@cache.c:10; app!main@main.c:5");
	judge(build);
	assert_int_equal(build->judgement.group_count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(strlen(build->ids[i].text), 3 + 16);
		assert_memory_equal(build->ids[i].text, "c1:", 3);
		for (size_t other = 0; other < i; other++)
			assert_string_not_equal(build->ids[i].text, build->ids[other].text);
	}
	end(build);
}

/* It is in links and in other programs' databases: a change is one of the version, and of the text. */
static void test_an_id_is_what_it_was_in_versions_before(void **state)
{
	struct build *build = begin();

	(void)state;
	add(build, SEEP_KIND_HEAP, "app!put@cache.c:10; app!main@main.c:5");
	judge(build);
	/* FNV-1a of "heap\n[program]!put\n" */
	assert_string_equal(id_of(build, SEEP_KIND_HEAP, "put", 10), "c1:87e02c388037f70f");
	end(build);
}

static void test_ids_survive_a_rebuild_with_shifted_lines(void **state)
{
	struct build *old = begin(), *new = begin();

	(void)state;
	add(old, SEEP_KIND_HEAP, "app!put@cache.c:10; app!main@main.c:5");
	add(old, SEEP_KIND_HEAP, "app!put@cache.c:20; app!main@main.c:6");
	add(old, SEEP_KIND_HEAP, "libx.so.1.2!x_new@x.c:7; app!main@main.c:7");
	/* another order, other lines, other callers, another compiler's clones, another version and file */
	add(new, SEEP_KIND_HEAP, "libx.so.1.3!x_new@src/x.c:9; app!start@main.c:77; app!main@main.c:8");
	add(new, SEEP_KIND_HEAP, "app!put.constprop.0@cache.c:120; app!main@main.c:16");
	add(new, SEEP_KIND_HEAP, "app!put@cache.c:110; app!main@main.c:15");
	judge(old);
	judge(new);
	assert_string_equal(id_of(old, SEEP_KIND_HEAP, "x_new", 7), id_of(new, SEEP_KIND_HEAP, "x_new", 9));
	assert_string_equal(id_of(old, SEEP_KIND_HEAP, "put", 10), id_of(new, SEEP_KIND_HEAP, "put", 110));
	assert_string_equal(id_of(old, SEEP_KIND_HEAP, "put", 20), id_of(new, SEEP_KIND_HEAP, "put.constprop.0", 120));
	end(old);
	end(new);
}

static void test_several_lines_of_a_function_are_numbered_in_their_order(void **state)
{
	struct build *build = begin();
	char expected[40];

	(void)state;
	add(build, SEEP_KIND_HEAP, "app!put@cache.c:30; app!main@main.c:5");
	add(build, SEEP_KIND_HEAP, "app!put@cache.c:10; app!main@main.c:5");
	add(build, SEEP_KIND_HEAP, "app!put@cache.c:20; app!main@main.c:5");
	add(build, SEEP_KIND_FILE, "app!put@cache.c:15; app!main@main.c:5");
	judge(build);
	assert_int_equal(strlen(id_of(build, SEEP_KIND_HEAP, "put", 10)), 3 + 16);
	snprintf(expected, sizeof(expected), "%s-2", id_of(build, SEEP_KIND_HEAP, "put", 10));
	assert_string_equal(id_of(build, SEEP_KIND_HEAP, "put", 20), expected);
	snprintf(expected, sizeof(expected), "%s-3", id_of(build, SEEP_KIND_HEAP, "put", 10));
	assert_string_equal(id_of(build, SEEP_KIND_HEAP, "put", 30), expected);
	assert_int_equal(strlen(id_of(build, SEEP_KIND_FILE, "put", 15)), 3 + 16);
	end(build);
}

static void test_numbers_that_were_given_out_are_kept(void **state)
{
	struct build *early = begin(), *late = begin();
	struct callsite_numbers numbers = {0};
	char first[32];

	(void)state;
	add(early, SEEP_KIND_HEAP, "app!put@cache.c:20; app!main@main.c:5");
	add(early, SEEP_KIND_HEAP, "app!put@cache.c:30; app!main@main.c:5");
	judge(early);
	callsite_ids_kept(&early->fixture.recording, &early->judgement, &numbers, early->ids);
	/* by now line 10 was met, too */
	add(late, SEEP_KIND_HEAP, "app!put@cache.c:10; app!main@main.c:5");
	add(late, SEEP_KIND_HEAP, "app!put@cache.c:30; app!main@main.c:5");
	add(late, SEEP_KIND_HEAP, "app!put@cache.c:20; app!main@main.c:5");
	judge(late);
	assert_string_equal(id_of(late, SEEP_KIND_HEAP, "put", 10), id_of(early, SEEP_KIND_HEAP, "put", 20));
	callsite_ids_kept(&late->fixture.recording, &late->judgement, &numbers, late->ids);
	assert_string_equal(id_of(late, SEEP_KIND_HEAP, "put", 20), id_of(early, SEEP_KIND_HEAP, "put", 20));
	assert_string_equal(id_of(late, SEEP_KIND_HEAP, "put", 30), id_of(early, SEEP_KIND_HEAP, "put", 30));
	snprintf(first, sizeof(first), "%s-3", id_of(early, SEEP_KIND_HEAP, "put", 20));
	assert_string_equal(id_of(late, SEEP_KIND_HEAP, "put", 10), first);
	callsite_numbers_release(&numbers);
	end(early);
	end(late);
}

static void test_functions_without_a_name_are_told_apart_by_their_offset(void **state)
{
	struct build *build = begin();

	(void)state;
	add(build, SEEP_KIND_HEAP, "libplugin.so!0x1f40; app!main@main.c:5");
	add(build, SEEP_KIND_HEAP, "libplugin.so!0x2f40; app!main@main.c:5");
	judge(build);
	assert_int_equal(build->judgement.group_count, 2);
	assert_int_equal(strlen(build->ids[0].text), 3 + 16);
	assert_int_equal(strlen(build->ids[1].text), 3 + 16);
	assert_string_not_equal(build->ids[0].text, build->ids[1].text);
	end(build);
}

static void test_a_judgement_of_nothing_has_no_ids(void **state)
{
	struct build *build = begin();

	(void)state;
	callsite_ids(&build->fixture.recording, &build->judgement, build->ids);
	assert_string_equal(build->ids[0].text, "");
	end(build);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_id_is_of_kind_module_and_function),
		cmocka_unit_test(test_an_id_is_what_it_was_in_versions_before),
		cmocka_unit_test(test_ids_survive_a_rebuild_with_shifted_lines),
		cmocka_unit_test(test_several_lines_of_a_function_are_numbered_in_their_order),
		cmocka_unit_test(test_numbers_that_were_given_out_are_kept),
		cmocka_unit_test(test_functions_without_a_name_are_told_apart_by_their_offset),
		cmocka_unit_test(test_a_judgement_of_nothing_has_no_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
