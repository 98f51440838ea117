/* SPDX-License-Identifier: MIT */
/* What a policy may say, which mistakes are refused where, and which callsites a suppression means. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../analyzer/analysis/policy.h"
#include "recording_fixture.h"

#define BIT(id) (UINT32_C(1) << SEEP_KIND_##id)

static struct policy parse(const char *text)
{
	struct policy policy = {0};
	struct error error = {""};

	if (policy_parse("seep.gate", text, &policy, &error))
		fail_msg("%s", error.text);
	return policy;
}

static void expect_refusal(const char *text, const char *sentence)
{
	struct policy policy = {0};
	struct error error = {""};

	assert_int_equal(policy_parse("seep.gate", text, &policy, &error), SEEP_ERR_USAGE);
	if (!strstr(error.text, sentence))
		fail_msg("'%s' does not say '%s'", error.text, sentence);
	policy_release(&policy);
}

static struct policy parse_foreign(const char *text)
{
	struct policy policy = {0};
	struct error error = {""};

	if (policy_parse_suppressions("x.supp", text, &policy, &error))
		fail_msg("%s", error.text);
	return policy;
}

static void expect_foreign_refusal(const char *text, const char *sentence)
{
	struct policy policy = {0};
	struct error error = {""};

	assert_int_equal(policy_parse_suppressions("x.supp", text, &policy, &error), SEEP_ERR_USAGE);
	if (!strstr(error.text, sentence))
		fail_msg("'%s' does not say '%s'", error.text, sentence);
	policy_release(&policy);
}

/* ---- statements ---- */

static void test_an_empty_policy_demands_nothing(void **state)
{
	struct policy policy = parse("# nothing\n\n   \n\t# and nothing\r\n");

	(void)state;
	assert_string_equal(policy.file, "seep.gate");
	assert_int_equal(policy.budget_count + policy.suppression_count + policy.power_count, 0);
	assert_int_equal(policy.inconclusive, INCONCLUSIVE_IS_ITSELF);
	policy_release(&policy);
}

static void test_times_tolerance_and_what_inconclusive_means(void **state)
{
	struct policy policy = parse("warm-up 20s\nminimum 1.5m\ninconclusive fail # strict\ntolerance 25%\n");

	(void)state;
	assert_true(policy.warm_up_s == 20 && policy.minimum_s == 90 && policy.tolerance == 0.25);
	assert_int_equal(policy.inconclusive, INCONCLUSIVE_FAILS);
	policy_release(&policy);
	policy = parse("minimum 90\ninconclusive pass\n");
	assert_true(policy.minimum_s == 90);
	assert_int_equal(policy.inconclusive, INCONCLUSIVE_PASSES);
	policy_release(&policy);
}

static void test_budgets_by_kind_by_pattern_and_per_what(void **state)
{
	struct policy policy = parse("budget heap 1.5kB per second\n"
				     "budget timers in turn_set_timer 0.5 objects per mark:request\n"
				     "budget sockets,posix-timer 10 objects at exit\n"
				     "budget any in \"operator new\" 6 MB per minute\n");

	(void)state;
	assert_int_equal(policy.budget_count, 4);
	assert_int_equal(policy.budgets[0].selector.kinds, BIT(HEAP));
	assert_int_equal(policy.budgets[0].selector.form, SELECT_ALL);
	assert_true(policy.budgets[0].rate.amount == 1536 && policy.budgets[0].rate.in_bytes);
	assert_int_equal(policy.budgets[1].selector.kinds, BIT(TIMERFD) | BIT(TIMER) | BIT(EVENT) | BIT(UVTIMER));
	assert_string_equal(policy.budgets[1].selector.pattern, "turn_set_timer");
	assert_string_equal(policy.budgets[1].rate.event, "mark:request");
	assert_false(policy.budgets[1].rate.in_bytes);
	assert_int_equal(policy.budgets[2].selector.kinds, BIT(SOCKET) | BIT(TIMER));
	assert_int_equal(policy.budgets[2].rate.per, AT_EXIT);
	assert_int_equal(policy.budgets[2].line, 3);
	assert_string_equal(policy.budgets[2].text, "sockets,posix-timer 10 objects at exit");
	assert_string_equal(policy.budgets[3].selector.pattern, "operator new");
	assert_true(fabs(policy.budgets[3].rate.amount - 6.0 * 1024 * 1024 / 60) < 1e-6);
	policy_release(&policy);
}

