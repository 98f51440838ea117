/* SPDX-License-Identifier: MIT */
/* The waterfall of a process's memory, what of it grows, and when limits are reached; as text and JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs the ones above */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../analyzer/render/process_growth.h"

#define MB ((int64_t)1 << 20)
enum { LOOKS = 20, STEP_S = 5 };

static uint64_t random_state = 1;

static int64_t random_below(int64_t limit)
{
	random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
	return (int64_t)(random_state >> 1) % limit;
}

/* ---- the waterfall ---- */

/* A quiet server: 100 MB live in 100,000 blocks, touched, with what glibc adds to them. */
static struct model_look quiet(int64_t time)
{
	return (struct model_look){
		.time = time,
		.rss_anon = 112 * MB,
		.swap = 0,
		.live_bytes = 100 * MB,
		.live_count = 100000,
		.large_bytes = 0,
		.heap = 102 * MB,
		.heap_size = 103 * MB,
		.anonymous = 0,
		.anonymous_size = 0,
		.mapping = 4 * MB,
		.stack = MB,
		.seep = 2 * MB,
		.file = 2 * MB,
		.other = MB,
		.cgroup_bytes = 150 * MB,
		.descriptors = 40,
		.timers = 2,
		.signals = 300,
	};
}

static int64_t sum_of(const struct waterfall *waterfall)
{
	int64_t sum = 0;

	for (int i = 0; i < WATERFALL_COUNT; i++)
		sum += waterfall->parts[i];
	return sum;
}

static void parts_add_up_to_what_the_kernel_says_whatever_was_read(void **state)
{
	(void)state;
	for (int round = 0; round < 100000; round++) {
		int64_t most = (int64_t)1 << random_below(40);
		struct model_look look = {
			.rss_anon = random_below(most),
			.swap = random_below(most),
			.live_bytes = random_below(most),
			.live_count = random_below(most),
			.large_bytes = random_below(most),
			.heap = random_below(most),
			.heap_size = random_below(most),
			.anonymous = random_below(most),
			.anonymous_size = random_below(most),
			.mapping = random_below(most),
			.stack = random_below(most),
			.seep = random_below(most),
			.file = random_below(most),
			.other = random_below(most),
		};
		struct waterfall waterfall;

		assert_true(waterfall_of(&look, round % 2, &waterfall));
		assert_int_equal(waterfall.total, look.rss_anon + look.swap);
		assert_int_equal(sum_of(&waterfall), waterfall.total);
		assert_true(waterfall.parts[WATERFALL_SLACK] >= 0);
		assert_true(waterfall.parts[WATERFALL_UNTOUCHED] <= 0);
		assert_true(-waterfall.parts[WATERFALL_UNTOUCHED] <= look.live_bytes);
		assert_true(waterfall.free_pages <= look.heap);
		assert_true(waterfall.overhead <= waterfall.parts[WATERFALL_SLACK]);
	}
}

static struct waterfall waterfall(const struct model_look *look, bool is_glibc)
{
	struct waterfall result;

	assert_true(waterfall_of(look, is_glibc, &result));
	return result;
}

static void slack_is_what_the_allocator_has_beyond_live_blocks(void **state)
{
	struct model_look look = quiet(0);
	struct waterfall at = waterfall(&look, true);

	(void)state;
	assert_int_equal(at.parts[WATERFALL_LIVE], 100 * MB);
	assert_int_equal(at.parts[WATERFALL_UNTOUCHED], 0);
	assert_int_equal(at.parts[WATERFALL_SLACK], 2 * MB);
	assert_int_equal(at.parts[WATERFALL_MAPPINGS], 4 * MB);
	assert_int_equal(at.parts[WATERFALL_STACKS], MB);
	assert_int_equal(at.parts[WATERFALL_SEEP], 2 * MB);
	assert_int_equal(at.parts[WATERFALL_FILES], 2 * MB);
	assert_int_equal(at.parts[WATERFALL_OTHER], MB);
	assert_int_equal(at.overhead, 1600000);
	assert_int_equal(waterfall(&look, false).overhead, -1);
}

