/* SPDX-License-Identifier: MIT */
/* What /metrics says: tests/golden/metrics.txt, which promtool checks in tests/e2e/metrics.bats. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../analyzer/base/clock.h"
#include "../../analyzer/render/prometheus.h"
#include "golden.h"
#include "recording_fixture.h"

struct test {
	struct fixture fixture;
	struct judged_site judged_sites[1];
	struct judged_group groups[1];
	struct profile_frame frame;
	struct judgement judgement;
	struct callsite_id ids[1];
	struct shown_callsites shown;
	struct trust trust;
	struct store_process_figures figures;
	struct store_costs costs;
	struct process_growth growth;
	struct prometheus_event events[3];
	struct prometheus_process process;
	struct prometheus_recording recording;
	struct buffer out;
};

static void fill_judgement(struct test *test, uint32_t site_id)
{
	test->frame = (struct profile_frame){
		.function = "cache_put(char const*)", .file = "src/cache.c", .module = "/srv/app", .line = 44};
	test->judged_sites[0] = (struct judged_site){.site_id = site_id};
	test->groups[0] = (struct judged_group){.kind = SEEP_KIND_HEAP, .frame = &test->frame, .site_count = 1};
	test->groups[0].judged.verdict = (struct verdict_result){
		.verdict = VERDICT_LEAK, .objects = {.estimate = 2.5}, .bytes = {.estimate = 1234.5678901234}};
	test->ids[0] = (struct callsite_id){"c1:00000000000000aa"};
	test->judgement = (struct judgement){
		.groups = test->groups,
		.group_count = 1,
		.sites = test->judged_sites,
		.site_count = 1,
		.verdict_counts = {[VERDICT_LEAK] = 1, [VERDICT_STEADY] = 3},
	};
}

static void fill_process(struct test *test)
{
	test->figures = (struct store_process_figures){
		.rss_anon = 3 << 20,
		.rss_file = 2 << 20,
		.rss_shmem = -1,
		.vm_size = 100 << 20,
		.cpu_user_ns = 12 * NS_PER_S + 5,
		.cpu_system_ns = -1,
		.threads = 4,
		.descriptors = 17,
		.seep_private_bytes = 4096,
	};
	test->costs.newest.hook_ns[COST_ACQUISITION] = NS_PER_S / 2;
	test->growth = (struct process_growth){.is_known = true};
	test->growth.last.parts[WATERFALL_LIVE] = 1 << 20;
	test->growth.last.parts[WATERFALL_UNTOUCHED] = -4096;
	test->growth.forecasts[FORECAST_MEMORY] = (struct forecast){.state = FORECAST_NO_LIMIT, .used = 50 << 20};
	test->growth.forecasts[FORECAST_DESCRIPTORS] =
		(struct forecast){.state = FORECAST_GROWING, .used = 17, .seconds = 3600};
	test->growth.forecasts[FORECAST_TIMERS] = (struct forecast){.state = FORECAST_UNKNOWN, .used = -1};
	test->process = (struct prometheus_process){
		.process = &test->fixture.recording.processes[1],
		.program = "app",
		.figures = &test->figures,
		.costs = &test->costs,
		.growth = &test->growth,
		.limits = {.memory = INT64_MAX, .descriptors = 1024, .signals = -1, .address_space = -1},
		.live = {[SEEP_KIND_HEAP] = {true, 900, 9 << 20}, [SEEP_KIND_SOCKET] = {true, 12, 0}},
	};
}

static void fill_recording(struct test *test)
{
	struct recording *recording = &test->fixture.recording;

	recording->created_ns = 1700000000 * NS_PER_S;
	recording->newest_ns = recording->created_ns + 61 * NS_PER_S + 250 * NS_PER_MS;
	recording->file_bytes = 65536;
	recording->processes[1].started_ns = recording->created_ns + 1;
	test->trust =
		(struct trust){.counts = {[TRUST_DROPPED_EVENTS] = 3}, .process_count = 1, .shared_bytes = 184320};
	test->events[0] = (struct prometheus_event){"accepted", 7};
	test->events[1] = (struct prometheus_event){"read_bytes", 4000};
	test->events[2] = (struct prometheus_event){"mark:say \"hi\"\\\n\xff", 1};
	test->recording = (struct prometheus_recording){
		.name = "seep.app.4711.db",
		.program = "app",
		.build_id = "abcd",
		.host = "web1",
		.recording = recording,
		.trust = &test->trust,
		.recorder_cpu_ns = 30 * NS_PER_MS,
		.judgement = &test->judgement,
		.shown = &test->shown,
		.events = test->events,
		.event_count = 3,
		.processes = &test->process,
		.process_count = 1,
		.running_count = 2,
	};
}

static int set_up(void **state)
{
	struct test *test = memory_zeroed(1, sizeof(*test));
	uint32_t site_id;

	fixture_init(&test->fixture);
	site_id = fixture_add(&test->fixture, SEEP_KIND_HEAP, 900, 9 << 20,
			      "libc.so.6!strdup; app!cache_put(char const*)@src/cache.c:44; app!main@src/main.c:120");
	fixture_add(&test->fixture, SEEP_KIND_HEAP, 3, 1536, "app!log@src/log.c:8; app!main@src/main.c:93");
	fixture_add(&test->fixture, SEEP_KIND_SOCKET, 12, 0, "app!accept_one@src/net.c:33; app!main@src/main.c:88");
	fill_judgement(test, site_id);
	fill_process(test);
	fill_recording(test);
	*state = test;
	return 0;
}

static int tear_down(void **state)
{
	struct test *test = *state;

	buffer_release(&test->out);
	shown_callsites_release(&test->shown);
	fixture_release(&test->fixture);
	free(test);
	return 0;
}

static void render(struct test *test)
{
	struct shown_input input = {
		.recording = &test->fixture.recording,
		.totals = test->fixture.totals,
		.judgement = test->recording.judgement,
		.ids = test->ids,
		.limit = 50,
	};

	struct prometheus *answer = prometheus_begin("1.2.3", 1500 * NS_PER_MS);

	/* all has come since the scrape before */
	shown_callsites_update(&test->shown, &input);
	input.total_count = test->fixture.count;
	shown_callsites_update(&test->shown, &input);
	prometheus_add_readable(answer, test->recording.name, true);
	prometheus_add_readable(answer, "gone.db", false);
	prometheus_add(answer, &test->recording);
	prometheus_end(answer, &test->out);
}

