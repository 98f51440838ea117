/* SPDX-License-Identifier: MIT */
#include "shown_callsites.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define NO_GROUP SIZE_MAX

/* ---- figures ---- */

static void add_live(struct shown_figures *to, const struct model_total *total)
{
	to->live_objects += total->live_count;
	to->live_bytes += total->live_bytes;
}

static void add_counters(struct shown_figures *to, const struct shown_figures *more)
{
	to->acquired_objects += more->acquired_objects;
	to->acquired_bytes += more->acquired_bytes;
	to->released_objects += more->released_objects;
	to->released_bytes += more->released_bytes;
}

/* Nothing, where a damaged recording says that it has become less. */
static uint64_t increase(uint64_t *seen, uint64_t now)
{
	uint64_t more = now > *seen ? now - *seen : 0;

	*seen = now;
	return more;
}

/* What has come since it was counted last. */
static struct shown_figures take_new(struct shown_figures *seen, const struct model_total *total)
{
	return (struct shown_figures){
		.acquired_objects = increase(&seen->acquired_objects, total->acquired_count),
		.acquired_bytes = increase(&seen->acquired_bytes, total->acquired_bytes),
		.released_objects = increase(&seen->released_objects, total->released_count),
		.released_bytes = increase(&seen->released_bytes, total->released_bytes),
	};
}

/* ---- who is shown ---- */

static int by_id(const void *a, const void *b)
{
	const struct shown_callsite *left = a, *right = b;

	return strcmp(left->id.text, right->id.text);
}

/* Tells each shown callsite its place in the judgement; is_shown is by group. */
static void find_groups(struct shown_callsites *shown, const struct shown_input *input, bool *is_shown)
{
	size_t count = input->judgement ? input->judgement->group_count : 0;

	for (size_t i = 0; i < shown->count; i++)
		shown->items[i].group = NO_GROUP;
	for (size_t group = 0; group < count; group++) {
		struct shown_callsite wanted = {.id = input->ids[group]}, *found = NULL;

		if (shown->count)
			found = bsearch(&wanted, shown->items, shown->count, sizeof(wanted), by_id);
		if (!found)
			continue;
		found->group = group;
		is_shown[group] = true;
	}
}

static void drop(struct shown_callsites *shown, size_t index)
{
	struct shown_callsite *item = &shown->items[index];

	add_counters(&shown->kinds[item->kind].other, &item->figures);
	*item = shown->items[--shown->count];
}

static size_t last_of_all(const struct shown_callsites *shown)
{
	size_t last = 0;

	for (size_t i = 1; i < shown->count; i++)
		if (shown->items[i].group > shown->items[last].group)
			last = i;
	return last;
}

static bool has_room_for(struct shown_callsites *shown, size_t group, size_t limit)
{
	size_t last, needed = group < limit / 2 ? limit : limit + limit / 2;

	if (shown->count < limit)
		return true;
	last = last_of_all(shown);
	if (shown->items[last].group < needed)
		return false;
	drop(shown, last);
	return true;
}

static void show(struct shown_callsites *shown, const struct shown_input *input, size_t group)
{
	shown->items = memory_grow(shown->items, &shown->capacity, shown->count + 1, sizeof(*shown->items));
	shown->items[shown->count++] = (struct shown_callsite){
		.id = input->ids[group],
		.kind = input->judgement->groups[group].kind,
		.group = group,
	};
}

static void choose(struct shown_callsites *shown, const struct shown_input *input)
{
	size_t count = input->judgement ? input->judgement->group_count : 0;
	bool *is_shown = memory_zeroed(count + 1, sizeof(*is_shown));

	find_groups(shown, input, is_shown);
	for (size_t i = shown->count; i-- > 0;)
		if (shown->items[i].group == NO_GROUP)
			drop(shown, i);
	for (size_t group = 0; group < count && group < input->limit; group++)
		if (!is_shown[group] && has_room_for(shown, group, input->limit))
			show(shown, input, group);
	if (shown->count)
		qsort(shown->items, shown->count, sizeof(*shown->items), by_id);
	free(is_shown);
}

/* ---- what is counted ---- */

