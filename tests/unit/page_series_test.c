/* SPDX-License-Identifier: MIT */
/* Curves as the page gets them: the whole history, and what came since, are the same figures. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* needs the ones above */

#include "../../analyzer/render/page.h"
#include "golden.h"
#include "page_fixture.h"

enum { MOST_POINTS = 1000 };

/* An answer, read back. */
struct answer {
	int64_t start_s;
	long step_s, count;
	double values[MOST_POINTS]; /* of the curve that was asked for last; NAN: null */
};

struct test {
	struct page_fixture page;
	uint32_t heap, socket;
	struct answer answer;
};

static int set_up(void **state)
{
	struct test *test = calloc(1, sizeof(*test));

	page_fixture_open(&test->page);
	page_fixture_begin(&test->page, 0);
	test->heap = page_fixture_site(&test->page, SEEP_KIND_HEAP);
	test->socket = page_fixture_site(&test->page, SEEP_KIND_SOCKET);
	page_fixture_commit(&test->page);
	page_fixture_serve(&test->page);
	*state = test;
	return 0;
}

static int tear_down(void **state)
{
	struct test *test = *state;

	page_fixture_close(&test->page);
	free(test);
	return 0;
}

/* ---- asking ---- */

static double number_after(const char *json, const char *key)
{
	const char *at = strstr(json, key);

	if (!at)
		fail_msg("no %s in %s", key, json);
	return strtod(at + strlen(key), NULL);
}

static void ask(struct test *test, const char *query)
{
	struct error told = {0};

	if (page_fixture_ask(&test->page, page_series, query, &told))
		fail_msg("%s: %s", query, told.text);
	test->answer.start_s = (int64_t)number_after(test->page.json.text, "\"start_s\":");
	test->answer.step_s = (long)number_after(test->page.json.text, "\"step_s\":");
	test->answer.count = (long)number_after(test->page.json.text, "\"count\":");
	assert_in_range(test->answer.count, 0, MOST_POINTS);
}

static void ask_since(struct test *test, int64_t after)
{
	char query[64];

	snprintf(query, sizeof(query), "since=%lld", (long long)(PAGE_START + after));
	ask(test, query);
}

static bool has_curve(const struct test *test, const char *name)
{
	char key[64];

	snprintf(key, sizeof(key), "\"name\":\"%s\"", name);
	return strstr(test->page.json.text, key) != NULL;
}

/* Fills answer.values. */
static void read_curve(struct test *test, const char *name)
{
	char key[64];
	char *at;

	snprintf(key, sizeof(key), "\"name\":\"%s\"", name);
	at = strstr(test->page.json.text, key);
	if (!at)
		fail_msg("no curve %s", name);
	at = strstr(at, "\"values\":[") + strlen("\"values\":[");
	for (long i = 0; i < test->answer.count; i++) {
		bool is_null = !strncmp(at, "null", 4);

		test->answer.values[i] = is_null ? NAN : strtod(at, &at);
		at += is_null ? 4 : 0;
		assert_int_equal(*at, i + 1 < test->answer.count ? ',' : ']');
		at++;
	}
}

static double value(struct test *test, const char *name, int64_t after)
{
	int64_t index = (PAGE_START + after - test->answer.start_s) / test->answer.step_s;

	read_curve(test, name);
	assert_in_range(index, 0, test->answer.count - 1);
	return test->answer.values[index];
}