static void it_is_the_exposition_format(void **state)
{
	struct test *test = *state;

	render(test);
	expect_golden(&test->out, "metrics.txt");
}

static void what_is_not_known_has_no_sample(void **state)
{
	struct test *test = *state;

	test->recording.judgement = NULL;
	test->process.figures = NULL;
	test->process.costs = NULL;
	test->process.growth = NULL;
	test->recording.recorder_cpu_ns = -1;
	render(test);
	assert_null(strstr(test->out.text, "seep_process_threads"));
	assert_null(strstr(test->out.text, "seep_process_limit_forecast_seconds"));
	assert_null(strstr(test->out.text, "seep_callsite_verdict"));
	assert_null(strstr(test->out.text, "seep_recorder_cpu_seconds_total"));
	assert_null(strstr(test->out.text, "seep_process_max_queued_signals"));
	assert_non_null(strstr(test->out.text, "callsite=\"other\",kind=\"heap\"} 903\n"));
}

static void nothing_recorded_is_a_valid_answer(void **state)
{
	struct test *test = *state;

	prometheus_end(prometheus_begin("1.2.3", 0), &test->out);
	assert_non_null(strstr(test->out.text, "\nseep_build_info{version=\"1.2.3\"} 1\n"));
}

/* Each metric's samples have to stand together, behind its one HELP and TYPE. */
static void several_recordings_share_the_heads(void **state)
{
	struct test *test = *state;
	struct prometheus *answer = prometheus_begin("1.2.3", 0);
	const char *first;

	render(test);
	buffer_release(&test->out);
	prometheus_add(answer, &test->recording);
	test->recording.name = "other.db";
	prometheus_add(answer, &test->recording);
	prometheus_end(answer, &test->out);
	first = strstr(test->out.text, "# TYPE seep_live_bytes gauge\n");
	assert_non_null(first);
	assert_null(strstr(first + 1, "# TYPE seep_live_bytes gauge\n"));
	assert_true(strstr(first, "seep_live_bytes{recording=\"other.db\"") < strstr(first, "# HELP"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_the_exposition_format, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_known_has_no_sample, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_recorded_is_a_valid_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(several_recordings_share_the_heads, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
