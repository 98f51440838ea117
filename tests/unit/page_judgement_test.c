/* SPDX-License-Identifier: MIT */
/* When a recording is judged for the page, what is kept of it, and that the page is told what the commands say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* needs the ones above */

#include "../../analyzer/analysis/memory.h"
#include "../../analyzer/commands/page_judgement.h"
#include "../../analyzer/commands/source.h"
#include "page_fixture.h"

enum { SECONDS = 90 };

/* One callsite that leaks from the 30th second on, one that stands still. */
static void record(struct page_fixture *fixture, int from, int to)
{
	for (int i = from; i < to; i++) {
		uint64_t grown = i > 30 ? 10 * ((uint64_t)i - 30) : 0;

		page_fixture_begin(fixture, i);
		page_fixture_put(fixture, fixture->process, fixture->sites[0], 50 + 500 * (uint64_t)i + grown,
				 500 * (uint64_t)i, 100);
		page_fixture_put(fixture, fixture->process, fixture->sites[1], 7, 0, 0);
		page_fixture_commit(fixture);
	}
}

static int set_up(void **state)
{
	struct page_fixture *fixture = malloc(sizeof(*fixture));

	page_fixture_open(fixture);
	page_fixture_begin(fixture, 0);
	page_fixture_site(fixture, SEEP_KIND_HEAP);
	page_fixture_site(fixture, SEEP_KIND_SOCKET);
	page_fixture_commit(fixture);
	record(fixture, 1, SECONDS);
	page_fixture_serve(fixture);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	page_fixture_close(*state);
	free(*state);
	return 0;
}

static void ask(struct page_fixture *fixture, page_function *function, const char *query)
{
	struct error error = {0};

	if (page_fixture_ask(fixture, function, query, &error))
		fail_msg("%s: %s", query, error.text);
}

static void expect_failure(struct page_fixture *fixture, page_function *function, const char *query, int code,
			   const char *sentence)
{
	struct error error = {0};

	assert_int_equal(page_fixture_ask(fixture, function, query, &error), code);
	if (!strstr(error.text, sentence))
		fail_msg("%s says: %s", query, error.text);
	assert_int_equal(fixture->json.size, 0);
}

static void expect_part(const struct page_fixture *fixture, const char *part)
{
	if (!strstr(fixture->json.text, part))
		fail_msg("no %s in %s", part, fixture->json.text);
}

/* The text between `before` and the next quotation mark, of the answer. */
static char *part_after(const struct page_fixture *fixture, const char *before)
{
	const char *at = strstr(fixture->json.text, before);

	if (!at)
		fail_msg("no %s in %s", before, fixture->json.text);
	at += strlen(before);
	return memory_format("%.*s", (int)strcspn(at, "\""), at);
}

static void a_leak_comes_first_with_words_and_marks(void **state)
{
	struct page_fixture *fixture = *state;
	char *id, *mark;

	ask(fixture, page_callsites, "");
	expect_part(fixture,
		    "{\"recording\":0,\"version\":0,\"judged\":{\"start_s\":1700000040,\"step_s\":1,\"count\":");
	expect_part(fixture, "\"summary\":\"2 callsites: 1 leaks,");
	expect_part(fixture, "\"words\":[{\"verdict\":\"leak\",");
	expect_part(fixture, "app+0x10, heap: +1000B/s (");
	expect_part(fixture, "\"kind\":\"heap\",\"function\":\"app+0x10\",\"file\":null,\"line\":null,");
	id = part_after(fixture, "\"callsites\":[{\"id\":\"");
	mark = part_after(fixture, "\"callsite\":\"");
	assert_string_equal(mark, id); /* in the history, too */
	expect_part(fixture, "\"to\":\"leak\"}");
	free(id);
	free(mark);
}

static void one_callsite_is_found_by_its_id(void **state)
{
	struct page_fixture *fixture = *state;
	char *id, *query;

	ask(fixture, page_callsites, "");
	id = part_after(fixture, "\"callsites\":[{\"id\":\"");
	query = memory_format("id=%s", id);
	ask(fixture, page_callsite, query);
	expect_part(fixture, "{\"id\":\"c1:");
	expect_part(fixture, "\"curves\":{\"start_s\":1700000040,");
	expect_part(fixture, "\"acquired_per_s\":[null,");
	expect_part(fixture, "\"stacks\":[{\"objects\":");
	expect_part(fixture, "\"ages\":null,\"ages_why\":\"the recorder reads them some seconds after");
	expect_part(fixture, "\"releases\":[],\"text\":\"app+0x10, heap: ");
	expect_failure(fixture, page_callsite, "", SEEP_ERR_USAGE, "give its id");
	expect_failure(fixture, page_callsite, "id=c1:0", SEEP_ERR_NOT_FOUND, "no callsite c1:0");
	expect_failure(fixture, page_callsite, "id=c1:0&name=7", SEEP_ERR_USAGE, "no parameter 'name'");
	free(id);
	free(query);
}

