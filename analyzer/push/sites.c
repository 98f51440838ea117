/* SPDX-License-Identifier: MIT */
#include "sites.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/callsite_id.h"
#include "../analysis/fingerprint.h"
#include "../analysis/memory.h"
#include "../analysis/wrappers.h"
#include "../render/json.h"

/* ---- what is there already ---- */

void sites_forget(struct sites *sites)
{
	free(sites->hashes);
	free(sites->next);
	*sites = (struct sites){0};
}

void sites_keep(struct sites *sites)
{
	if (!sites->next)
		return;
	free(sites->hashes);
	sites->hashes = sites->next;
	sites->count = sites->next_count;
	sites->next = NULL;
}

void sites_discard(struct sites *sites)
{
	free(sites->next);
	sites->next = NULL;
}

/* FNV-1a; never 0. */
static uint64_t hash_of(const char *text, size_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return hash ? hash : 1;
}

static void begin_next(struct sites *known, size_t count)
{
	sites_discard(known);
	known->next_count = count > known->count ? count : known->count;
	known->next = memory_zeroed(known->next_count, sizeof(*known->next));
	if (known->count)
		memcpy(known->next, known->hashes, known->count * sizeof(*known->next));
}

/* ---- frames ---- */

static void add_member(struct buffer *out, const char *name, const char *text)
{
	buffer_format(out, ",\"%s\":", name);
	if (text)
		json_quote(out, text);
	else
		buffer_add(out, "null");
}

static void add_frame(struct buffer *out, const struct recording *recording, const struct model_location *location,
		      unsigned depth, size_t inline_depth)
{
	const struct model_module *module = &recording->modules[location->module_id];
	const struct model_symbol *symbol =
		inline_depth < location->symbol_count ? &location->symbols[inline_depth] : NULL;
	char *address = memory_format("%s+0x%" PRIx64, module->path, location->offset);

	buffer_format(out, "%s{\"depth\":%u,\"inline_depth\":%zu", out->size > 1 ? "," : "", depth, inline_depth);
	add_member(out, "function", symbol ? symbol->function : location->pseudo ? location->pseudo : address);
	add_member(out, "file", symbol ? symbol->file : NULL);
	if (symbol && symbol->line)
		buffer_format(out, ",\"line\":%" PRIu32, symbol->line);
	add_member(out, "module", module->path);
	buffer_format(out, ",\"offset\":%" PRId64 "}", (int64_t)location->offset);
	free(address);
}

/* As view `stack` has them. */
static void add_frames(struct batch_rows *rows, const struct recording *recording, uint32_t node_id)
{
	struct buffer frames = {0};
	unsigned depth = 0;

	buffer_add(&frames, "[");
	/* a parent comes before its node: the walk ends */
	for (uint32_t id = node_id; id && id < recording->node_count; id = recording->nodes[id].parent_id) {
		uint32_t location_id = recording->nodes[id].location_id;
		const struct model_location *location = &recording->locations[location_id];

		add_frame(&frames, recording, location, depth, 0);
		for (size_t i = 1; i < location->symbol_count; i++)
			add_frame(&frames, recording, location, depth, i);
		depth++;
	}
	buffer_add(&frames, "]");
	batch_add_bytes(rows, frames.text, frames.size);
	buffer_release(&frames);
}

/* ---- callsites ---- */

static void add_columns(struct batch_rows *rows, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		batch_add_column(rows, names[i]);
}

static void add_place(struct batch_rows *rows, const struct profile_frame *frame)
{
	batch_add_text(rows, frame->function);
	batch_add_text(rows, frame->file);
	if (frame->line)
		batch_add_integer(rows, frame->line);
	else
		batch_add_null(rows);
	batch_add_text(rows, *frame->module ? frame->module : NULL);
}

struct naming {
	const struct recording *recording;
	struct profile profile;            /* stack i: that of the i-th site */
	const struct judged_site **judged; /* by site id; NULL: not judged */
	const struct judgement *judgement; /* may be NULL */
	struct callsite_id *ids;           /* of its groups */
};

static const struct profile_frame *named_frame(const struct naming *naming, const struct profile_stack *stack,
					       const struct judged_site *judged)
{
	static const struct profile_frame unknown = {.function = "[unknown stack]", .module = ""};
	const uint32_t *ids = naming->profile.frame_ids + stack->first;
	size_t at = judged ? judged->wrapper_count : 0;

	if (!stack->count)
		return &unknown;
	while (!judged && at + 1 < stack->count && wrapper_by_name(naming->profile.frames[ids[at]].function))
		at++;
	return &naming->profile.frames[ids[at < stack->count ? at : stack->count - 1]];
}

static void add_site(struct batch_rows *rows, const struct naming *naming, const struct model_site *site,
		     const struct profile_stack *stack)
{
	const struct judged_site *judged = naming->judged[site->id];

	batch_add_integer(rows, site->id);
	batch_add_integer(rows, site->node_id);
	batch_add_text(rows, kind_name(site->kind));
	batch_add_text(
		rows,
		fingerprint_text(fingerprint_of_stack(naming->recording, &naming->profile, stack, site->kind)).text);
	batch_add_text(rows, judged ? naming->ids[judged->group].text : NULL);
	add_place(rows, named_frame(naming, stack, judged));
	add_frames(rows, naming->recording, site->node_id);
}

