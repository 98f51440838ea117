/* SPDX-License-Identifier: MIT */
/* What a gate makes of a run, by policy and baseline; and baselines as files. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../analyzer/render/gate.h"
#include "gate_fixture.h"

#define HEAP SEEP_KIND_HEAP
#define TIMERFD SEEP_KIND_TIMERFD

static const char log_stack[] = "app!log_keep@log.c:12; app!turn@turn.c:7; app!main@main.c:5";
static const char timer_stack[] = "app!timer_start@timer.c:12; app!turn@turn.c:7; app!main@main.c:5";
static const char cache_stack[] = "app!cache_put@cache.c:12; app!main@main.c:5";

static int set_up(void **state)
{
	struct run *run = memory_zeroed(1, sizeof(*run));

	run_init(run);
	*state = run;
	return 0;
}

static int tear_down(void **state)
{
	run_release(*state);
	free(*state);
	return 0;
}

static void set_policy(struct run *run, const char *text)
{
	struct error error = {""};

	if (policy_parse("seep.gate", text, &run->policy, &error))
		fail_msg("%s", error.text);
}

/* The run's own leaks become the baseline. */
static void take_baseline(struct run *run)
{
	gate_make_baseline(run->sites, run->input.site_count, &run->baseline);
	run->input.baseline = &run->baseline;
	run->input.baseline_name = "gate.baseline";
}

static void expect(struct run *run, enum gate_outcome outcome)
{
	gate_release(&run->result);
	gate_evaluate(&run->input, &run->result);
	if (run->result.outcome != outcome)
		fail_msg("%s, not %s", gate_outcome_name(run->result.outcome), gate_outcome_name(outcome));
}

static const struct gate_finding *find(struct run *run, enum gate_rule rule, enum gate_status status)
{
	for (size_t i = 0; i < run->result.finding_count; i++)
		if (run->result.findings[i].rule == rule && run->result.findings[i].status == status)
			return &run->result.findings[i];
	fail_msg("no finding %s %s", gate_rule_name(rule), gate_status_name(status));
	return NULL;
}

/* ---- without a policy ---- */

static void test_what_does_not_leak_passes(void **state)
{
	struct run *run = *state;

	run_add(run, HEAP, VERDICT_STEADY, 0, 0, log_stack);
	run_add(run, HEAP, VERDICT_CHURN, 0, 0, timer_stack);
	run_add(run, HEAP, VERDICT_WARM_UP, 3, 300, cache_stack);
	expect(run, GATE_PASS);
	assert_int_equal(run->result.finding_count, 0);
	assert_int_equal(run->result.judged, 3);
}

static void test_a_leak_fails(void **state)
{
	struct run *run = *state;

	run_add(run, HEAP, VERDICT_STEADY, 0, 0, cache_stack);
	run_add(run, TIMERFD, VERDICT_LEAK, 200, 0, timer_stack);
	expect(run, GATE_FAIL);
	assert_int_equal(run->result.finding_count, 1);
	assert_ptr_equal(find(run, GATE_LEAK, GATE_NEW)->site, &run->sites[1]);
	assert_int_equal(gate_exit_code(run->result.outcome), SEEP_EXIT_FINDING);
}

static void test_what_cannot_be_told_is_inconclusive_and_the_policy_may_decide(void **state)
{
	struct run *run = *state;

	run_add(run, HEAP, VERDICT_UNDECIDED, 1, 100, log_stack);
	expect(run, GATE_INCONCLUSIVE);
	assert_int_equal(gate_exit_code(run->result.outcome), SEEP_EXIT_UNKNOWN);
	set_policy(run, "inconclusive pass");
	expect(run, GATE_PASS);
	assert_true(run->result.was_inconclusive);
	set_policy(run, "inconclusive fail");
	expect(run, GATE_FAIL);
}

static void test_a_failure_outweighs_what_cannot_be_told(void **state)
{
	struct run *run = *state;

	set_policy(run, "inconclusive pass");
	run_add(run, HEAP, VERDICT_UNDECIDED, 1, 100, log_stack);
	run_add(run, HEAP, VERDICT_LEAK, 1, 100, cache_stack);
	expect(run, GATE_FAIL);
	assert_int_equal(run->result.findings[0].outcome, GATE_FAIL);
	assert_false(run->result.was_inconclusive);
}

