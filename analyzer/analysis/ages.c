/* SPDX-License-Identifier: MIT */
#include "ages.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

int64_t age_from(unsigned place)
{
	return place ? INT64_C(1) << (place - 1) : 0;
}

int64_t age_to(unsigned place)
{
	return INT64_C(1) << place;
}

static const struct model_site *site_of(const struct ages_input *input, size_t at)
{
	uint32_t id = input->sites[at].site_id;

	return id < input->recording->site_count && input->recording->sites[id].id ? &input->recording->sites[id]
										   : NULL;
}

static struct age_group *group_of(struct age_groups *groups, const char *function)
{
	for (size_t i = 0; i < groups->count; i++)
		if (strcmp(groups->groups[i].function, function) == 0)
			return &groups->groups[i];
	groups->groups = memory_grow(groups->groups, &groups->capacity, groups->count + 1, sizeof(*groups->groups));
	groups->groups[groups->count] = (struct age_group){.function = function};
	return &groups->groups[groups->count++];
}

static int compare_ids(const void *key, const void *item)
{
	const uint32_t *id = key;
	const struct model_total *total = item;

	return (*id > total->site_id) - (*id < total->site_id);
}

/* `is_first`: the counters are of all processes together, and count once. */
static void add_site(struct age_group *group, const struct ages_input *input, size_t at, bool is_first)
{
	const struct model_ages *site = &input->sites[at];
	const struct model_total *total =
		!is_first || !input->total_count
			? NULL
			: bsearch(&site->site_id, input->totals, input->total_count, sizeof(*total), compare_ids);

	for (int i = 0; i < MODEL_AGES; i++) {
		group->ages[i].count += site->ages[i].count;
		group->ages[i].bytes += site->ages[i].bytes;
		group->sum.count += site->ages[i].count;
		group->sum.bytes += site->ages[i].bytes;
	}
	if (total) {
		group->live_count += total->live_count;
		group->live_bytes += total->live_bytes;
	}
}

/* A function that occurs in the stack more than once has it once. */
static bool occurs_before(const struct age_groups *groups, const struct profile_stack *stack, size_t at)
{
	const struct profile *profile = &groups->profile;
	const char *function = profile->frames[profile->frame_ids[stack->first + at]].function;

	for (size_t i = 0; i < at; i++)
		if (strcmp(profile->frames[profile->frame_ids[stack->first + i]].function, function) == 0)
			return true;
	return false;
}

static void add_stack(struct age_groups *groups, const struct ages_input *input, size_t at, bool is_first)
{
	const struct profile_stack *stack = &groups->profile.stacks[at];

	for (size_t i = 0; stack->value && i < stack->count; i++) {
		const char *function = groups->profile.frames[groups->profile.frame_ids[stack->first + i]].function;

		if (regexec(input->name, function, 0, NULL, 0) == 0 && !occurs_before(groups, stack, i))
			add_site(group_of(groups, function), input, at, is_first);
	}
}

static int by_objects(const void *left, const void *right)
{
	const struct age_group *a = left, *b = right;

	if (a->sum.count != b->sum.count)
		return a->sum.count < b->sum.count ? 1 : -1;
	return strcmp(a->function, b->function);
}

static int by_bytes(const void *left, const void *right)
{
	const struct age_group *a = left, *b = right;

	if (a->sum.bytes != b->sum.bytes)
		return a->sum.bytes < b->sum.bytes ? 1 : -1;
	return by_objects(left, right);
}

void ages_group(const struct ages_input *input, const struct profile_options *options, struct age_groups *out)
{
	uint32_t *nodes = memory_zeroed(input->site_count + 1, sizeof(*nodes));
	bool *is_counted = memory_zeroed(input->recording->site_count + 1, sizeof(*is_counted));

	*out = (struct age_groups){0};
	for (size_t i = 0; i < input->site_count; i++)
		nodes[i] = site_of(input, i) ? site_of(input, i)->node_id : 0;
	profile_of_nodes(input->recording, nodes, input->site_count, options, &out->profile);
	for (size_t i = 0; i < input->site_count; i++) {
		const struct model_site *site = site_of(input, i);

		if (!site || !value_type_has_kind(&options->type, site->kind))
			continue;
		add_stack(out, input, i, !is_counted[site->id]);
		is_counted[site->id] = true;
	}
	if (out->count)
		qsort(out->groups, out->count, sizeof(*out->groups),
		      value_type_is_bytes(&options->type) ? by_bytes : by_objects);
	free(nodes);
	free(is_counted);
}

void age_groups_release(struct age_groups *groups)
{
	free(groups->groups);
	profile_release(&groups->profile);
	*groups = (struct age_groups){0};
}
