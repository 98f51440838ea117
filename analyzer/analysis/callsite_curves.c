/* SPDX-License-Identifier: MIT */
#include "callsite_curves.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "interner.h"
#include "memory.h"

/* ---- sums over a group ---- */

static int compare_ids(const void *key, const void *item)
{
	uint32_t id = *(const uint32_t *)key, other = ((const struct judgement_site *)item)->site_id;

	return (id > other) - (id < other);
}

static const struct growth_series *series_of(const struct callsite_series *series, uint32_t site_id)
{
	const struct judgement_site *site =
		series->count ? bsearch(&site_id, series->sites, series->count, sizeof(*site), compare_ids) : NULL;

	return site ? &site->series : NULL;
}

static void add_values(double *sum, const double *part, size_t count)
{
	for (size_t i = 0; part && i < count; i++)
		sum[i] += part[i];
}

static void add_site(struct callsite_curves *sum, const struct growth_series *part, size_t count)
{
	add_values(sum->live_objects, part->live_objects, count);
	add_values(sum->live_bytes, part->live_bytes, count);
	add_values(sum->acquired_objects, part->acquired_objects, count);
	add_values(sum->released_objects, part->released_objects, count);
	for (size_t i = 0; part->mean_age_s && part->live_objects && i < count; i++)
		sum->mean_age_s[i] += part->mean_age_s[i] * part->live_objects[i];
}

void callsite_curves_build(const struct judgement *judgement, const struct judged_group *group,
			   const struct callsite_series *series, struct callsite_curves *out)
{
	size_t count = judgement->grid.count;

	*out = (struct callsite_curves){.live_objects = memory_zeroed(count, sizeof(double)),
					.live_bytes = memory_zeroed(count, sizeof(double)),
					.acquired_objects = memory_zeroed(count, sizeof(double)),
					.released_objects = memory_zeroed(count, sizeof(double)),
					.mean_age_s = memory_zeroed(count, sizeof(double))};
	for (size_t i = 0; i < group->site_count; i++) {
		const struct growth_series *part = series_of(series, judgement->sites[group->first_site + i].site_id);

		if (part)
			add_site(out, part, count);
	}
	for (size_t i = 0; i < count; i++)
		out->mean_age_s[i] = out->live_objects[i] > 0 ? out->mean_age_s[i] / out->live_objects[i] : NAN;
}

void callsite_curves_release(struct callsite_curves *curves)
{
	free(curves->live_objects);
	free(curves->live_bytes);
	free(curves->acquired_objects);
	free(curves->released_objects);
	free(curves->mean_age_s);
	*curves = (struct callsite_curves){0};
}

/* ---- the small curve ---- */

static bool is_level(const double *values, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (values[i] != values[0])
			return false;
	return true;
}

/* 60,000 numbers in all, and a few for each. */
static size_t spark_points(const struct judgement *judgement)
{
	size_t points = 1000 * CALLSITE_SPARK_MOST / (judgement->group_count ? judgement->group_count : 1);

	if (points > CALLSITE_SPARK_MOST)
		points = CALLSITE_SPARK_MOST;
	if (points < CALLSITE_SPARK_FEWEST)
		points = CALLSITE_SPARK_FEWEST;
	return points < judgement->grid.count ? points : judgement->grid.count;
}

size_t callsite_spark(const struct judgement *judgement, const struct judged_group *group,
		      const struct callsite_series *series, double out[CALLSITE_SPARK_MOST])
{
	size_t points = judgement->grid.count, count = spark_points(judgement);

	memset(out, 0, CALLSITE_SPARK_MOST * sizeof(*out));
	if (points < 2)
		return 2;
	for (size_t s = 0; s < group->site_count; s++) {
		const struct growth_series *part = series_of(series, judgement->sites[group->first_site + s].site_id);
		const double *values = !part                          ? NULL
				       : judged_by_bytes(group->kind) ? part->live_bytes
								      : part->live_objects;

		for (size_t i = 0; values && i < count; i++)
			out[i] += values[(i * (points - 1) + (count - 1) / 2) / (count - 1)];
	}
	return is_level(out, count) ? 2 : count;
}

/* ---- cum ---- */

/* Functions by number: frames of one name have one. Returns how many there are; free *numbers. */
static size_t number_functions(const struct profile *profile, size_t **numbers)
{
	struct interned *names = NULL;
	size_t count = 0;

	*numbers = memory_zeroed(profile->frame_count, sizeof(**numbers));
	for (size_t i = 0; i < profile->frame_count; i++) {
		const char *function = profile->frames[i].function;
		bool is_new;

		(*numbers)[i] = intern(&names, memory_string(function), strlen(function), &is_new)->number;
		count += is_new;
	}
	interned_release(names);
	return count;
}

struct cum_builder {
	const struct judgement *judgement;
	size_t *functions; /* by frame id */
	size_t function_count;
	size_t *seen_at;           /* by function: the last site that has it in its stack, from 1 on */
	struct callsite_cum *sums; /* by function, of one kind */
};

static void add_stack(struct cum_builder *builder, size_t site_index)
{
	const struct judged_site *site = &builder->judgement->sites[site_index];
	const struct profile *profile = &builder->judgement->profile;
	const struct profile_stack *stack = &profile->stacks[site->stack];

	for (size_t i = 0; i < stack->count; i++) {
		size_t function = builder->functions[profile->frame_ids[stack->first + i]];

		if (builder->seen_at[function] == site_index + 1)
			continue;
		builder->seen_at[function] = site_index + 1;
		builder->sums[function].objects += site->judged.live_objects;
		builder->sums[function].bytes += site->judged.live_bytes;
	}
}

static void sum_kind(struct cum_builder *builder, enum seep_kind kind, struct callsite_cum *out)
{
	const struct judgement *judgement = builder->judgement;
	bool is_any = false;

	memset(builder->sums, 0, builder->function_count * sizeof(*builder->sums));
	for (size_t i = 0; i < judgement->site_count; i++)
		if (judgement->sites[i].kind == kind) {
			add_stack(builder, i);
			is_any = true;
		}
	for (size_t i = 0; is_any && i < judgement->group_count; i++)
		if (judgement->groups[i].kind == kind)
			out[i] = builder->sums[builder->functions[judgement->groups[i].frame -
								  judgement->profile.frames]];
}

void callsite_cums(const struct judgement *judgement, struct callsite_cum *out)
{
	struct cum_builder builder = {.judgement = judgement};

	builder.function_count = number_functions(&judgement->profile, &builder.functions);
	builder.seen_at = memory_zeroed(builder.function_count, sizeof(*builder.seen_at));
	builder.sums = memory_zeroed(builder.function_count, sizeof(*builder.sums));
	for (int kind = 0; kind < SEEP_KIND_COUNT; kind++)
		sum_kind(&builder, (enum seep_kind)kind, out);
	free(builder.functions);
	free(builder.seen_at);
	free(builder.sums);
}
