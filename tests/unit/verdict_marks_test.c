/* SPDX-License-Identifier: MIT */
/* Which changes of verdicts are marks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../analyzer/analysis/verdict_marks.h"

enum { MOST = 4 };

struct judged_once {
	struct judgement judgement;
	struct judged_group groups[MOST];
	struct callsite_id ids[MOST];
};

static struct identified identified(struct judged_once *once)
{
	once->judgement.groups = once->groups;
	return (struct identified){&once->judgement, once->ids};
}

static void add(struct judged_once *once, const char *id, enum verdict verdict)
{
	size_t at = once->judgement.group_count++;

	snprintf(once->ids[at].text, sizeof(once->ids[at].text), "%s", id);
	once->groups[at].judged.verdict.verdict = verdict;
}

static void leaks_and_what_has_become_level_are_marked(void **state)
{
	struct judged_once before = {0}, after = {.judgement.grid = {.start_s = 1000, .step_s = 2, .count = 31}};
	struct verdict_marks marks = {0};
	struct identified first, second;

	(void)state;
	add(&before, "c1:a", VERDICT_UNDECIDED);
	add(&before, "c1:b", VERDICT_LEAK);
	add(&before, "c1:c", VERDICT_STEADY);
	/* in another order, and with one that is new */
	add(&after, "c1:d", VERDICT_LEAK);
	add(&after, "c1:b", VERDICT_STEADY);
	add(&after, "c1:c", VERDICT_CHURN);
	add(&after, "c1:a", VERDICT_WARM_UP);
	first = identified(&before);
	second = identified(&after);
	verdict_marks_add(&marks, &first, &second);
	assert_int_equal(marks.count, 3);
	assert_string_equal(marks.items[0].id.text, "c1:d");
	assert_int_equal(marks.items[0].from, VERDICT_STEADY);
	assert_int_equal(marks.items[0].to, VERDICT_LEAK);
	assert_int_equal(marks.items[0].time_s, 1060);
	assert_string_equal(marks.items[1].id.text, "c1:b");
	assert_int_equal(marks.items[1].from, VERDICT_LEAK);
	assert_int_equal(marks.items[1].to, VERDICT_STEADY);
	assert_string_equal(marks.items[2].id.text, "c1:a");
	assert_int_equal(marks.items[2].to, VERDICT_WARM_UP);
	verdict_marks_add(&marks, &second, &second);
	assert_int_equal(marks.count, 3);
	verdict_marks_release(&marks);
}

static void the_oldest_marks_are_forgotten(void **state)
{
	struct judged_once leak = {.judgement.grid = {.step_s = 1, .count = 2}}, level = leak;
	struct verdict_marks marks = {0};
	struct identified leaks, levels;

	(void)state;
	add(&leak, "c1:a", VERDICT_LEAK);
	add(&level, "c1:a", VERDICT_WARM_UP);
	leaks = identified(&leak);
	levels = identified(&level);
	for (int i = 0; i < VERDICT_MARKS_MOST; i++) {
		leak.judgement.grid.start_s = level.judgement.grid.start_s = i;
		verdict_marks_add(&marks, i % 2 ? &levels : &leaks, i % 2 ? &leaks : &levels);
	}
	level.judgement.grid.start_s = VERDICT_MARKS_MOST;
	verdict_marks_add(&marks, &leaks, &levels);
	assert_int_equal(marks.count, VERDICT_MARKS_MOST);
	assert_int_equal(marks.items[0].time_s, 2);
	assert_int_equal(marks.items[VERDICT_MARKS_MOST - 1].time_s, VERDICT_MARKS_MOST + 1);
	verdict_marks_release(&marks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaks_and_what_has_become_level_are_marked),
		cmocka_unit_test(the_oldest_marks_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
