/* SPDX-License-Identifier: MIT */
#include "samples.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define uthash_malloc(size) memory_zeroed(1, size)
#include <uthash.h>

/* A function by the least number of a frame that is called so. */
struct name_entry {
	const char *name;
	uint32_t number;
	UT_hash_handle hh;
};

struct sample_entry {
	uint32_t *key; /* the kind and the frames */
	size_t index;
	UT_hash_handle hh;
};

struct value_type samples_every_type(void)
{
	return (struct value_type){"every type", UINT32_MAX, VALUE_ACQUIRED_COUNT};
}

static bool is_same_type(const struct value_type *a, const struct value_type *b)
{
	return a->kinds == b->kinds && a->field == b->field;
}

static void choose_types(struct samples *samples, const struct samples_options *options)
{
	const struct value_type *type = &options->type;

	for (unsigned i = 0; options->every_type && i < VALUE_REPORT_TYPES; i++)
		value_type_find(value_type_name(i), &samples->types[samples->type_count++]);
	while (samples->asked < samples->type_count && !is_same_type(&samples->types[samples->asked], type))
		samples->asked++;
	if (samples->asked == samples->type_count)
		samples->types[samples->type_count++] = *type;
}

/* By frame id: equal for frames that are the same in a sample. The caller frees it. */
static uint32_t *match_frames(const struct profile *profile, bool by_function)
{
	uint32_t *numbers = memory_zeroed(profile->frame_count, sizeof(*numbers));
	struct name_entry *names = NULL, *entry, *next;

	for (size_t i = 0; i < profile->frame_count; i++) {
		numbers[i] = (uint32_t)i;
		if (!by_function)
			continue;
		HASH_FIND_STR(names, profile->frames[i].function, entry);
		if (!entry) {
			entry = memory_zeroed(1, sizeof(*entry));
			*entry = (struct name_entry){.name = profile->frames[i].function, .number = (uint32_t)i};
			HASH_ADD_KEYPTR(hh, names, entry->name, strlen(entry->name), entry);
		}
		numbers[i] = entry->number;
	}
	HASH_ITER(hh, names, entry, next)
	{
		HASH_DEL(names, entry);
		free(entry);
	}
	return numbers;
}

static struct sample *find_sample(struct samples *samples, struct sample_entry **entries, const uint32_t *matches,
				  const struct profile_stack *stack)
{
	size_t bytes = (stack->count + 1) * sizeof(uint32_t);
	uint32_t *key = memory_zeroed(stack->count + 1, sizeof(*key));
	struct sample_entry *entry;

	key[0] = stack->kind;
	for (size_t i = 0; i < stack->count; i++)
		key[i + 1] = matches[samples->profile->frame_ids[stack->first + i]];
	HASH_FIND(hh, *entries, key, bytes, entry);
	if (entry) {
		free(key);
		return &samples->items[entry->index];
	}
	entry = memory_zeroed(1, sizeof(*entry));
	*entry = (struct sample_entry){.key = key, .index = samples->count};
	HASH_ADD_KEYPTR(hh, *entries, entry->key, bytes, entry);
	samples->items = memory_grow(samples->items, &samples->capacity, samples->count + 1, sizeof(*samples->items));
	samples->items[samples->count] = (struct sample){
		.first = stack->first,
		.count = stack->count,
		.kind = stack->kind,
	};
	return &samples->items[samples->count++];
}

static void add_stack(const struct samples *samples, struct sample *sample, const struct profile_stack *stack)
{
	sample->is_estimate |= uncertainty_is_any(&stack->uncertainty);
	for (size_t i = 0; i < samples->type_count; i++) {
		const struct value_type *type = &samples->types[i];
		int64_t value = value_type_has_kind(type, stack->kind) ? value_type_of(type, stack->total) : 0;

		sample->values[i] += stack->sign * value;
		if (i == samples->asked)
			*(stack->sign < 0 ? &sample->before : &sample->after) += value;
	}
}

static bool is_any(const struct samples *samples, const struct sample *sample)
{
	for (size_t i = 0; i < samples->type_count; i++)
		if (sample->values[i])
			return true;
	return false;
}

static void drop_empty(struct samples *samples)
{
	size_t kept = 0;

	for (size_t i = 0; i < samples->count; i++)
		if (is_any(samples, &samples->items[i]))
			samples->items[kept++] = samples->items[i];
	samples->count = kept;
}

void samples_build(const struct profile *profile, const struct samples_options *options, struct samples *out)
{
	uint32_t *matches = match_frames(profile, options->several_recordings);
	struct sample_entry *entries = NULL, *entry, *next;

	*out = (struct samples){.profile = profile};
	choose_types(out, options);
	for (size_t i = 0; i < profile->stack_count; i++)
		add_stack(out, find_sample(out, &entries, matches, &profile->stacks[i]), &profile->stacks[i]);
	HASH_ITER(hh, entries, entry, next)
	{
		HASH_DEL(entries, entry);
		free(entry->key);
		free(entry);
	}
	free(matches);
	drop_empty(out);
}

void samples_release(struct samples *samples)
{
	free(samples->items);
	*samples = (struct samples){0};
}
