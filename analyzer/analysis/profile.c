/* SPDX-License-Identifier: MIT */
#include "profile.h"

#include <stdlib.h>
#include <string.h>

#include "interner.h"
#include "memory.h"
#include "paths.h"
#include "sampling.h"

#define uthash_malloc(size) memory_zeroed(1, size)
#include <uthash.h>

/* Deeper than any capture goes: a longer path is a cycle in a damaged file. */
#define MAX_DEPTH 4096

enum frame_flag {
	FRAME_FOCUSED = 1,
	FRAME_IGNORED = 2,
	FRAME_HIDDEN = 4,
	FRAME_ALLOCATOR = 8, /* hidden while innermost */
};

/* The value of one stack, whatever number of inputs has it. */
struct stack_entry {
	uint32_t *key;
	int64_t value;
	UT_hash_handle hh;
};

struct frame_range {
	size_t first;
	uint32_t count;
	bool known;
};

struct builder {
	struct profile *out;
	const struct profile_options *options;
	const struct profile_input *inputs;
	size_t input_count;
	bool several_recordings;
	struct interned *frames, *names;
	struct stack_entry *stacks;
	uint8_t *flags;      /* by frame id */
	uint32_t *match_ids; /* by frame id: equal where two recordings' frames are the same */
	size_t flag_capacity, match_capacity;
	/* of the input at hand: */
	const struct recording *recording;
	struct frame_range *ranges; /* by location id, into range_ids */
	uint32_t *range_ids;
	size_t range_id_count, range_id_capacity;
	/* of the stack at hand: frame ids innermost first */
	uint32_t *sequence;
	size_t sequence_count, sequence_capacity;
};

static char *own(struct profile *profile, char *text)
{
	profile->owned = memory_grow(profile->owned, &profile->owned_capacity, profile->owned_count + 1,
				     sizeof(*profile->owned));
	profile->owned[profile->owned_count++] = text;
	return text;
}

/* ---- frames ---- */

bool profile_frame_matches(const struct profile_frame *frame, const regex_t *expression)
{
	return !regexec(expression, frame->function, 0, NULL, 0) ||
	       (frame->file && !regexec(expression, frame->file, 0, NULL, 0)) ||
	       (frame->module[0] && !regexec(expression, frame->module, 0, NULL, 0));
}

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

bool profile_is_c_library(const char *module)
{
	const char *base = path_base(module);

	return starts_with(base, "libc.so") || starts_with(base, "libc-2.") || starts_with(base, "ld-linux") ||
	       starts_with(base, "ld-2.");
}

static bool is_allocator_module(const struct builder *builder, const char *module)
{
	if (profile_is_c_library(module) || starts_with(path_base(module), "libseep.so"))
		return true;
	for (size_t i = 0; i < builder->input_count; i++) {
		const struct recording *recording = builder->inputs[i].recording;

		for (size_t p = 0; p < recording->process_count; p++) {
			const struct model_process *process = &recording->processes[p];

			/* An allocator linked into the program shares the application's module: nothing to go by. */
			if (process->id && process->allocator[0] && !strcmp(process->allocator, module) &&
			    strcmp(process->exe, module) != 0)
				return true;
		}
	}
	return false;
}

static bool is_allocator_frame(const struct builder *builder, const struct profile_frame *frame)
{
	return starts_with(frame->function, "operator new") || starts_with(frame->function, "operator delete") ||
	       (frame->module[0] && is_allocator_module(builder, frame->module));
}

static uint8_t frame_flags(const struct builder *builder, const struct profile_frame *frame)
{
	const struct profile_options *options = builder->options;
	uint8_t flags = 0;

	if (!options->focus || profile_frame_matches(frame, options->focus))
		flags |= FRAME_FOCUSED;
	if (options->ignore && profile_frame_matches(frame, options->ignore))
		flags |= FRAME_IGNORED;
	if (options->hide && profile_frame_matches(frame, options->hide))
		flags |= FRAME_HIDDEN;
	if (!options->show_all && is_allocator_frame(builder, frame))
		flags |= FRAME_ALLOCATOR;
	return flags;
}

/* Builds move between machines and lines between versions; the functions' names stay. */
static uint32_t match_id(struct builder *builder, const struct profile_frame *frame, uint32_t id)
{
	bool is_new;

	if (!builder->several_recordings)
		return id;
	return (uint32_t)intern(&builder->names, memory_string(frame->function), strlen(frame->function), &is_new)
		->number;
}