static void what_cannot_be_judged_is_said(void **state)
{
	struct page_fixture *fixture = *state;

	expect_failure(fixture, page_callsites, "process=5", SEEP_ERR_NOT_FOUND, "no process 5");
	expect_failure(fixture, page_callsites, "since=1700000100.2&until=1700000100.6", SEEP_ERR_NOT_FOUND,
		       "less than two seconds");
	expect_failure(fixture, page_callsites, "until=yesterday", SEEP_ERR_USAGE, "yesterday");
	expect_failure(fixture, page_callsites, "recording=1", SEEP_ERR_NOT_FOUND, "no recording 1");
	ask(fixture, page_callsites, ""); /* and nothing of that is left */
}

static const struct page_judgement *judged(struct page_fixture *fixture, struct page_recording **recording)
{
	static const char *const none[] = {NULL};
	static const struct page_call call = {FOR_GROWTH, "callsites", none};
	struct page_query query = {0};
	const struct page_judgement *judgement;

	must(page_judge(fixture->page, &query, &call, &judgement, recording, &error));
	return judgement;
}

static void a_judgement_is_kept_while_its_figures_are(void **state)
{
	struct page_fixture *fixture = *state;
	struct page_recording *recording;
	const struct judged_group *groups = judged(fixture, &recording)->judged.judgement.groups;
	int64_t changed_ns = judged(fixture, &recording)->changed_ns;

	page_judge_again(fixture->page);
	assert_ptr_equal(judged(fixture, &recording)->judged.judgement.groups, groups);
	/* the figures have changed, but it was judged just now */
	record(fixture, SECONDS, SECONDS + 1);
	page_judge_again(fixture->page);
	assert_ptr_equal(judged(fixture, &recording)->judged.judgement.groups, groups);
	assert_true(recording->changed_ns != changed_ns);
	assert_int_equal(recording->judged_version, 0);
}

static int64_t passed_ns;

static int64_t later(void)
{
	return clock_boottime_ns() + passed_ns;
}

/* An hour, which is longer than anything rests. */
static void let_time_pass(struct page_fixture *fixture)
{
	passed_ns += 3600 * NS_PER_S;
	fixture->page->clock_ns = later;
}

static void new_figures_are_judged_when_it_is_time(void **state)
{
	struct page_fixture *fixture = *state;
	struct page_recording *recording;
	struct buffer event = {0};
	size_t points = judged(fixture, &recording)->judged.judgement.grid.count;

	record(fixture, SECONDS, SECONDS + 20);
	let_time_pass(fixture);
	page_tick(fixture->page, &event);
	assert_non_null(strstr(event.text, "\"judged_version\":1"));
	assert_int_equal(judged(fixture, &recording)->judged.judgement.grid.count, points + 20);
	ask(fixture, page_callsites, "");
	expect_part(fixture, "\"version\":1,");
	/* who asks finds it judged, too */
	record(fixture, SECONDS + 20, SECONDS + 30);
	let_time_pass(fixture);
	assert_int_equal(judged(fixture, &recording)->judged.judgement.grid.count, points + 30);
	buffer_release(&event);
}

/* Whoever has just opened the page would otherwise wait half a minute for the second one. */
static void looking_up_names_for_the_first_time_delays_no_judgement(void **state)
{
	struct page_fixture *fixture = *state;
	struct page_recording *recording;
	struct buffer event = {0};

	assert_int_equal(judged(fixture, &recording)->cost_ns, 0);
	record(fixture, SECONDS, SECONDS + 6);
	passed_ns += 6 * NS_PER_S;
	fixture->page->clock_ns = later;
	page_tick(fixture->page, &event);
	assert_int_equal(recording->judged_version, 1);
	assert_true(judged(fixture, &recording)->cost_ns > 0);
	buffer_release(&event);
}

static void what_nobody_has_asked_for_since_is_not_judged_again(void **state)
{
	struct page_fixture *fixture = *state;
	struct page_recording *recording;
	struct buffer event = {0};

	judged(fixture, &recording);
	for (int i = 0; i < 3; i++) {
		record(fixture, SECONDS + 10 * i, SECONDS + 10 * i + 10);
		let_time_pass(fixture);
		page_tick(fixture->page, &event);
	}
	assert_int_equal(recording->judged_version, 1);
	buffer_release(&event);
}

