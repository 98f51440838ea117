/* SPDX-License-Identifier: MIT */
/*
 * What each format of a gate writes, above all when names are hostile. That whole documents are valid is for the
 * formats' own consumers to say: tests/e2e/gate.bats.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../analyzer/render/gate.h"
#include "../../analyzer/render/gate_words.h"
#include "gate_fixture.h"

#define HEAP SEEP_KIND_HEAP

struct test {
	struct run run;
	struct gate_report report;
	struct buffer out;
};

static int set_up(void **state)
{
	struct test *test = memory_zeroed(1, sizeof(*test));

	run_init(&test->run);
	test->report = (struct gate_report){
		.input = &test->run.input,
		.result = &test->run.result,
		.program = "app",
		.recording = "seep.app.1.db",
		.source_root = "/src",
		.start_ns = INT64_C(1795269730) * 1000000000,
	};
	*state = test;
	return 0;
}

static int tear_down(void **state)
{
	struct test *test = *state;

	run_release(&test->run);
	buffer_release(&test->out);
	free(test);
	return 0;
}

static void set_policy(struct test *test, const char *text)
{
	struct error error = {""};

	if (policy_parse("seep.gate", text, &test->run.policy, &error))
		fail_msg("%s", error.text);
}

static const char *render(struct test *test, enum gate_format format)
{
	gate_release(&test->run.result);
	buffer_release(&test->out);
	gate_evaluate(&test->run.input, &test->run.result);
	gate_render(format, &test->report, &test->out);
	return test->out.text ? test->out.text : "";
}

static void expect_in(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static void expect_not_in(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' in:\n%s", part, text);
}

/* A callsite that leaks; the name and the file come behind the fixture's back, whose syntax has characters of its own.
 */
static struct gate_site *add_leak(struct test *test, const char *function, const char *file)
{
	struct gate_site *site =
		run_add(&test->run, HEAP, VERDICT_LEAK, 2, 480, "app!leak@/src/leak.c:12; app!main@/src/main.c:5");
	struct profile_frame *frame = &test->run.stacks[test->run.input.site_count - 1].frames[0];

	frame->function = function ? function : frame->function;
	frame->file = file ? file : frame->file;
	return site;
}

static const char evil[] = "evil]]>&\"'|`:,%\r\n::error::pwned\x01\xff#\xef\xbf\xbe\\";

/* ---- the words ---- */

static void test_the_text_names_place_growth_ratio_stack_and_fingerprint(void **state)
{
	struct test *test = *state;
	struct gate_site *site = add_leak(test, NULL, NULL);
	const char *text;

	site->event = "accepted";
	site->ratio = 1;
	site->ratio_low = 0.99;
	site->ratio_high = 1.01;
	text = render(test, GATE_TEXT);
	expect_in(text, "seep gate: FAIL: 1 leak\n");
	expect_in(text, "FAIL  heap leak in leak  leak.c:12\n");
	expect_in(text,
		  "leaks 480B a second (432B to 528B), 2 objects a second (1.8 to 2.2), 1 (0.99 to 1.01) per accepted");
	expect_in(text, "leak < main  s1:");
}

static void test_the_power_is_told_per_request_where_requests_are_counted(void **state)
{
	struct test *test = *state;

	run_add(&test->run, HEAP, VERDICT_STEADY, 0, 0, "app!cache; app!main")->detectable_bytes = 24;
	run_add(&test->run, HEAP, VERDICT_STEADY, 0, 0, "app!log; app!main")->detectable_bytes = 24;
	expect_in(render(test, GATE_TEXT), "This run would have seen a leak of 24B a second with 95 % certainty");
	run_event(&test->run, "mark:request", 60);
	expect_in(render(test, GATE_TEXT),
		  "This run would have seen a leak of 24B per mark:request with 95 % certainty");
	expect_in(render(test, GATE_TEXT), "seep gate: pass: no leak\n");
	test->run.input.program_failed = "the load ended with status 2";
	expect_in(render(test, GATE_TEXT), "seep gate: FAIL: the run itself failed, and no leak was seen\n");
}

