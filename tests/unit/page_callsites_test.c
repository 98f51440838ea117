/* SPDX-License-Identifier: MIT */
/* What the page gets of a judgement made by hand: compared with the files of tests/golden, and with growth's text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../analyzer/render/growth_words.h"
#include "../../analyzer/render/page_callsites.h"
#include "../../analyzer/render/page_flame.h"
#include "golden.h"
#include "growth_fixture.h"

enum { POINTS = 120 };

struct test {
	struct growth_test *growth;
	double values[3][POINTS];
	struct judgement_site sites[2];
	struct callsite_id ids[8];
	struct callsite_cum cums[8];
	struct verdict_mark mark;
	struct verdict_marks marks;
	struct page_judged judged;
};

static int set_up(void **state)
{
	struct test *test = memory_zeroed(1, sizeof(*test));
	void *growth;

	growth_set_up(&growth);
	test->growth = growth;
	growth_leaks(test->growth);
	growth_others(test->growth);
	growth_finish(test->growth);
	*state = test;
	return 0;
}

static int tear_down(void **state)
{
	struct test *test = *state;
	void *growth = test->growth;

	growth_tear_down(&growth);
	free(test);
	return 0;
}

/* The first callsite grows by 200 a second, and so do its timers' ages; of the others nothing is known over time. */
static void fill(struct test *test)
{
	struct judgement *judgement = &test->growth->judgement;

	for (size_t i = 0; i < POINTS; i++) {
		test->values[0][i] = 200 * (double)i;
		test->values[1][i] = 7;
		test->values[2][i] = (double)i / 4;
	}
	test->sites[0] = (struct judgement_site){.site_id = 1,
						 .series = {.live_objects = test->values[0],
							    .live_bytes = test->values[1],
							    .acquired_objects = test->values[0],
							    .released_objects = test->values[1],
							    .mean_age_s = test->values[2]}};
	for (size_t i = 0; i < judgement->group_count; i++)
		test->cums[i] = (struct callsite_cum){judgement->groups[i].judged.live_objects,
						      judgement->groups[i].judged.live_bytes};
	test->cums[0].objects = 20000;
	callsite_ids(&test->growth->fixture.recording, judgement, test->ids);
	test->mark = (struct verdict_mark){GROWTH_START + 60, test->ids[0], VERDICT_UNDECIDED, VERDICT_LEAK};
	test->marks = (struct verdict_marks){.items = &test->mark, .count = 1};
	test->judged = (struct page_judged){.recording = 1,
					    .version = 3,
					    .report = &test->growth->report,
					    .series = {test->sites, 1},
					    .ids = test->ids,
					    .cums = test->cums,
					    .marks = &test->marks};
}

/* A golden file is looked at: a line a member would be too long, one for all too. */
static void expect_page_golden(struct buffer *out, const char *name)
{
	struct buffer broken = {0};

	buffer_add(&broken, "");
	for (const char *at = out->text; *at; at++) {
		buffer_add_bytes(&broken, at, 1);
		if (*at == ',' && (at[1] == '{' || at[1] == '"') && at[-1] != ',')
			buffer_add(&broken, "\n");
	}
	buffer_add(&broken, "\n");
	expect_golden(&broken, name);
	buffer_release(&broken);
}

static void callsites_are_told_with_figures_and_words(void **state)
{
	struct test *test = *state;
	struct buffer out = {0};

	fill(test);
	page_callsites_json(&out, &test->judged);
	expect_page_golden(&out, "page_callsites.json");
	buffer_release(&out);
}

