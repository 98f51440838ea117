/* SPDX-License-Identifier: MIT */
/*
 * What reports look like: compared with the files of tests/golden. SEEP_UPDATE_GOLDEN=1 writes them anew; look at what
 * `git diff` then says.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../analyzer/base/clock.h"
#include "../../analyzer/render/info.h"
#include "../../analyzer/render/report.h"
#include "golden.h"
#include "recording_fixture.h"

#define MB (1 << 20)

struct test {
	struct fixture fixture;
	struct profile profile;
	struct report_head head;
	struct buffer out;
};

/* A small server: a cache that holds most, a log, sessions by C++ code, and sockets. */
static void add_callsites(struct fixture *fixture)
{
	fixture_add(
		fixture, SEEP_KIND_HEAP, 900, 9 * MB,
		"libc.so.6!strdup; app!entry_new@src/cache.c:21 + cache_put@src/cache.c:44; app!serve@src/main.c:90; "
		"app!main@src/main.c:120; libc.so.6!__libc_start_main; app!_start");
	fixture_add(fixture, SEEP_KIND_HEAP, 10, 2 * MB,
		    "app!log_line@src/log.c:8; app!serve@src/main.c:93; app!main@src/main.c:120; "
		    "libc.so.6!__libc_start_main; app!_start");
	fixture_add(fixture, SEEP_KIND_HEAP, 3, 1536,
		    "libstdc++.so.6!operator new(unsigned long); app!Session::open(int)@src/session.cc:15; "
		    "app!main@src/main.c:118; libc.so.6!__libc_start_main; app!_start");
	fixture_add(fixture, SEEP_KIND_HEAP, 1, 70000, "libplugin.so!0x1f40; [outer frames cut]");
	fixture_add(fixture, SEEP_KIND_HEAP, 1, 100, "app!tiny; app!main@src/main.c:121; [outer frames cut]");
	fixture_add(fixture, SEEP_KIND_SOCKET, 12, 0,
		    "app!listener_accept@src/net.c:33; app!serve@src/main.c:88; app!main@src/main.c:120; "
		    "libc.so.6!__libc_start_main; app!_start");
}

static int set_up(void **state)
{
	struct test *test = memory_zeroed(1, sizeof(*test));

	fixture_init(&test->fixture);
	add_callsites(&test->fixture);
	*state = test;
	return 0;
}

static int tear_down(void **state)
{
	struct test *test = *state;

	buffer_release(&test->out);
	profile_release(&test->profile);
	fixture_release(&test->fixture);
	free(test);
	return 0;
}

static void build(struct test *test, const char *type)
{
	struct profile_input input = {&test->fixture.recording, test->fixture.totals, test->fixture.count, 1};
	struct profile_options options = {0};

	assert_true(value_type_find(type, &options.type));
	profile_build(&input, 1, &options, &test->profile);
	test->head = (struct report_head){
		.recording = test->fixture.recording.path,
		.program = "app",
		.build_id = "85a0d1d4abdfd883f44cc435cb8dbb9f267b9991",
		.type = options.type,
		.duration_ns = 62150000000,
		.total = test->profile.total,
		.trust = trust_sum(&test->fixture.recording, 0, 0),
	};
}

/* ---- top ---- */

static void expect_top(struct test *test, const struct graph_options *options, const char *name)
{
	struct graph graph;

	graph_build(&test->profile, options, &graph);
	report_top(&test->out, &test->head, &graph);
	expect_golden(&test->out, name);
	graph_release(&graph);
}

/* The cache's callsite is an estimate from 15 sampled blocks of 10 kB; the small one had none sampled that lives. */
static void sample(struct test *test)
{
	static const struct model_sampling samplings[] = {{1, 524288}, {NS_PER_S, 1048576}};
	struct model_total *cache = &test->fixture.totals[0], *tiny = &test->fixture.totals[4];

	cache->byte_parts.live = (struct model_part){.unseen = 9 * MB - 15 * 10485, .variance = 17.0 * MB / 2 * MB / 2};
	cache->byte_parts.live.weight = tiny->byte_parts.live.weight = 524288;
	tiny->live_bytes = 0;
	profile_release(&test->profile);
	build(test, "inuse_space");
	test->head.uncertainty = test->profile.uncertainty;
	test->head.samplings = samplings;
	test->head.sampling_count = 2;
	test->head.until_ns = 1;
}

