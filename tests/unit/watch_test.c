/* SPDX-License-Identifier: MIT */
/* `seep top --watch` without a terminal: the table's rows, what keys do, and what is then on the screen. */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "../../analyzer/analysis/samples.h"
#include "../../analyzer/render/watch_table.h"
#include "../../analyzer/render/watch_view.h"
#include "recording_fixture.h"

enum { MOST = 16, START = 1700000040 };

struct test {
	struct fixture fixture;
	struct judgement judgement;
	struct judged_group groups[MOST];
	struct judged_site sites[MOST];
	uint32_t nodes[MOST];
	struct profile profile;
	struct report_head report_head;
	struct growth_report report;
	struct watch_head head;
	struct watch_view view;
	struct screen screen;
};

/* ---- recordings ---- */

/* A callsite with a group of its own. */
static struct judged_group *add_judged(struct test *test, enum seep_kind kind, enum verdict verdict, int64_t count,
				       int64_t bytes, const char *stack)
{
	struct judgement *judgement = &test->judgement;
	size_t at = judgement->group_count++;
	struct judged_group *group = &test->groups[at];
	uint32_t id = fixture_add(&test->fixture, kind, count, bytes, stack);

	*group = (struct judged_group){.kind = kind, .first_site = at, .site_count = 1};
	group->judged.verdict = (struct verdict_result){.verdict = verdict,
							.reason = "as the test says",
							.mean_age_s = NAN,
							.mean_lifetime_s = NAN,
							.goes_with = {.counter = -1}};
	group->judged.live_objects = (double)count;
	group->judged.live_bytes = (double)bytes;
	test->nodes[at] = test->fixture.recording.sites[id].node_id;
	test->sites[at] = (struct judged_site){.site_id = id, .kind = kind, .group = at, .stack = at};
	test->sites[at].judged = group->judged;
	judgement->site_count++;
	judgement->verdict_counts[verdict]++;
	return group;
}

/* Three verdicts, two kinds, a function in others' stacks. */
static void add_usual(struct test *test)
{
	struct judged_group *leak = add_judged(test, SEEP_KIND_HEAP, VERDICT_LEAK, 100, 50000,
					       "app!keep@log.c:90; app!serve@main.c:20; app!main@main.c:5");

	leak->judged.verdict.bytes = (struct growth_slope){5000, 4900, 5100};
	leak->judged.verdict.objects = (struct growth_slope){10, 9.8, 10.2};
	leak->judged.verdict.since_s = START + 10;
	leak = add_judged(test, SEEP_KIND_TIMERFD, VERDICT_LEAK, 70, 0,
			  "app!timer_start@timer.c:18; app!serve@main.c:21; app!main@main.c:5");
	leak->judged.verdict.objects = (struct growth_slope){7, 6, 8};
	add_judged(test, SEEP_KIND_HEAP, VERDICT_STEADY, 1, 90000, "app!serve@main.c:11; app!main@main.c:5");
}

static void judge(struct test *test)
{
	struct judgement *judgement = &test->judgement;

	profile_of_nodes(&test->fixture.recording, test->nodes, judgement->group_count, &(struct profile_options){0},
			 &judgement->profile);
	for (size_t i = 0; i < judgement->group_count; i++)
		test->groups[i].frame =
			&judgement->profile.frames[judgement->profile.frame_ids[judgement->profile.stacks[i].first]];
}

/* The figures as they are now; the ones before are released after the view has let them go. */
static void show(struct test *test, bool is_judged)
{
	struct profile before = test->profile;
	struct profile_options options = {.type = samples_every_type()};
	struct profile_input input = {&test->fixture.recording, test->fixture.totals, test->fixture.count, 1};
	struct watch_facts facts = {.head = &test->head, .profile = &test->profile};

	profile_build(&input, 1, &options, &test->profile);
	facts.report = is_judged ? &test->report : NULL;
	watch_view_facts(&test->view, &facts);
	profile_release(&before);
}

