/* SPDX-License-Identifier: MIT */
#include "verdict_marks.h"

#include <stdlib.h>
#include <string.h>

#include "interner.h"
#include "memory.h"

static bool is_worth_a_mark(enum verdict from, enum verdict to)
{
	return from != to &&
	       (from == VERDICT_LEAK || to == VERDICT_LEAK || (from == VERDICT_UNDECIDED && to == VERDICT_WARM_UP));
}

static void add_mark(struct verdict_marks *marks, const struct verdict_mark *mark)
{
	if (marks->count == VERDICT_MARKS_MOST)
		memmove(marks->items, marks->items + 1, --marks->count * sizeof(*marks->items));
	marks->items = memory_grow(marks->items, &marks->capacity, marks->count + 1, sizeof(*marks->items));
	marks->items[marks->count++] = *mark;
}

/* Verdicts by id, plus one, so that 0 is an id that is not there. */
static struct interned *verdicts_of(const struct identified *identified)
{
	struct interned *table = NULL;

	for (size_t i = 0; i < identified->judgement->group_count; i++) {
		const char *id = identified->ids[i].text;
		bool is_new;

		intern(&table, memory_string(id), strlen(id), &is_new)->value =
			(uint64_t)identified->judgement->groups[i].judged.verdict.verdict + 1;
	}
	return table;
}

void verdict_marks_add(struct verdict_marks *marks, const struct identified *before, const struct identified *after)
{
	const struct growth_grid *grid = &after->judgement->grid;
	struct interned *verdicts = verdicts_of(before);

	for (size_t i = 0; i < after->judgement->group_count; i++) {
		struct verdict_mark mark = {.time_s = grid->start_s + (int64_t)(grid->count - 1) * grid->step_s,
					    .id = after->ids[i],
					    .from = VERDICT_STEADY,
					    .to = after->judgement->groups[i].judged.verdict.verdict};
		struct interned *known;

		HASH_FIND(hh, verdicts, mark.id.text, strlen(mark.id.text), known);
		if (known)
			mark.from = (enum verdict)(known->value - 1);
		if (is_worth_a_mark(mark.from, mark.to))
			add_mark(marks, &mark);
	}
	interned_release(verdicts);
}

void verdict_marks_release(struct verdict_marks *marks)
{
	free(marks->items);
	*marks = (struct verdict_marks){0};
}