static void test_a_short_run_is_inconclusive_unless_it_fails(void **state)
{
	struct run *run = *state;

	set_policy(run, "minimum 2m");
	run_add(run, HEAP, VERDICT_STEADY, 0, 0, log_stack);
	expect(run, GATE_INCONCLUSIVE);
	find(run, GATE_DURATION, GATE_NONE);
	run->sites[0].verdict = VERDICT_LEAK;
	expect(run, GATE_FAIL);
	run->input.span_s = 120;
	run->sites[0].verdict = VERDICT_STEADY;
	expect(run, GATE_PASS);
}

static void test_lost_events_are_inconclusive_and_a_failed_program_fails(void **state)
{
	struct run *run = *state;

	set_policy(run, "inconclusive pass");
	run->input.lost_events = 3;
	expect(run, GATE_PASS);
	find(run, GATE_LOST, GATE_NONE);
	run->input.program_failed = "it was killed by signal 11";
	expect(run, GATE_FAIL);
	find(run, GATE_PROGRAM, GATE_NONE);
}

/* ---- baselines ---- */

static void test_a_known_leak_passes_and_a_new_one_beside_it_fails(void **state)
{
	struct run *run = *state;

	run_add(run, HEAP, VERDICT_LEAK, 5, 500, log_stack);
	take_baseline(run);
	expect(run, GATE_PASS);
	find(run, GATE_LEAK, GATE_KNOWN);
	run_add(run, TIMERFD, VERDICT_LEAK, 1, 0, timer_stack);
	expect(run, GATE_FAIL);
	assert_ptr_equal(find(run, GATE_LEAK, GATE_NEW)->site, &run->sites[1]);
}

static void test_the_same_stack_of_another_kind_is_new(void **state)
{
	struct run *run = *state;

	run_add(run, HEAP, VERDICT_LEAK, 5, 500, log_stack);
	take_baseline(run);
	run->input.site_count = 0;
	profile_release(&run->stacks[0]);
	run_add(run, TIMERFD, VERDICT_LEAK, 5, 0, log_stack);
	expect(run, GATE_FAIL);
}

static void test_a_known_leak_that_has_grown_beyond_the_tolerance_fails(void **state)
{
	struct run *run = *state;
	struct gate_site *site = run_add(run, HEAP, VERDICT_LEAK, 5, 500, log_stack);

	take_baseline(run);
	site->objects = (struct growth_slope){7.6, 7.4, 7.8}; /* half as much again is 7.5 */
	site->bytes = (struct growth_slope){500, 490, 510};
	expect(run, GATE_PASS);
	site->objects.low = 7.51;
	expect(run, GATE_FAIL);
	find(run, GATE_LEAK, GATE_GROWN);
	set_policy(run, "tolerance 60%");
	expect(run, GATE_PASS);
	site->bytes.low = 801;
	expect(run, GATE_FAIL);
}

static void test_with_the_same_event_the_ratio_is_compared_and_not_the_speed(void **state)
{
	struct run *run = *state;
	struct gate_site *site = run_add(run, HEAP, VERDICT_LEAK, 5, 500, log_stack);

	site->event = "accepted";
	site->ratio = site->ratio_low = site->ratio_high = 1;
	take_baseline(run);
	site->objects = site->bytes = (struct growth_slope){5000, 4900, 5100}; /* a faster machine */
	expect(run, GATE_PASS);
	site->ratio_low = 1.9;
	expect(run, GATE_FAIL);
	site->event = "reset"; /* no longer comparable so */
	site->ratio_low = 1;
	expect(run, GATE_FAIL);
}

static void test_what_leaked_and_does_not_is_fixed(void **state)
{
	struct run *run = *state;

	run_add(run, HEAP, VERDICT_LEAK, 5, 500, log_stack);
	run_add(run, TIMERFD, VERDICT_LEAK, 5, 0, timer_stack);
	take_baseline(run);
	run->sites[0].verdict = VERDICT_STEADY;
	run->sites[1].verdict = VERDICT_UNDECIDED;
	expect(run, GATE_PASS);
	assert_int_equal(run->result.status_counts[GATE_FIXED], 1);
	assert_ptr_equal(find(run, GATE_LEAK, GATE_FIXED)->site, &run->sites[0]);
	/* gone altogether */
	run->input.sites = NULL;
	run->input.site_count = 0;
	expect(run, GATE_PASS);
	assert_int_equal(run->result.status_counts[GATE_FIXED], 2);
	assert_null(run->result.findings[0].site);
	run->input.site_count = 2;
}