static int set_up(void **state)
{
	struct test *test = memory_zeroed(1, sizeof(*test));

	setlocale(LC_CTYPE, "C.UTF-8");
	setenv("TZ", "UTC", 1);
	tzset();
	fixture_init(&test->fixture);
	test->judgement = (struct judgement){
		.grid = {.start_s = START, .step_s = 1, .count = 60}, .groups = test->groups, .sites = test->sites};
	test->report_head = (struct report_head){.program = "app", .program_path = "/srv/app"};
	test->report = (struct growth_report){.head = &test->report_head, .judgement = &test->judgement};
	test->head = (struct watch_head){.recording = "app.db",
					 .program = "app",
					 .pid = 4711,
					 .process_count = 1,
					 .is_live = true,
					 .recorded_s = 3725,
					 .tracked_bytes = 1 << 20,
					 .private_bytes = 2 << 20,
					 .descriptors = 50,
					 .descriptor_limit = 100,
					 .cpu_percent = 12.34,
					 .events_per_s = 1500,
					 .hook_percent = 1.5,
					 .seep_bytes = 4096,
					 .refresh_s = 1,
					 .process_words = "Process     leak: it grows",
					 .judged_s = START + 59};
	watch_view_init(&test->view, &(struct watch_options){0});
	*state = test;
	return 0;
}

static int tear_down(void **state)
{
	struct test *test = *state;

	watch_view_release(&test->view);
	screen_release(&test->screen);
	profile_release(&test->profile);
	profile_release(&test->judgement.profile);
	fixture_release(&test->fixture);
	free(test);
	return 0;
}

static void usual(struct test *test)
{
	add_usual(test);
	judge(test);
	show(test, true);
}

/* ---- asking ---- */

static void press(struct test *test, const char *keys)
{
	for (; *keys; keys++)
		watch_view_key(&test->view, (unsigned char)*keys);
}

static void draw(struct test *test, size_t rows, size_t columns)
{
	screen_begin(&test->screen, rows, columns, true);
	watch_view_draw(&test->view, &test->screen);
}

static const char *line(const struct test *test, size_t row)
{
	assert_true(row < test->screen.line_count);
	return test->screen.lines[row].text.text ? test->screen.lines[row].text.text : "";
}

static void expect_line_with(struct test *test, size_t row, const char *text)
{
	if (!strstr(line(test, row), text))
		fail_msg("line %zu is '%s', without '%s'", row, line(test, row), text);
}

static bool is_on_screen(const struct test *test, const char *text)
{
	for (size_t i = 0; i < test->screen.line_count; i++)
		if (strstr(line(test, i), text))
			return true;
	return false;
}

static const struct callsite_row *row_at(const struct test *test, size_t at)
{
	assert_true(at < test->view.shown_count);
	return &test->view.rows.items[test->view.shown[at]];
}