/* A row that is there already is taken back. */
static void add_if_new(struct batch_rows *rows, const struct naming *naming, const struct model_site *site,
		       const struct profile_stack *stack, uint64_t *known)
{
	size_t size = rows->text.size;
	uint64_t hash;

	if (!naming->judgement && *known)
		return;
	add_site(rows, naming, site, stack);
	hash = hash_of(rows->text.text + size, rows->text.size - size);
	if (hash == *known) {
		rows->text.size = size;
		rows->count--;
	}
	*known = hash;
}

static void find_judged(struct naming *naming)
{
	const struct judgement *judgement = naming->judgement;

	naming->judged = memory_zeroed(naming->recording->site_count, sizeof(*naming->judged));
	if (!judgement)
		return;
	naming->ids = memory_zeroed(judgement->group_count, sizeof(*naming->ids));
	callsite_ids(naming->recording, judgement, naming->ids);
	for (size_t i = 0; i < judgement->site_count; i++)
		naming->judged[judgement->sites[i].site_id] = &judgement->sites[i];
}

static bool are_all_known(const struct recording *recording, const struct sites *known)
{
	for (size_t i = 0; i < recording->site_count; i++)
		if (recording->sites[i].id && (i >= known->count || !known->hashes[i]))
			return false;
	return true;
}

void sites_add(const struct recording *recording, const struct judgement *judgement, struct sites *known,
	       struct batch *out)
{
	static const char *const columns[] = {"site_id",  "node_id", "kind", "fingerprint", "callsite",
					      "function", "file",    "line", "module",      "frames"};
	struct batch_rows *rows = &out->tables[TABLE_SITE];
	struct naming naming = {.recording = recording, .judgement = judgement};
	struct profile_options options = {0};
	uint32_t *nodes;
	size_t count = 0;

	if (!judgement && are_all_known(recording, known))
		return;
	nodes = memory_zeroed(recording->site_count, sizeof(*nodes));
	for (size_t i = 0; i < recording->site_count; i++)
		if (recording->sites[i].id)
			nodes[count++] = recording->sites[i].node_id;
	profile_of_nodes(recording, nodes, count, &options, &naming.profile);
	find_judged(&naming);
	begin_next(known, recording->site_count);
	add_columns(rows, columns, sizeof(columns) / sizeof(columns[0]));
	count = 0;
	for (size_t i = 0; i < recording->site_count; i++)
		if (recording->sites[i].id)
			add_if_new(rows, &naming, &recording->sites[i], &naming.profile.stacks[count++],
				   &known->next[i]);
	profile_release(&naming.profile);
	free(naming.judged);
	free(naming.ids);
	free(nodes);
}

/* ---- verdicts ---- */

static void add_goes_with(struct batch_rows *rows, const struct judgement *judgement,
			  const struct correlate_result *with)
{
	bool is_known = with->counter >= 0 && (size_t)with->counter < judgement->event_count;

	batch_add_text(rows, is_known ? judgement->events[with->counter].name : NULL);
	batch_add_real(rows, is_known ? with->ratio : NAN);
}

static void add_verdict(struct batch_rows *rows, const struct judgement *judgement, const struct judged_group *group,
			const char *callsite)
{
	const struct judged *judged = &group->judged;
	const struct growth_slope *slope = judged_slope(judged, group->kind);
	const struct growth_grid *grid = &judgement->grid;

	batch_add_text(rows, callsite);
	batch_add_text(rows, kind_name(group->kind));
	add_place(rows, group->frame);
	batch_add_text(rows, verdict_name(judged->verdict.verdict));
	batch_add_text(rows, judged->verdict.reason ? judged->verdict.reason : "");
	batch_add_text(rows, judged_by_bytes(group->kind) ? "bytes" : "objects");
	batch_add_real(rows, judged->live_objects);
	batch_add_real(rows, judged->live_bytes);
	batch_add_real(rows, slope->estimate);
	batch_add_real(rows, slope->low);
	batch_add_real(rows, slope->high);
	if (judged->verdict.since_s)
		batch_add_integer(rows, judged->verdict.since_s);
	else
		batch_add_null(rows);
	batch_add_real(rows, judged->share);
	batch_add_boolean(rows, judged->is_estimated);
	add_goes_with(rows, judgement, &judged->verdict.goes_with);
	batch_add_integer(rows, (int64_t)group->site_count);
	batch_add_integer(rows, grid->start_s);
	batch_add_integer(rows, grid->start_s + (int64_t)(grid->count - 1) * grid->step_s);
}

void judgement_add(const struct recording *recording, const struct judgement *judgement, struct batch *out)
{
	static const char *const columns[] = {
		"callsite",  "kind",      "function", "file",   "line",        "module",    "verdict", "reason",
		"unit",      "objects",   "bytes",    "rate",   "rate_low",    "rate_high", "since",   "share",
		"estimated", "goes_with", "ratio",    "stacks", "judged_from", "judged_to"};
	struct batch_rows *rows = &out->tables[TABLE_JUDGEMENT];
	struct callsite_id *ids;

	add_columns(rows, columns, sizeof(columns) / sizeof(columns[0]));
	if (!judgement)
		return;
	ids = memory_zeroed(judgement->group_count, sizeof(*ids));
	callsite_ids(recording, judgement, ids);
	for (size_t i = 0; i < judgement->group_count; i++)
		add_verdict(rows, judgement, &judgement->groups[i], ids[i].text);
	free(ids);
}