static void test_a_way_to_a_leaking_function_is_in_the_baseline_and_not_a_finding(void **state)
{
	struct run *run = *state;

	run_add(run, HEAP, VERDICT_LEAK, 5, 500, log_stack);
	run_add(run, HEAP, VERDICT_STEADY, 0.1, 10, "app!log_keep@log.c:12; app!rare@turn.c:9; app!main@main.c:5")
		->is_part_of_leak = true;
	take_baseline(run);
	assert_int_equal(run->baseline.count, 2);
	expect(run, GATE_PASS);
	assert_int_equal(run->result.finding_count, 1);
	/* another run shows it of that way alone: as known as the rest */
	run->sites[1].verdict = VERDICT_LEAK;
	expect(run, GATE_PASS);
	assert_int_equal(run->result.status_counts[GATE_KNOWN], 2);
	/* and once fixed, it is one leak less */
	run->sites[0].verdict = run->sites[1].verdict = VERDICT_STEADY;
	run->sites[1].is_part_of_leak = false;
	expect(run, GATE_PASS);
	assert_int_equal(run->result.status_counts[GATE_FIXED], 1);
	run->sites[0].verdict = VERDICT_LEAK;
	run->sites[1].is_part_of_leak = true;
	run->input.baseline = NULL;
	expect(run, GATE_FAIL);
	assert_int_equal(run->result.finding_count, 1);
}

static void test_what_could_not_be_told_in_the_baseline_either_is_no_worse(void **state)
{
	struct run *run = *state;
	struct gate_site *site = run_add(run, HEAP, VERDICT_UNDECIDED, 5, 500, log_stack);

	take_baseline(run);
	expect(run, GATE_PASS);
	find(run, GATE_UNDECIDED, GATE_KNOWN);
	/* told to be a leak now, as fast as then */
	site->verdict = VERDICT_LEAK;
	expect(run, GATE_PASS);
	site->verdict = VERDICT_UNDECIDED;
	site->objects.low = 100;
	expect(run, GATE_INCONCLUSIVE);
	find(run, GATE_UNDECIDED, GATE_GROWN);
	/* it is not called fixed: it was not said to leak */
	site->verdict = VERDICT_STEADY;
	expect(run, GATE_PASS);
	assert_int_equal(run->result.finding_count, 0);
}

/* ---- suppressions ---- */

static void test_a_suppression_holds_to_its_last_day(void **state)
{
	struct run *run = *state;

	run_add(run, HEAP, VERDICT_LEAK, 5, 500, log_stack);
	set_policy(run, "suppress any in log_keep owner=me expires=2026-11-21");
	expect(run, GATE_PASS);
	assert_string_equal(find(run, GATE_LEAK, GATE_SUPPRESSED)->suppression->owner, "me");
	assert_int_equal(run->result.suppressed, 1);
	run->input.today++;
	expect(run, GATE_FAIL);
	assert_int_equal(find(run, GATE_SUPPRESSION, GATE_EXPIRED)->matched, 1);
	find(run, GATE_LEAK, GATE_NEW);
}

static void test_an_unused_suppression_is_reported_and_fails_nothing(void **state)
{
	struct run *run = *state;

	run_add(run, HEAP, VERDICT_STEADY, 0, 0, log_stack);
	set_policy(run, "suppress any in log_keep\nsuppress any in other expires=2020-01-01");
	expect(run, GATE_PASS);
	assert_int_equal(find(run, GATE_SUPPRESSION, GATE_UNUSED)->suppression->line, 1);
	assert_int_equal(find(run, GATE_SUPPRESSION, GATE_EXPIRED)->matched, 0);
}

static void test_two_suppressions_of_one_leak_are_both_used(void **state)
{
	struct run *run = *state;

	run_add(run, HEAP, VERDICT_LEAK, 5, 500, log_stack);
	set_policy(run, "suppress any in log_keep\nsuppress heap in turn.c");
	expect(run, GATE_PASS);
	assert_int_equal(run->result.finding_count, 1);
}

/* ---- budgets ---- */

