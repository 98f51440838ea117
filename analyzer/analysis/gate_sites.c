/* SPDX-License-Identifier: MIT */
#include "gate_sites.h"

#include <math.h>
#include <stdlib.h>

#include "memory.h"

/* ---- one stack ---- */

static int compare_totals(const void *left, const void *right)
{
	const struct model_total *a = left, *b = right;

	return (a->site_id > b->site_id) - (a->site_id < b->site_id);
}

static void set_held(struct gate_site *site, uint32_t site_id, const struct model_total *totals, size_t count)
{
	struct model_total wanted = {.site_id = site_id};
	const struct model_total *total =
		count ? bsearch(&wanted, totals, count, sizeof(wanted), compare_totals) : NULL;

	site->live_objects = total ? (double)total->live_count : 0;
	site->live_bytes = total ? (double)total->live_bytes : 0;
}

/* The whole stack; what a report hides is before `shown`. */
static void set_callsite(struct gate_site *site, const struct recording *recording, uint32_t node_id,
			 enum seep_kind kind, struct profile *stack)
{
	struct profile shown;

	profile_of_node(recording, node_id, true, stack);
	profile_of_node(recording, node_id, false, &shown);
	site->callsite = (struct callsite){
		.kind = kind,
		.fingerprint = fingerprint_of_stack(recording, &shown, &shown.stacks[0], kind),
		.stack = stack,
		.shown = stack->stacks[0].count - shown.stacks[0].count,
	};
	profile_release(&shown);
}

static const struct profile_frame *first_shown(const struct callsite *callsite)
{
	const struct profile *stack = callsite->stack;

	return &stack->frames[stack->frame_ids[stack->stacks[0].first + callsite->shown]];
}

static void set_judged(struct gate_site *site, const struct judged *judged, const struct judgement *judgement)
{
	const struct verdict_result *result = &judged->verdict;

	site->verdict = result->verdict;
	site->reason = result->reason ? result->reason : "";
	site->objects = result->objects;
	site->bytes = result->bytes;
	site->detectable_objects = result->detectable_objects;
	site->detectable_bytes = result->detectable_bytes;
	site->more_seconds = result->more_seconds;
	site->since_s = result->since_s;
	if (result->goes_with.counter < 0 || (size_t)result->goes_with.counter >= judgement->event_count)
		return;
	site->event = judgement->events[result->goes_with.counter].name;
	site->ratio = result->goes_with.ratio;
	site->ratio_low = result->goes_with.low;
	site->ratio_high = result->goes_with.high;
}

/* ---- the stacks of a function ---- */

static double growth_of(const struct judged_site *site)
{
	return judged_by_bytes(site->kind) ? site->judged.growth_bytes : site->judged.growth_objects;
}

static bool has_leaking_site(const struct judgement *judgement, const struct judged_group *group)
{
	for (size_t i = 0; i < group->site_count; i++)
		if (judgement->sites[group->first_site + i].judged.verdict.verdict == VERDICT_LEAK)
			return true;
	return false;
}

/* Index of the site that grew most. */
static size_t largest_site(const struct judgement *judgement, const struct judged_group *group)
{
	size_t largest = group->first_site;

	for (size_t i = group->first_site; i < group->first_site + group->site_count; i++)
		if (growth_of(&judgement->sites[i]) > growth_of(&judgement->sites[largest]))
			largest = i;
	return largest;
}

/* What the function's verdict makes of one of its stacks: see the header. */
static void settle(const struct judgement *judgement, const struct judged_group *group, size_t at,
		   struct gate_site *site)
{
	enum verdict verdict = group->judged.verdict.verdict;
	bool stands_for_all = at == largest_site(judgement, group);

	if (verdict == VERDICT_UNDECIDED && has_leaking_site(judgement, group))
		verdict = VERDICT_LEAK;
	if (verdict == VERDICT_LEAK && site->verdict == VERDICT_LEAK)
		return;
	if (verdict == VERDICT_LEAK) {
		if (stands_for_all && !has_leaking_site(judgement, group)) {
			set_judged(site, &group->judged, judgement);
			return;
		}
		site->is_part_of_leak = growth_of(&judgement->sites[at]) > 0;
		site->verdict = VERDICT_STEADY;
	} else if (verdict == VERDICT_UNDECIDED && stands_for_all) {
		set_judged(site, &group->judged, judgement);
	} else {
		site->verdict = verdict == VERDICT_UNDECIDED ? VERDICT_STEADY : verdict;
	}
}

/* ---- one fingerprint ---- */

static int compare_sites(const void *left, const void *right)
{
	const struct gate_site *a = left, *b = right;
	int order = fingerprint_compare(a->callsite.fingerprint, b->callsite.fingerprint);

	if (order)
		return order;
	/* the one that says most first: it gives the callsite its name and reason */
	if (a->verdict != b->verdict)
		return a->verdict == VERDICT_LEAK || (b->verdict != VERDICT_LEAK && a->verdict == VERDICT_UNDECIDED)
			       ? -1
			       : 1;
	return (a->objects.estimate < b->objects.estimate) - (a->objects.estimate > b->objects.estimate);
}