static void a_large_block_that_is_not_touched_hides_no_slack(void **state)
{
	struct model_look look = quiet(0);
	struct waterfall at;

	(void)state;
	look.large_bytes = 300 * MB;
	look.live_bytes += 300 * MB;
	look.anonymous = 20 * MB;
	look.anonymous_size = 300 * MB + 4096;
	look.rss_anon += 20 * MB;
	at = waterfall(&look, true);
	assert_int_equal(at.parts[WATERFALL_UNTOUCHED], -280 * MB);
	assert_int_equal(at.parts[WATERFALL_SLACK], 2 * MB);
	assert_int_equal(at.parts[WATERFALL_OTHER], MB);
}

static void large_blocks_in_the_heap_are_no_untouched_ones(void **state)
{
	struct model_look look = quiet(0);
	struct waterfall at;

	(void)state;
	look.large_bytes = 60 * MB; /* the threshold has gone up: no mapping has them */
	at = waterfall(&look, true);
	assert_int_equal(at.parts[WATERFALL_UNTOUCHED], 0);
	assert_int_equal(at.parts[WATERFALL_SLACK], 2 * MB);
}

static void memory_of_nobody_is_slack_only_with_allocators_that_have_pools(void **state)
{
	struct model_look look = quiet(0);

	(void)state;
	look.anonymous = look.anonymous_size = 50 * MB;
	look.rss_anon += 50 * MB;
	assert_int_equal(waterfall(&look, true).parts[WATERFALL_SLACK], 2 * MB);
	assert_int_equal(waterfall(&look, true).parts[WATERFALL_OTHER], 51 * MB);
	assert_int_equal(waterfall(&look, false).parts[WATERFALL_SLACK], 52 * MB);
}

static void a_look_that_does_not_tell_is_none(void **state)
{
	struct model_look look = quiet(0);
	struct waterfall at;

	(void)state;
	look.heap = -1;
	assert_false(waterfall_of(&look, true, &at));
}

/* ---- verdicts ---- */

struct series {
	struct model_look looks[LOOKS];
	struct process_history history;
};

static void begin(struct series *series)
{
	for (int i = 0; i < LOOKS; i++) {
		series->looks[i] = quiet(1000 + i * STEP_S);
		/* nothing real stands still */
		series->looks[i].heap += random_below(64 << 10);
		series->looks[i].rss_anon += random_below(64 << 10);
		series->looks[i].descriptors += random_below(3);
	}
	series->history = (struct process_history){
		.looks = series->looks, .look_count = LOOKS, .is_glibc = true, .limits = {-1, -1, -1, -1}};
}

static struct process_growth judge(const struct series *series)
{
	return process_growth_of(&series->history);
}

/* `amount` more at each look, up to the one `until`. */
static void grow(struct series *series, size_t field, int64_t amount, int until)
{
	for (int i = 0; i < LOOKS; i++) {
		struct model_look *look = &series->looks[i];

		*(int64_t *)((char *)look + field) += amount * (i < until ? i : until);
	}
}
#define GROW(series, field, amount) grow(series, offsetof(struct model_look, field), amount, LOOKS)

static void a_quiet_process_is_steady(void **state)
{
	struct process_growth growth;
	struct series series;

	(void)state;
	begin(&series);
	growth = judge(&series);
	assert_true(growth.is_known);
	assert_int_equal(growth.verdict, PROCESS_STEADY);
	assert_int_equal(growth.first.time, 1000);
	assert_int_equal(growth.last.time, 1000 + (LOOKS - 1) * STEP_S);
}

