/* SPDX-License-Identifier: MIT */
#include "callsite_id.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fingerprint.h"
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

static void write_id(struct callsite_id *out, uint64_t hash, unsigned number)
{
	int size = snprintf(out->text, sizeof(out->text), "c1:%016" PRIx64, hash);

	if (number > 1)
		snprintf(out->text + size, sizeof(out->text) - (size_t)size, "-%u", number);
}

void callsite_ids(const struct recording *recording, const struct judgement *judgement, struct callsite_id *out)
{
	struct named *named = memory_zeroed(judgement->group_count, sizeof(*named));
	unsigned number = 0;

	for (size_t i = 0; i < judgement->group_count; i++) {
		const struct judged_group *group = &judgement->groups[i];

		named[i] = (struct named){fingerprint_of_frame(recording, group->frame, group->kind).hash, group->frame,
					  i};
	}
	qsort(named, judgement->group_count, sizeof(*named), compare_named);
	for (size_t i = 0; i < judgement->group_count; i++) {
		number = i && named[i].hash == named[i - 1].hash ? number + 1 : 1;
		write_id(&out[named[i].group], named[i].hash, number);
	}
	free(named);
}