static void one_callsite_has_curves_stacks_sources_and_ages(void **state)
{
	static char plain[] = "\tx = 1; /* \xff */";
	static char *lines[] = {"#include <a>", "", "static int f(void)", "{", "\tint i;", "", "\tg();",
				"\treturn 0;",  "}"};
	char *long_lines[44];
	const struct report_source source = {.found = "src/op.c", .lines = long_lines, .line_count = 44};
	const struct report_source other = {.found = "src/mem.c", .lines = lines, .line_count = 9};
	struct page_ages ages = {.time_s = GROWTH_START + 100};
	const struct report_source *sources[64] = {0};
	struct test *test = *state;
	struct profile *profile = &test->growth->judgement.profile;
	struct page_callsite callsite = {.judged = &test->judged, .group = 1, .sources = sources, .ages = &ages};
	struct buffer out = {0};
	char wide[1000];

	fill(test);
	memset(wide, 'x', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	memcpy(wide + 399, "\xe2\x82\xac", 3); /* a character that lies across the end */
	for (size_t i = 0; i < 44; i++)
		long_lines[i] = i == 42 ? wide : plain;
	for (size_t i = 0; i < profile->frame_count; i++) {
		const char *file = profile->frames[i].file;

		if (file && !strcmp(file, "src/op.c"))
			sources[i] = &source;
		if (file && !strcmp(file, "src/mem.c"))
			sources[i] = &other;
	}
	ages.ages[3] = (struct model_age){10, 640};
	ages.ages[5] = (struct model_age){4, 1 << 20};
	test->growth->judgement.grid.count = 3;
	page_callsite_json(&out, &callsite);
	expect_page_golden(&out, "page_callsite.json");
	buffer_release(&out);
}

static void ages_that_are_unknown_say_why(void **state)
{
	struct page_ages ages = {.because = "its memory may not be read"};
	const struct report_source *sources[64] = {0};
	struct test *test = *state;
	struct page_callsite callsite = {.judged = &test->judged, .group = 0, .sources = sources, .ages = &ages};
	struct buffer out = {0};

	fill(test);
	page_callsite_json(&out, &callsite);
	assert_non_null(strstr(out.text, "\"ages\":null,\"ages_why\":\"its memory may not be read\""));
	buffer_release(&out);
}

static void there_are_no_more_than_20_stacks(void **state)
{
	struct judged_group group = {.site_count = 3};

	(void)state;
	assert_int_equal(page_stacks_shown(&group), 3);
	group.site_count = 1000;
	assert_int_equal(page_stacks_shown(&group), 20);
}

static void an_estimate_has_its_error(void **state)
{
	struct test *test = *state;
	struct buffer out = {0};

	fill(test);
	test->growth->groups[1].judged.is_estimated = true;
	test->growth->groups[1].judged.bytes_error = 1234.5;
	page_callsites_json(&out, &test->judged);
	assert_non_null(strstr(out.text, "\"estimated\":true,\"error\":1234.5,"));
	buffer_release(&out);
}

/* ---- the flame graph ---- */

static void build(struct fixture *fixture, const char *type_name, struct profile *profile, struct samples *samples,
		  struct report_head *head)
{
	struct profile_input input = {&fixture->recording, fixture->totals, fixture->count, +1};
	struct value_type type;

	assert_true(value_type_find(type_name, &type));
	profile_build(&input, 1, &(struct profile_options){.type = type}, profile);
	samples_build(profile, &(struct samples_options){.type = type}, samples);
	*head = (struct report_head){.type = type, .total = profile->total};
}

static void a_flame_graph_has_each_name_once_and_stacks_outermost_first(void **state)
{
	struct fixture fixture;
	struct profile profile;
	struct samples samples;
	struct report_head head;
	struct buffer out = {0};

	(void)state;
	fixture_init(&fixture);
	fixture_add(&fixture, SEEP_KIND_HEAP, 2, 4096,
		    "libc.so.6!strdup; app!put@cache.c:10 + insert@cache.c:90; app!main@main.c:5");
	fixture_add(&fixture, SEEP_KIND_HEAP, 1, 100, "app!\"quoted\"@cache.c; app!main@main.c:5");
	fixture_add(&fixture, SEEP_KIND_SOCKET, 9, 0, "app!meet@net.c:1; app!main@main.c:5");
	fixture_add(&fixture, SEEP_KIND_HEAP, 0, 0, "app!freed@cache.c:4; app!main@main.c:5");
	build(&fixture, "inuse_space", &profile, &samples, &head);
	page_flame_json(&out, &head, &samples);
	assert_string_equal(
		out.text,
		"{\"type\":\"inuse_space\",\"unit\":\"bytes\",\"total\":4196,\"difference\":false,\"estimated\":false,"
		"\"frames\":[{\"function\":\"put\",\"file\":\"cache.c\",\"line\":10,\"module\":\"/srv/app\"},"
		"{\"function\":\"insert\",\"file\":\"cache.c\",\"line\":90,\"module\":\"/srv/app\"},"
		"{\"function\":\"main\",\"file\":\"main.c\",\"line\":5,\"module\":\"/srv/app\"},"
		"{\"function\":\"\\\"quoted\\\"\",\"file\":\"cache.c\",\"line\":null,\"module\":\"/srv/app\"}],"
		"\"stacks\":[{\"frames\":[2,1,0],\"value\":4096},{\"frames\":[2,3],\"value\":100}]}");
	samples_release(&samples);
	profile_release(&profile);
	buffer_release(&out);
	build(&fixture, "sockets", &profile, &samples, &head);
	page_flame_json(&out, &head, &samples);
	assert_non_null(strstr(out.text, "\"unit\":\"objects\",\"total\":9,"));
	samples_release(&samples);
	profile_release(&profile);
	buffer_release(&out);
	fixture_release(&fixture);
}

static void a_flame_graph_of_nothing_is_empty(void **state)
{
	struct fixture fixture;
	struct profile profile;
	struct samples samples;
	struct report_head head;
	struct buffer out = {0};

	(void)state;
	fixture_init(&fixture);
	build(&fixture, "threads", &profile, &samples, &head);
	page_flame_json(&out, &head, &samples);
	assert_non_null(
		strstr(out.text, "\"total\":0,\"difference\":false,\"estimated\":false,\"frames\":[],\"stacks\":[]}"));
	samples_release(&samples);
	profile_release(&profile);
	buffer_release(&out);
	fixture_release(&fixture);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(callsites_are_told_with_figures_and_words),
		TEST(one_callsite_has_curves_stacks_sources_and_ages),
		TEST(ages_that_are_unknown_say_why),
		TEST(an_estimate_has_its_error),
		cmocka_unit_test(there_are_no_more_than_20_stacks),
		cmocka_unit_test(a_flame_graph_has_each_name_once_and_stacks_outermost_first),
		cmocka_unit_test(a_flame_graph_of_nothing_is_empty),
	};

	return cmocka_run_group_tests(tests, growth_set_zone, NULL);
}