#define expect(actual, expected)                                                                      \
	do {                                                                                          \
		double actual_ = (actual), expected_ = (expected);                                    \
		if (!(fabs(actual_ - expected_) <= 1e-6))                                             \
			fail_msg("line %d: %s is %g, not %g", __LINE__, #actual, actual_, expected_); \
	} while (0)

/* ---- writing ---- */

static void put_sample(struct test *test, uint32_t process, int64_t after, int64_t anon, int64_t cpu_ms)
{
	struct store_process_sample sample = {.process_id = process};

	memset(&sample.figures, -1, sizeof(sample.figures));
	memset(sample.tcp, -1, sizeof(sample.tcp));
	sample.figures.time = PAGE_START + after;
	sample.figures.rss_anon = anon;
	sample.figures.rss_file = 5000;
	sample.figures.rss_shmem = 300;
	sample.figures.swap = 20;
	sample.figures.threads = 3;
	sample.figures.cpu_user_ns = cpu_ms < 0 ? -1 : cpu_ms * NS_PER_MS;
	sample.figures.cpu_system_ns = cpu_ms < 0 ? -1 : 0;
	must(store_put_process_sample(test->page.store, &sample, &error));
}

/* A second of a server that keeps three blocks of 100 bytes of five that it makes, and accepts two connections. */
static void tick(struct test *test, int64_t after)
{
	uint64_t n = (uint64_t)after;

	page_fixture_begin(&test->page, after);
	page_fixture_put(&test->page, test->page.process, test->heap, 5 * n, 2 * n, 100);
	page_fixture_put(&test->page, test->page.process, test->socket, n, n - (n > 1), 0);
	put_sample(test, test->page.process, after, 1000 * after, 250 * after);
	must(store_put_event(test->page.store, test->page.process, "accepted", 2 * n, &error));
	page_fixture_commit(&test->page);
}

/* ---- the whole history ---- */

static void levels_and_rates_are_those_of_the_recording(void **state)
{
	struct test *test = *state;

	for (int64_t after = 1; after <= 20; after++)
		tick(test, after);
	ask(test, "");
	assert_int_equal(test->answer.start_s, PAGE_START);
	assert_int_equal(test->answer.step_s, 1);
	assert_int_equal(test->answer.count, 21);
	expect(value(test, "tracked", 20), 6000);
	expect(value(test, "tracked", 7), 2100);
	expect(value(test, "private", 20), 20020);
	expect(value(test, "working_set", 20), 25300);
	expect(value(test, "retention", 20), 14020);
	expect(value(test, "sockets", 20), 1);
	expect(value(test, "threads", 20), 3);
	expect(value(test, "cpu", 20), 25);
	expect(value(test, "acquired_per_s", 20), 6);
	expect(value(test, "released_per_s", 20), 3);
	expect(value(test, "allocated_bytes_per_s", 20), 500);
	expect(value(test, "event:accepted", 20), 2);
	expect(value(test, "swap", 20), 20);
}

static void what_is_not_known_is_null_and_what_is_not_there_is_no_curve(void **state)
{
	struct test *test = *state;

	tick(test, 5);
	ask(test, "");
	/* before the first look nothing is known of private bytes; of blocks it is known that there were none */
	assert_true(isnan(value(test, "private", 0)));
	assert_true(isnan(value(test, "retention", 4)));
	expect(value(test, "tracked", 4), 0);
	assert_true(isnan(value(test, "descriptors", 5)));
	assert_true(isnan(value(test, "acquired_per_s", 0)));
	assert_true(isnan(value(test, "cpu", 5)));
	assert_false(has_curve(test, "timers"));
	assert_false(has_curve(test, "mapped"));
}

static void cpu_between_two_looks_is_their_mean(void **state)
{
	struct test *test = *state;

	tick(test, 1);
	for (int64_t after = 2; after <= 9; after++) {
		page_fixture_begin(&test->page, after);
		put_sample(test, test->page.process, after, 1000, after % 4 == 1 ? 250 + 100 * (after - 1) : -1);
		page_fixture_commit(&test->page);
	}
	page_fixture_begin(&test->page, 11);
	page_fixture_commit(&test->page);
	ask(test, "");
	expect(value(test, "cpu", 3), 10);
	expect(value(test, "cpu", 9), 10);
	assert_true(isnan(value(test, "cpu", 11)));
}

static void the_cpu_time_of_a_process_that_ends_stays(void **state)
{
	struct test *test = *state;
	uint32_t child;

	tick(test, 1);
	page_fixture_begin(&test->page, 2);
	child = page_fixture_process(&test->page, 1, "app worker", 2);
	put_sample(test, child, 2, 10, 700);
	page_fixture_commit(&test->page);
	page_fixture_begin(&test->page, 3);
	must(store_end_process(test->page.store, child, (PAGE_START + 3) * NS_PER_S, false, &error));
	page_fixture_commit(&test->page);
	tick(test, 4);
	tick(test, 5);
	ask(test, "");
	expect(value(test, "cpu", 5), 25);
	/* a program that goes on as another takes its time along */
	page_fixture_begin(&test->page, 6);
	child = page_fixture_process(&test->page, 2, "sh", 6);
	put_sample(test, child, 6, 10, 9000);
	page_fixture_commit(&test->page);
	page_fixture_begin(&test->page, 7);
	must(store_end_process(test->page.store, child, (PAGE_START + 7) * NS_PER_S, true, &error));
	page_fixture_commit(&test->page);
	tick(test, 8);
	tick(test, 9);
	ask(test, "");
	assert_true(isnan(value(test, "cpu", 7)));
	expect(value(test, "cpu", 9), 25);
}

static void a_long_recording_has_as_many_points_as_are_asked_for(void **state)
{
	struct test *test = *state;

	for (int64_t after = 60; after <= 4 * 3600; after += 60)
		tick(test, after);
	ask(test, "points=100");
	assert_in_range(test->answer.count, 50, 100);
	assert_int_equal(test->answer.start_s + (test->answer.count - 1) * test->answer.step_s, PAGE_START + 4 * 3600);
	expect(value(test, "tracked", 4 * 3600), 300.0 * 4 * 3600);
	expect(value(test, "acquired_per_s", 4 * 3600), 6);
	ask(test, "points=100&since=+10m&until=+40m");
	assert_true(test->answer.start_s > PAGE_START + 600);
	assert_int_equal(test->answer.start_s + (test->answer.count - 1) * test->answer.step_s, PAGE_START + 2400);
}

/* ---- what came since ---- */

static void what_comes_each_second_is_what_the_history_says_later(void **state)
{
	static const char *const curves[] = {"tracked",
					     "private",
					     "sockets",
					     "cpu",
					     "acquired_per_s",
					     "released_per_s",
					     "event:accepted",
					     "retention",
					     "allocated_bytes_per_s"};
	enum { COUNT = sizeof(curves) / sizeof(curves[0]), SECONDS = 40 };
	struct test *test = *state;
	double seen[COUNT][SECONDS + 1];
	uint32_t child = 0;

	tick(test, 1);
	ask(test, "");
	for (int64_t after = 2; after <= SECONDS; after++) {
		tick(test, after);
		page_fixture_begin(&test->page, after);
		if (after == 10) {
			child = page_fixture_process(&test->page, 1, "app worker", after);
			page_fixture_put(&test->page, child, test->heap, 4, 1, 100);
			must(store_put_inherited(test->page.store, child, test->heap, 30, 3000, 5, &error));
			put_sample(test, child, after, 70000, 1);
		} else if (after > 10 && after < 20) {
			page_fixture_put(&test->page, child, test->heap, (uint64_t)after, 1, 100);
			put_sample(test, child, after, 70000 + after, after);
		} else if (after == 20) {
			must(store_end_process(test->page.store, child, (PAGE_START + after) * NS_PER_S, false,
					       &error));
		}
		page_fixture_commit(&test->page);
		ask_since(test, after - 1);
		assert_int_equal(test->answer.count, 1);
		assert_int_equal(test->answer.start_s, PAGE_START + after);
		for (int i = 0; i < COUNT; i++)
			seen[i][after] = value(test, curves[i], after);
	}
	ask(test, "");
	for (int i = 0; i < COUNT; i++)
		for (int64_t after = 2; after <= SECONDS; after++) {
			double later = value(test, curves[i], after);

			if (fabs(later - seen[i][after]) > 1e-6 || isnan(later) != isnan(seen[i][after]))
				fail_msg("%s at %d was %g, and is %g", curves[i], (int)after, seen[i][after], later);
		}
	expect(value(test, "tracked", 19), 19 * 300 + 3000 + 18 * 100);
	expect(value(test, "tracked", 20), 20 * 300);
}

static void one_process_is_followed_alone(void **state)
{
	struct test *test = *state;
	struct error told = {0};
	uint32_t child;

	tick(test, 1);
	page_fixture_begin(&test->page, 2);
	child = page_fixture_process(&test->page, 1, "app worker", 2);
	page_fixture_put(&test->page, child, test->heap, 7, 0, 10);
	page_fixture_commit(&test->page);
	ask(test, "process=101");
	assert_int_equal(test->answer.count, 1);
	expect(value(test, "tracked", 2), 70);
	page_fixture_begin(&test->page, 3);
	page_fixture_put(&test->page, child, test->heap, 9, 0, 10);
	page_fixture_commit(&test->page);
	ask(test, "process=101&since=1700000042");
	assert_int_equal(test->answer.count, 1);
	expect(value(test, "tracked", 3), 90);
	expect(value(test, "acquired_per_s", 3), 2);
	assert_false(has_curve(test, "sockets"));

	/* after its end nothing comes any more */
	page_fixture_begin(&test->page, 5);
	must(store_end_process(test->page.store, child, (PAGE_START + 5) * NS_PER_S, false, &error));
	page_fixture_commit(&test->page);
	ask(test, "process=101&since=1700000043");
	assert_int_equal(test->answer.count, 1);
	expect(value(test, "tracked", 4), 90);
	ask(test, "process=101&since=1700000044");
	assert_int_equal(test->answer.count, 0);
	assert_int_equal(page_fixture_ask(&test->page, page_series, "process=999", &told), SEEP_ERR_NOT_FOUND);
	assert_non_null(strstr(told.text, "has no process 999"));
}

static void seconds_that_nobody_asked_for_are_joined_and_minutes_are_read(void **state)
{
	struct test *test = *state;

	tick(test, 1);
	ask(test, "");
	tick(test, 2);
	tick(test, 3);
	tick(test, 4);
	ask_since(test, 1);
	assert_int_equal(test->answer.count, 3);
	expect(value(test, "tracked", 2), 600);
	expect(value(test, "cpu", 3), 25);
	for (int64_t after = 5; after <= 100; after++)
		tick(test, after == 50 ? 49 : after); /* a second without news */
	ask_since(test, 4);
	assert_int_equal(test->answer.count, 96);
	expect(value(test, "tracked", 50), 49 * 300);
	expect(value(test, "acquired_per_s", 51), 12);
	expect(value(test, "tracked", 100), 30000);
	/* and from there second by second again */
	tick(test, 101);
	ask_since(test, 100);
	assert_int_equal(test->answer.count, 1);
	expect(value(test, "acquired_per_s", 101), 6);
	/* nothing is newer */
	ask_since(test, 101);
	assert_int_equal(test->answer.count, 0);
	ask_since(test, 999);
	assert_int_equal(test->answer.count, 0);
}

static void a_line_is_kept_for_ten_minutes(void **state)
{
	struct test *test = *state;

	tick(test, 1);
	ask(test, "");
	for (int64_t after = 2; after <= 1500; after++) {
		tick(test, after);
		ask_since(test, after - 1);
	}
	ask_since(test, 901);
	assert_int_equal(test->answer.count, 599);
	assert_int_equal(test->answer.step_s, 1);
	expect(value(test, "tracked", 902), 902 * 300);
	expect(value(test, "tracked", 1500), 1500 * 300);
	expect(value(test, "event:accepted", 902), 2);
}

static void processes_that_are_folded_away_leave_their_events(void **state)
{
	struct test *test = *state;

	tick(test, 1);
	ask(test, "");
	for (int64_t after = 2; after <= 800; after++) {
		uint32_t child;

		page_fixture_begin(&test->page, after);
		child = page_fixture_process(&test->page, (uint32_t)after, "app worker", after);
		page_fixture_put(&test->page, child, test->heap, 3, 1, 100);
		must(store_end_process(test->page.store, child, (PAGE_START + after) * NS_PER_S, false, &error));
		page_fixture_commit(&test->page);
		ask_since(test, after - 1);
		expect(value(test, "acquired_per_s", after), 3);
		expect(value(test, "tracked", after), 300);
	}
}

static void a_new_kind_of_callsite_and_a_new_event_begin_at_0(void **state)
{
	struct test *test = *state;
	uint32_t timer;

	tick(test, 1);
	ask(test, "");
	assert_false(has_curve(test, "timers"));
	page_fixture_begin(&test->page, 2);
	timer = page_fixture_site(&test->page, SEEP_KIND_TIMERFD);
	page_fixture_put(&test->page, test->page.process, timer, 8, 0, 0);
	must(store_put_event(test->page.store, test->page.process, "mark:turn", 4, &error));
	page_fixture_commit(&test->page);
	ask_since(test, 1);
	expect(value(test, "timers", 2), 8);
	expect(value(test, "event:mark:turn", 2), 4);
	expect(value(test, "acquired_per_s", 2), 8);
}

/* By one under the same name that begins there and has its first second two seconds later. */
static void replace_recording(struct test *test, int64_t after)
{
	struct store_options options = {.arena_path = "/dev/shm/b",
					.arena_id = "2",
					.created_ns = (PAGE_START + after) * NS_PER_S,
					.interval_ms = 1000};

	store_close(test->page.store);
	unlink(test->page.path);
	must(store_create(test->page.path, &options, &test->page.store, &error));
	page_fixture_begin(&test->page, after + 2);
	test->page.process = page_fixture_process(&test->page, 0, "app", after);
	page_fixture_commit(&test->page);
}

static void another_recording_under_the_same_name_is_begun_anew(void **state)
{
	struct test *test = *state;

	tick(test, 1);
	ask(test, "");
	replace_recording(test, 100);
	ask(test, "");
	assert_int_equal(test->answer.start_s, PAGE_START + 100);
	expect(value(test, "tracked", 100), 0);
	assert_false(has_curve(test, "sockets"));
}

static void one_that_comes_within_seconds_is_not_joined_to_the_old_one(void **state)
{
	struct test *test = *state;

	tick(test, 1);
	ask(test, "");
	replace_recording(test, 3);
	ask_since(test, 1);
	assert_int_equal(test->answer.start_s, PAGE_START + 3);
	assert_int_equal(test->answer.count, 3);
	expect(value(test, "tracked", 4), 0);
}

static void a_recorder_that_looks_each_five_seconds_makes_points_of_five(void **state)
{
	struct test *test = *state;

	page_fixture_begin(&test->page, 0);
	must(store_put_meta_integer(test->page.store, "interval_ms", 5000, &error));
	page_fixture_commit(&test->page);
	for (int64_t after = 0; after <= 20; after += 5)
		tick(test, after);
	ask(test, "");
	assert_int_equal(test->answer.step_s, 5);
	assert_int_equal(test->answer.count, 5);
	tick(test, 25);
	ask_since(test, 20);
	assert_int_equal(test->answer.step_s, 5);
	assert_int_equal(test->answer.count, 1);
	assert_int_equal(test->answer.start_s, PAGE_START + 25);
	expect(value(test, "acquired_per_s", 25), 6);
	expect(value(test, "cpu", 25), 25);
}

static void a_recording_that_tells_no_interval_has_points_of_a_second(void **state)
{
	struct test *test = *state;

	page_fixture_begin(&test->page, 0);
	must(store_put_meta_integer(test->page.store, "interval_ms", 0, &error));
	page_fixture_commit(&test->page);
	tick(test, 1);
	ask(test, "");
	must(store_begin(test->page.store, (PAGE_START + 2) * NS_PER_S, &error));
	must(store_put_meta_integer(test->page.store, "interval_ms", INT64_C(4294967295), &error));
	page_fixture_commit(&test->page);
	tick(test, 3);
	ask_since(test, 1);
	assert_true(test->answer.step_s >= 1);
}

static void after_the_end_nothing_comes_any_more(void **state)
{
	struct test *test = *state;

	for (int64_t after = 1; after <= 5; after++)
		tick(test, after);
	ask(test, "");
	page_fixture_begin(&test->page, 7);
	/* all is released on the way out, which is no part of the curves */
	page_fixture_put(&test->page, test->page.process, test->heap, 25, 25, 100);
	must(store_end_process(test->page.store, test->page.process, (PAGE_START + 7) * NS_PER_S, false, &error));
	page_fixture_commit(&test->page);
	must(store_finish(test->page.store, (PAGE_START + 8) * NS_PER_S, &error));
	ask_since(test, 5);
	assert_int_equal(test->answer.count, 1);
	expect(value(test, "tracked", 6), 1500);
	ask_since(test, 6);
	assert_int_equal(test->answer.count, 0);
	assert_int_equal(test->answer.step_s, 1);
}

/* ---- marks, and what it looks like ---- */

static void marks_of_the_time_and_the_process_come_along(void **state)
{
	struct test *test = *state;
	struct store_mark mark = {.kind = "message", .text = "the \"first\""};
	uint32_t child;

	tick(test, 1);
	page_fixture_begin(&test->page, 2);
	child = page_fixture_process(&test->page, 1, "app worker", 2);
	mark.time_ns = (PAGE_START + 2) * NS_PER_S;
	must(store_put_mark(test->page.store, &mark, NULL, &error));
	mark = (struct store_mark){.kind = "descriptor limit", .text = "of the child", .process_id = child};
	mark.time_ns = (PAGE_START + 4) * NS_PER_S + 500 * NS_PER_MS;
	must(store_put_mark(test->page.store, &mark, NULL, &error));
	page_fixture_commit(&test->page);
	tick(test, 5);
	ask(test, "");
	assert_non_null(strstr(test->page.json.text, "\"marks\":[{\"time_s\":1700000042.000,\"kind\":\"message\","
						     "\"text\":\"the \\\"first\\\"\"},{\"time_s\":1700000044.500,"));
	ask_since(test, 3);
	assert_null(strstr(test->page.json.text, "first"));
	assert_non_null(strstr(test->page.json.text, "of the child"));
	ask(test, "process=100");
	assert_non_null(strstr(test->page.json.text, "first"));
	assert_null(strstr(test->page.json.text, "of the child"));
	ask(test, "until=1700000043");
	assert_null(strstr(test->page.json.text, "of the child"));
}

static void curves_look_like_that(void **state)
{
	double heap[SERIES_SITE_FIELDS][3] = {[SERIES_LIVE_OBJECTS] = {1, 2, 3},
					      [SERIES_LIVE_BYTES] = {100, 5e9, 1e10},
					      [SERIES_ACQUIRED_OBJECTS] = {1, 3, 4},
					      [SERIES_ACQUIRED_BYTES] = {100, 6e9, 1.2e10},
					      [SERIES_RELEASED_OBJECTS] = {0, 1, 1}};
	double known[3] = {NAN, 1e10, 2e10}, unknown[3] = {NAN, NAN, NAN}, accepted[3] = {5, 5, 12};
	struct store_site_series site = {.kind = SEEP_KIND_HEAP};
	struct store_event_series event = {.name = "mark:turn", .count = accepted};
	struct store_series series = {.grid = {.start_s = 1700000000, .step_s = 2, .count = 3},
				      .sites = &site,
				      .site_count = 1,
				      .events = &event,
				      .event_count = 1};
	struct page_mark mark = {INT64_C(1700000002500000000), "message", "it\nis"};
	struct curves curves;
	struct page_series page = {
		.recording = 1, .curves = &curves, .is_estimated = true, .marks = &mark, .mark_count = 1};
	struct buffer out = {0};

	(void)state;
	for (int i = 0; i < SERIES_SITE_FIELDS; i++)
		site.values[i] = heap[i];
	for (int i = 0; i < SERIES_PROCESS_FIELDS; i++)
		series.process[i] = i == SERIES_RSS_ANON || i == SERIES_SWAP || i == SERIES_CPU_NS ? known : unknown;
	curves_build(&series, 1, &curves);
	page_series_json(&out, &page);
	buffer_add(&out, "\n");
	expect_golden(&out, "page_series.json");
	buffer_release(&out);
	curves_release(&curves);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(levels_and_rates_are_those_of_the_recording),
		test(what_is_not_known_is_null_and_what_is_not_there_is_no_curve),
		test(cpu_between_two_looks_is_their_mean),
		test(the_cpu_time_of_a_process_that_ends_stays),
		test(a_long_recording_has_as_many_points_as_are_asked_for),
		test(what_comes_each_second_is_what_the_history_says_later),
		test(one_process_is_followed_alone),
		test(seconds_that_nobody_asked_for_are_joined_and_minutes_are_read),
		test(a_line_is_kept_for_ten_minutes),
		test(processes_that_are_folded_away_leave_their_events),
		test(a_new_kind_of_callsite_and_a_new_event_begin_at_0),
		test(another_recording_under_the_same_name_is_begun_anew),
		test(one_that_comes_within_seconds_is_not_joined_to_the_old_one),
		test(a_recorder_that_looks_each_five_seconds_makes_points_of_five),
		test(a_recording_that_tells_no_interval_has_points_of_a_second),
		test(after_the_end_nothing_comes_any_more),
		test(marks_of_the_time_and_the_process_come_along),
		cmocka_unit_test(curves_look_like_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