static void live_blocks_that_grow_are_a_leak(void **state)
{
	struct process_growth growth;
	struct series series;

	(void)state;
	begin(&series);
	GROW(&series, live_bytes, MB);
	GROW(&series, live_count, 1000);
	GROW(&series, heap, MB + 16000);
	GROW(&series, rss_anon, MB + 16000);
	growth = judge(&series);
	assert_int_equal(growth.verdict, PROCESS_LEAK);
	assert_true(fabs(growth.parts[WATERFALL_LIVE].estimate - (double)MB / STEP_S) < 1);
	assert_true(fabs(growth.total.estimate - (double)(MB + 16000) / STEP_S) < 3000);
}

static void what_grew_and_is_level_since_is_steady(void **state)
{
	struct series series;

	(void)state;
	begin(&series);
	grow(&series, offsetof(struct model_look, live_bytes), 4 * MB, 8);
	grow(&series, offsetof(struct model_look, live_count), 4000, 8);
	grow(&series, offsetof(struct model_look, heap), 4 * MB, 8);
	grow(&series, offsetof(struct model_look, rss_anon), 4 * MB, 8);
	assert_int_equal(judge(&series).verdict, PROCESS_STEADY);
}

static void free_pages_that_are_kept_are_retention(void **state)
{
	struct series series;

	(void)state;
	begin(&series);
	for (int i = 0; i < LOOKS; i++) {
		series.looks[i].live_bytes = MB;
		series.looks[i].live_count = 1000;
	}
	assert_int_equal(judge(&series).verdict, PROCESS_RETENTION);
	/* and growing */
	GROW(&series, heap, MB);
	GROW(&series, rss_anon, MB);
	assert_int_equal(judge(&series).verdict, PROCESS_RETENTION);
}

static void free_chunks_between_live_blocks_are_fragmentation(void **state)
{
	struct series series;

	(void)state;
	begin(&series);
	for (int i = 0; i < LOOKS; i++)
		series.looks[i].live_bytes = 50 * MB;
	assert_int_equal(judge(&series).verdict, PROCESS_FRAGMENTATION);
	GROW(&series, heap, MB);
	GROW(&series, rss_anon, MB);
	assert_int_equal(judge(&series).verdict, PROCESS_FRAGMENTATION);
}

static void headers_of_small_blocks_are_neither(void **state)
{
	struct series series;

	(void)state;
	begin(&series);
	/* 16 bytes each, which take 32 */
	for (int i = 0; i < LOOKS; i++) {
		series.looks[i].live_bytes = 51 * MB;
		series.looks[i].live_count = 51 * MB / 16;
	}
	assert_int_equal(judge(&series).verdict, PROCESS_STEADY);
}

static void a_peak_that_is_over_is_no_retention_yet(void **state)
{
	struct series series;

	(void)state;
	begin(&series);
	series.looks[LOOKS - 1].live_bytes = MB;
	series.looks[LOOKS - 1].live_count = 1000;
	assert_int_equal(judge(&series).verdict, PROCESS_STEADY);
}

static void mappings_and_stacks_that_grow_are_named(void **state)
{
	struct series series;

	(void)state;
	begin(&series);
	GROW(&series, mapping, MB);
	GROW(&series, rss_anon, MB);
	assert_int_equal(judge(&series).verdict, PROCESS_MAPPINGS);
	begin(&series);
	GROW(&series, stack, MB);
	GROW(&series, rss_anon, MB);
	assert_int_equal(judge(&series).verdict, PROCESS_STACKS);
	begin(&series);
	GROW(&series, other, MB);
	GROW(&series, rss_anon, MB);
	assert_int_equal(judge(&series).verdict, PROCESS_OTHER);
}

static void the_part_that_grows_most_is_named(void **state)
{
	struct series series;

	(void)state;
	begin(&series);
	GROW(&series, mapping, 3 * MB);
	GROW(&series, live_bytes, MB);
	GROW(&series, heap, MB);
	GROW(&series, rss_anon, 4 * MB);
	assert_int_equal(judge(&series).verdict, PROCESS_MAPPINGS);
}