static void estimates_are_marked_with_their_interval(void **state)
{
	struct test *test = *state;

	build(test, "inuse_space");
	sample(test);
	expect_top(test, &(struct graph_options){.limit = 10, .node_fraction = GRAPH_NODE_FRACTION}, "top_sampled.txt");
	assert_null(strstr(test->out.text, "1MB of heap bytes")); /* it came after the figures' moment */
}

static void a_change_of_the_interval_is_told_with_its_time(void **state)
{
	struct test *test = *state;
	struct graph graph;

	build(test, "inuse_space");
	sample(test);
	test->head.until_ns = 2 * NS_PER_S;
	graph_build(&test->profile, &(struct graph_options){0}, &graph);
	report_top(&test->out, &test->head, &graph);
	assert_non_null(strstr(test->out.text, "Sampled: 1 in 512kB until 00:00:01, then 1 in 1MB of heap bytes;"));
	graph_release(&graph);
}

static void json_has_the_ends_of_each_interval(void **state)
{
	struct test *test = *state;
	struct graph graph;

	build(test, "inuse_space");
	sample(test);
	graph_build(&test->profile, &(struct graph_options){0}, &graph);
	report_top_json(&test->out, &test->head, &graph);
	assert_non_null(strstr(test->out.text, "\"sampled\": true"));
	assert_non_null(strstr(test->out.text, "\"flat_low\": "));
	/* nothing of it was sampled: at most 3.69 intervals are missing */
	assert_non_null(strstr(test->out.text, "\"flat_high\": 1934036"));
	graph_release(&graph);
}

static void top_is_pprofs_text(void **state)
{
	struct test *test = *state;

	build(test, "inuse_space");
	expect_top(test,
		   &(struct graph_options){.node_fraction = GRAPH_NODE_FRACTION, .edge_fraction = GRAPH_EDGE_FRACTION},
		   "top.txt");
}

static void top_by_cum_shows_the_limit(void **state)
{
	struct test *test = *state;

	build(test, "inuse_space");
	test->head.focus = "cache|serve";
	expect_top(test, &(struct graph_options){.by_cum = true, .limit = 3, .node_fraction = GRAPH_NODE_FRACTION},
		   "top_cum.txt");
}

static void counts_have_no_unit(void **state)
{
	struct test *test = *state;

	build(test, "sockets");
	expect_top(test, &(struct graph_options){.by = BY_LINE}, "top_sockets.txt");
}

static void stacks_are_written_below_each_other(void **state)
{
	struct test *test = *state;

	build(test, "inuse_space");
	expect_top(test, &(struct graph_options){.by = BY_STACK, .limit = 2}, "top_stack.txt");
}

static void an_empty_report_says_so(void **state)
{
	struct test *test = *state;

	build(test, "watches");
	expect_top(test, &(struct graph_options){.node_fraction = GRAPH_NODE_FRACTION}, "top_empty.txt");
}

static void what_was_missed_is_told(void **state)
{
	struct test *test = *state;
	uint64_t *trust = test->fixture.recording.processes[1].trust;

	trust[TRUST_DROPPED_EVENTS] = 5;
	trust[TRUST_UNSEEN_FREES] = 12;
	trust[TRUST_UNSEEN_UNMAPS] = 8192;
	trust[TRUST_VERIFY_CAPTURES] = 1000;
	test->fixture.recording.processes[1].private_bytes = 3 * MB / 2;
	build(test, "watches");
	test->head.trust.shared_bytes = 409600;
	expect_top(test, &(struct graph_options){0}, "top_untrusted.txt");
}

static void colour_marks_the_header_and_lost_events_only(void **state)
{
	struct test *test = *state;
	struct graph graph;
	size_t escapes = 0;

	build(test, "inuse_space");
	test->head.style.is_coloured = true;
	graph_build(&test->profile, &(struct graph_options){0}, &graph);
	report_top(&test->out, &test->head, &graph);
	for (const char *at = test->out.text; (at = strchr(at, '\033')); at++)
		escapes++;
	assert_int_equal(escapes, 2);
	graph_release(&graph);
}