static uint32_t add_frame(struct builder *builder, const struct profile_frame *frame)
{
	struct profile *out = builder->out;
	char *key = memory_format("%s\n%s\n%u\n%u\n%s\n%d", frame->function, frame->file ? frame->file : "",
				  frame->line, frame->start_line, frame->module, frame->inlined);
	bool is_new;
	uint32_t id = (uint32_t)intern(&builder->frames, key, strlen(key), &is_new)->number;

	if (!is_new)
		return id;
	out->frames = memory_grow(out->frames, &out->frame_capacity, id + 1, sizeof(*out->frames));
	builder->flags = memory_grow(builder->flags, &builder->flag_capacity, id + 1, sizeof(*builder->flags));
	builder->match_ids =
		memory_grow(builder->match_ids, &builder->match_capacity, id + 1, sizeof(*builder->match_ids));
	out->frames[id] = *frame;
	out->frame_count = id + 1;
	builder->flags[id] = frame_flags(builder, frame);
	builder->match_ids[id] = match_id(builder, frame, id);
	return id;
}

/* ---- locations ---- */

static const struct model_module *module_of(const struct recording *recording, const struct model_location *location)
{
	if (location->module_id >= recording->module_count || !recording->modules[location->module_id].path)
		return NULL;
	return &recording->modules[location->module_id];
}

/* Of an instruction of the call: a return address may be another function's. */
static uint64_t pc_of(const struct model_location *location)
{
	return location->exact || !location->offset ? location->offset : location->offset - 1;
}

static struct profile_frame bare_frame(struct builder *builder, const struct model_location *location)
{
	const struct model_module *module = module_of(builder->recording, location);
	const char *path = module ? module->path : "";
	const char *name;

	if (location->pseudo)
		return (struct profile_frame){.function = location->pseudo, .module = ""};
	name = own(builder->out, memory_format("%s+0x%llx", path[0] ? path_base(path) : "[no file]",
					       (unsigned long long)location->offset));
	return (struct profile_frame){.function = name, .module = path, .offset = pc_of(location)};
}

static const char *clean_file(struct builder *builder, const char *file)
{
	char *clean;

	if (!file || !file[0])
		return NULL;
	if (!strstr(file, "/.") && !strstr(file, "//") && !starts_with(file, "."))
		return file;
	clean = own(builder->out, memory_string(file));
	path_clean(clean);
	return clean;
}

static void push_range_id(struct builder *builder, struct frame_range *range, const struct profile_frame *frame)
{
	builder->range_ids = memory_grow(builder->range_ids, &builder->range_id_capacity, builder->range_id_count + 1,
					 sizeof(*builder->range_ids));
	builder->range_ids[builder->range_id_count++] = add_frame(builder, frame);
	range->count++;
}

static void expand_location(struct builder *builder, uint32_t id)
{
	const struct model_location *location = &builder->recording->locations[id];
	const struct model_module *module = module_of(builder->recording, location);
	struct frame_range *range = &builder->ranges[id];
	struct profile_frame frame;

	*range = (struct frame_range){.first = builder->range_id_count, .known = true};
	if (location->pseudo || !location->symbol_count) {
		frame = bare_frame(builder, location);
		push_range_id(builder, range, &frame);
		return;
	}
	for (size_t i = 0; i < location->symbol_count; i++) {
		const struct model_symbol *symbol = &location->symbols[i];

		frame = (struct profile_frame){
			.function = symbol->function,
			.file = clean_file(builder, symbol->file),
			.module = module ? module->path : "",
			.line = symbol->line,
			.start_line = symbol->start_line,
			.offset = pc_of(location),
			.inlined = i + 1 < location->symbol_count,
			.resolved = true,
		};
		push_range_id(builder, range, &frame);
	}
}

/* ---- stacks ---- */

static void push_location(struct builder *builder, uint32_t id)
{
	struct frame_range *range;

	if (id >= builder->recording->location_count || !builder->recording->locations[id].id)
		return;
	range = &builder->ranges[id];
	if (!range->known)
		expand_location(builder, id);
	builder->sequence = memory_grow(builder->sequence, &builder->sequence_capacity,
					builder->sequence_count + range->count, sizeof(*builder->sequence));
	memcpy(builder->sequence + builder->sequence_count, builder->range_ids + range->first,
	       range->count * sizeof(*builder->sequence));
	builder->sequence_count += range->count;
}

/* Fills builder->sequence with the frames from a node out to the root. */
static void collect_stack(struct builder *builder, uint32_t node_id)
{
	const struct recording *recording = builder->recording;
	size_t steps = 0;

	builder->sequence_count = 0;
	while (node_id && node_id < recording->node_count && steps++ < MAX_DEPTH) {
		push_location(builder, recording->nodes[node_id].location_id);
		node_id = recording->nodes[node_id].parent_id;
	}
	if (!builder->sequence_count) {
		struct profile_frame unknown = {.function = "[unknown stack]", .module = ""};

		builder->sequence = memory_grow(builder->sequence, &builder->sequence_capacity, 1, sizeof(uint32_t));
		builder->sequence[builder->sequence_count++] = add_frame(builder, &unknown);
	}
}

