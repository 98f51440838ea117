/* SPDX-License-Identifier: MIT */
/* Figures over time: what the writer stored at its three resolutions is one series on one grid. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h> /* needs the ones above */

#include "../../analyzer/base/clock.h"
#include "../../analyzer/store/series.h"
#include "../../analyzer/store/writer.h"

#define START INT64_C(1700000040) /* at a full minute, not at a full hour */

static char directory[64];
static char path[128];
static struct error error;

#define must(call)                                             \
	do {                                                   \
		error.text[0] = '\0';                          \
		if (call)                                      \
			fail_msg("%s: %s", #call, error.text); \
	} while (0)

/* A recording in the making, and what is read of it. */
struct test {
	struct store *store;
	uint32_t process, module, sites[3];
	struct store_series series;
};

static uint32_t put_process(struct test *test, uint32_t slot, int64_t started)
{
	struct store_process process = {
		.pid = 100 + slot, .slot = slot, .generation = 1, .exe = "/srv/app", .started_ns = started * NS_PER_S};
	uint32_t id;

	must(store_put_process(test->store, &process, &id, &error));
	return id;
}

static int set_up(void **state)
{
	struct test *test = calloc(1, sizeof(*test));
	struct store_options options = {
		.arena_path = "/dev/shm/a", .arena_id = "1", .created_ns = START * NS_PER_S, .interval_ms = 1000};

	strcpy(directory, "/tmp/seep-series-test-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/x.db", directory);
	must(store_create(path, &options, &test->store, &error));
	must(store_begin(test->store, START * NS_PER_S, &error));
	test->process = put_process(test, 0, START);
	must(store_put_module(test->store, "/srv/app", "abcd", 4096, &test->module, &error));
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t location, node;

		must(store_put_location(test->store, test->module, 16 * i + 16, false, &location, &error));
		must(store_put_node(test->store, 0, location, false, &node, &error));
		must(store_put_site(test->store, node, SEEP_KIND_HEAP, &test->sites[i], &error));
	}
	must(store_commit(test->store, &error));
	*state = test;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
	struct test *test = *state;
	char name[160];

	store_series_release(&test->series);
	store_close(test->store);
	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", path, endings[i]);
		unlink(name);
	}
	free(test);
	return rmdir(directory);
}

static void begin(struct test *test, int64_t after)
{
	must(store_begin(test->store, (START + after) * NS_PER_S, &error));
}

static void put(struct test *test, uint32_t process, uint32_t site, uint64_t acquired, uint64_t released)
{
	struct arena_counters figures = {.acquired_count = acquired,
					 .acquired_bytes = acquired * 10,
					 .released_count = released,
					 .released_bytes = released * 10,
					 .birth_sum = acquired - released};

	must(store_put_figures(test->store, process, test->sites[site], &figures, &error));
}

/* A second in which one site of the first process changed. */
static void tick(struct test *test, int64_t after, uint64_t acquired, uint64_t released)
{
	begin(test, after);
	put(test, test->process, 0, acquired, released);
	must(store_commit(test->store, &error));
}

static void read_span(struct test *test, uint32_t process, int64_t since_ns, int64_t until_ns, size_t points)
{
	struct store_series_options options = {process, since_ns, until_ns, points};
	struct store *reader;

	store_series_release(&test->series);
	must(store_open(path, &reader, &error));
	must(store_read_series(reader, &options, &test->series, &error));
	store_close(reader);
}

static void read_all(struct test *test)
{
	read_span(test, 0, INT64_MIN, INT64_MAX, 0);
}

static double value(const struct test *test, size_t site, enum store_site_field field, int64_t after)
{
	const struct store_grid *grid = &test->series.grid;
	int64_t index = (START + after - grid->start_s) / grid->step_s;

	assert_true(site < test->series.site_count);
	assert_in_range(index, 0, grid->count - 1);
	return test->series.sites[site].values[field][index];
}

static double live(const struct test *test, int64_t after)
{
	return value(test, 0, SERIES_LIVE_OBJECTS, after);
}