static void a_large_block_that_is_being_touched_is_no_leak(void **state)
{
	struct series series;

	(void)state;
	begin(&series);
	for (int i = 0; i < LOOKS; i++) {
		series.looks[i].large_bytes = 300 * MB;
		series.looks[i].live_bytes += 300 * MB;
		series.looks[i].anonymous_size = 300 * MB;
	}
	GROW(&series, anonymous, MB);
	GROW(&series, rss_anon, MB);
	assert_int_equal(judge(&series).verdict, PROCESS_STEADY);
	assert_non_null(strstr(judge(&series).reason, "touched for the first time"));
}

static void few_looks_or_none_decide_nothing(void **state)
{
	struct process_growth growth;
	struct series series;

	(void)state;
	begin(&series);
	GROW(&series, live_bytes, MB);
	series.history.look_count = 4;
	assert_int_equal(judge(&series).verdict, PROCESS_UNDECIDED);
	series.history.look_count = 0;
	growth = judge(&series);
	assert_false(growth.is_known);
	assert_int_equal(growth.verdict, PROCESS_UNDECIDED);
	assert_int_equal(growth.forecasts[FORECAST_MEMORY].state, FORECAST_UNKNOWN);
	begin(&series);
	for (int i = 0; i < LOOKS; i++)
		series.looks[i].heap = -1;
	growth = judge(&series);
	assert_false(growth.is_known);
	assert_int_equal(growth.forecasts[FORECAST_DESCRIPTORS].used, series.looks[LOOKS - 1].descriptors);
}

static void thousands_of_looks_are_judged_as_few_are(void **state)
{
	enum { MANY = 5000 };
	struct model_look *looks = calloc(MANY, sizeof(*looks));
	struct process_history history = {.looks = looks, .look_count = MANY, .is_glibc = true};
	struct process_growth growth;

	(void)state;
	assert_non_null(looks);
	for (int i = 0; i < MANY; i++) {
		looks[i] = quiet(1000 + 15 * i);
		looks[i].live_bytes += i * 10000;
		looks[i].heap += i * 10000 + random_below(MB);
		looks[i].rss_anon += i * 10000 + random_below(MB);
	}
	growth = process_growth_of(&history);
	assert_int_equal(growth.verdict, PROCESS_LEAK);
	assert_true(fabs(growth.parts[WATERFALL_LIVE].estimate - 10000 / 15.0) < 1);
	assert_int_equal(growth.last.time, 1000 + 15 * (MANY - 1));
	free(looks);
}

/* ---- forecasts ---- */

static void a_forecast_is_what_is_left_over_the_slope(void **state)
{
	struct forecast forecast = forecast_of(100, 500, &(struct growth_slope){2, 1, 4});

	(void)state;
	assert_int_equal(forecast.state, FORECAST_GROWING);
	assert_true(forecast.seconds == 200 && forecast.earliest == 100 && forecast.latest == 400);
}

static void what_may_not_grow_has_no_latest_moment(void **state)
{
	struct forecast forecast = forecast_of(100, 500, &(struct growth_slope){1, -1, 4});

	(void)state;
	assert_int_equal(forecast.state, FORECAST_NOT_GROWING);
	assert_true(forecast.earliest == 100 && isinf(forecast.latest) && isinf(forecast.seconds));
	forecast = forecast_of(100, 500, &(struct growth_slope){-2, -3, -1});
	assert_int_equal(forecast.state, FORECAST_NOT_GROWING);
	assert_true(isinf(forecast.earliest) && isinf(forecast.seconds));
	forecast = forecast_of(100, 500, &(struct growth_slope){0, 0, 0});
	assert_int_equal(forecast.state, FORECAST_NOT_GROWING);
	assert_true(isinf(forecast.earliest));
}