static void add_to_total(struct builder *builder, int64_t value)
{
	size_t bytes = builder->sequence_count * sizeof(uint32_t);
	uint32_t *key = memory_zeroed(builder->sequence_count, sizeof(*key));
	struct stack_entry *entry;

	for (size_t i = 0; i < builder->sequence_count; i++)
		key[i] = builder->match_ids[builder->sequence[i]];
	HASH_FIND(hh, builder->stacks, key, bytes, entry);
	if (!entry) {
		entry = memory_zeroed(1, sizeof(*entry));
		entry->key = key;
		HASH_ADD_KEYPTR(hh, builder->stacks, entry->key, bytes, entry);
	} else {
		free(key);
	}
	entry->value += value;
}

static bool is_wanted(const struct builder *builder)
{
	bool focused = false;

	for (size_t i = 0; i < builder->sequence_count; i++) {
		uint8_t flags = builder->flags[builder->sequence[i]];

		if (flags & FRAME_IGNORED)
			return false;
		focused |= flags & FRAME_FOCUSED;
	}
	return focused;
}

static size_t allocator_frame_count(const struct builder *builder)
{
	size_t count = 0;

	while (count < builder->sequence_count && builder->flags[builder->sequence[count]] & FRAME_ALLOCATOR)
		count++;
	return count < builder->sequence_count ? count : 0;
}

static bool is_hidden(const struct builder *builder, size_t at)
{
	return builder->flags[builder->sequence[at]] & FRAME_HIDDEN;
}

static bool is_any_shown(const struct builder *builder)
{
	for (size_t i = allocator_frame_count(builder); i < builder->sequence_count; i++)
		if (!is_hidden(builder, i))
			return true;
	return false;
}

/* A frame whose containing function is hidden stands for itself: it is inlined into nothing that is shown. */
static uint32_t shown_frame(struct builder *builder, size_t at)
{
	const struct profile_frame *frames = builder->out->frames;
	struct profile_frame alone = frames[builder->sequence[at]];

	for (size_t i = at; frames[builder->sequence[i]].inlined && i + 1 < builder->sequence_count; i++)
		if (!is_hidden(builder, i + 1))
			return builder->sequence[at];
	if (!alone.inlined)
		return builder->sequence[at];
	alone.inlined = false;
	return add_frame(builder, &alone);
}

/* The stack at hand, of which nothing may be shown, with its figures: the frames are filled in here. */
static void add_stack(struct builder *builder, struct profile_stack stack)
{
	struct profile *out = builder->out;

	stack.first = out->frame_id_count;
	out->frame_ids = memory_grow(out->frame_ids, &out->frame_id_capacity,
				     out->frame_id_count + builder->sequence_count, sizeof(*out->frame_ids));
	for (size_t i = allocator_frame_count(builder); i < builder->sequence_count; i++)
		if (!is_hidden(builder, i))
			out->frame_ids[stack.first + stack.count++] = shown_frame(builder, i);
	out->frame_id_count += stack.count;
	out->stacks = memory_grow(out->stacks, &out->stack_capacity, out->stack_count + 1, sizeof(*out->stacks));
	out->stacks[out->stack_count++] = stack;
}

static bool is_of_report(const struct profile_input *input, const struct value_type *type,
			 const struct model_total *total)
{
	const struct recording *recording = input->recording;

	return total->site_id && total->site_id < recording->site_count &&
	       value_type_has_kind(type, recording->sites[total->site_id].kind);
}

/* The site's value if the report shows its kind, else 0. */
static int64_t wanted_value(const struct profile_input *input, const struct value_type *type,
			    const struct model_total *total)
{
	return is_of_report(input, type, total) ? input->sign * value_type_of(type, total) : 0;
}

static int compare_sites(const void *left, const void *right)
{
	const struct model_total *a = left, *b = right;

	return (a->site_id > b->site_id) - (a->site_id < b->site_id);
}

/* The same site's total at the other one of two moments; NULL: none. */
static const struct model_total *other_moment(const struct profile_input *inputs, size_t input_count,
					      const struct profile_input *input, const struct model_total *total)
{
	for (size_t i = 0; i < input_count; i++)
		if (&inputs[i] != input && inputs[i].recording == input->recording && inputs[i].sign != input->sign &&
		    inputs[i].count)
			return bsearch(total, inputs[i].totals, inputs[i].count, sizeof(*total), compare_sites);
	return NULL;
}

/* That of a growth is told with its later moment. */
static struct uncertainty uncertainty_of(const struct profile_input *inputs, size_t input_count,
					 const struct profile_input *input, const struct value_type *type,
					 const struct model_total *total)
{
	const struct model_total *other = other_moment(inputs, input_count, input, total);
	struct uncertainty own;

	if (other && input->sign > 0)
		return sampling_of_growth(type, other, total);
	if (other)
		return (struct uncertainty){0};
	own = sampling_of(type, total);
	return input->sign > 0 ? own : (struct uncertainty){.lost = own.gained};
}