static void test_suppressions_with_owner_and_expiry(void **state)
{
	struct policy policy = parse("suppress any in log_keep owner=\"the chat team\" expires=2027-01-31\n"
				     "suppress heap in s1:0123456789abcdef\n");
	int64_t day;

	(void)state;
	assert_int_equal(policy.suppression_count, 2);
	assert_string_equal(policy.suppressions[0].owner, "the chat team");
	assert_string_equal(policy.suppressions[0].expires, "2027-01-31");
	assert_true(policy_day("2027-01-31", &day) && policy.suppressions[0].expiry == day);
	assert_int_equal(policy.suppressions[1].selector.form, SELECT_FINGERPRINT);
	assert_null(policy.suppressions[1].expires);
	assert_int_equal(policy.suppressions[1].line, 2);
	policy_release(&policy);
}

static void test_power_and_other_suppression_files(void **state)
{
	struct policy policy = parse("power 64 bytes per accepted\npower 1 object per hour\nsuppressions a.supp\n"
				     "suppressions \"b c.supp\"");

	(void)state;
	assert_int_equal(policy.power_count, 2);
	assert_string_equal(policy.powers[0].event, "accepted");
	assert_true(fabs(policy.powers[1].amount - 1.0 / 3600) < 1e-12);
	assert_int_equal(policy.file_count, 2);
	assert_string_equal(policy.files[1], "b c.supp");
	policy_release(&policy);
}

static void test_days_are_those_of_the_calendar(void **state)
{
	int64_t day;

	(void)state;
	assert_true(policy_day("1970-01-01", &day) && day == 0);
	assert_true(policy_day("2000-03-01", &day) && day == 11017);
	assert_true(policy_day("2026-11-21", &day) && day == 20778);
	assert_true(policy_day("2028-02-29", &day));
	assert_false(policy_day("2027-02-29", &day));
	assert_false(policy_day("2027-13-01", &day));
	assert_false(policy_day("2027-00-01", &day));
	assert_false(policy_day("2027-1-1", &day));
	assert_false(policy_day("27-01-01xx", &day));
	assert_false(policy_day("", &day));
}

/* ---- mistakes: each with its file and line ---- */

