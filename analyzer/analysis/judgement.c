/* SPDX-License-Identifier: MIT */
#include "judgement.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "wrappers.h"

#define uthash_malloc(size) memory_zeroed(1, size)
#include <uthash.h>

enum { LEAST_KEPT = 4, SERIES_ARRAYS = 6 };

struct builder {
	const struct judgement_input *input;
	const struct judgement_options *options;
	struct judgement *out;
	const struct growth_series **series; /* by site of `out` */
	struct growth_series *sums;          /* by group: the site's own where there is but one */
	double *sum_values;
	double sort_growth[SEEP_KIND_COUNT]; /* of all groups; of memory at SEEP_KIND_HEAP */
};

bool judged_by_bytes(enum seep_kind kind)
{
	return kind == SEEP_KIND_HEAP || kind == SEEP_KIND_MAPPING;
}

const struct growth_slope *judged_slope(const struct judged *judged, enum seep_kind kind)
{
	return judged_by_bytes(kind) ? &judged->verdict.bytes : &judged->verdict.objects;
}

/* ---- series ---- */

static double change(const double *values, size_t from, size_t to)
{
	return values ? values[to] - values[from] : 0;
}

static bool is_still(const struct growth_grid *grid, const struct growth_series *series)
{
	size_t last = grid->count - 1;

	return change(series->acquired_objects, 0, last) <= 0 && change(series->released_objects, 0, last) <= 0 &&
	       change(series->live_objects, 0, last) == 0 && change(series->live_bytes, 0, last) == 0;
}