static void limits_that_are_none_reached_or_unknown_are_said_to_be(void **state)
{
	const struct growth_slope slope = {2, 1, 4}, unknown = {NAN, NAN, NAN};

	(void)state;
	assert_int_equal(forecast_of(100, INT64_MAX, &slope).state, FORECAST_NO_LIMIT);
	assert_int_equal(forecast_of(500, 500, &slope).state, FORECAST_REACHED);
	assert_int_equal(forecast_of(501, 500, &unknown).state, FORECAST_REACHED);
	assert_int_equal(forecast_of(0, 0, &slope).state, FORECAST_REACHED);
	assert_int_equal(forecast_of(100, -1, &slope).state, FORECAST_UNKNOWN);
	assert_int_equal(forecast_of(-1, 500, &slope).state, FORECAST_UNKNOWN);
	assert_int_equal(forecast_of(100, 500, &unknown).state, FORECAST_UNKNOWN);
}

static void a_process_s_forecasts_are_of_its_limits(void **state)
{
	struct process_growth growth;
	struct series series;

	(void)state;
	begin(&series);
	GROW(&series, rss_anon, MB);
	GROW(&series, other, MB);
	GROW(&series, descriptors, 10);
	/* another process of the user */
	GROW(&series, signals, 7);
	series.looks[LOOKS - 1].descriptors = -1; /* not looked at then */
	series.history.limits = (struct model_limits){512 * MB, 1024, 1000, -1};
	growth = judge(&series);
	assert_int_equal(growth.forecasts[FORECAST_MEMORY].state, FORECAST_GROWING);
	assert_int_equal(growth.forecasts[FORECAST_MEMORY].used, 150 * MB);
	assert_true(fabs(growth.forecasts[FORECAST_MEMORY].seconds - 362 * STEP_S) < 30);
	assert_true(growth.forecasts[FORECAST_MEMORY].earliest <= growth.forecasts[FORECAST_MEMORY].seconds);
	assert_true(growth.forecasts[FORECAST_MEMORY].seconds <= growth.forecasts[FORECAST_MEMORY].latest);
	assert_int_equal(growth.forecasts[FORECAST_DESCRIPTORS].state, FORECAST_GROWING);
	assert_int_equal(growth.forecasts[FORECAST_DESCRIPTORS].used, series.looks[LOOKS - 2].descriptors);
	assert_true(fabs(growth.forecasts[FORECAST_DESCRIPTORS].slope.estimate - 2) < 0.1);
	assert_int_equal(growth.forecasts[FORECAST_TIMERS].state, FORECAST_NOT_GROWING);
	assert_int_equal(growth.forecasts[FORECAST_TIMERS].used, 300 + 7 * (LOOKS - 1));
	GROW(&series, timers, 10);
	growth = judge(&series);
	assert_int_equal(growth.forecasts[FORECAST_TIMERS].state, FORECAST_GROWING);
	assert_true(fabs(growth.forecasts[FORECAST_TIMERS].slope.estimate - 2) < 0.1);
}

/* Without the group's figure its own memory is what is held against the limit. */
static void memory_is_the_process_s_own_where_the_group_s_is_not_known(void **state)
{
	struct series series;

	(void)state;
	begin(&series);
	for (int i = 0; i < LOOKS; i++)
		series.looks[i].cgroup_bytes = -1;
	series.looks[LOOKS - 1].swap = 7 * MB;
	series.history.limits.memory = 512 * MB;
	assert_int_equal(judge(&series).forecasts[FORECAST_MEMORY].used, series.looks[LOOKS - 1].rss_anon + 7 * MB);
}

/* ---- reports ---- */

static struct process_growth example(void)
{
	struct model_look first = quiet(1000), last = quiet(1060);
	struct process_growth growth = {
		.is_known = true, .verdict = PROCESS_LEAK, .reason = "tracked live blocks grow"};