static void test_the_reasons_of_a_run_that_cannot_be_told_are_in_the_text(void **state)
{
	struct test *test = *state;
	struct gate_site *site = run_add(&test->run, HEAP, VERDICT_UNDECIDED, 1, 1, "app!cache; app!main");
	const char *text;

	site->more_seconds = 40;
	set_policy(test, "minimum 5m");
	test->run.input.lost_events = 7;
	text = render(test, GATE_TEXT);
	expect_in(text, "seep gate: inconclusive: no leak");
	expect_in(text, "it cannot be told yet whether it leaks: it is a test; 40 s more would probably tell");
	expect_in(text, "1 min was judged, and the policy wants 5 min");
	expect_in(text, "the recording lacks 7 events");
}

static void test_budgets_and_suppressions_in_words(void **state)
{
	struct test *test = *state;
	const char *text;

	add_leak(test, NULL, NULL);
	set_policy(test, "budget heap 100 bytes per second\nsuppress any in nothing owner=me expires=2020-01-01\n"
			 "suppress any in none\nbudget heap 1MB at exit");
	text = render(test, GATE_TEXT);
	expect_in(text,
		  "FAIL  budget heap 100 bytes per second  seep.gate:1\n    480B per second measured, at least 432B");
	expect_in(text,
		  "pass  budget heap 1MB at exit  seep.gate:4\n    28.12kB at exit measured, at 1 callsites: within");
	expect_in(text, "within budget  heap leak in leak  leak.c:12\n");
	expect_in(text,
		  "expired  suppression nothing  seep.gate:2\n    it has expired, and nothing that it means leaks "
		  "(seep.gate:2, owner me, until 2020-01-01): remove it");
	expect_in(text, "unused  suppression none  seep.gate:3\n");
}

static void test_the_place_is_the_first_one_in_the_repository(void **state)
{
	struct test *test = *state;
	struct gate_place place;

	add_leak(test, NULL, "/usr/include/c++/12/bits/alloc.h");
	render(test, GATE_TEXT);
	place = gate_place(&test->report, &test->run.result.findings[0]);
	assert_string_equal(place.file, "main.c");
	assert_int_equal(place.line, 5);
	test->report.source_root = "/elsewhere";
	place = gate_place(&test->report, &test->run.result.findings[0]);
	assert_string_equal(place.file, "/usr/include/c++/12/bits/alloc.h");
	assert_false(place.is_relative);
}

/* ---- hostile names ---- */

static void test_text_and_tap_let_no_name_begin_a_line(void **state)
{
	struct test *test = *state;

	add_leak(test, evil, "/src/new\nline.c");
	expect_not_in(render(test, GATE_TEXT), "\n::error");
	expect_not_in(render(test, GATE_TEXT), "\x01");
	expect_not_in(render(test, GATE_TAP), "\n::error");
	expect_in(render(test, GATE_TAP),
		  "not ok 2 - heap leak in evil]]>&\"'|`:,%??::error::pwned?\xef\xbf\xbd\\#\xef\xbf\xbe");
	expect_in(render(test, GATE_TAP), "\\\\\n"); /* the backslash at its end */
}

static void test_junit_escapes_markup_and_what_is_no_character(void **state)
{
	struct test *test = *state;
	const char *xml;

	add_leak(test, evil, NULL);
	xml = render(test, GATE_JUNIT);
	expect_in(xml,
		  "name=\"heap leak in evil]]&gt;&amp;&quot;'|`:,%&#13;&#10;::error::pwned\xef\xbf\xbd\xef\xbf\xbd#"
		  "\xef\xbf\xbd\\ s1:");
	expect_in(xml, "<failure message=\"leaks 480B a second");
	expect_in(xml, "tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\"");
	expect_in(xml, "timestamp=\"2026-11-21T");
}