/* Of what it got in the newer half it kept most. */
static bool keeps(const struct growth_grid *grid, const struct growth_series *series)
{
	size_t last = grid->count - 1;
	double acquired = change(series->acquired_objects, last / 2, last);

	return acquired >= LEAST_KEPT && change(series->released_objects, last / 2, last) < acquired / 2;
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median_between(const double *values, size_t from, size_t to)
{
	double *sorted = memory_copy(values + from, (to - from) * sizeof(*sorted)), median;

	qsort(sorted, to - from, sizeof(*sorted), compare_doubles);
	median = sorted[(to - from) / 2];
	free(sorted);
	return median;
}

/*
 * What a level grew by lately: from its second quarter to its fourth, by their medians. What came at the start is no
 * growth any more, and a tooth at the end is none yet.
 */
static double late_growth(const struct growth_grid *grid, const double *level)
{
	size_t quarter = grid->count / 4;
	double growth =
		quarter ? median_between(level, 3 * quarter, grid->count) - median_between(level, quarter, 2 * quarter)
			: change(level, 0, grid->count - 1);

	return growth > 0 ? growth : 0;
}

static void add_array(double *sum, const double *part, size_t count)
{
	for (size_t i = 0; part && i < count; i++)
		sum[i] += part[i];
}

/* The mean age of several callsites' objects is weighted by their number. */
static void add_ages(double *sum, const struct growth_series *part, size_t count)
{
	for (size_t i = 0; part->mean_age_s && i < count; i++)
		sum[i] += part->mean_age_s[i] * part->live_objects[i];
}

static void sum_group(struct builder *builder, const struct judged_group *group, double *values,
		      struct growth_series *sum)
{
	size_t count = builder->input->grid.count;
	double *arrays[SERIES_ARRAYS];

	for (int i = 0; i < SERIES_ARRAYS; i++)
		arrays[i] = values + (size_t)i * count;
	*sum = (struct growth_series){.live_objects = arrays[0],
				      .live_bytes = arrays[1],
				      .acquired_objects = arrays[2],
				      .acquired_bytes = arrays[3],
				      .released_objects = arrays[4],
				      .mean_age_s = arrays[5]};
	for (size_t s = group->first_site; s < group->first_site + group->site_count; s++) {
		const struct growth_series *part = builder->series[s];

		add_array(arrays[0], part->live_objects, count);
		add_array(arrays[1], part->live_bytes, count);
		add_array(arrays[2], part->acquired_objects, count);
		add_array(arrays[3], part->acquired_bytes, count);
		add_array(arrays[4], part->released_objects, count);
		add_ages(arrays[5], part, count);
		sum->is_handle = part->is_handle;
		sum->is_estimated |= part->is_estimated;
		sum->objects_error = hypot(sum->objects_error, part->objects_error);
		sum->bytes_error = hypot(sum->bytes_error, part->bytes_error);
	}
	for (size_t i = 0; i < count; i++)
		arrays[5][i] = arrays[0][i] > 0 ? arrays[5][i] / arrays[0][i] : 0;
}

static void sum_groups(struct builder *builder)
{
	struct judgement *out = builder->out;
	size_t size = SERIES_ARRAYS * builder->input->grid.count, several = 0;
	double *next;

	for (size_t i = 0; i < out->group_count; i++)
		several += out->groups[i].site_count > 1;
	builder->sums = memory_zeroed(out->group_count, sizeof(*builder->sums));
	builder->sum_values = next = memory_zeroed(several * size, sizeof(*next));
	for (size_t i = 0; i < out->group_count; i++) {
		const struct judged_group *group = &out->groups[i];

		if (group->site_count == 1) {
			builder->sums[i] = *builder->series[group->first_site];
			continue;
		}
		sum_group(builder, group, next, &builder->sums[i]);
		next += size;
	}
}

/* ---- callsites and groups ---- */

static bool is_wanted_kind(const struct builder *builder, uint32_t site_id)
{
	const struct recording *recording = builder->input->recording;
	uint32_t kinds = builder->options->kinds;

	return site_id && site_id < recording->site_count && recording->sites[site_id].id &&
	       (!kinds || kinds & UINT32_C(1) << recording->sites[site_id].kind);
}

/* All callsites of the wanted kinds, in the order of the profile's stacks. */
static void take_sites(struct builder *builder)
{
	const struct judgement_input *input = builder->input;
	struct judgement *out = builder->out;

	out->sites = memory_zeroed(input->site_count, sizeof(*out->sites));
	builder->series = memory_zeroed(input->site_count, sizeof(*builder->series));
	for (size_t i = 0; i < input->site_count; i++) {
		const struct model_site *site;

		if (!is_wanted_kind(builder, input->sites[i].site_id))
			continue;
		site = &input->recording->sites[input->sites[i].site_id];
		builder->series[out->site_count] = &input->sites[i].series;
		out->sites[out->site_count] = (struct judged_site){
			.site_id = site->id, .node_id = site->node_id, .kind = site->kind, .stack = out->site_count};
		out->site_count++;
	}
}

static void find_stacks(struct builder *builder)
{
	const struct judgement_options *options = builder->options;
	struct judgement *out = builder->out;
	struct profile_options wanted = {.focus = options->focus,
					 .ignore = options->ignore,
					 .hide = options->hide,
					 .show_all = options->show_all};
	uint32_t *nodes = memory_zeroed(out->site_count, sizeof(*nodes));

	for (size_t i = 0; i < out->site_count; i++)
		nodes[i] = out->sites[i].node_id;
	profile_of_nodes(builder->input->recording, nodes, out->site_count, &wanted, &out->profile);
	free(nodes);
}

static void name_sites(struct builder *builder)
{
	struct judgement *out = builder->out;
	struct wrapper_evidence *evidence = memory_zeroed(out->site_count, sizeof(*evidence));
	size_t *counts = memory_zeroed(out->site_count, sizeof(*counts));

	for (size_t i = 0; i < out->site_count; i++)
		evidence[i] = (struct wrapper_evidence){
			.acquired = builder->series[i]->acquired_objects[builder->input->grid.count - 1],
			.grows = keeps(&builder->input->grid, builder->series[i]),
		};
	if (!builder->options->show_all)
		wrappers_find(&out->profile, evidence, builder->options->wrapper, counts);
	for (size_t i = 0; i < out->site_count; i++)
		out->sites[i].wrapper_count = counts[i];
	free(evidence);
	free(counts);
}

/* Those that --focus, --ignore and --hide leave. */
static void drop_unwanted(struct builder *builder)
{
	struct judgement *out = builder->out;
	size_t kept = 0;

	for (size_t i = 0; i < out->site_count; i++) {
		const struct profile_stack *stack = &out->profile.stacks[out->sites[i].stack];

		if (!stack->value || !stack->count)
			continue;
		builder->series[kept] = builder->series[i];
		out->sites[kept++] = out->sites[i];
	}
	out->site_count = kept;
}

static const struct profile_frame *named_frame(const struct judgement *judgement, const struct judged_site *site)
{
	const struct profile_stack *stack = &judgement->profile.stacks[site->stack];

	return &judgement->profile.frames[judgement->profile.frame_ids[stack->first + site->wrapper_count]];
}

struct group_entry {
	char *key;
	size_t group;
	UT_hash_handle hh;
};

static size_t group_of(struct builder *builder, struct group_entry **table, const struct judged_site *site)
{
	const struct profile_frame *frame = named_frame(builder->out, site);
	char *key = memory_format("%u\n%s\n%s\n%s\n%u", site->kind, frame->function, frame->module,
				  frame->file ? frame->file : "", frame->line);
	struct group_entry *entry;

	HASH_FIND_STR(*table, key, entry);
	if (entry) {
		free(key);
		return entry->group;
	}
	entry = memory_zeroed(1, sizeof(*entry));
	entry->key = key;
	entry->group = HASH_COUNT(*table);
	HASH_ADD_KEYPTR(hh, *table, entry->key, strlen(entry->key), entry);
	builder->out->groups[entry->group] = (struct judged_group){.kind = site->kind, .frame = frame};
	return entry->group;
}

/* Sites and their series, in the order of their groups. */
static void order_by_group(struct builder *builder)
{
	struct judgement *out = builder->out;
	struct judged_site *sites = memory_zeroed(out->site_count, sizeof(*sites));
	const struct growth_series **series = memory_zeroed(out->site_count, sizeof(*series));
	size_t *next = memory_zeroed(out->group_count, sizeof(*next)), first = 0;

	for (size_t i = 0; i < out->group_count; i++) {
		out->groups[i].first_site = next[i] = first;
		first += out->groups[i].site_count;
	}
	for (size_t i = 0; i < out->site_count; i++) {
		size_t at = next[out->sites[i].group]++;

		sites[at] = out->sites[i];
		series[at] = builder->series[i];
	}
	free(next);
	free(out->sites);
	free(builder->series);
	out->sites = sites;
	builder->series = series;
}

static void form_groups(struct builder *builder)
{
	struct judgement *out = builder->out;
	struct group_entry *table = NULL, *entry, *next;

	out->groups = memory_zeroed(out->site_count, sizeof(*out->groups));
	for (size_t i = 0; i < out->site_count; i++) {
		out->sites[i].group = group_of(builder, &table, &out->sites[i]);
		out->groups[out->sites[i].group].site_count++;
	}
	out->group_count = HASH_COUNT(table);
	HASH_ITER(hh, table, entry, next)
	{
		HASH_DEL(table, entry);
		free(entry->key);
		free(entry);
	}
	order_by_group(builder);
}

/* ---- judging ---- */

/* The sum over everything of one sort is kept at one kind of it. */
static enum seep_kind sort_of(enum seep_kind kind)
{
	return judged_by_bytes(kind) ? SEEP_KIND_HEAP : kind;
}

static struct judged judged_of(const struct builder *builder, const struct growth_series *series,
			       const struct verdict_result *verdict)
{
	size_t last = builder->input->grid.count - 1;

	return (struct judged){
		.verdict = *verdict,
		.live_objects = series->live_objects[last],
		.live_bytes = series->live_bytes[last],
		.growth_objects = change(series->live_objects, 0, last),
		.growth_bytes = change(series->live_bytes, 0, last),
		.acquired_objects = change(series->acquired_objects, 0, last),
		.acquired_bytes = change(series->acquired_bytes, 0, last),
		.released_objects = change(series->released_objects, 0, last),
		.is_estimated = series->is_estimated,
		.objects_error = series->objects_error,
		.bytes_error = series->bytes_error,
	};
}

/* Where nothing came or went there is nothing to judge. */
static struct verdict_result still(const struct growth_series *series, size_t last)
{
	return (struct verdict_result){.verdict = VERDICT_STEADY,
				       .reason = "nothing came or went",
				       .p_value = 1,
				       .mean_age_s = series->mean_age_s ? series->mean_age_s[last] : NAN,
				       .mean_lifetime_s = NAN,
				       .goes_with = {.counter = -1}};
}

/* Judges series together; of those that are still there is nothing to judge, and they count as no test. */
static void judge_series(const struct builder *builder, const struct growth_series *const *series, size_t count,
			 struct judged *out, size_t stride)
{
	const struct growth_grid *grid = &builder->input->grid;
	struct verdict_options options = builder->options->verdict;
	struct growth_series *moving = memory_zeroed(count, sizeof(*moving));
	struct verdict_result *results = memory_zeroed(count, sizeof(*results));
	size_t moving_count = 0, at = 0;

	options.counters = builder->input->events;
	options.counter_count = builder->input->event_count;
	for (size_t i = 0; i < count; i++)
		if (!is_still(grid, series[i]))
			moving[moving_count++] = *series[i];
	verdicts_judge(grid, moving, moving_count, &options, results);
	for (size_t i = 0; i < count; i++) {
		struct verdict_result unmoved = still(series[i], grid->count - 1);
		struct judged *judged = (struct judged *)((char *)out + i * stride);

		*judged = judged_of(builder, series[i], is_still(grid, series[i]) ? &unmoved : &results[at++]);
	}
	free(moving);
	free(results);
}

/* The only callsite of a group: what either judging has found, of a callsite's or of a sum's neighbours. */
static void judge_single(struct judged *site, struct judged *group)
{
	if (site->verdict.verdict == VERDICT_LEAK)
		*group = *site;
	else
		*site = *group;
}

/*
 * The sums and the callsites apart: a verdict may rest on what other callsites do, and a sum is no other one than its
 * parts.
 */
static void judge_all(struct builder *builder)
{
	struct judgement *out = builder->out;
	const struct growth_series **sums = memory_zeroed(out->group_count, sizeof(*sums));

	for (size_t i = 0; i < out->group_count; i++)
		sums[i] = &builder->sums[i];
	if (out->group_count)
		judge_series(builder, sums, out->group_count, &out->groups[0].judged, sizeof(out->groups[0]));
	if (out->site_count > out->group_count)
		judge_series(builder, builder->series, out->site_count, &out->sites[0].judged, sizeof(out->sites[0]));
	for (size_t i = 0; i < out->group_count; i++)
		if (out->groups[i].site_count == 1)
			judge_single(&out->sites[out->groups[i].first_site].judged, &out->groups[i].judged);
	free(sums);
}

static double growth_by_sort(const struct builder *builder, const struct growth_series *series, enum seep_kind kind)
{
	return late_growth(&builder->input->grid, judged_by_bytes(kind) ? series->live_bytes : series->live_objects);
}

static void find_shares(struct builder *builder)
{
	struct judgement *out = builder->out;

	for (size_t i = 0; i < out->group_count; i++) {
		struct judged_group *group = &out->groups[i];

		group->judged.share = growth_by_sort(builder, &builder->sums[i], group->kind);
		builder->sort_growth[sort_of(group->kind)] += group->judged.share;
	}
	for (size_t i = 0; i < out->group_count; i++) {
		double total = builder->sort_growth[sort_of(out->groups[i].kind)];

		out->groups[i].judged.share = total > 0 ? out->groups[i].judged.share / total : 0;
	}
	for (size_t i = 0; i < out->site_count; i++) {
		struct judged_site *site = &out->sites[i];
		double total = builder->sort_growth[sort_of(site->kind)];

		site->judged.share = total > 0 ? growth_by_sort(builder, builder->series[i], site->kind) / total : 0;
	}
}

/* ---- order ---- */

static int rank(enum verdict verdict)
{
	static const int ranks[] = {[VERDICT_LEAK] = 0,
				    [VERDICT_UNDECIDED] = 1,
				    [VERDICT_WARM_UP] = 2,
				    [VERDICT_CHURN] = 3,
				    [VERDICT_STEADY] = 4};

	return ranks[verdict];
}

static int descending(double a, double b)
{
	return (a < b) - (a > b);
}

static int compare_judged(const struct judged *a, const struct judged *b)
{
	int order = rank(a->verdict.verdict) - rank(b->verdict.verdict);

	if (!order)
		order = descending(a->share, b->share);
	if (!order && a->verdict.verdict == VERDICT_CHURN)
		order = descending(a->acquired_objects, b->acquired_objects);
	if (!order)
		order = descending(a->live_bytes, b->live_bytes);
	return order ? order : descending(a->live_objects, b->live_objects);
}

static int compare_groups(const void *left, const void *right)
{
	const struct judged_group *a = left, *b = right;
	int order = compare_judged(&a->judged, &b->judged);

	if (!order)
		order = strcmp(a->frame->function, b->frame->function);
	if (!order)
		order = (a->kind > b->kind) - (a->kind < b->kind);
	return order ? order : (a->first_site > b->first_site) - (a->first_site < b->first_site);
}

static int compare_sites(const void *left, const void *right)
{
	const struct judged_site *a = left, *b = right;
	int order = compare_judged(&a->judged, &b->judged);

	return order ? order : (a->site_id > b->site_id) - (a->site_id < b->site_id);
}

/*
 * A group of which one callsite leaks leaks, whatever the others' noise makes of the sum; but not if the others lose
 * what that one gains: then things are only handed on, as a buffer is that grows on one path and on another.
 */
static void order_group(struct judgement *judgement, struct judged_group *group)
{
	struct judged_site *sites = judgement->sites + group->first_site;

	qsort(sites, group->site_count, sizeof(*sites), compare_sites);
	if (sites->judged.verdict.verdict == VERDICT_LEAK && group->judged.verdict.verdict != VERDICT_LEAK &&
	    group->judged.share > 0 && group->judged.share >= sites->judged.share / 2) {
		group->judged.verdict.verdict = VERDICT_LEAK; /* how fast it grows is still the sum's to say */
		group->judged.verdict.reason = sites->judged.verdict.reason;
		group->judged.verdict.since_s = sites->judged.verdict.since_s;
	}
}

static void order_all(struct judgement *judgement)
{
	struct judged_site *sites = memory_zeroed(judgement->site_count, sizeof(*sites));
	size_t next = 0;

	for (size_t i = 0; i < judgement->group_count; i++)
		order_group(judgement, &judgement->groups[i]);
	qsort(judgement->groups, judgement->group_count, sizeof(*judgement->groups), compare_groups);
	for (size_t i = 0; i < judgement->group_count; i++) {
		struct judged_group *group = &judgement->groups[i];

		memcpy(sites + next, judgement->sites + group->first_site, group->site_count * sizeof(*sites));
		group->first_site = next;
		for (size_t s = 0; s < group->site_count; s++)
			sites[next++].group = i;
		judgement->verdict_counts[group->judged.verdict.verdict]++;
	}
	free(judgement->sites);
	judgement->sites = sites;
}

/* ---- events and releases ---- */

static void take_events(struct builder *builder)
{
	const struct judgement_input *input = builder->input;
	struct judgement *out = builder->out;

	out->events = memory_zeroed(input->event_count, sizeof(*out->events));
	out->event_count = input->event_count;
	for (size_t i = 0; i < input->event_count; i++)
		out->events[i] = (struct judged_event){input->events[i].name,
						       change(input->events[i].count, 0, input->grid.count - 1)};
}

static int compare_releases(const void *left, const void *right)
{
	const struct judged_release *a = left, *b = right;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return strcmp(a->function, b->function);
}

static void add_release(struct judged_group *group, size_t *capacity, const char *function, uint64_t count)
{
	for (size_t i = 0; i < group->release_count; i++)
		if (!strcmp(group->releases[i].function, function)) {
			group->releases[i].count += count;
			return;
		}
	group->releases = memory_grow(group->releases, capacity, group->release_count + 1, sizeof(*group->releases));
	group->releases[group->release_count++] = (struct judged_release){function, count};
}

/* For each release the function that did it, by the rules by which acquisitions are named; free them. */
static const char **name_releases(struct builder *builder)
{
	const struct judgement_input *input = builder->input;
	struct profile *profile = &builder->out->release_profile;
	struct wrapper_evidence *evidence = memory_zeroed(input->release_count, sizeof(*evidence));
	uint32_t *nodes = memory_zeroed(input->release_count, sizeof(*nodes));
	size_t *counts = memory_zeroed(input->release_count, sizeof(*counts));
	const char **names = memory_zeroed(input->release_count, sizeof(*names));

	for (size_t i = 0; i < input->release_count; i++) {
		nodes[i] = input->releases[i].node_id;
		evidence[i].acquired = (double)input->releases[i].count;
	}
	profile_of_nodes(input->recording, nodes, input->release_count, &(struct profile_options){0}, profile);
	wrappers_find(profile, evidence, builder->options->wrapper, counts);
	for (size_t i = 0; i < input->release_count; i++)
		names[i] = profile->frames[profile->frame_ids[profile->stacks[i].first + counts[i]]].function;
	free(evidence);
	free(nodes);
	free(counts);
	return names;
}

static void find_releases(struct builder *builder)
{
	const struct judgement_input *input = builder->input;
	struct judgement *out = builder->out;
	size_t *group_of_site = memory_zeroed(input->recording->site_count, sizeof(*group_of_site));
	size_t *capacities = memory_zeroed(out->group_count, sizeof(*capacities));
	const char **names = name_releases(builder);

	for (size_t i = 0; i < out->site_count; i++)
		group_of_site[out->sites[i].site_id] = out->sites[i].group + 1;
	for (size_t i = 0; i < input->release_count; i++) {
		const struct judgement_release *release = &input->releases[i];
		size_t group = release->site_id < input->recording->site_count ? group_of_site[release->site_id] : 0;

		if (group)
			add_release(&out->groups[group - 1], &capacities[group - 1], names[i], release->count);
	}
	free(names);
	for (size_t i = 0; i < out->group_count; i++)
		if (out->groups[i].release_count)
			qsort(out->groups[i].releases, out->groups[i].release_count, sizeof(*out->groups[i].releases),
			      compare_releases);
	free(group_of_site);
	free(capacities);
}

void judgement_build(const struct judgement_input *input, const struct judgement_options *options,
		     struct judgement *out)
{
	struct builder builder = {.input = input, .options = options, .out = out};

	*out = (struct judgement){.grid = input->grid};
	if (!input->grid.count)
		return;
	take_sites(&builder);
	find_stacks(&builder);
	name_sites(&builder);
	drop_unwanted(&builder);
	form_groups(&builder);
	sum_groups(&builder);
	judge_all(&builder);
	find_shares(&builder);
	order_all(out);
	take_events(&builder);
	find_releases(&builder);
	free(builder.series);
	free(builder.sums);
	free(builder.sum_values);
}

void judgement_release(struct judgement *judgement)
{
	for (size_t i = 0; i < judgement->group_count; i++)
		free(judgement->groups[i].releases);
	free(judgement->groups);
	free(judgement->sites);
	free(judgement->events);
	profile_release(&judgement->profile);
	profile_release(&judgement->release_profile);
	*judgement = (struct judgement){0};
}
