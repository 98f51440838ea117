/* SPDX-License-Identifier: MIT */
#include "comparison.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "sampling.h"

#define uthash_malloc(size) memory_zeroed(1, size)
#include <uthash.h>

/* Where a callsite is, by fingerprint: the array moves as it grows. */
struct place {
	struct fingerprint_text key;
	size_t at;
	UT_hash_handle hh;
};

struct builder {
	struct comparison *out;
	const struct comparison_options *options;
	struct place *places;
};

const char *change_name(enum change change)
{
	static const char *const names[] = {"came", "grew", "shrank", "went", "same"};

	return names[change];
}

static bool is_wanted(const struct builder *builder, const struct recording *recording, uint32_t node_id)
{
	const struct comparison_options *options = builder->options;
	bool focused = !options->focus, ignored = false;
	struct profile whole;

	if (!options->focus && !options->ignore)
		return true;
	profile_of_node(recording, node_id, true, &whole);
	for (size_t i = 0; i < whole.stacks[0].count; i++) {
		const struct profile_frame *frame = &whole.frames[whole.frame_ids[whole.stacks[0].first + i]];

		focused |= options->focus && profile_frame_matches(frame, options->focus);
		ignored |= options->ignore && profile_frame_matches(frame, options->ignore);
	}
	profile_release(&whole);
	return focused && !ignored;
}

/* The callsite of a stack, new or known: takes the stack over. */
static struct compared *callsite_of(struct builder *builder, const struct recording *recording, struct profile *stack,
				    enum seep_kind kind)
{
	struct comparison *out = builder->out;
	struct fingerprint fingerprint = fingerprint_of_stack(recording, stack, &stack->stacks[0], kind);
	struct fingerprint_text key = fingerprint_text(fingerprint);
	struct place *place;

	HASH_FIND_STR(builder->places, key.text, place);
	if (place) {
		profile_release(stack);
		return &out->callsites[place->at];
	}
	place = memory_zeroed(1, sizeof(*place));
	place->key = key;
	place->at = out->count;
	HASH_ADD_STR(builder->places, key.text, place);
	out->callsites = memory_grow(out->callsites, &out->capacity, out->count + 1, sizeof(*out->callsites));
	out->callsites[out->count] = (struct compared){.fingerprint = fingerprint, .kind = kind, .stack = *stack};
	return &out->callsites[out->count++];
}

static void add_total(struct builder *builder, const struct profile_input *input, const struct model_total *total)
{
	const struct recording *recording = input->recording;
	const struct model_site *site = &recording->sites[total->site_id];
	int64_t value = value_type_of(&builder->options->type, total);
	struct uncertainty own = sampling_of(&builder->options->type, total);
	struct compared *callsite;
	struct profile stack;

	if ((!value && !uncertainty_is_any(&own)) || !is_wanted(builder, recording, site->node_id))
		return;
	profile_of_node(recording, site->node_id, false, &stack);
	callsite = callsite_of(builder, recording, &stack, site->kind);
	if (input->sign > 0) {
		callsite->after += value;
		uncertainty_add(&callsite->uncertainty, &own);
	} else {
		callsite->before += value;
		uncertainty_add(&callsite->uncertainty, &(struct uncertainty){.lost = own.gained});
	}
}

static void add_input(struct builder *builder, const struct profile_input *input)
{
	for (size_t i = 0; i < input->count; i++) {
		const struct model_total *total = &input->totals[i];

		if (total->site_id && total->site_id < input->recording->site_count &&
		    value_type_has_kind(&builder->options->type, input->recording->sites[total->site_id].kind))
			add_total(builder, input, total);
	}
}

static enum change change_of(const struct compared *callsite)
{
	int64_t difference = callsite->after - callsite->before;
	struct interval interval = interval_of(difference, &callsite->uncertainty);

	if (!difference || (interval.low <= 0 && interval.high >= 0))
		return CHANGE_NONE;
	if (difference > 0)
		return callsite->before ? CHANGE_GREW : CHANGE_CAME;
	return callsite->after ? CHANGE_SHRANK : CHANGE_WENT;
}

static int64_t size_of_change(const struct compared *callsite)
{
	int64_t difference = callsite->after - callsite->before;

	return difference < 0 ? -difference : difference;
}

static int compare_callsites(const void *left, const void *right)
{
	const struct compared *a = left, *b = right;

	if ((a->change == CHANGE_NONE) != (b->change == CHANGE_NONE))
		return a->change == CHANGE_NONE ? 1 : -1;
	if (size_of_change(a) != size_of_change(b))
		return size_of_change(a) > size_of_change(b) ? -1 : 1;
	return fingerprint_compare(a->fingerprint, b->fingerprint);
}

void comparison_build(const struct profile_input *before, const struct profile_input *after,
		      const struct comparison_options *options, struct comparison *out)
{
	struct builder builder = {.out = out, .options = options};
	struct place *place, *next;

	*out = (struct comparison){0};
	add_input(&builder, after);
	add_input(&builder, before);
	for (size_t i = 0; i < out->count; i++) {
		out->callsites[i].change = change_of(&out->callsites[i]);
		out->change_counts[out->callsites[i].change]++;
		out->before += out->callsites[i].before;
		out->after += out->callsites[i].after;
	}
	if (out->count)
		qsort(out->callsites, out->count, sizeof(*out->callsites), compare_callsites);
	HASH_ITER(hh, builder.places, place, next)
	{
		HASH_DEL(builder.places, place);
		free(place);
	}
}

void comparison_release(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->count; i++)
		profile_release(&comparison->callsites[i].stack);
	free(comparison->callsites);
	*comparison = (struct comparison){0};
}