	first.large_bytes = last.large_bytes = 30 * MB;
	first.live_bytes += 30 * MB;
	first.anonymous_size = last.anonymous_size = 30 * MB;
	last.live_bytes += 42 * MB;
	last.heap += 12 * MB;
	last.rss_anon += 12 * MB;
	growth.first = waterfall(&first, true);
	growth.last = waterfall(&last, true);
	for (int i = 0; i < WATERFALL_COUNT; i++)
		growth.parts[i] = (struct growth_slope){0, 0, 0};
	growth.parts[WATERFALL_LIVE] = growth.total = (struct growth_slope){209715.2, 204800, 215040};
	growth.forecasts[FORECAST_MEMORY] = forecast_of(400 * MB, 512 * MB, &growth.total);
	growth.forecasts[FORECAST_DESCRIPTORS] = forecast_of(40, 1024, &(struct growth_slope){0, 0, 0});
	growth.forecasts[FORECAST_TIMERS] = forecast_of(1024, 1024, &(struct growth_slope){1, 1, 1});
	return growth;
}

static struct model_process server = {.pid = 4711, .exe = "/usr/sbin/server", .command = "/usr/sbin/server -f"};

static void expect_text(const struct process_growth *growth, const char *expected)
{
	struct buffer out = {0};

	process_growth_text(&out, &(struct judged_process){&server, *growth}, (struct style){false});
	assert_string_equal(out.text, expected);
	buffer_release(&out);
}

static void the_text_says_what_grows_and_when_it_ends(void **state)
{
	struct process_growth growth = example();

	(void)state;
	/* clang-format off */
	expect_text(&growth,
"Process 4711 (server): leak: tracked live blocks grow\n"
"       124MB  private memory, as the kernel says    +12MB in 1 min  +204.80kB/s (200kB..210kB)\n"
"       142MB  tracked live blocks                   +12MB  +204.80kB/s\n"
"       -30MB  of them not touched yet               0\n"
"         2MB  allocator slack and free chunks       0 (about 1.53MB headers and rounding)\n"
"         4MB  mappings                              0\n"
"         1MB  thread stacks                         0\n"
"         2MB  Seep's own                            0\n"
"         2MB  variables of programs and libraries   0\n"
"         1MB  other: of no known owner              0\n"
"Memory limit: 400MB of 512MB in use, reached in 9.33 min at this rate (9.1 min..9.56 min)\n"
"Descriptor limit: 40 of 1024 in use, not growing\n"
"Timer limit (signals queued for the user): 1024 of 1024 in use, reached\n");
	/* clang-format on */
}

static void expect_forecast(const struct forecast *forecast, const char *expected)
{
	struct process_growth growth = {.reason = "nothing is known of its memory"};
	char text[512];

	for (int i = 0; i < FORECAST_COUNT; i++)
		growth.forecasts[i] = forecast_of(-1, -1, &forecast->slope);
	growth.forecasts[FORECAST_DESCRIPTORS] = *forecast;
	snprintf(text, sizeof(text), "Process 4711 (server): unknown: nothing is known of its memory\n%s", expected);
	expect_text(&growth, text);
}