static void add_slope(struct growth_slope *sum, const struct growth_slope *part)
{
	double below = hypot(sum->estimate - sum->low, part->estimate - part->low);
	double above = hypot(sum->high - sum->estimate, part->high - part->estimate);

	sum->estimate += part->estimate;
	sum->low = sum->estimate - below;
	sum->high = sum->estimate + above;
}

/* `into` comes first, and leaks if either does. */
static void merge(struct gate_site *into, const struct gate_site *site)
{
	into->is_part_of_leak |= site->is_part_of_leak;
	into->live_objects += site->live_objects;
	into->live_bytes += site->live_bytes;
	/* a leak's figures are those of what leaks */
	if (into->verdict == VERDICT_LEAK && site->verdict != VERDICT_LEAK)
		return;
	add_slope(&into->objects, &site->objects);
	add_slope(&into->bytes, &site->bytes);
	into->detectable_objects = hypot(into->detectable_objects, site->detectable_objects);
	into->detectable_bytes = hypot(into->detectable_bytes, site->detectable_bytes);
	if (into->event && site->event == into->event) {
		into->ratio += site->ratio;
		into->ratio_low += site->ratio_low;
		into->ratio_high += site->ratio_high;
	}
}

static void merge_all(struct gate_sites *out)
{
	size_t kept = 0;

	if (out->count)
		qsort(out->sites, out->count, sizeof(*out->sites), compare_sites);
	for (size_t i = 0; i < out->count; i++) {
		struct gate_site *last = kept ? &out->sites[kept - 1] : NULL;

		if (last && !fingerprint_compare(last->callsite.fingerprint, out->sites[i].callsite.fingerprint))
			merge(last, &out->sites[i]);
		else
			out->sites[kept++] = out->sites[i];
	}
	out->count = kept;
}

/* ---- all ---- */

static void add_events(const struct judgement *judgement, struct gate_sites *out)
{
	out->events = memory_zeroed(judgement->event_count + 1, sizeof(*out->events));
	out->event_count = judgement->event_count;
	for (size_t i = 0; i < judgement->event_count; i++)
		out->events[i] = (struct gate_event){judgement->events[i].name, judgement->events[i].count};
}

void gate_sites_build(const struct judgement *judgement, const struct recording *recording,
		      const struct model_total *totals, size_t total_count, struct gate_sites *out)
{
	size_t count = judgement->site_count;

	*out = (struct gate_sites){
		.sites = memory_zeroed(count + 1, sizeof(*out->sites)),
		.count = count,
		.stacks = memory_zeroed(count + 1, sizeof(*out->stacks)),
		.stack_count = count,
		.span_s = judgement->grid.count ? (double)(judgement->grid.count - 1) * judgement->grid.step_s : 0,
	};
	for (size_t i = 0; i < count; i++) {
		const struct judged_site *judged = &judgement->sites[i];
		struct gate_site *site = &out->sites[i];

		set_callsite(site, recording, judged->node_id, judged->kind, &out->stacks[i]);
		set_held(site, judged->site_id, totals, total_count);
		set_judged(site, &judged->judged, judgement);
		settle(judgement, &judgement->groups[judged->group], i, site);
		site->frame = judgement->groups[judged->group].frame;
	}
	merge_all(out);
	add_events(judgement, out);
}

void gate_sites_unjudged(const struct recording *recording, const struct model_total *totals, size_t total_count,
			 struct gate_sites *out)
{
	*out = (struct gate_sites){
		.sites = memory_zeroed(total_count + 1, sizeof(*out->sites)),
		.stacks = memory_zeroed(total_count + 1, sizeof(*out->stacks)),
	};
	for (size_t i = 0; i < total_count; i++) {
		struct gate_site *site = &out->sites[out->count];
		const struct model_site *of;

		if (!totals[i].site_id || totals[i].site_id >= recording->site_count)
			continue;
		of = &recording->sites[totals[i].site_id];
		set_callsite(site, recording, of->node_id, of->kind, &out->stacks[out->stack_count++]);
		site->live_objects = (double)totals[i].live_count;
		site->live_bytes = (double)totals[i].live_bytes;
		site->verdict = VERDICT_STEADY;
		site->reason = "";
		site->detectable_objects = site->detectable_bytes = NAN;
		site->frame = first_shown(&site->callsite);
		out->count++;
	}
	merge_all(out);
}

void gate_sites_release(struct gate_sites *sites)
{
	for (size_t i = 0; i < sites->stack_count; i++)
		profile_release(&sites->stacks[i]);
	free(sites->stacks);
	free(sites->sites);
	free(sites->events);
	*sites = (struct gate_sites){0};
}