static void names_cannot_write_to_the_terminal(void **state)
{
	struct buffer out = {0};

	(void)state;
	report_name(&out, "a\033[2Jb\nc\x7f\td\xc3\xa9\xff\xc2\x9b");
	assert_string_equal(out.text, "a?[2Jb?c??d\xc3\xa9??");
	buffer_release(&out);
}

/* ---- the other reports ---- */

static void peek_is_pprofs_text(void **state)
{
	struct test *test = *state;
	struct graph graph;
	regex_t name;

	build(test, "inuse_space");
	assert_int_equal(regcomp(&name, "serve|cache_put", REG_EXTENDED | REG_NOSUB), 0);
	graph_build(&test->profile, &(struct graph_options){0}, &graph);
	assert_int_equal(report_peek(&test->out, &test->head, &graph, &name, 0), 2);
	expect_golden(&test->out, "peek.txt");
	graph_release(&graph);
	regfree(&name);
}

static void a_tree_branches_where_calls_do(void **state)
{
	struct test *test = *state;
	struct tree tree;

	build(test, "inuse_space");
	tree_build(&test->profile, &(struct tree_options){.node_fraction = 0.001}, &tree);
	report_tree(&test->out, &test->head, &tree);
	expect_golden(&test->out, "tree.txt");
	tree_release(&tree);
}

static void list_annotates_lines_and_says_what_is_missing(void **state)
{
	struct test *test = *state;
	char *lines[130];
	struct report_source sources[3] = {0};
	struct routines routines;
	regex_t name;

	for (int i = 0; i < 130; i++)
		lines[i] = memory_format("\tline %d;", i + 1);
	build(test, "inuse_space");
	assert_int_equal(regcomp(&name, "^(serve|log_line|libplugin.*)$", REG_EXTENDED | REG_NOSUB), 0);
	routines_build(&test->profile, &name, &routines);
	assert_int_equal(routines.count, 3);
	sources[1].looked = "src/log.c below /work"; /* libplugin, log_line, serve */
	sources[2] = (struct report_source){.found = "main.c", .lines = lines, .line_count = 94};
	report_list(&test->out, &test->head, &routines, sources);
	expect_golden(&test->out, "list.txt");
	routines_release(&routines);
	regfree(&name);
	for (int i = 0; i < 130; i++)
		free(lines[i]);
}

static void json_has_what_the_text_has(void **state)
{
	struct test *test = *state;
	struct graph graph;

	build(test, "inuse_objects");
	graph_build(&test->profile, &(struct graph_options){.by = BY_STACK, .limit = 1}, &graph);
	report_top_json(&test->out, &test->head, &graph);
	expect_golden(&test->out, "top.json");
	graph_release(&graph);
}

static void json_escapes(void **state)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	(void)state;
	json_begin_array(&json, NULL);
	json_string(&json, NULL, "a\"b\\c\n\t\x01\x7f");
	json_string(&json, NULL, "\xc3\xa9 \xff \xc3");
	json_string(&json, NULL, "\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82\xac");
	json_string(&json, NULL, NULL);
	json_real(&json, NULL, 0.0 / 0.0);
	json_int(&json, NULL, INT64_MIN);
	json_uint(&json, NULL, UINT64_MAX);
	json_begin_object(&json, NULL);
	json_end_object(&json);
	json_end_array(&json);
	assert_string_equal(out.text,
			    "[\n  \"a\\\"b\\\\c\\n\\t\\u0001\\u007f\",\n  \"\xc3\xa9 \\ufffd \\ufffd\",\n"
			    "  \"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\xe2\x82\xac\",\n  null,\n  null,\n"
			    "  -9223372036854775808,\n  18446744073709551615,\n  {}\n]\n");
	buffer_release(&out);
}

static void json_for_programs_is_compact(void **state)
{
	static const double values[] = {0,   7,         -12, 99999,   100000, 123456, -1234567,  12345678,
					2e6, 9.99996e9, 0.5, 1.23456, -3e-7,  1e15,   0.0 / 0.0, 123456.7};
	struct buffer out = {0};
	struct json json = {.out = &out, .is_compact = true};

	(void)state;
	json_begin_object(&json, NULL);
	json_string(&json, "name", "a b");
	json_begin_array(&json, "values");
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		json_short(&json, NULL, values[i]);
	json_end_array(&json);
	json_end_object(&json);
	assert_string_equal(out.text,
			    "{\"name\":\"a b\",\"values\":[0,7,-12,99999,100000,123460,-1234600,12346e3,2000000,"
			    "1e10,0.5,1.2346,-3e-07,1e+15,null,123460]}");
	buffer_release(&out);
}