static void test_a_budget_per_second_is_for_all_its_callsites_together(void **state)
{
	struct run *run = *state;

	run_add(run, HEAP, VERDICT_LEAK, 1, 100, log_stack);
	run_add(run, HEAP, VERDICT_LEAK, 1, 100, cache_stack);
	set_policy(run, "budget heap 250 bytes per second");
	expect(run, GATE_PASS);
	assert_int_equal(run->result.status_counts[GATE_BUDGETED], 2);
	policy_release(&run->policy);
	/* 200 +- 14.1 */
	set_policy(run, "budget heap 190 bytes per second");
	expect(run, GATE_INCONCLUSIVE);
	policy_release(&run->policy);
	set_policy(run, "budget heap 185 bytes per second");
	expect(run, GATE_FAIL);
	assert_true(fabs(find(run, GATE_BUDGET, GATE_NONE)->measured - 200) < 1e-9);
	assert_int_equal(find(run, GATE_BUDGET, GATE_NONE)->matched, 2);
}

static void test_a_budget_that_what_is_open_may_exceed_is_inconclusive(void **state)
{
	struct run *run = *state;

	run_add(run, HEAP, VERDICT_UNDECIDED, 1, 100, log_stack);
	set_policy(run, "budget heap in log_keep 109 bytes per second");
	expect(run, GATE_INCONCLUSIVE);
	assert_int_equal(run->result.finding_count, 1);
	policy_release(&run->policy);
	set_policy(run, "budget heap in log_keep 111 bytes per second");
	expect(run, GATE_PASS);
}

static void test_growth_that_is_no_leak_costs_no_budget(void **state)
{
	struct run *run = *state;

	run_add(run, HEAP, VERDICT_WARM_UP, 100, 10000, cache_stack);
	set_policy(run, "budget heap 0 bytes per second");
	expect(run, GATE_PASS);
}

static void test_a_budget_per_event(void **state)
{
	struct run *run = *state;

	run_add(run, TIMERFD, VERDICT_LEAK, 10, 0, timer_stack);
	set_policy(run, "budget timers 1 object per accepted");
	run_event(run, "accepted", 599);
	expect(run, GATE_INCONCLUSIVE); /* 1.0017, at least 0.9 */
	run->events[0].count = 600;
	expect(run, GATE_PASS);
	run->events[0].count = 500;
	expect(run, GATE_FAIL); /* at least 1.08 */
	run->events[0].count = 0;
	expect(run, GATE_INCONCLUSIVE);
	assert_false(find(run, GATE_BUDGET, GATE_NONE)->is_measured);
	run->sites[0].verdict = VERDICT_STEADY;
	expect(run, GATE_PASS);
}

static void test_a_budget_at_exit_is_a_limit_and_excuses_no_leak(void **state)
{
	struct run *run = *state;

	run_add(run, TIMERFD, VERDICT_STEADY, 0, 0, timer_stack)->live_objects = 10;
	run_add(run, HEAP, VERDICT_STEADY, 0, 0, log_stack)->live_objects = 1000;
	set_policy(run, "budget timers 10 objects at exit");
	expect(run, GATE_PASS);
	run->sites[0].live_objects = 11;
	expect(run, GATE_FAIL);
	run->sites[0].live_objects = 5;
	run->sites[0].verdict = VERDICT_LEAK;
	expect(run, GATE_FAIL);
	find(run, GATE_LEAK, GATE_NEW);
}

static void test_a_suppressed_leak_costs_no_budget(void **state)
{
	struct run *run = *state;

	run_add(run, HEAP, VERDICT_LEAK, 1, 100, log_stack);
	set_policy(run, "budget heap 0 bytes per second\nsuppress any in log_keep");
	expect(run, GATE_PASS);
}

/* ---- power ---- */

static void test_power_is_the_middle_and_the_weakest_callsite(void **state)
{
	struct run *run = *state;

	run_add(run, HEAP, VERDICT_STEADY, 0, 0, log_stack)->detectable_bytes = 1;
	run_add(run, HEAP, VERDICT_STEADY, 0, 0, cache_stack)->detectable_bytes = 7;
	run_add(run, HEAP, VERDICT_CHURN, 0, 0, timer_stack)->detectable_bytes = 400;
	run_add(run, HEAP, VERDICT_LEAK, 9, 900, "app!other; app!main")->detectable_bytes = 9999;
	gate_evaluate(&run->input, &run->result);
	assert_true(run->result.middle.bytes == 7 && run->result.weakest.bytes == 400);
	assert_ptr_equal(run->result.weakest.site, &run->sites[2]);
}