#define expect(actual, expected)                                                                      \
	do {                                                                                          \
		double actual_ = (actual), expected_ = (expected);                                    \
		if (!(fabs(actual_ - expected_) <= 1e-6))                                             \
			fail_msg("line %d: %s is %g, not %g", __LINE__, #actual, actual_, expected_); \
	} while (0)

/* ---- tests ---- */

static void a_figure_stays_until_it_changes(void **state)
{
	struct test *test = *state;

	tick(test, 2, 10, 4);
	tick(test, 5, 20, 5);
	begin(test, 8);
	must(store_commit(test->store, &error));
	read_all(test);
	assert_int_equal(test->series.grid.start_s, START);
	assert_int_equal(test->series.grid.step_s, 1);
	assert_int_equal(test->series.grid.count, 9);
	assert_int_equal(test->series.site_count, 1);
	assert_int_equal(test->series.sites[0].site_id, test->sites[0]);
	expect(live(test, 1), 0);
	expect(live(test, 2), 6);
	expect(live(test, 4), 6);
	expect(live(test, 5), 15);
	expect(live(test, 8), 15);
	expect(value(test, 0, SERIES_ACQUIRED_OBJECTS, 4), 10);
	expect(value(test, 0, SERIES_ACQUIRED_BYTES, 5), 200);
	expect(value(test, 0, SERIES_RELEASED_OBJECTS, 5), 5);
	expect(value(test, 0, SERIES_LIVE_BYTES, 5), 150);
	/* all born in epoch 1, the recording's first second */
	expect(value(test, 0, SERIES_MEAN_AGE_S, 8), 8);
}

static void a_steady_rise_is_one_through_seconds_minutes_and_hours(void **state)
{
	struct test *test = *state;
	int64_t end = 5 * 3600 + 7;

	for (int64_t after = 1; after <= end; after++)
		tick(test, after, (uint64_t)after * 5, (uint64_t)after * 2);
	read_span(test, 0, INT64_MIN, INT64_MAX, 1000);
	assert_int_equal(test->series.grid.step_s, 20);
	assert_int_equal(test->series.grid.start_s + (int64_t)(test->series.grid.count - 1) * 20, START + end);
	for (size_t i = 0; i < test->series.grid.count; i++) {
		double after = (double)(test->series.grid.start_s + (int64_t)i * 20 - START);

		/* a second is lost where an hour or a minute begins */
		assert_true(fabs(test->series.sites[0].values[SERIES_LIVE_OBJECTS][i] - after * 3) <= 3);
		assert_true(fabs(test->series.sites[0].values[SERIES_ACQUIRED_OBJECTS][i] - after * 5) <= 5);
	}
	/* the same without the seconds */
	read_all(test);
	assert_int_equal(test->series.grid.step_s, 60);
	expect(live(test, end), (double)end * 3);
	assert_true(fabs(live(test, end - 60) - (double)(end - 60) * 3) <= 3);
}

static void nothing_is_interpolated_over_a_time_in_which_nothing_changed(void **state)
{
	struct test *test = *state;

	tick(test, 10, 100, 0);
	for (int64_t after = 11; after < 4 * 3600; after += 10) {
		begin(test, after);
		must(store_commit(test->store, &error));
	}
	tick(test, 4 * 3600, 200, 0);
	read_all(test);
	expect(live(test, 600), 100);
	expect(live(test, 4 * 3600 - 300), 100);
	expect(live(test, 4 * 3600), 200);
}

static void a_span_begins_and_ends_where_it_is_asked_to(void **state)
{
	struct test *test = *state;

	for (int64_t after = 1; after <= 300; after++)
		tick(test, after, (uint64_t)after, 0);
	read_span(test, 0, (START + 200) * NS_PER_S, (START + 250) * NS_PER_S, 0);
	assert_int_equal(test->series.grid.start_s, START + 200);
	assert_int_equal(test->series.grid.count, 51);
	expect(live(test, 200), 200);
	expect(live(test, 250), 250);
	read_span(test, 0, (START + 400) * NS_PER_S, INT64_MAX, 0);
	assert_int_equal(test->series.grid.count, 0);
}

static void a_grid_has_no_more_points_than_wanted(void **state)
{
	struct test *test = *state;

	for (int64_t after = 1; after <= 119; after++)
		tick(test, after, (uint64_t)after, 0);
	read_span(test, 0, INT64_MIN, INT64_MAX, 130);
	assert_int_equal(test->series.grid.count, 120);
	tick(test, 240, 240, 0);
	read_span(test, 0, INT64_MIN, INT64_MAX, 130);
	assert_int_equal(test->series.grid.step_s, 2);
	assert_int_equal(test->series.grid.count, 121);
	expect(live(test, 240), 240);
}

static void what_a_process_held_is_released_by_its_end(void **state)
{
	struct test *test = *state;
	uint32_t child;

	begin(test, 2);
	put(test, test->process, 0, 10, 0);
	must(store_commit(test->store, &error));
	begin(test, 4);
	child = put_process(test, 1, START + 4);
	put(test, child, 0, 3, 1);
	must(store_put_inherited(test->store, child, test->sites[0], 10, 100, 10, &error));
	must(store_commit(test->store, &error));
	begin(test, 8);
	must(store_end_process(test->store, child, (START + 8) * NS_PER_S, false, &error));
	must(store_commit(test->store, &error));
	begin(test, 20);
	must(store_commit(test->store, &error));
	read_all(test);
	expect(live(test, 3), 10);
	expect(live(test, 4), 10 + 10 + 2);
	expect(live(test, 7), 10 + 10 + 2);
	expect(live(test, 8), 10);
	expect(value(test, 0, SERIES_ACQUIRED_OBJECTS, 20), 13);
	expect(value(test, 0, SERIES_RELEASED_OBJECTS, 7), 1);
	expect(value(test, 0, SERIES_RELEASED_OBJECTS, 8), 3);

	/* asked for alone, it is judged over its life */
	read_span(test, child, INT64_MIN, INT64_MAX, 0);
	assert_int_equal(test->series.grid.start_s, START + 4);
	assert_int_equal(test->series.grid.count, 4);
	expect(live(test, 7), 12);
}

static void an_ended_recording_is_read_to_the_second_before_the_end(void **state)
{
	struct test *test = *state;

	for (int64_t after = 1; after < 10; after++)
		tick(test, after, 10 * (uint64_t)after, 0);
	tick(test, 10, 100, 100); /* all is freed on the way out */
	begin(test, 10);
	must(store_end_process(test->store, test->process, (START + 10) * NS_PER_S, false, &error));
	must(store_commit(test->store, &error));
	must(store_finish(test->store, (START + 11) * NS_PER_S, &error));
	read_all(test);
	assert_int_equal(test->series.grid.count, 10);
	expect(live(test, 9), 90);
}

static void folded_processes_count_with_their_events_and_hold_nothing(void **state)
{
	struct test *test = *state;
	size_t last;

	for (uint32_t i = 1; i <= 1200; i++) {
		uint32_t child;

		begin(test, i);
		put(test, test->process, 0, i, 0);
		child = put_process(test, i, START + i);
		put(test, child, 0, 3, 1);
		must(store_end_process(test->store, child, (START + i) * NS_PER_S, false, &error));
		must(store_commit(test->store, &error));
	}
	begin(test, 1210);
	must(store_commit(test->store, &error));
	read_all(test);
	last = test->series.grid.count - 1;
	expect(test->series.sites[0].values[SERIES_LIVE_OBJECTS][last], 1200);
	expect(test->series.sites[0].values[SERIES_ACQUIRED_OBJECTS][last], 1200 + 3 * 1200);
	expect(test->series.sites[0].values[SERIES_RELEASED_OBJECTS][last], 3 * 1200);
}

static void estimates_say_so_with_the_variance_of_what_lives(void **state)
{
	struct test *test = *state;
	struct arena_counters figures = {.acquired_count = 100, .acquired_bytes = 1000, .released_count = 40};
	struct store_parts parts = {.acquired_count = 90,
				    .acquired_count_variance = 50,
				    .released_count_variance = 20,
				    .acquired_bytes_variance = 7};

	begin(test, 1);
	put(test, test->process, 1, 5, 0);
	must(store_put_estimates(test->store, test->process, test->sites[0], &figures, &parts, &error));
	must(store_put_sampled_site(test->store, test->process, test->sites[0], 512, 3, &error));
	must(store_commit(test->store, &error));
	read_all(test);
	assert_true(test->series.sites[0].is_estimated);
	expect(test->series.sites[0].objects_variance, 30);
	expect(test->series.sites[0].bytes_variance, 7);
	assert_false(test->series.sites[1].is_estimated);
}

static void kernel_figures_are_summed_over_those_that_live(void **state)
{
	struct test *test = *state;
	struct store_process_sample sample = {0};

	memset(&sample.figures, -1, sizeof(sample.figures));
	memset(sample.tcp, -1, sizeof(sample.tcp));
	for (int64_t after = 2; after <= 6; after += 2) {
		begin(test, after);
		sample.process_id = test->process;
		sample.figures.time = START + after;
		sample.figures.rss_anon = 1000 * after;
		sample.figures.threads = after == 4 ? 7 : -1;
		must(store_put_process_sample(test->store, &sample, &error));
		if (after == 4) {
			sample.process_id = put_process(test, 1, START + 4);
			must(store_put_process_sample(test->store, &sample, &error));
			must(store_end_process(test->store, sample.process_id, (START + 5) * NS_PER_S, false, &error));
		}
		must(store_commit(test->store, &error));
	}
	begin(test, 10);
	must(store_commit(test->store, &error));
	read_all(test);
	assert_true(isnan(test->series.process[SERIES_RSS_ANON][1]));
	expect(test->series.process[SERIES_RSS_ANON][3], 2000);
	expect(test->series.process[SERIES_RSS_ANON][4], 8000);
	expect(test->series.process[SERIES_RSS_ANON][5], 4000);
	expect(test->series.process[SERIES_RSS_ANON][10], 6000);
	assert_true(isnan(test->series.process[SERIES_THREADS][3]));
	expect(test->series.process[SERIES_THREADS][10], 7);
	assert_true(isnan(test->series.process[SERIES_SWAP][10]));
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_figure_stays_until_it_changes),
		test(a_steady_rise_is_one_through_seconds_minutes_and_hours),
		test(nothing_is_interpolated_over_a_time_in_which_nothing_changed),
		test(a_span_begins_and_ends_where_it_is_asked_to),
		test(a_grid_has_no_more_points_than_wanted),
		test(what_a_process_held_is_released_by_its_end),
		test(an_ended_recording_is_read_to_the_second_before_the_end),
		test(folded_processes_count_with_their_events_and_hold_nothing),
		test(estimates_say_so_with_the_variance_of_what_lives),
		test(kernel_figures_are_summed_over_those_that_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