static void each_forecast_has_its_words(void **state)
{
	const struct growth_slope slow = {1e-6, 1e-7, 2e-6}, doubtful = {1, -1, 2}, falling = {-2, -3, -1};
	const struct growth_slope wide = {1, 1e-6, 2}, unknown = {NAN, NAN, NAN};
	struct forecast forecast;

	(void)state;
	forecast = forecast_of(-1, 5, &slow);
	expect_forecast(&forecast, "");
	forecast = forecast_of(5, -1, &slow);
	expect_forecast(&forecast, "");
	forecast = forecast_of(5, INT64_MAX, &slow);
	expect_forecast(&forecast, "Descriptor limit: none, 5 in use\n");
	forecast = forecast_of(5, 1005, &slow);
	expect_forecast(&forecast, "Descriptor limit: 5 of 1005 in use, not reached within 30 days at this rate\n");
	forecast = forecast_of(5, 1005, &doubtful);
	expect_forecast(&forecast, "Descriptor limit: 5 of 1005 in use, not certain to grow; not before 8.33 min\n");
	forecast = forecast_of(5, 1005, &falling);
	expect_forecast(&forecast, "Descriptor limit: 5 of 1005 in use, not growing\n");
	forecast = forecast_of(5, 1005, &wide);
	expect_forecast(&forecast, "Descriptor limit: 5 of 1005 in use, reached in 16.7 min at this rate (8.33 min.."
				   "more than 30 days)\n");
	forecast = forecast_of(5, 1005, &unknown);
	expect_forecast(&forecast, "Descriptor limit: 5 of 1005 in use, its rate is not known yet\n");
	forecast = forecast_of(1005, 1005, &unknown);
	expect_forecast(&forecast, "Descriptor limit: 1005 of 1005 in use, reached\n");
}

static void the_json_has_the_same_and_null_for_what_is_not_known(void **state)
{
	struct process_growth growth = example(), none = {.reason = "nothing is known of its memory"};
	struct buffer out = {0};
	struct json json = {.out = &out};

	(void)state;
	json_begin_array(&json, NULL);
	process_growth_json(&json, &(struct judged_process){&server, growth});
	process_growth_json(&json, &(struct judged_process){&server, none});
	json_end_array(&json);
	assert_non_null(strstr(out.text, "\"verdict\": \"leak\""));
	assert_non_null(strstr(out.text, "\"name\": \"untouched\",\n        \"bytes\": -31457280"));
	assert_non_null(strstr(out.text, "\"verdict\": null"));
	assert_non_null(strstr(out.text, "\"state\": \"reached\""));
	buffer_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_add_up_to_what_the_kernel_says_whatever_was_read),
		cmocka_unit_test(slack_is_what_the_allocator_has_beyond_live_blocks),
		cmocka_unit_test(a_large_block_that_is_not_touched_hides_no_slack),
		cmocka_unit_test(large_blocks_in_the_heap_are_no_untouched_ones),
		cmocka_unit_test(memory_of_nobody_is_slack_only_with_allocators_that_have_pools),
		cmocka_unit_test(a_look_that_does_not_tell_is_none),
		cmocka_unit_test(a_quiet_process_is_steady),
		cmocka_unit_test(live_blocks_that_grow_are_a_leak),
		cmocka_unit_test(what_grew_and_is_level_since_is_steady),
		cmocka_unit_test(free_pages_that_are_kept_are_retention),
		cmocka_unit_test(free_chunks_between_live_blocks_are_fragmentation),
		cmocka_unit_test(headers_of_small_blocks_are_neither),
		cmocka_unit_test(a_peak_that_is_over_is_no_retention_yet),
		cmocka_unit_test(mappings_and_stacks_that_grow_are_named),
		cmocka_unit_test(the_part_that_grows_most_is_named),
		cmocka_unit_test(a_large_block_that_is_being_touched_is_no_leak),
		cmocka_unit_test(few_looks_or_none_decide_nothing),
		cmocka_unit_test(thousands_of_looks_are_judged_as_few_are),
		cmocka_unit_test(a_forecast_is_what_is_left_over_the_slope),
		cmocka_unit_test(what_may_not_grow_has_no_latest_moment),
		cmocka_unit_test(limits_that_are_none_reached_or_unknown_are_said_to_be),
		cmocka_unit_test(a_process_s_forecasts_are_of_its_limits),
		cmocka_unit_test(memory_is_the_process_s_own_where_the_group_s_is_not_known),
		cmocka_unit_test(the_text_says_what_grows_and_when_it_ends),
		cmocka_unit_test(each_forecast_has_its_words),
		cmocka_unit_test(the_json_has_the_same_and_null_for_what_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