static void a_buffer_takes_text_of_any_length(void **state)
{
	struct buffer out = {0};
	char *name = memory_zeroed(1, 1000);

	(void)state;
	memset(name, 'x', 999);
	buffer_format(&out, "%s", "");
	assert_int_equal(out.size, 0);
	for (size_t i = 0; i < 200; i++) /* around the ends of what it has room for */
		buffer_format(&out, "%.*s", (int)i, name);
	buffer_format(&out, "%s-%d", name, 7);
	assert_int_equal(out.size, 199 * 200 / 2 + 999 + 2);
	assert_int_equal(strlen(out.text), out.size);
	assert_string_equal(out.text + out.size - 4, "xx-7");
	buffer_release(&out);
	free(name);
}

/* ---- figures ---- */

static void expect_figure(struct figure figure, const char *text)
{
	assert_string_equal(figure.text, text);
}

static void figures_are_written_as_pprof_writes_them(void **state)
{
	struct unit own = unit_own(true), kilo = unit_common(true, 2048, 1 << 20);

	(void)state;
	expect_figure(figure_value(own, 0), "0");
	expect_figure(figure_value(own, 512), "512B");
	expect_figure(figure_value(own, 1 << 19), "512kB");
	expect_figure(figure_value(own, 25 << 19), "12.50MB");
	expect_figure(figure_value(own, -1288490189), "-1.20GB");
	expect_figure(figure_value(unit_own(false), 1234567), "1234567");
	/* the largest is over 100 times the smallest: then the unit of 100 times the smallest */
	assert_string_equal(kilo.name, "kB");
	assert_string_equal(unit_common(true, 100, 1 << 30).name, "kB");
	assert_string_equal(unit_common(true, 2000, 1 << 30).name, "kB");
	assert_string_equal(unit_common(true, 20000, 1 << 30).name, "MB");
	assert_string_equal(unit_common(true, 0, 1 << 30).name, "GB");
	expect_figure(figure_value(unit_common(true, 20000, 1 << 30), 20000), "0.02MB");
	expect_figure(figure_percent(1, 3), "33.33%");
	expect_figure(figure_percent(9996, 10000), "  100%");
	expect_figure(figure_percent(0, 10), "    0%");
	expect_figure(figure_percent(5, 0), "    0%");
	expect_figure(figure_percent(-1, 200), "  0.5%");
	expect_figure(figure_percent_bare(1, 200), "0.5%");
	expect_figure(figure_duration(1500000000), "1.50s");
	expect_figure(figure_duration(8100000000000), "2.25hrs");
	expect_figure(figure_duration(12000000), "12ms");
	expect_figure(figure_age(90), "1.5 min");
}

static void a_report_that_cannot_be_written_is_an_error(void **state)
{
	struct buffer out = {0};
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	buffer_add(&out, "report\n");
	assert_int_equal(buffer_print(&out, full), ENOSPC);
	fclose(full);
	buffer_release(&out);
}

/* ---- info ---- */