static void test_a_run_that_is_weaker_than_demanded_is_inconclusive(void **state)
{
	struct run *run = *state;

	run_add(run, HEAP, VERDICT_STEADY, 0, 0, log_stack)->detectable_bytes = 100;
	run_event(run, "accepted", 60);
	set_policy(run, "power 100 bytes per accepted");
	expect(run, GATE_PASS);
	run->sites[0].detectable_bytes = 101;
	expect(run, GATE_INCONCLUSIVE);
	run->sites[0].detectable_bytes = 1;
	run->events[0].count = 0;
	expect(run, GATE_INCONCLUSIVE);
	assert_false(find(run, GATE_POWER, GATE_NONE)->is_measured);
	/* a callsite with a budget of its own is not what the run has to be strong for */
	run->events[0].count = 60;
	run_add(run, HEAP, VERDICT_CHURN, 0, 0, cache_stack)->detectable_bytes = 1e6;
	expect(run, GATE_INCONCLUSIVE);
	set_policy(run, "budget heap in cache_put 1GB per second");
	expect(run, GATE_PASS);
}

static void test_marks_are_what_people_divide_by(void **state)
{
	struct run *run = *state;

	gate_evaluate(&run->input, &run->result);
	assert_null(run->result.event);
	run_event(run, "read_calls", 5);
	run_event(run, "accepted", 59); /* fewer than one a second */
	expect(run, GATE_PASS);
	assert_null(run->result.event);
	run->events[1].count = 60;
	expect(run, GATE_PASS);
	assert_string_equal(run->result.event->name, "accepted");
	run_event(run, "mark:request", 3);
	run_event(run, "mark:reload", 1);
	expect(run, GATE_PASS);
	assert_string_equal(run->result.event->name, "mark:request");
}

/* ---- baselines as files ---- */

static void test_a_baseline_is_read_as_it_was_written(void **state)
{
	struct run *run = *state;
	struct baseline back = {0};
	struct buffer text = {0}, again = {0};
	struct error error = {""};
	struct gate_site *site = run_add(run, SEEP_KIND_TIMER, VERDICT_LEAK, 203.4, 0, timer_stack);

	site->event = "mark:turn";
	site->ratio = 0.99871;
	run_add(run, HEAP, VERDICT_LEAK, 0.0123, 1234567, log_stack);
	run_add(run, HEAP, VERDICT_STEADY, 9, 9, cache_stack);
	run_add(run, HEAP, VERDICT_STEADY, 9, 9, "app!log_keep; app!rare; app!main")->is_part_of_leak = true;
	run_add(run, HEAP, VERDICT_UNDECIDED, 9, 9, "app!open; app!main");
	take_baseline(run);
	gate_render_baseline(&run->baseline, &text);
	assert_true(baseline_is(text.text));
	assert_int_equal(baseline_parse("b", text.text, &back, &error), SEEP_OK);
	assert_int_equal(back.count, 4);
	assert_non_null(strstr(text.text, "heap open 9 objects/s 9 bytes/s # open < main"));
	for (size_t i = 0; i < back.count; i++)
		assert_string_equal(back.entries[i].functions, run->baseline.entries[i].functions);
	assert_non_null(baseline_find(&back, site->callsite.fingerprint));
	assert_int_equal(baseline_find(&back, site->callsite.fingerprint)->kind, SEEP_KIND_TIMER);
	assert_string_equal(baseline_find(&back, site->callsite.fingerprint)->event, "mark:turn");
	assert_non_null(
		strstr(text.text, "posix-timer 200 objects/s 0 bytes/s 1 per mark:turn # timer_start < turn < main"));
	assert_non_null(strstr(text.text, "heap 0.012 objects/s 1200000 bytes/s # log_keep < turn < main"));
	assert_non_null(strstr(text.text, "heap part # log_keep < rare < main"));
	gate_render_baseline(&back, &again);
	assert_string_equal(text.text, again.text);
	buffer_release(&text);
	buffer_release(&again);
	baseline_release(&back);
}

static void test_an_empty_baseline_is_one(void **state)
{
	struct baseline baseline = {0};
	struct buffer text = {0};

	(void)state;
	gate_render_baseline(&baseline, &text);
	assert_int_equal(baseline_parse("b", text.text, &baseline, NULL), SEEP_OK);
	assert_int_equal(baseline.count, 0);
	buffer_release(&text);
}

