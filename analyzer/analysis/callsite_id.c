/* SPDX-License-Identifier: MIT */
#include "callsite_id.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fingerprint.h"
#include "interner.h"
#include "memory.h"

/* A group with what it is known by. */
struct named {
	uint64_t hash;
	const struct profile_frame *frame;
	size_t group;
};

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* Those of one hash by line; what else tells them apart only has to be the same each time. */
static int compare_named(const void *left, const void *right)
{
	const struct named *a = left, *b = right;
	int order = (a->hash > b->hash) - (a->hash < b->hash);

	if (!order)
		order = (a->frame->line > b->frame->line) - (a->frame->line < b->frame->line);
	if (!order)
		order = compare_texts(a->frame->file, b->frame->file);
	if (!order)
		order = compare_texts(a->frame->function, b->frame->function);
	if (!order)
		order = compare_texts(a->frame->module, b->frame->module);
	return order ? order : (a->group > b->group) - (a->group < b->group);
}

static uint64_t *value_at(struct interned **table, char *key)
{
	bool is_new;

	return &intern(table, key, strlen(key), &is_new)->value;
}

/* The number of a place among those of its id: as it was, or the next. */
static unsigned number_of(struct callsite_numbers *numbers, const struct named *named)
{
	const struct profile_frame *frame = named->frame;
	uint64_t *number = value_at(&numbers->numbers,
				    memory_format("%" PRIx64 "\n%u\n%s\n%s\n%s", named->hash, frame->line,
						  frame->file ? frame->file : "", frame->function, frame->module));

	if (!*number)
		*number = ++*value_at(&numbers->counts, memory_format("%" PRIx64, named->hash));
	return (unsigned)*number;
}

static void write_id(struct callsite_id *out, uint64_t hash, unsigned number)
{
	int size = snprintf(out->text, sizeof(out->text), "c1:%016" PRIx64, hash);

	if (number > 1)
		snprintf(out->text + size, sizeof(out->text) - (size_t)size, "-%u", number);
}

void callsite_ids_kept(const struct recording *recording, const struct judgement *judgement,
		       struct callsite_numbers *numbers, struct callsite_id *out)
{
	struct named *named = memory_zeroed(judgement->group_count, sizeof(*named));

	for (size_t i = 0; i < judgement->group_count; i++) {
		const struct judged_group *group = &judgement->groups[i];

		named[i] = (struct named){fingerprint_of_frame(recording, group->frame, group->kind).hash, group->frame,
					  i};
	}
	qsort(named, judgement->group_count, sizeof(*named), compare_named);
	for (size_t i = 0; i < judgement->group_count; i++)
		write_id(&out[named[i].group], named[i].hash, number_of(numbers, &named[i]));
	free(named);
}

void callsite_ids(const struct recording *recording, const struct judgement *judgement, struct callsite_id *out)
{
	struct callsite_numbers numbers = {0};

	callsite_ids_kept(recording, judgement, &numbers, out);
	callsite_numbers_release(&numbers);
}

void callsite_numbers_release(struct callsite_numbers *numbers)
{
	interned_release(numbers->numbers);
	interned_release(numbers->counts);
	*numbers = (struct callsite_numbers){0};
}