static void add_input(struct builder *builder, const struct profile_input *input)
{
	builder->recording = input->recording;
	builder->ranges = memory_zeroed(input->recording->location_count, sizeof(*builder->ranges));
	builder->range_id_count = 0;
	for (size_t i = 0; i < input->count; i++) {
		const struct model_total *total = &input->totals[i];
		int64_t value = wanted_value(input, &builder->options->type, total);
		struct uncertainty uncertainty;

		if (!is_of_report(input, &builder->options->type, total))
			continue;
		uncertainty =
			uncertainty_of(builder->inputs, builder->input_count, input, &builder->options->type, total);
		if (!value && !uncertainty_is_any(&uncertainty))
			continue;
		collect_stack(builder, input->recording->sites[total->site_id].node_id);
		add_to_total(builder, value);
		uncertainty_add(&builder->out->uncertainty, &uncertainty);
		if (is_wanted(builder) && is_any_shown(builder))
			add_stack(builder, (struct profile_stack){
						   .value = value,
						   .uncertainty = uncertainty,
						   .total = total,
						   .sign = input->sign,
						   .kind = input->recording->sites[total->site_id].kind,
					   });
	}
	free(builder->ranges);
}

static int64_t sum_stacks(struct builder *builder)
{
	struct stack_entry *entry, *next;
	int64_t total = 0;

	HASH_ITER(hh, builder->stacks, entry, next)
	{
		total += entry->value < 0 ? -entry->value : entry->value;
		HASH_DEL(builder->stacks, entry);
		free(entry->key);
		free(entry);
	}
	return total;
}

static void release_builder(struct builder *builder)
{
	interned_release(builder->frames);
	interned_release(builder->names);
	free(builder->flags);
	free(builder->match_ids);
	free(builder->range_ids);
	free(builder->sequence);
}

void profile_build(const struct profile_input *inputs, size_t input_count, const struct profile_options *options,
		   struct profile *out)
{
	struct builder builder = {.out = out, .options = options, .inputs = inputs, .input_count = input_count};

	*out = (struct profile){0};
	for (size_t i = 1; i < input_count; i++)
		builder.several_recordings |= inputs[i].recording != inputs[0].recording;
	for (size_t i = 0; i < input_count; i++)
		add_input(&builder, &inputs[i]);
	out->total = sum_stacks(&builder);
	release_builder(&builder);
}

void profile_of_nodes(const struct recording *recording, const uint32_t *node_ids, size_t count,
		      const struct profile_options *options, struct profile *out)
{
	struct profile_input input = {.recording = recording, .sign = 1};
	struct builder builder = {
		.out = out, .options = options, .inputs = &input, .input_count = 1, .recording = recording};

	*out = (struct profile){0};
	builder.ranges = memory_zeroed(recording->location_count, sizeof(*builder.ranges));
	for (size_t i = 0; i < count; i++) {
		bool wanted;

		collect_stack(&builder, node_ids[i]);
		wanted = is_wanted(&builder);
		out->total += wanted;
		add_stack(&builder, (struct profile_stack){.value = wanted});
	}
	free(builder.ranges);
	release_builder(&builder);
}

void profile_of_node(const struct recording *recording, uint32_t node_id, bool show_all, struct profile *out)
{
	profile_of_nodes(recording, &node_id, 1, &(struct profile_options){.show_all = show_all}, out);
}

void profile_release(struct profile *profile)
{
	for (size_t i = 0; i < profile->owned_count; i++)
		free(profile->owned[i]);
	free(profile->owned);
	free(profile->frames);
	free(profile->frame_ids);
	free(profile->stacks);
	*profile = (struct profile){0};
}

void profile_mark_stack(const struct recording *recording, uint32_t node_id, bool *visited, bool *needed)
{
	while (node_id && node_id < recording->node_count && !visited[node_id]) {
		const struct model_node *node = &recording->nodes[node_id];

		visited[node_id] = true;
		if (node->location_id < recording->location_count)
			needed[node->location_id] = true;
		node_id = node->parent_id;
	}
}

void profile_mark_needed(const struct profile_input *input, const struct value_type *type, bool *needed)
{
	const struct recording *recording = input->recording;
	bool *visited = memory_zeroed(recording->node_count, sizeof(*visited));

	for (size_t i = 0; i < input->count; i++) {
		struct uncertainty uncertainty = sampling_of(type, &input->totals[i]);

		if (!wanted_value(input, type, &input->totals[i]) &&
		    (!is_of_report(input, type, &input->totals[i]) || !uncertainty_is_any(&uncertainty)))
			continue;
		profile_mark_stack(recording, recording->sites[input->totals[i].site_id].node_id, visited, needed);
	}
	free(visited);
}