static void test_json_formats_escape_quotes_and_control_characters(void **state)
{
	static const enum gate_format formats[] = {GATE_JSON, GATE_SARIF, GATE_GITLAB};
	struct test *test = *state;

	add_leak(test, evil, NULL);
	for (size_t i = 0; i < 3; i++) {
		const char *text = render(test, formats[i]);

		expect_in(text, "evil]]>&\\\"'|`:,%\\u000d\\n::error::pwned\\u0001\\ufffd#\xef\xbf\xbe\\\\");
	}
}

static void test_github_escapes_what_would_end_a_command(void **state)
{
	struct test *test = *state;
	const char *text;

	add_leak(test, evil, "/src/we:ird,na%me.c");
	text = render(test, GATE_GITHUB);
	expect_in(text, "::error file=we%3Aird%2Cna%25me.c,line=12,title=heap leak in "
			"evil]]>&\"'|`%3A%2C%25%0D%0A%3A%3Aerror%3A%3Apwned\xef\xbf\xbd\xef\xbf\xbd#");
	expect_in(text, "::leaks 480B a second (432B to 528B)");
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void test_the_summary_is_a_table_that_no_name_breaks(void **state)
{
	struct test *test = *state;
	const char *text;

	add_leak(test, "a|b<script>`_*x*_\n|", NULL);
	text = render(test, GATE_SUMMARY);
	expect_in(text, "### seep gate: fail\n");
	expect_in(text, "| fail | heap leak in a&#124;b&#60;&#62;&#96;&#95;&#42;x&#42;&#95;\xef\xbf\xbd&#124; | "
			"leak.c:12 |");
}

static void test_sarif_addresses_are_uris(void **state)
{
	struct test *test = *state;
	const char *text;

	add_leak(test, NULL, "/src/a b/\xc3\xa4#?.c");
	text = render(test, GATE_SARIF);
	expect_in(text, "\"uri\": \"a%20b/%C3%A4%23%3F.c\"");
	expect_in(text, "\"uriBaseId\": \"%SRCROOT%\"");
	test->report.source_root = NULL;
	expect_in(render(test, GATE_SARIF), "\"uri\": \"file:///src/a%20b/%C3%A4%23%3F.c\"");
}

/* ---- what each format makes of an outcome ---- */

static void test_inconclusive_is_what_the_policy_says_in_every_format(void **state)
{
	struct test *test = *state;

	run_add(&test->run, HEAP, VERDICT_UNDECIDED, 1, 1, "app!cache@/src/cache.c:3; app!main");
	expect_in(render(test, GATE_JUNIT), "<error message=\"it cannot be told yet");
	expect_in(render(test, GATE_TAP), "not ok 2 - heap in cache: not told yet\n");
	expect_in(render(test, GATE_SARIF), "\"level\": \"warning\"");
	expect_in(render(test, GATE_GITHUB), "::warning file=cache.c,line=3,title=");
	expect_in(render(test, GATE_GITLAB), "\"severity\": \"minor\"");
	set_policy(test, "inconclusive pass");
	expect_in(render(test, GATE_JUNIT), "<skipped message=\"it cannot be told yet");
	expect_in(render(test, GATE_TAP), "ok 2 - heap in cache: not told yet # SKIP inconclusive\n");
	expect_in(render(test, GATE_SARIF), "\"level\": \"note\"");
	expect_in(render(test, GATE_GITHUB), "::notice ");
	expect_in(render(test, GATE_GITLAB), "\"severity\": \"info\"");
	set_policy(test, "inconclusive fail");
	expect_in(render(test, GATE_JUNIT), "<failure message=\"it cannot be told yet");
	expect_in(render(test, GATE_GITHUB), "::error ");
	expect_in(render(test, GATE_TEXT), "seep gate: FAIL: inconclusive, which the policy decides; no leak\n");
}

static void test_sarif_states_are_those_against_the_baseline(void **state)
{
	struct test *test = *state;

	add_leak(test, NULL, NULL);
	expect_not_in(render(test, GATE_SARIF), "baselineState");
	test->run.input.baseline = &test->run.baseline;
	test->run.input.baseline_name = "b";
	expect_in(render(test, GATE_SARIF), "\"baselineState\": \"new\"");
	gate_make_baseline(test->run.sites, 1, &test->run.baseline);
	expect_in(render(test, GATE_SARIF), "\"baselineState\": \"unchanged\"");
	expect_in(render(test, GATE_SARIF), "\"level\": \"note\"");
	test->run.sites[0].objects.low = 100;
	expect_in(render(test, GATE_SARIF), "\"baselineState\": \"updated\"");
	test->run.sites[0].verdict = VERDICT_STEADY;
	expect_in(render(test, GATE_SARIF), "\"baselineState\": \"absent\"");
}

static void test_sarif_has_both_fingerprints_and_suppressions(void **state)
{
	struct test *test = *state;
	struct gate_site *site = add_leak(test, NULL, NULL);
	char *hash = memory_format("\"primaryLocationLineHash\": \"%016llx:1\"",
				   (unsigned long long)site->callsite.fingerprint.hash);

	expect_in(render(test, GATE_SARIF), hash);
	expect_in(render(test, GATE_SARIF), "\"seepCallsite/v1\": \"s1:");
	set_policy(test, "suppress any in leak owner=me");
	expect_in(render(test, GATE_SARIF), "\"justification\": \"seep.gate:1, owner me\"");
	expect_in(render(test, GATE_JUNIT), "<skipped message=");
	expect_in(render(test, GATE_TAP), "ok 2 - heap leak in leak # SKIP suppressed\n");
	free(hash);
}

static void test_a_run_without_findings_is_still_a_whole_document(void **state)
{
	struct test *test = *state;

	expect_in(render(test, GATE_JUNIT), "tests=\"1\" failures=\"0\"");
	expect_in(render(test, GATE_TAP), "1..1\nok 1 - recorded and judged\n");
	assert_string_equal(render(test, GATE_GITLAB), "[]\n");
	assert_string_equal(render(test, GATE_GITHUB), "");
	expect_in(render(test, GATE_SARIF), "\"results\": []");
	expect_in(render(test, GATE_TEXT), "What this run would have seen is not known");
}

static void test_formats_have_names(void **state)
{
	(void)state;
	assert_int_equal(gate_format_by_name("sarif"), GATE_SARIF);
	assert_int_equal(gate_format_by_name("SARIF"), -1);
	for (int i = 0; i < GATE_FORMAT_COUNT; i++)
		assert_int_equal(gate_format_by_name(gate_format_name((enum gate_format)i)), i);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_text_names_place_growth_ratio_stack_and_fingerprint),
		TEST(test_the_power_is_told_per_request_where_requests_are_counted),
		TEST(test_the_reasons_of_a_run_that_cannot_be_told_are_in_the_text),
		TEST(test_budgets_and_suppressions_in_words),
		TEST(test_the_place_is_the_first_one_in_the_repository),
		TEST(test_text_and_tap_let_no_name_begin_a_line),
		TEST(test_junit_escapes_markup_and_what_is_no_character),
		TEST(test_json_formats_escape_quotes_and_control_characters),
		TEST(test_github_escapes_what_would_end_a_command),
		TEST(test_the_summary_is_a_table_that_no_name_breaks),
		TEST(test_sarif_addresses_are_uris),
		TEST(test_inconclusive_is_what_the_policy_says_in_every_format),
		TEST(test_sarif_states_are_those_against_the_baseline),
		TEST(test_sarif_has_both_fingerprints_and_suppressions),
		TEST(test_a_run_without_findings_is_still_a_whole_document),
		cmocka_unit_test(test_formats_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