static void expect_order(const struct test *test, const char *a, const char *b, const char *c)
{
	const char *expected[] = {a, b, c};

	assert_int_equal(test->view.shown_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(row_at(test, i)->frame->function, expected[i]);
}

static void expect_cell(const struct callsite_row *row, enum watch_column column, const char *text)
{
	char *cell = watch_cell(row, column);

	assert_string_equal(cell, text);
	free(cell);
}

/* ---- rows ---- */

static void a_row_has_what_its_callsites_hold_and_what_the_function_called(void **state)
{
	struct test *test = *state;
	const struct callsite_row *serve;

	usual(test);
	serve = row_at(test, 2);
	assert_string_equal(serve->frame->function, "serve");
	assert_int_equal(serve->flat, 90000);
	assert_int_equal(serve->cum, 140000); /* heap only: timers are no bytes */
	assert_int_equal(serve->count, 1);
	assert_int_equal(row_at(test, 1)->flat, 70);
	assert_int_equal(row_at(test, 1)->cum, 70);
	expect_cell(row_at(test, 0), WATCH_COLUMN_GROWTH, "+4.88kB/s");
	expect_cell(row_at(test, 1), WATCH_COLUMN_GROWTH, "+7/s");
	expect_cell(serve, WATCH_COLUMN_GROWTH, "-");
	expect_cell(row_at(test, 0), WATCH_COLUMN_SINCE, "Nov 14 22:14");
}

static void a_type_shows_its_kinds_as_it_counts(void **state)
{
	struct test *test = *state;

	add_usual(test);
	judge(test);
	watch_view_release(&test->view);
	watch_view_init(&test->view, &(struct watch_options){.type = "alloc_objects"});
	show(test, true);
	assert_int_equal(test->view.shown_count, 2);
	assert_int_equal(row_at(test, 0)->flat, 200);
	assert_int_equal(row_at(test, 1)->cum, 202);
	assert_false(row_at(test, 0)->in_bytes);
}

static void callsites_of_one_line_are_one_row(void **state)
{
	struct test *test = *state;

	add_judged(test, SEEP_KIND_HEAP, VERDICT_STEADY, 2, 200, "app!put@a.c:1; app!one@a.c:8; app!main@a.c:9");
	fixture_add(&test->fixture, SEEP_KIND_HEAP, 3, 300, "app!put@a.c:1; app!two@a.c:7; app!main@a.c:9");
	test->sites[1] = (struct judged_site){.site_id = 2, .group = 0};
	test->groups[0].site_count = 2;
	test->judgement.site_count = 2;
	judge(test);
	show(test, true);
	assert_int_equal(test->view.shown_count, 1);
	assert_int_equal(row_at(test, 0)->flat, 500);
	assert_int_equal(row_at(test, 0)->count, 5);
}

static void what_came_after_the_judgement_has_a_row_without_a_verdict(void **state)
{
	struct test *test = *state;

	add_usual(test);
	judge(test);
	fixture_add(&test->fixture, SEEP_KIND_HEAP, 4, 400,
		    "app!xmalloc@mem.c:3; app!fresh@new.c:7; app!main@main.c:5");
	fixture_add(&test->fixture, SEEP_KIND_HEAP, 1, 100, "app!fresh@new.c:7; app!main@main.c:6");
	show(test, true);
	assert_int_equal(test->view.shown_count, 4);
	assert_string_equal(row_at(test, 3)->frame->function, "fresh");
	assert_int_equal(row_at(test, 3)->flat, 500);
	expect_cell(row_at(test, 3), WATCH_COLUMN_VERDICT, "new");
	expect_cell(row_at(test, 3), WATCH_COLUMN_GROWTH, "");
}

static void without_a_judgement_the_largest_comes_first(void **state)
{
	struct test *test = *state;

	add_usual(test);
	show(test, false);
	expect_order(test, "serve", "keep", "timer_start");
}

static void each_key_sorts_by_its_column(void **state)
{
	struct test *test = *state;

	usual(test);
	expect_order(test, "keep", "timer_start", "serve");
	press(test, "f");
	expect_order(test, "serve", "keep", "timer_start");
	press(test, "r");
	expect_order(test, "timer_start", "keep", "serve");
	press(test, "n");
	expect_order(test, "keep", "serve", "timer_start");
	press(test, "g");
	expect_order(test, "keep", "serve", "timer_start"); /* bytes before pieces, which cannot be compared */
	press(test, "c");
	expect_order(test, "serve", "keep", "timer_start");
	press(test, "v");
	expect_order(test, "keep", "timer_start", "serve");
}

static void unknown_ages_are_last(void **state)
{
	struct test *test = *state;

	add_usual(test);
	test->fixture.totals[1].mean_age_s = 30;
	test->fixture.totals[2].mean_age_s = 900;
	test->fixture.totals[0].live_count = 0;
	judge(test);
	show(test, true);
	press(test, "a");
	expect_order(test, "serve", "timer_start", "keep");
	expect_cell(row_at(test, 0), WATCH_COLUMN_AGE, "15.0m");
	expect_cell(row_at(test, 1), WATCH_COLUMN_AGE, "30s");
	expect_cell(row_at(test, 2), WATCH_COLUMN_AGE, "");
}

/* ---- keys ---- */

static void a_filter_applies_as_it_is_typed_and_escape_clears_it(void **state)
{
	struct test *test = *state;

	usual(test);
	press(test, "/T");
	assert_int_equal(test->view.shown_count, 2); /* timer_start, and "steady" */
	press(test, "IME");
	assert_int_equal(test->view.shown_count, 1);
	draw(test, 24, 80);
	expect_line_with(test, 23, "Filter: TIME_");
	watch_view_key(&test->view, WATCH_KEY_BACKSPACE);
	assert_string_equal(test->view.filter.text, "TIM");
	watch_view_key(&test->view, WATCH_KEY_ENTER);
	assert_int_equal(test->view.shown_count, 1);
	watch_view_key(&test->view, WATCH_KEY_ESCAPE);
	assert_int_equal(test->view.shown_count, 3);
	assert_false(test->view.wants_quit);
	press(test, "/main.c:11");
	assert_int_equal(test->view.shown_count, 1);
	assert_string_equal(row_at(test, 0)->frame->function, "serve");
	press(test, "x");
	draw(test, 24, 80);
	assert_true(is_on_screen(test, "No callsite matches 'main.c:11x'"));
	watch_view_key(&test->view, WATCH_KEY_ESCAPE);
	assert_int_equal(test->view.shown_count, 3);
}

static void a_filter_takes_characters_of_any_size_and_is_bounded(void **state)
{
	struct test *test = *state;

	usual(test);
	press(test, "/");
	watch_view_key(&test->view, 0xe4);
	watch_view_key(&test->view, 0x20ac);
	watch_view_key(&test->view, 0x1f600);
	assert_string_equal(test->view.filter.text, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	watch_view_key(&test->view, WATCH_KEY_BACKSPACE);
	assert_string_equal(test->view.filter.text, "\xc3\xa4\xe2\x82\xac");
	for (int i = 0; i < 1000; i++)
		watch_view_key(&test->view, 'a');
	assert_true(test->view.filter.size <= 200);
	for (int i = 0; i < 1000; i++)
		watch_view_key(&test->view, WATCH_KEY_BACKSPACE);
	assert_int_equal(test->view.filter.size, 0);
}

static void the_cursor_stays_with_its_callsite(void **state)
{
	struct test *test = *state;

	usual(test);
	press(test, "j");
	assert_string_equal(watch_view_chosen(&test->view)->frame->function, "timer_start");
	press(test, "f");
	assert_int_equal(test->view.cursor, 2);
	assert_string_equal(watch_view_chosen(&test->view)->frame->function, "timer_start");
	test->fixture.totals[1].live_count = 71;
	show(test, true);
	assert_string_equal(watch_view_chosen(&test->view)->frame->function, "timer_start");
	assert_int_equal(watch_view_chosen(&test->view)->flat, 71);
}

static void a_cursor_on_top_stays_on_top(void **state)
{
	struct test *test = *state;

	usual(test);
	press(test, "f");
	assert_int_equal(test->view.cursor, 0);
	assert_string_equal(watch_view_chosen(&test->view)->frame->function, "serve");
}

static void keys_move_within_the_table_and_no_further(void **state)
{
	struct test *test = *state;

	usual(test);
	draw(test, 24, 80);
	press(test, "kk");
	assert_int_equal(test->view.cursor, 0);
	press(test, "jjjjj");
	assert_int_equal(test->view.cursor, 2);
	watch_view_key(&test->view, WATCH_KEY_HOME);
	watch_view_key(&test->view, WATCH_KEY_PAGE_DOWN);
	assert_int_equal(test->view.cursor, 2);
	watch_view_key(&test->view, WATCH_KEY_PAGE_UP);
	assert_int_equal(test->view.cursor, 0);
	watch_view_key(&test->view, WATCH_KEY_END);
	assert_int_equal(test->view.cursor, 2);
}

static void menus_choose_an_order_and_a_type(void **state)
{
	struct test *test = *state;

	usual(test);
	watch_view_key(&test->view, WATCH_KEY_SORT);
	draw(test, 24, 80);
	assert_true(is_on_screen(test, "SORT BY"));
	assert_true(is_on_screen(test, "mean age"));
	press(test, "f");
	expect_order(test, "serve", "keep", "timer_start");
	press(test, "t");
	draw(test, 24, 80);
	assert_true(is_on_screen(test, "everything"));
	assert_true(is_on_screen(test, "alloc_space"));
	for (int i = 0; i < 7; i++)
		watch_view_key(&test->view, WATCH_KEY_DOWN);
	watch_view_key(&test->view, WATCH_KEY_ENTER);
	draw(test, 24, 80);
	expect_line_with(test, 6, "Type: timers");
	assert_int_equal(test->view.shown_count, 1);
	press(test, "t");
	watch_view_key(&test->view, WATCH_KEY_END);
	watch_view_key(&test->view, WATCH_KEY_ESCAPE);
	assert_int_equal(test->view.shown_count, 1);
	assert_false(test->view.wants_quit);
}

static void enter_shows_the_stack_and_what_is_known(void **state)
{
	struct test *test = *state;

	usual(test);
	watch_view_key(&test->view, WATCH_KEY_ENTER);
	draw(test, 24, 80);
	assert_true(is_on_screen(test, "LEAK  keep (log.c:90) in app, heap: +4.88kB/s"));
	assert_true(is_on_screen(test, "keep log.c:90"));
	assert_true(is_on_screen(test, "serve main.c:20"));
	assert_true(is_on_screen(test, "Why: as the test says"));
	press(test, "q");
	assert_false(test->view.wants_quit);
	draw(test, 24, 80);
	assert_true(is_on_screen(test, "VERDICT"));
	press(test, "q");
	assert_true(test->view.wants_quit);
}

static void details_of_a_callsite_that_is_gone_are_no_other_ones(void **state)
{
	struct test *test = *state;

	add_usual(test);
	show(test, false);
	watch_view_key(&test->view, WATCH_KEY_ENTER);
	assert_string_equal(watch_view_chosen(&test->view)->frame->function, "serve");
	draw(test, 24, 80);
	assert_true(is_on_screen(test, "not judged yet"));
	assert_true(is_on_screen(test, "serve main.c:11"));
	test->fixture.totals[2] = test->fixture.totals[1];
	test->fixture.count = 2;
	show(test, false);
	assert_int_equal(test->view.mode, WATCH_TABLE);
}

static void help_and_pause(void **state)
{
	struct test *test = *state;

	usual(test);
	press(test, "?");
	draw(test, 24, 80);
	assert_true(is_on_screen(test, "HELP"));
	for (int i = 0; i < 100; i++)
		watch_view_key(&test->view, WATCH_KEY_PAGE_DOWN);
	draw(test, 24, 80);
	assert_true(is_on_screen(test, "seep-top(1)"));
	press(test, "?p");
	draw(test, 24, 80);
	expect_line_with(test, 0, "PAUSED");
	press(test, "p");
	draw(test, 24, 80);
	assert_false(is_on_screen(test, "PAUSED"));
	watch_view_key(&test->view, WATCH_KEY_ESCAPE);
	assert_true(test->view.wants_quit);
}

/* ---- the screen ---- */

static void the_head_tells_the_process_its_curves_and_its_limits(void **state)
{
	struct test *test = *state;

	usual(test);
	draw(test, 24, 80);
	expect_line_with(test, 0, "app 4711  live, recorded 1:02:05");
	expect_line_with(test, 0, "app.db");
	expect_line_with(test, 1, "2 LEAKS, 0 undecided, 0 warm-up, 0 churn, 1 steady; judged 22:14:59");
	expect_line_with(test, 2, "||              ] 1MB tracked of 2MB private");
	expect_line_with(test, 3, "50 of 100");
	expect_line_with(test, 4, "CPU 12 %  Events 1500/s  Seep: 1.5 % of its CPU time, 4kB  every 1 s");
	expect_line_with(test, 5, "Process     leak: it grows");
	expect_line_with(test, 7, "VERDICTv");
	expect_line_with(test, 8, ">LEAK");
	assert_int_equal(test->screen.line_count, 24);
}

static void what_is_unknown_is_not_0(void **state)
{
	struct test *test = *state;

	test->head.private_bytes = test->head.descriptors = test->head.descriptor_limit = test->head.seep_bytes = -1;
	test->head.cpu_percent = test->head.events_per_s = test->head.hook_percent = NAN;
	test->head.why_unjudged = "app.db has less than two seconds to judge";
	test->head.process_words = NULL;
	add_usual(test);
	show(test, false);
	draw(test, 24, 80);
	expect_line_with(test, 1, "less than two seconds");
	expect_line_with(test, 2, "tracked of unknown private");
	expect_line_with(test, 3, "unknown, limit unknown");
	expect_line_with(test, 4, "CPU unknown  Events unknown  Seep: unknown of its CPU time, unknown");
}

static void a_leak_is_told_by_more_than_its_colour(void **state)
{
	struct test *test = *state;
	const struct screen_line *leak;

	usual(test);
	press(test, "j");
	draw(test, 24, 80);
	leak = &test->screen.lines[8];
	assert_int_equal(leak->spans[1].style, SCREEN_STRONG | SCREEN_RED);
	assert_memory_equal(leak->text.text + leak->spans[1].from, "LEAK", 4);
}

static void columns_go_as_the_width_does(void **state)
{
	struct watch_layout wide = watch_layout_of(160), usual_width = watch_layout_of(80),
			    narrow = watch_layout_of(40), least = watch_layout_of(1);

	(void)state;
	for (int i = 0; i < WATCH_COLUMN_COUNT; i++)
		assert_true(wide.widths[i] > 0);
	assert_true(usual_width.widths[WATCH_COLUMN_KIND] && usual_width.widths[WATCH_COLUMN_CUM]);
	assert_true(usual_width.widths[WATCH_COLUMN_GROWTH] && !usual_width.widths[WATCH_COLUMN_SINCE]);
	assert_true(usual_width.widths[WATCH_COLUMN_FUNCTION] >= 24);
	assert_true(narrow.widths[WATCH_COLUMN_VERDICT] && !narrow.widths[WATCH_COLUMN_KIND]);
	assert_true(least.widths[WATCH_COLUMN_FUNCTION] >= 1);
}

/* Whatever the size, no line is longer than the screen, and no more lines are drawn than it has. */
static void any_size_is_filled_and_not_exceeded(void **state)
{
	static const char *const modes[] = {"", "s", "t", "?", "/x", "\x01"};
	struct test *test = *state;

	usual(test);
	for (size_t mode = 0; mode < sizeof(modes) / sizeof(modes[0]); mode++) {
		if (modes[mode][0] == 1)
			watch_view_key(&test->view, WATCH_KEY_ENTER);
		else
			press(test, modes[mode]);
		for (size_t rows = 1; rows < 30; rows++)
			for (size_t columns = 1; columns < 130; columns += 3) {
				draw(test, rows, columns);
				assert_true(test->screen.line_count <= rows);
				for (size_t i = 0; i < test->screen.line_count; i++)
					assert_true(screen_width(&test->screen, line(test, i)) <= columns);
			}
		watch_view_key(&test->view, WATCH_KEY_ESCAPE);
	}
	draw(test, 1, 1);
	draw(test, 50, 160);
	expect_line_with(test, 9, "timer_start (timer.c:18)");
}

static void names_cannot_write_to_the_terminal(void **state)
{
	struct test *test = *state;

	add_judged(test, SEEP_KIND_HEAP, VERDICT_LEAK, 1, 100,
		   "app!a\033[2J\xe2\x80\xae\x01\xc2\x85\xff"
		   "b@x.c:1");
	judge(test);
	show(test, true);
	draw(test, 24, 80);
	expect_line_with(test, 8, "a?[2J????b (x.c:1)");
	watch_view_key(&test->view, WATCH_KEY_ENTER);
	draw(test, 24, 80);
	for (size_t i = 0; i < test->screen.line_count; i++)
		assert_null(strpbrk(line(test, i), "\033\x01\xff"));
}

static void a_terminal_without_utf8_gets_ascii(void **state)
{
	struct test *test = *state;

	add_judged(test, SEEP_KIND_HEAP, VERDICT_LEAK, 1, 100,
		   "app!gr\xc3\xbc\xc3\x9f"
		   "e_\xe6\x97\xa5@x.c:1");
	judge(test);
	show(test, true);
	screen_begin(&test->screen, 24, 80, false);
	watch_view_draw(&test->view, &test->screen);
	expect_line_with(test, 8, "gr??e_? (x.c:1)");
	draw(test, 24, 80);
	expect_line_with(test, 8,
			 "gr\xc3\xbc\xc3\x9f"
			 "e_\xe6\x97\xa5 (x.c:1)");
}

static void wide_characters_are_cut_by_their_columns(void **state)
{
	struct test *test = *state;
	struct screen *screen = &test->screen;

	screen_begin(screen, 2, 5, true);
	screen_add(screen, SCREEN_PLAIN, "\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5");
	assert_int_equal(screen->lines[0].columns, 4);
	screen_end_line(screen);
	screen_add_left(screen, SCREEN_PLAIN, "abcdefgh", 4);
	assert_string_equal(screen->lines[1].text.text, "abc~");
	assert_int_equal(screen_fitting(screen, "one two three", 8), 7);
	assert_int_equal(screen_fitting(screen, "unbroken", 3), 3);
	assert_int_equal(screen_fitting(screen, "\xe6\x97\xa5", 1), 3);
}

static void a_limit_is_that_of_rows(void **state)
{
	struct test *test = *state;

	add_usual(test);
	judge(test);
	watch_view_release(&test->view);
	watch_view_init(&test->view, &(struct watch_options){.limit = 2, .order = ROWS_BY_CUM});
	show(test, true);
	assert_int_equal(test->view.shown_count, 2);
	assert_string_equal(row_at(test, 0)->frame->function, "serve");
}

static void rates_are_told_in_the_time_in_which_one_comes(void **state)
{
	(void)state;
	assert_string_equal(figure_rate(400, false).text, "+400/s");
	assert_string_equal(figure_rate(0.5, false).text, "+30/min");
	assert_string_equal(figure_rate(-2, false).text, "-2/s");
	assert_string_equal(figure_rate(1.0 / 600, false).text, "+6/h");
	assert_string_equal(figure_rate(51200, true).text, "+50kB/s");
	assert_string_equal(figure_rate(20, true).text, "+20B/s");
	assert_string_equal(figure_rate(0, true).text, "0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_row_has_what_its_callsites_hold_and_what_the_function_called),
		TEST(a_type_shows_its_kinds_as_it_counts),
		TEST(callsites_of_one_line_are_one_row),
		TEST(what_came_after_the_judgement_has_a_row_without_a_verdict),
		TEST(without_a_judgement_the_largest_comes_first),
		TEST(each_key_sorts_by_its_column),
		TEST(unknown_ages_are_last),
		TEST(a_filter_applies_as_it_is_typed_and_escape_clears_it),
		TEST(a_filter_takes_characters_of_any_size_and_is_bounded),
		TEST(the_cursor_stays_with_its_callsite),
		TEST(a_cursor_on_top_stays_on_top),
		TEST(keys_move_within_the_table_and_no_further),
		TEST(menus_choose_an_order_and_a_type),
		TEST(enter_shows_the_stack_and_what_is_known),
		TEST(details_of_a_callsite_that_is_gone_are_no_other_ones),
		TEST(help_and_pause),
		TEST(the_head_tells_the_process_its_curves_and_its_limits),
		TEST(what_is_unknown_is_not_0),
		TEST(a_leak_is_told_by_more_than_its_colour),
		TEST(columns_go_as_the_width_does),
		TEST(any_size_is_filled_and_not_exceeded),
		TEST(names_cannot_write_to_the_terminal),
		TEST(a_terminal_without_utf8_gets_ascii),
		TEST(wide_characters_are_cut_by_their_columns),
		TEST(a_limit_is_that_of_rows),
		TEST(rates_are_told_in_the_time_in_which_one_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