static void test_a_wrong_line_is_refused_with_its_number(void **state)
{
	static const struct {
		const char *text, *sentence;
	} wrong[] = {
		{"\n\nbugdet heap 1 bytes per second\n", "seep.gate:3: 'bugdet' is no statement"},
		{"warm-up\n", "seep.gate:1: '' is no duration"},
		{"warm-up soon\n", "'soon' is no duration; write 30s"},
		{"warm-up -5s\n", "'-5s' is no duration"},
		{"warm-up 1e3s\n", "'1e3s' is no duration"},
		{"warm-up 5s 6s\n", "'6s' is too much"},
		{"tolerance 25\n", "'25' is no percentage"},
		{"inconclusive maybe\n", "pass, fail or exit-3, not as 'maybe'"},
		{"budget\n", "the kind is missing"},
		{"budget heaps 1 bytes per second\n", "'heaps' is no kind"},
		{"budget heap,rabbits 1 bytes per second\n", "'rabbits' is no kind"},
		{"budget inuse_space 1 bytes per second\n", "'inuse_space' is no kind"},
		{"budget heap in\n", "is missing after 'in'"},
		{"budget heap in s1:123 1 bytes at exit\n", "'s1:123' is no fingerprint"},
		{"budget heap lots per second\n", "'lots' is no amount"},
		{"budget heap 5 per second\n", "'per' is no unit"},
		{"budget heap 5 TB per second\n", "'TB' is no unit"},
		{"budget heap 5 bytes\n", "'per second', 'per EVENT' or 'at exit' is missing"},
		{"budget heap 5 bytes at noon\n", "is missing before noon"},
		{"budget heap 5 bytes per request\n", "nothing counts 'request'; write per second"},
		{"budget heap 5 bytes per mark:\n", "nothing counts 'mark:'"},
		{"budget timers 5 bytes per second\n", "timers have no size of their own"},
		{"suppress heap\n", "'in' and a function"},
		{"suppress any in f owner=\n", "owner= names nobody"},
		{"suppress any in f owner=a owner=b\n", "owner= is given twice"},
		{"suppress any in f expires=2027-02-30\n", "'2027-02-30' is no day"},
		{"suppress any in f expires=2027-02-01 expires=2027-02-01\n", "expires= is given twice"},
		{"suppress any in f until=2027-02-03\n", "'until=2027-02-03' is not known here"},
		{"suppress any in \"f\n", "a quotation mark is not closed"},
		{"power 5 bytes at exit\n", "'per second' or 'per EVENT' is missing"},
		{"suppressions\n", "the name of a suppression file is missing"},
		{"a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a\n", "more than 32 words"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		expect_refusal(wrong[i].text, wrong[i].sentence);
}

static void test_a_wrong_line_of_a_foreign_file_is_refused_with_its_number(void **state)
{
	(void)state;
	expect_foreign_refusal("# fine\nleak:ok\nrace:foo\n", "x.supp:3: 'race:foo' is no suppression");
	expect_foreign_refusal("leak:\n", "x.supp:1: 'leak:' is no suppression");
	expect_foreign_refusal("{\n name\n Memcheck:Leak\n fun:malloc\n", "x.supp:4: the file ends within");
	expect_foreign_refusal("{\n", "the file ends within");
	expect_foreign_refusal("{\n name\n", "the file ends within");
	expect_foreign_refusal("{\n name\n Memcheck:Cond\n fun:x\n", "the file ends within");
	expect_foreign_refusal("{\n name\n fun:malloc\n}\nx\n", "x.supp:5: 'x' stands where a '{'");
	expect_foreign_refusal("{\n name\n malloc\n}\n", "x.supp:3: 'malloc' is no tool and kind");
	expect_foreign_refusal("{\n name\n Memcheck:Leak\n malloc\n}\n", "x.supp:4: 'malloc' is no frame");
	expect_foreign_refusal("{\n name\n Memcheck:Leak\n}\n", "x.supp:1: the suppression 'name' has no frames");
}

/* ---- patterns ---- */

static void test_patterns_as_leak_sanitizer_has_them(void **state)
{
	(void)state;
	assert_true(pattern_is_in("keep", "log_keep"));
	assert_true(pattern_is_in("", "anything"));
	assert_true(pattern_is_in("l*k*p", "log_keep"));
	assert_false(pattern_is_in("k*l", "log_keep"));
	assert_true(pattern_is_in("^log", "log_keep"));
	assert_false(pattern_is_in("^keep", "log_keep"));
	assert_true(pattern_is_in("keep$", "log_keep"));
	assert_false(pattern_is_in("log$", "log_keep"));
	assert_true(pattern_is_in("^log_keep$", "log_keep"));
	assert_false(pattern_is_in("^log_keep$", "log_keeper"));
	assert_false(pattern_is_in("^log_keep$", "log_kee"));
	assert_true(pattern_is_in("^l*p$", "log_keep"));
	assert_true(pattern_is_in("^*keep", "log_keep"));
	assert_true(pattern_is_in("^$", ""));
	assert_false(pattern_is_in("^$", "x"));
	assert_true(pattern_is_in("aab", "aaab"));
}

static void test_patterns_as_valgrind_has_them(void **state)
{
	(void)state;
	assert_true(pattern_is_all("log_keep", "log_keep"));
	assert_false(pattern_is_all("log", "log_keep"));
	assert_true(pattern_is_all("log*", "log_keep"));
	assert_true(pattern_is_all("*keep", "log_keep"));
	assert_true(pattern_is_all("l?g*k*p", "log_keep"));
	assert_true(pattern_is_all("*", ""));
	assert_false(pattern_is_all("?", ""));
	assert_true(pattern_is_all("*aab", "aaab"));
}

/* ---- matching ---- */

static const char stack_of_test[] = "libc.so.6!strdup@strdup.c:42; app!log::keep(char const*)@src/log.c:12 + "
				    "turn@src/turn.c:7; app!main@src/main.c:5";

static bool matches_stack(const struct policy *policy, const char *stack, enum seep_kind kind)
{
	struct fixture fixture;
	struct profile profile, shown;
	struct callsite callsite = {.kind = kind};
	uint32_t node;
	bool matches;

	fixture_init(&fixture);
	node = fixture_node(&fixture, stack);
	profile_of_node(&fixture.recording, node, true, &profile);
	profile_of_node(&fixture.recording, node, false, &shown);
	callsite.stack = &profile;
	callsite.shown = profile.stacks[0].count - shown.stacks[0].count;
	callsite.fingerprint = fingerprint_of_node(&fixture.recording, node, kind);
	matches = selector_matches(&policy->suppressions[0].selector, &callsite);
	profile_release(&profile);
	profile_release(&shown);
	fixture_release(&fixture);
	return matches;
}

static bool suppresses(const char *line)
{
	struct policy policy = parse(line);
	bool matches = matches_stack(&policy, stack_of_test, SEEP_KIND_HEAP);

	policy_release(&policy);
	return matches;
}

static bool foreign_suppresses(const char *text)
{
	struct policy policy = parse_foreign(text);
	bool matches = matches_stack(&policy, stack_of_test, SEEP_KIND_HEAP);

	policy_release(&policy);
	return matches;
}

static void test_a_pattern_is_looked_for_in_functions_files_and_modules(void **state)
{
	(void)state;
	assert_true(suppresses("suppress any in log::keep"));
	assert_true(suppresses("suppress any in ^log::keep$"));
	assert_true(suppresses("suppress any in strdup"));
	assert_true(suppresses("suppress heap in src/turn.c"));
	assert_true(suppresses("suppress heap in ^/srv/app$"));
	assert_false(suppresses("suppress heap in other"));
	assert_false(suppresses("suppress sockets in log::keep"));
}

static void test_a_fingerprint_means_one_callsite(void **state)
{
	struct fixture fixture;
	char *line;

	(void)state;
	fixture_init(&fixture);
	line = memory_format(
		"suppress any in %s",
		fingerprint_text(
			fingerprint_of_node(&fixture.recording, fixture_node(&fixture, stack_of_test), SEEP_KIND_HEAP))
			.text);
	assert_true(suppresses(line));
	assert_false(suppresses("suppress any in s1:0123456789abcdef"));
	free(line);
	fixture_release(&fixture);
}

static void test_leak_sanitizer_files(void **state)
{
	(void)state;
	assert_true(foreign_suppresses("# known\nleak:log::keep\n"));
	assert_true(foreign_suppresses("  leak:libc.so.6  \n"));
	assert_true(foreign_suppresses("leak:log*keep"));
	assert_false(foreign_suppresses("leak:logkeep\n"));
}

static void test_valgrind_files(void **state)
{
	struct policy policy;

	(void)state;
	assert_true(foreign_suppresses("{\n   by name\n   Memcheck:Leak\n   match-leak-kinds: definite,possible\n"
				       "   fun:malloc\n   fun:strdup\n   fun:log::keep\n}\n"));
	/* the prefix of a stack is enough, and "..." stands for any frames */
	assert_true(foreign_suppresses("{\n n\n Memcheck:Leak\n fun:malloc\n ...\n fun:main\n}\n"));
	assert_true(foreign_suppresses("{\n n\n Memcheck:Leak\n ...\n src:turn.c:7\n}\n"));
	assert_true(foreign_suppresses("{\n n\n Memcheck:Leak\n fun:*alloc\n obj:*libc.so*\n obj:/srv/app\n}\n"));
	assert_true(foreign_suppresses("{\n n\n Memcheck:Leak\n fun:_ZN3log4keepEPKc\n}\n"));
	assert_true(foreign_suppresses("{\n n\n Helgrind,Memcheck:Leak\n ...\n fun:tur?\n ...\n}\n"));
	assert_false(foreign_suppresses("{\n n\n Memcheck:Leak\n fun:malloc\n fun:turn\n}\n"));
	assert_false(foreign_suppresses("{\n n\n Memcheck:Leak\n ...\n fun:main\n fun:turn\n}\n"));
	assert_false(foreign_suppresses("{\n n\n Memcheck:Leak\n ...\n fun:main\n fun:*\n}\n"));
	assert_false(foreign_suppresses("{\n n\n Memcheck:Leak\n fun:malloc\n fun:main\n}\n"));
	policy = parse_foreign("{\n a\n Memcheck:Cond\n fun:x\n}\n# between\n{\n b\n Memcheck:Leak\n fun:y\n}\n"
			       "{\n c\n drd:ConflictingAccess\n fun:z\n}\n");
	assert_int_equal(policy.suppression_count, 1);
	assert_string_equal(policy.suppressions[0].name, "b");
	assert_int_equal(policy.suppressions[0].line, 7);
	policy_release(&policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_policy_demands_nothing),
		cmocka_unit_test(test_times_tolerance_and_what_inconclusive_means),
		cmocka_unit_test(test_budgets_by_kind_by_pattern_and_per_what),
		cmocka_unit_test(test_suppressions_with_owner_and_expiry),
		cmocka_unit_test(test_power_and_other_suppression_files),
		cmocka_unit_test(test_days_are_those_of_the_calendar),
		cmocka_unit_test(test_a_wrong_line_is_refused_with_its_number),
		cmocka_unit_test(test_a_wrong_line_of_a_foreign_file_is_refused_with_its_number),
		cmocka_unit_test(test_patterns_as_leak_sanitizer_has_them),
		cmocka_unit_test(test_patterns_as_valgrind_has_them),
		cmocka_unit_test(test_a_pattern_is_looked_for_in_functions_files_and_modules),
		cmocka_unit_test(test_a_fingerprint_means_one_callsite),
		cmocka_unit_test(test_leak_sanitizer_files),
		cmocka_unit_test(test_valgrind_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
