/* SPDX-License-Identifier: MIT */
#include "summary.h"

#include <stdlib.h>

#include "interval.h"
#include "memory.h"

static void add_parts(struct model_parts *sum, const struct model_parts *parts)
{
	part_add(&sum->live, &parts->live);
	part_add(&sum->acquired, &parts->acquired);
	part_add(&sum->released, &parts->released);
}

static void add_total(struct summary *out, enum seep_kind kind, const struct model_total *total)
{
	struct summary_kind *sum = &out->kinds[kind];

	sum->callsites++;
	sum->live_count += total->live_count;
	sum->live_bytes += total->live_bytes;
	sum->acquired_count += total->acquired_count;
	sum->acquired_bytes += total->acquired_bytes;
	sum->released_count += total->released_count;
	sum->temporary_count += total->temporary_count;
	add_parts(&sum->count_parts, &total->count_parts);
	add_parts(&sum->byte_parts, &total->byte_parts);
	out->callsites++;
	out->events += total->acquired_count + total->released_count;
}

static void add_location(struct summary *out, const struct model_location *location)
{
	struct summary_module *module;

	if (!location->id || location->pseudo || location->module_id >= out->module_count)
		return;
	out->addresses++;
	module = &out->modules[location->module_id];
	module->addresses++;
	module->named += location->symbol_count > 0;
	module->lined += location->symbol_count && location->symbols[0].file && location->symbols[0].line;
}

void summary_build(const struct recording *recording, const struct model_total *totals, size_t count,
		   struct summary *out)
{
	*out = (struct summary){.module_count = recording->module_count};
	out->modules = memory_zeroed(recording->module_count, sizeof(*out->modules));
	for (size_t i = 0; i < count; i++) {
		uint32_t site = totals[i].site_id;

		if (site && site < recording->site_count && (unsigned)recording->sites[site].kind < SEEP_KIND_COUNT)
			add_total(out, recording->sites[site].kind, &totals[i]);
	}
	for (size_t i = 0; i < recording->location_count; i++)
		add_location(out, &recording->locations[i]);
	for (size_t i = 0; i < recording->node_count; i++)
		out->nodes += recording->nodes[i].id != 0;
}

void summary_release(struct summary *summary)
{
	free(summary->modules);
	*summary = (struct summary){0};
}
