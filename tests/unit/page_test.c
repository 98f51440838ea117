/* SPDX-License-Identifier: MIT */
/* What a query means, what is refused, which recordings there are, and what a tick says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* needs the ones above */

#include "../../analyzer/analysis/memory.h"
#include "../../analyzer/commands/page_request.h"
#include "../../analyzer/render/page.h"
#include "golden.h"
#include "page_fixture.h"

static int set_up(void **state)
{
	struct page_fixture *fixture = malloc(sizeof(*fixture));
	uint32_t heap, socket;

	page_fixture_open(fixture);
	page_fixture_begin(fixture, 1);
	heap = page_fixture_site(fixture, SEEP_KIND_HEAP);
	socket = page_fixture_site(fixture, SEEP_KIND_SOCKET);
	page_fixture_put(fixture, fixture->process, heap, 10, 4, 100);
	page_fixture_put(fixture, fixture->process, socket, 3, 3, 0);
	page_fixture_commit(fixture);
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

static const struct page_call report = {
	FOR_TOP, "top",
	(const char *const[]){"type", "by", "focus", "show-all", "since", "process", "base", "points", NULL}};

/* What a query of a report means; the options are those of the last one. */
struct asked {
	struct page_request request;
	struct error error;
	int code;
};

static void ask(struct asked *asked, struct page *page, const char *name, const char *value)
{
	struct page_query query = {0};

	*asked = (struct asked){0};
	asked->code = page_query_add(&query, name, value, &asked->error);
	if (!asked->code)
		asked->code = page_request_init(page, &query, &report, &asked->request, &asked->error);
	page_query_release(&query);
}

static void expect_refusal(struct page *page, const char *name, const char *value, const char *part)
{
	struct asked asked;

	ask(&asked, page, name, value);
	if (asked.code != SEEP_ERR_USAGE)
		fail_msg("%s=%s gives %d", name, value, asked.code);
	if (!strstr(asked.error.text, part))
		fail_msg("%s=%s says: %s", name, value, asked.error.text);
	page_request_release(&asked.request);
}

static void parameters_are_what_options_are(void **state)
{
	struct page_fixture *fixture = *state;
	struct asked asked;

	ask(&asked, fixture->page, "type", "sockets");
	assert_int_equal(asked.code, SEEP_OK);
	assert_string_equal(asked.request.options.type.name, "sockets");
	assert_int_equal(asked.request.options.operand_count, 1);
	assert_string_equal(asked.request.options.operands[0], fixture->path);
	page_request_release(&asked.request);

	ask(&asked, fixture->page, "show-all", "1");
	assert_true(asked.request.options.show_all);
	page_request_release(&asked.request);
	ask(&asked, fixture->page, "show-all", "0");
	assert_false(asked.request.options.show_all);
	page_request_release(&asked.request);

	ask(&asked, fixture->page, "focus", "^a(b|c)+$");
	assert_int_equal(regexec(&asked.request.options.focus_regex, "abcb", 0, NULL, 0), 0);
	page_request_release(&asked.request);

	/* what is empty is not given */
	ask(&asked, fixture->page, "focus", "");
	assert_int_equal(asked.code, SEEP_OK);
	assert_null(asked.request.options.focus);
	page_request_release(&asked.request);
}

static void a_time_may_be_seconds_since_1970(void **state)
{
	struct page_fixture *fixture = *state;
	struct asked asked;

	ask(&asked, fixture->page, "since", "1700000100");
	assert_int_equal(asked.request.options.since.form, MOMENT_ABSOLUTE);
	assert_true(asked.request.options.since.ns == INT64_C(1700000100000000000));
	page_request_release(&asked.request);
	ask(&asked, fixture->page, "since", "10m");
	assert_int_equal(asked.request.options.since.form, MOMENT_BEFORE_END);
	page_request_release(&asked.request);
}

static void another_recording_is_named_by_its_index_alone(void **state)
{
	struct page_fixture *fixture = *state;
	struct asked asked;

	ask(&asked, fixture->page, "base", "0");
	assert_int_equal(asked.code, SEEP_OK);
	assert_string_equal(asked.request.options.base, fixture->path);
	page_request_release(&asked.request);
	expect_refusal(fixture->page, "base", "/etc/passwd", "base takes a whole number");
	expect_refusal(fixture->page, "recording", "0x0", "recording takes a whole number");
	expect_refusal(fixture->page, "recording", "-1", "recording takes a whole number");
	ask(&asked, fixture->page, "recording", "1");
	assert_int_equal(asked.code, SEEP_ERR_NOT_FOUND);
	assert_string_equal(asked.error.text, "there is no recording 1; there are 1, from 0 on");
	page_request_release(&asked.request);
}

static void mistakes_are_refused_with_the_commands_sentences(void **state)
{
	struct page_fixture *fixture = *state;

	expect_refusal(fixture->page, "type", "apples", "unknown type 'apples'; the types are inuse_space");
	expect_refusal(fixture->page, "since", "now", "does not know the time 'now'");
	expect_refusal(fixture->page, "process", "x", "--process takes a number");
	expect_refusal(fixture->page, "focus", "(", "not an extended regular expression");
	expect_refusal(fixture->page, "show-all", "yes", "show-all is 1 or 0");
	expect_refusal(fixture->page, "colour", "red",
		       "there is no parameter 'colour' here; there are recording, type");
	/* known elsewhere, and not here */
	expect_refusal(fixture->page, "output", "/tmp/x", "there is no parameter 'output' here");
	expect_refusal(fixture->page, "ignore", "x", "there is no parameter 'ignore' here");
}

static void expressions_that_could_take_for_ever_are_refused(void **state)
{
	struct page_fixture *fixture = *state;
	char nested[PAGE_MOST_BYTES + 1] = "", longer[PAGE_MOST_BYTES + 2];

	for (int i = 0; i < 60; i++)
		strcat(nested, i < 30 ? "(" : i == 30 ? "a" : ")+");
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	expect_refusal(fixture->page, "focus", "a{9999}", "no { and no backreference");
	expect_refusal(fixture->page, "focus", "(a*)*\\1", "no { and no backreference");
	expect_refusal(fixture->page, "focus", nested, "no more than");
	expect_refusal(fixture->page, "focus", longer, "is longer than 200 bytes");
	/* an escaped backslash before a digit is none */
	{
		struct asked asked;

		ask(&asked, fixture->page, "focus", "a\\\\1");
		assert_int_equal(asked.code, SEEP_OK);
		page_request_release(&asked.request);
	}
}

static void a_query_takes_so_many_parameters_each_once(void **state)
{
	struct page_query query = {0};
	struct error told = {0};
	char name[16];

	(void)state;
	for (int i = 0; i < PAGE_MOST_PARAMETERS; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		assert_int_equal(page_query_add(&query, name, NULL, &told), SEEP_OK);
	}
	assert_int_equal(page_query_add(&query, "p3", "x", &told), SEEP_ERR_USAGE);
	assert_string_equal(told.text, "the parameter 'p3' is given twice; leave one out");
	told = (struct error){0};
	assert_int_equal(page_query_add(&query, "more", "x", &told), SEEP_ERR_USAGE);
	assert_string_equal(told.text, "there are more than 24 parameters; leave some out");
	page_query_release(&query);
}

static void own_numbers_are_whole_and_within_bounds(void **state)
{
	struct page_query query = {0};
	struct error told = {0};
	long number;

	(void)state;
	assert_int_equal(page_query_add(&query, "points", "120", &told), SEEP_OK);
	assert_int_equal(page_query_number(&query, "points", 1, 600, 5, &number, &told), SEEP_OK);
	assert_int_equal(number, 120);
	assert_int_equal(page_query_number(&query, "step", 1, 600, 5, &number, &told), SEEP_OK);
	assert_int_equal(number, 5);
	assert_int_equal(page_query_number(&query, "points", 1, 119, 5, &number, &told), SEEP_ERR_USAGE);
	assert_string_equal(told.text, "points takes a whole number from 1 to 119, not '120'");
	page_query_release(&query);
}

static void a_page_of_no_recording_is_not_opened(void **state)
{
	const char *const files[] = {"/nonexistent/x.db"};
	struct page_options options = {.files = files, .file_count = 1};
	struct error told = {0};
	struct page *page;

	(void)state;
	assert_int_equal(page_open(&options, &page, &told), SEEP_ERR_NOT_FOUND);
	assert_non_null(strstr(told.text, "/nonexistent/x.db does not exist"));
	page_close(page);
}

/* Words of queries, and bytes that are none. */
static const char *random_word(unsigned *seed, char *room)
{
	static const char *const words[] = {
		"recording", "process", "since", "until", "type", "focus", "base", "points",    "id",    "show-all",
		"sockets",   "0",       "1",     "-1",    "10m",  "+30s",  "@1.5", "1e9",       "(a|b)", "[",
		"a+",        "\\",      "..",    "x.db",  "",     "%s%n",  "100",  "2026-11-21"};
	size_t size;

	*seed = *seed * 1103515245 + 12345;
	if (*seed >> 16 & 7)
		return words[(*seed >> 19) % (sizeof(words) / sizeof(words[0]))];
	size = *seed >> 19 & 31;
	for (size_t i = 0; i < size; i++) {
		*seed = *seed * 1103515245 + 12345;
		room[i] = (char)((*seed >> 16) % 255 + 1);
	}
	room[size] = '\0';
	return room;
}

static void queries_of_any_kind_are_answered_or_refused(void **state)
{
	static page_function *const functions[] = {page_recordings, page_series, page_callsites, page_callsite,
						   page_flame};
	struct page_fixture *fixture = *state;
	char name[32], value[32];
	unsigned seed = 1;
	int answered = 0;

	for (int i = 0; i < 4000; i++) {
		struct page_query query = {0};
		struct buffer json = {0};
		struct error told = {0};
		int code = SEEP_OK;

		for (int left = i % 4; left && !code; left--) {
			const char *of = random_word(&seed, name), *is = random_word(&seed, value);

			code = page_query_add(&query, of, is, &told);
		}
		if (!code)
			code = functions[i % 5](fixture->page, &query, &json, &told);
		assert_true(code == SEEP_OK || code == SEEP_ERR_USAGE || code == SEEP_ERR_NOT_FOUND);
		assert_true(code ? told.text[0] && !json.size : json.size && !told.text[0]);
		answered += !code;
		page_query_release(&query);
		buffer_release(&json);
	}
	assert_in_range(answered, 500, 3500);
}

/* ---- which recordings there are ---- */

static void recordings_are_listed_with_what_they_can_be_asked_for(void **state)
{
	struct page_fixture *fixture = *state;
	struct error told = {0};

	assert_int_equal(page_fixture_ask(fixture, page_recordings, "", &told), SEEP_OK);
	assert_non_null(strstr(fixture->json.text, "\"program\": \"app\""));
	assert_non_null(strstr(fixture->json.text, "\"build_id\": \"abcd\""));
	assert_non_null(strstr(fixture->json.text, "\"pid\": 100"));
	assert_non_null(strstr(fixture->json.text, "\"ended_s\": null"));
	assert_non_null(strstr(fixture->json.text, "\"newest_s\": 1700000041.000"));
	assert_non_null(strstr(fixture->json.text, "\"inuse_space\""));
	/* three were made; none is open */
	assert_null(strstr(fixture->json.text, "\"sockets\""));
	/* nobody has written to it for years */
	assert_non_null(strstr(fixture->json.text, "\"live\": false"));
	assert_int_equal(page_fixture_ask(fixture, page_recordings, "process=1", &told), SEEP_ERR_USAGE);
}

static void a_list_of_recordings_looks_like_that(void **state)
{
	struct model_process processes[] = {
		{0},
		{.id = 1,
		 .pid = 721,
		 .exe = "/srv/app",
		 .command = "app --serve \"x\"",
		 .started_ns = INT64_C(1700000000250000000)},
		{.id = 2,
		 .pid = 722,
		 .parent_id = 1,
		 .exe = "/srv/app",
		 .command = "",
		 .started_ns = INT64_C(1700000010000000000),
		 .ended_ns = INT64_C(1700000020000000000)},
		{.id = 3, .exe = "/srv/app", .command = ""}, /* the sum of many */
	};
	struct model_sampling samplings[] = {{1, 0}, {2, 524288}};
	struct recording live = {.path = "/var/tmp/seep.app.721.db",
				 .created_ns = INT64_C(1700000000000000000),
				 .newest_ns = INT64_C(1700000030125000000),
				 .interval_ms = 1000,
				 .processes = processes,
				 .process_count = 4,
				 .samplings = samplings,
				 .sampling_count = 2};
	struct recording empty = {.path = "x.db", .interval_ms = 250};
	struct value_type types[2];
	struct page_recording_row rows[] = {
		{.path = live.path,
		 .recording = &live,
		 .program = "app",
		 .program_path = "/srv/app",
		 .build_id = "abcd",
		 .host = "web1",
		 .is_live = true,
		 .trust = {.process_count = 2},
		 .types = types,
		 .type_count = 2},
		{.path = empty.path, .recording = &empty},
		{.path = "/var/tmp/gone.db", .error = "gone.db does not exist"},
	};
	struct buffer out = {0};

	(void)state;
	assert_true(value_type_find("inuse_space", &types[0]) && value_type_find("sockets", &types[1]));
	page_recordings_json(&out, rows, 3, INT64_C(1700000031000000000));
	expect_golden(&out, "page_recordings.json");
	buffer_release(&out);
}

/* ---- ticks ---- */

static void a_tick_tells_of_what_was_written(void **state)
{
	struct page_fixture *fixture = *state;
	struct buffer event = {0};

	page_tick(fixture->page, &event);
	assert_string_equal(event.text, "{\"recordings\":[{\"index\":0,\"newest_s\":1700000041.000,\"live\":false,"
					"\"judged_version\":0}]}");
	buffer_release(&event);
	page_fixture_begin(fixture, 2);
	page_fixture_commit(fixture);
	page_tick(fixture->page, &event);
	assert_non_null(strstr(event.text, "1700000042.000"));
	buffer_release(&event);
}

static void a_recording_that_is_gone_ticks_on_as_it_was(void **state)
{
	struct page_fixture *fixture = *state;
	struct buffer event = {0};
	struct error told = {0};

	must(store_finish(fixture->store, (PAGE_START + 2) * NS_PER_S, &error));
	unlink(fixture->path);
	page_tick(fixture->page, &event);
	assert_non_null(strstr(event.text, "1700000041.000"));
	assert_int_equal(page_fixture_ask(fixture, page_recordings, "", &told), SEEP_ERR_NOT_FOUND);
	buffer_release(&event);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(parameters_are_what_options_are),
		test(a_time_may_be_seconds_since_1970),
		test(another_recording_is_named_by_its_index_alone),
		test(mistakes_are_refused_with_the_commands_sentences),
		test(expressions_that_could_take_for_ever_are_refused),
		cmocka_unit_test(a_query_takes_so_many_parameters_each_once),
		cmocka_unit_test(own_numbers_are_whole_and_within_bounds),
		cmocka_unit_test(a_page_of_no_recording_is_not_opened),
		test(queries_of_any_kind_are_answered_or_refused),
		test(recordings_are_listed_with_what_they_can_be_asked_for),
		cmocka_unit_test(a_list_of_recordings_looks_like_that),
		test(a_tick_tells_of_what_was_written),
		test(a_recording_that_is_gone_ticks_on_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