/* By site id: the shown callsite that it belongs to, NULL the others. The caller frees it. */
static struct shown_callsite **find_owners(const struct shown_callsites *shown, const struct shown_input *input)
{
	struct shown_callsite **owners = memory_zeroed(input->recording->site_count + 1, sizeof(*owners));

	for (size_t i = 0; i < shown->count; i++) {
		const struct judged_group *group = &input->judgement->groups[shown->items[i].group];

		for (size_t site = group->first_site; site < group->first_site + group->site_count; site++)
			if (input->judgement->sites[site].site_id < input->recording->site_count)
				owners[input->judgement->sites[site].site_id] = &shown->items[i];
	}
	return owners;
}

static void make_room(struct shown_callsites *shown, size_t site_count)
{
	struct shown_figures *seen;

	if (site_count <= shown->seen_count)
		return;
	seen = memory_zeroed(site_count, sizeof(*seen));
	if (shown->seen_count)
		memcpy(seen, shown->seen, shown->seen_count * sizeof(*seen));
	free(shown->seen);
	shown->seen = seen;
	shown->seen_count = site_count;
}

static void forget_levels(struct shown_callsites *shown)
{
	for (size_t i = 0; i < shown->count; i++)
		shown->items[i].figures.live_objects = shown->items[i].figures.live_bytes = 0;
	for (size_t kind = 0; kind < SEEP_KIND_COUNT; kind++) {
		shown->kinds[kind].all.live_objects = shown->kinds[kind].all.live_bytes = 0;
		shown->kinds[kind].other.live_objects = shown->kinds[kind].other.live_bytes = 0;
	}
}

static void count_site(struct shown_callsites *shown, const struct model_total *total, enum seep_kind kind,
		       struct shown_callsite *owner, bool is_first)
{
	struct shown_kind *its_kind = &shown->kinds[kind];
	/* a recording that is damaged may have a site change its kind */
	struct shown_figures *part = owner && owner->kind == kind ? &owner->figures : &its_kind->other;
	struct shown_figures new = take_new(&shown->seen[total->site_id], total);

	its_kind->is_any = true;
	add_live(&its_kind->all, total);
	add_live(part, total);
	add_counters(&its_kind->all, &new);
	add_counters(is_first ? &its_kind->other : part, &new);
}

void shown_callsites_update(struct shown_callsites *shown, const struct shown_input *input)
{
	const struct recording *recording = input->recording;
	struct shown_callsite **owners;
	bool is_first = !shown->seen_count;

	choose(shown, input);
	make_room(shown, recording->site_count);
	forget_levels(shown);
	owners = find_owners(shown, input);
	for (size_t i = 0; i < input->total_count; i++) {
		uint32_t id = input->totals[i].site_id;

		if (id < recording->site_count && recording->sites[id].id)
			count_site(shown, &input->totals[i], recording->sites[id].kind, owners[id], is_first);
	}
	free(owners);
}

void shown_callsites_release(struct shown_callsites *shown)
{
	free(shown->items);
	free(shown->seen);
	*shown = (struct shown_callsites){0};
}

/* ---- the invariants ---- */

static void add_figures(struct shown_figures *to, const struct shown_figures *more)
{
	to->live_objects += more->live_objects;
	to->live_bytes += more->live_bytes;
	add_counters(to, more);
}

bool shown_callsites_check(const struct shown_callsites *shown, size_t limit)
{
	struct shown_figures sums[SEEP_KIND_COUNT];

	for (size_t kind = 0; kind < SEEP_KIND_COUNT; kind++)
		sums[kind] = shown->kinds[kind].other;
	for (size_t i = 0; i < shown->count; i++) {
		if (i && by_id(&shown->items[i - 1], &shown->items[i]) >= 0)
			return false;
		add_figures(&sums[shown->items[i].kind], &shown->items[i].figures);
	}
	for (size_t kind = 0; kind < SEEP_KIND_COUNT; kind++)
		if (memcmp(&sums[kind], &shown->kinds[kind].all, sizeof(sums[kind])) != 0)
			return false;
	return shown->count <= limit;
}