static void info_names_processes_marks_misuse_and_reasons(void **state)
{
	struct test *test = *state;
	struct recording *recording = &test->fixture.recording;
	struct info_descriptor descriptors[] = {
		{.fd = 4, .kind = "file", .age_s = -1, .target = "/var/log/app.log"},
		{.fd = 5,
		 .kind = "socket",
		 .site_id = 6,
		 .age_s = 90,
		 .target = "10.0.0.1:80",
		 .tcp_state = "CLOSE_WAIT"},
		{.fd = 6,
		 .kind = "socket",
		 .site_id = 6,
		 .age_s = 7200,
		 .target = "10.0.0.2:80",
		 .tcp_state = "CLOSE_WAIT"},
	};
	struct info_mark mark = {.process_id = 1,
				 .node_id = fixture_node(&test->fixture, "app!listener_accept@src/net.c:33; app!main"),
				 .kind = "descriptor limit",
				 .text = "EMFILE",
				 .descriptors = descriptors,
				 .descriptor_count = 3};
	struct info_event events[] = {{"accepted", 1200}, {"mark:a\nb", 7}};
	struct info_process processes[2] = {
		[1] = {.is_shown = true,
		       .has_figures = true,
		       .figures = {.rss_anon = 12 * MB, .rss_file = -1, .rss_shmem = 0, .threads = 4, .descriptors = 7},
		       .has_costs = true,
		       .costs = {.events = 2560000,
				 .newest = {.cpu_ns = -1,
					    .hook_ns = {48 * NS_PER_MS, 16 * NS_PER_MS},
					    .timed = {5000, 5000},
					    .error_ns = NS_PER_MS,
					    .captures = 1280000,
					    .captured_frames = 1664000,
					    .rule_misses = 410},
				 .looked = {.time = 70,
					    .cpu_ns = 1000 * NS_PER_MS,
					    .hook_ns = {46 * NS_PER_MS, 15 * NS_PER_MS}},
				 .earlier = {.time = 10, .cpu_ns = 500 * NS_PER_MS, .hook_ns = {1 * NS_PER_MS, 0}}}}};
	const struct store_adaptation adaptations[] = {
		{.interval = 4096, .hook_ns = 200, .cpu_ns = 1000, .limit_percent = 5},
		{.time_ns = 3 * NS_PER_S,
		 .interval = 65536,
		 .interval_before = 4096,
		 .hook_ns = 98,
		 .cpu_ns = 1000,
		 .limit_percent = 5},
	};
	struct summary summary;

	recording->misuses = memory_zeroed(1, sizeof(*recording->misuses));
	recording->misuses[recording->misuse_count++] = (struct model_misuse){
		.process_id = 1,
		.kind = MISUSE_DOUBLE_CLOSE,
		.node_id = fixture_node(&test->fixture, "app!drop@src/net.c:70; app!main"),
		.previous_node_id = fixture_node(&test->fixture, "app!shut@src/net.c:50; app!main"),
		.count = 3,
		.last_fd = 9};
	recording->unseen = memory_zeroed(1, sizeof(*recording->unseen));
	recording->unseen[recording->unseen_count++] =
		(struct model_unseen){.process_id = 1, .target = memory_string("anon_inode:[io_uring]"), .count = 1};
	recording->file_bytes = 73728;
	recording->interval_ms = 1000;
	free(recording->modules[2].symbol_status);
	recording->modules[2].symbol_status = memory_string("no debug info");
	summary_build(recording, test->fixture.totals, test->fixture.count, &summary);
	info_text(&test->out, &(struct info){.recording = recording,
					     .events = events,
					     .event_count = 2,
					     .summary = &summary,
					     .max_overhead = 5,
					     .adaptations = adaptations,
					     .adaptation_count = 2,
					     .processes = processes,
					     .marks = &mark,
					     .mark_count = 1,
					     .trust = trust_sum(recording, 0, 0),
					     .recorder_cpu_ns = -1});
	expect_golden(&test->out, "info.txt");
	summary_release(&summary);
}

/* Times in golden files are those of 1970, in this zone. */
static int use_utc(void **state)
{
	(void)state;
	return setenv("TZ", "UTC", 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(top_is_pprofs_text),
		TEST(estimates_are_marked_with_their_interval),
		TEST(a_change_of_the_interval_is_told_with_its_time),
		TEST(json_has_the_ends_of_each_interval),
		TEST(top_by_cum_shows_the_limit),
		TEST(counts_have_no_unit),
		TEST(stacks_are_written_below_each_other),
		TEST(an_empty_report_says_so),
		TEST(what_was_missed_is_told),
		TEST(colour_marks_the_header_and_lost_events_only),
		TEST(names_cannot_write_to_the_terminal),
		TEST(peek_is_pprofs_text),
		TEST(a_tree_branches_where_calls_do),
		TEST(list_annotates_lines_and_says_what_is_missing),
		TEST(json_has_what_the_text_has),
		TEST(json_escapes),
		TEST(json_for_programs_is_compact),
		TEST(a_buffer_takes_text_of_any_length),
		TEST(figures_are_written_as_pprof_writes_them),
		TEST(a_report_that_cannot_be_written_is_an_error),
		TEST(info_names_processes_marks_misuse_and_reasons),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