static void several_spans_are_kept_beside_each_other(void **state)
{
	struct page_fixture *fixture = *state;
	struct page_recording *recording;
	const struct judged_group *groups = judged(fixture, &recording)->judged.judgement.groups;

	for (int i = 0; i < 4; i++) {
		char *query = memory_format("since=%d", 1700000050 + i);

		ask(fixture, page_callsites, query);
		free(query);
	}
	assert_ptr_equal(judged(fixture, &recording)->judged.judgement.groups, groups);
	for (int i = 0; i < 6; i++) { /* more than are kept */
		char *query = memory_format("until=%d", 1700000100 + i);

		ask(fixture, page_callsites, query);
		free(query);
	}
	judged(fixture, &recording);
	assert_int_equal(recording->judged_version, 0);
}

/* Names are looked up once, whoever needs them first. */
static void figures_and_judgements_share_names(void **state)
{
	struct page_fixture *fixture = *state;

	ask(fixture, page_flame, "type=inuse_space");
	ask(fixture, page_callsites, "");
	ask(fixture, page_flame, "type=sockets");
	expect_part(fixture, "{\"type\":\"sockets\",\"unit\":\"objects\",\"total\":7,");
	ask(fixture, page_flame, "type=inuse_space&since=1700000090");
	expect_part(fixture, "\"difference\":true,");
	ask(fixture, page_flame, "type=inuse_space&base=0");
	expect_part(fixture, "\"total\":0,\"difference\":true,");
	expect_failure(fixture, page_flame, "type=inuse", SEEP_ERR_USAGE, "inuse");
	expect_failure(fixture, page_flame, "base=7", SEEP_ERR_NOT_FOUND, "no recording 7");
	ask(fixture, page_callsites, "");
}

/* A recording may come from anywhere, and name any file as a source. */
static void a_source_is_a_file_on_a_disk(void **state)
{
	static const char *const others[] = {"/proc/self/environ", "/proc/kmsg", "/dev/zero", "/tmp", NULL};
	struct report_source source;

	(void)state;
	for (size_t i = 0; others[i]; i++) {
		source_read(others[i], &source);
		assert_null(source.found);
		assert_int_equal(source.line_count, 0);
		source_release(&source);
	}
	source_read("tests/unit/page_judgement_test.c", &source); /* tests are run from the repository's root */
	assert_non_null(source.found);
	assert_true(source.line_count > 100);
	source_release(&source);
}

/* `format` and `type` NULL: not given. */
static int export(struct page_fixture *fixture, const char *format, const char *type, struct page_file *file,
		  struct error *error)
{
	struct page_query query = {0};
	int code = SEEP_OK;

	*file = (struct page_file){0};
	*error = (struct error){0};
	buffer_release(&fixture->json);
	if (format)
		code = page_query_add(&query, "format", format, error);
	if (!code && type)
		code = page_query_add(&query, "type", type, error);
	if (!code)
		code = page_export(fixture->page, &query, &fixture->json, file, error);
	page_query_release(&query);
	return code;
}

static void exports_are_what_the_command_writes(void **state)
{
	struct page_fixture *fixture = *state;
	struct page_file file;
	struct error error;

	assert_int_equal(export(fixture, "collapsed", "sockets", &file, &error), 0);
	assert_string_equal(fixture->json.text, "app+0x20 7\n");
	assert_string_equal(file.name, "seep.collapsed.txt");
	assert_int_equal(export(fixture, "heaptrack", "sockets", &file, &error), SEEP_ERR_USAGE);
	assert_non_null(strstr(error.text, "and no sockets"));
	assert_int_equal(export(fixture, NULL, NULL, &file, &error), SEEP_ERR_USAGE);
	assert_non_null(strstr(error.text, "give a format"));
	assert_int_equal(export(fixture, "sqlite", NULL, &file, &error), SEEP_ERR_USAGE);
	assert_non_null(strstr(error.text, "unknown format 'sqlite'"));
}

static void every_format_has_a_name_to_be_saved_as(void **state)
{
	struct page_fixture *fixture = *state;
	struct page_file file;
	struct error error;

	for (int format = EXPORT_NONE + 1; format < EXPORT_SQLITE; format++) {
		assert_int_equal(export(fixture, export_row((enum export_format)format)->name, NULL, &file, &error), 0);
		assert_non_null(file.name);
		assert_non_null(file.type);
		assert_true(fixture->json.size > 10);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_leak_comes_first_with_words_and_marks),
		TEST(one_callsite_is_found_by_its_id),
		TEST(what_cannot_be_judged_is_said),
		TEST(a_judgement_is_kept_while_its_figures_are),
		TEST(new_figures_are_judged_when_it_is_time),
		TEST(looking_up_names_for_the_first_time_delays_no_judgement),
		TEST(what_nobody_has_asked_for_since_is_not_judged_again),
		TEST(several_spans_are_kept_beside_each_other),
		TEST(figures_and_judgements_share_names),
		cmocka_unit_test(a_source_is_a_file_on_a_disk),
		TEST(exports_are_what_the_command_writes),
		TEST(every_format_has_a_name_to_be_saved_as),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