static void test_a_wrong_baseline_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text, *sentence;
	} wrong[] = {
		{"", "b: a baseline begins with"},
		{"# only\n", "b: a baseline begins with"},
		{"hello\n", "b:1: a baseline begins with"},
		{"seep-baseline 2\n", "b:1: it is of version '2'"},
		{"seep-baseline 1\nx1:0123456789abcdef heap 1 objects/s 1 bytes/s\n",
		 "b:2: a line begins with a fingerprint"},
		{"seep-baseline 1\n\ns1:0123456789abcdef rabbit 1 objects/s 1 bytes/s\n",
		 "b:3: the second word is a kind"},
		{"seep-baseline 1\ns1:0123456789abcdef heap one objects/s 1 bytes/s\n", "after the kind stands"},
		{"seep-baseline 1\ns1:0123456789abcdef heap -1 objects/s 1 bytes/s\n", "after the kind stands"},
		{"seep-baseline 1\ns1:0123456789abcdef heap 1 objects/s\n", "after the kind stands"},
		{"seep-baseline 1\ns1:0123456789abcdef heap part 1 objects/s\n", "after part stands nothing"},
		{"seep-baseline 1\ns1:0123456789abcdef heap 1 objects/s 1 bytes/s 2\n", "may stand a ratio"},
		{"seep-baseline 1\ns1:0123456789abcdef heap 1 objects/s 1 bytes/s 2 per\n", "stands one word"},
		{"seep-baseline 1\ns1:0123456789abcdef heap 1 objects/s 1 bytes/s 2 per a b\n", "stands one word"},
		{"seep-baseline 1\ns1:0123456789abcdef heap 1 objects/s 1 bytes/s\n"
		 "s1:0123456789abcdef heap 1 objects/s 1 bytes/s\n",
		 "s1:0123456789abcdef is in it twice"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct baseline baseline = {0};
		struct error error = {""};

		assert_int_equal(baseline_parse("b", wrong[i].text, &baseline, &error), SEEP_ERR_USAGE);
		if (!strstr(error.text, wrong[i].sentence))
			fail_msg("'%s' does not say '%s'", error.text, wrong[i].sentence);
		baseline_release(&baseline);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_does_not_leak_passes),
		TEST(test_a_leak_fails),
		TEST(test_what_cannot_be_told_is_inconclusive_and_the_policy_may_decide),
		TEST(test_a_failure_outweighs_what_cannot_be_told),
		TEST(test_a_short_run_is_inconclusive_unless_it_fails),
		TEST(test_lost_events_are_inconclusive_and_a_failed_program_fails),
		TEST(test_a_known_leak_passes_and_a_new_one_beside_it_fails),
		TEST(test_the_same_stack_of_another_kind_is_new),
		TEST(test_a_known_leak_that_has_grown_beyond_the_tolerance_fails),
		TEST(test_with_the_same_event_the_ratio_is_compared_and_not_the_speed),
		TEST(test_what_leaked_and_does_not_is_fixed),
		TEST(test_a_way_to_a_leaking_function_is_in_the_baseline_and_not_a_finding),
		TEST(test_what_could_not_be_told_in_the_baseline_either_is_no_worse),
		TEST(test_a_suppression_holds_to_its_last_day),
		TEST(test_an_unused_suppression_is_reported_and_fails_nothing),
		TEST(test_two_suppressions_of_one_leak_are_both_used),
		TEST(test_a_budget_per_second_is_for_all_its_callsites_together),
		TEST(test_a_budget_that_what_is_open_may_exceed_is_inconclusive),
		TEST(test_growth_that_is_no_leak_costs_no_budget),
		TEST(test_a_budget_per_event),
		TEST(test_a_budget_at_exit_is_a_limit_and_excuses_no_leak),
		TEST(test_a_suppressed_leak_costs_no_budget),
		TEST(test_power_is_the_middle_and_the_weakest_callsite),
		TEST(test_a_run_that_is_weaker_than_demanded_is_inconclusive),
		TEST(test_marks_are_what_people_divide_by),
		TEST(test_a_baseline_is_read_as_it_was_written),
		cmocka_unit_test(test_an_empty_baseline_is_one),
		cmocka_unit_test(test_a_wrong_baseline_is_refused_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
