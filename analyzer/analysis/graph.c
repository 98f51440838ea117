/* SPDX-License-Identifier: MIT */
#include "graph.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "paths.h"

#define uthash_malloc(size) memory_zeroed(1, size)
#include <uthash.h>

#define NOT_SHOWN UINT32_MAX

struct key_entry {
	char *name;
	uint32_t id;
	UT_hash_handle hh;
};

struct edge_entry {
	struct {
		uint32_t caller, callee;
	} pair;
	struct graph_edge edge;
	size_t last_stack; /* 1 + index of the stack that counted last */
	UT_hash_handle hh;
};

struct builder {
	const struct profile *profile;
	const struct graph_options *options;
	struct key_entry *keys;
	uint32_t *frame_keys;     /* by frame id; BY_STACK: by stack index */
	struct graph_node *nodes; /* by key id */
	size_t node_count, node_capacity;
	uint32_t *shown; /* by key id: index among the shown nodes */
	struct edge_entry *edges;
};

int graph_by_name(const char *name)
{
	static const char *const names[] = {
#define X(id, text) text,
		GRAPH_BY(X)
#undef X
	};

	for (int i = 0; i < BY_COUNT; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

static int64_t magnitude(int64_t value)
{
	return value < 0 ? -value : value;
}

/* ---- names ---- */

static char *file_name(const struct profile_frame *frame)
{
	if (frame->file)
		return memory_string(frame->file);
	if (frame->module[0])
		return memory_format("[%s]", path_base(frame->module));
	return memory_string(frame->resolved ? "[no file]" : frame->function);
}

char *graph_frame_name(const struct profile_frame *frame, enum graph_by by)
{
	switch (by) {
	case BY_LINE:
		if (frame->file && frame->line)
			return memory_format("%s %s:%u", frame->function, frame->file, frame->line);
		if (frame->file)
			return memory_format("%s %s", frame->function, frame->file);
		return memory_string(frame->function);
	case BY_FILE:
		return file_name(frame);
	case BY_MODULE:
		return memory_string(frame->module[0]  ? frame->module
				     : frame->resolved ? "[no file]"
						       : frame->function);
	default:
		return memory_string(frame->function);
	}
}

static char *stack_name(const struct profile *profile, const struct profile_stack *stack)
{
	char *name = memory_string("");

	for (size_t i = 0; i < stack->count; i++) {
		char *frame = graph_frame_name(&profile->frames[profile->frame_ids[stack->first + i]], BY_LINE);
		char *longer = memory_format("%s%s%s", name, i ? " < " : "", frame);

		free(frame);
		free(name);
		name = longer;
	}
	return name;
}

/* ---- nodes ---- */

/* The key of a name, which is taken over. */
static uint32_t add_key(struct builder *builder, char *name)
{
	struct key_entry *entry;

	HASH_FIND_STR(builder->keys, name, entry);
	if (entry) {
		free(name);
		return entry->id;
	}
	entry = memory_zeroed(1, sizeof(*entry));
	entry->name = name;
	entry->id = (uint32_t)builder->node_count;
	HASH_ADD_KEYPTR(hh, builder->keys, entry->name, strlen(entry->name), entry);
	builder->nodes = memory_grow(builder->nodes, &builder->node_capacity, entry->id + 1, sizeof(*builder->nodes));
	builder->nodes[builder->node_count++] = (struct graph_node){.name = name};
	return entry->id;
}

static void add_keys(struct builder *builder)
{
	const struct profile *profile = builder->profile;

	builder->frame_keys = memory_zeroed(profile->frame_count + profile->stack_count, sizeof(uint32_t));
	if (builder->options->by == BY_STACK) {
		for (size_t i = 0; i < profile->stack_count; i++) {
			const struct profile_stack *stack = &profile->stacks[i];
			uint32_t key = add_key(builder, stack_name(profile, stack));

			builder->frame_keys[i] = key;
			builder->nodes[key].stack = stack;
			builder->nodes[key].frame = &profile->frames[profile->frame_ids[stack->first]];
		}
		return;
	}
	for (size_t i = 0; i < profile->frame_count; i++) {
		const struct profile_frame *frame = &profile->frames[i];
		uint32_t key = add_key(builder, graph_frame_name(frame, builder->options->by));

		builder->frame_keys[i] = key;
		if (!builder->nodes[key].frame)
			builder->nodes[key].frame = frame;
	}
}

static void add_values(struct builder *builder)
{
	const struct profile *profile = builder->profile;
	size_t *last_stack = memory_zeroed(builder->node_count, sizeof(*last_stack));

	for (size_t i = 0; i < profile->stack_count; i++) {
		const struct profile_stack *stack = &profile->stacks[i];

		for (size_t f = 0; f < stack->count; f++) {
			uint32_t frame = profile->frame_ids[stack->first + f];
			uint32_t key = builder->frame_keys[builder->options->by == BY_STACK ? i : frame];
			struct graph_node *node = &builder->nodes[key];

			if (!f) {
				node->flat += stack->value;
				uncertainty_add(&node->flat_uncertainty, &stack->uncertainty);
			}
			if (last_stack[key] == i + 1)
				continue;
			last_stack[key] = i + 1;
			node->cum += stack->value;
			uncertainty_add(&node->cum_uncertainty, &stack->uncertainty);
		}
	}
	free(last_stack);
}

static int compare_names(const struct graph_node *a, const struct graph_node *b)
{
	return strcmp(a->name, b->name);
}

static int compare_magnitudes(int64_t a, int64_t b)
{
	int64_t of_a = magnitude(a), of_b = magnitude(b);

	return (of_a < of_b) - (of_a > of_b);
}

static int compare_flat(const void *left, const void *right)
{
	const struct graph_node *a = left, *b = right;
	int order = compare_magnitudes(a->flat, b->flat);

	return order ? order : compare_names(a, b);
}

static int compare_cum(const void *left, const void *right)
{
	const struct graph_node *a = left, *b = right;
	int order = compare_magnitudes(a->cum, b->cum);

	return order ? order : compare_names(a, b);
}

/* All flat of the graph times a fraction, whole; pprof's cutoffs are made so. */
static int64_t cutoff(const struct builder *builder, double fraction)
{
	int64_t all = 0;

	for (size_t i = 0; i < builder->node_count; i++)
		all += builder->nodes[i].flat;
	return magnitude((int64_t)((double)all * fraction));
}

/* Leaves in out->nodes what is shown, sorted. */
static void select_nodes(struct builder *builder, struct graph *out)
{
	const struct graph_options *options = builder->options;
	int64_t least = cutoff(builder, options->node_fraction);

	out->nodes = memory_zeroed(builder->node_count, sizeof(*out->nodes));
	for (size_t i = 0; i < builder->node_count; i++) {
		const struct graph_node *node = &builder->nodes[i];

		if (!node->flat && !node->cum && !uncertainty_is_any(&node->cum_uncertainty))
			continue;
		if (magnitude(node->cum) < least)
			out->dropped_count++;
		else
			out->nodes[out->known_count++] = *node;
	}
	qsort(out->nodes, out->known_count, sizeof(*out->nodes), options->by_cum ? compare_cum : compare_flat);
	out->node_count = out->known_count;
	if (options->limit && options->limit < out->known_count)
		out->node_count = options->limit;
	for (size_t i = 0; i < out->node_count; i++)
		out->shown_flat += out->nodes[i].flat;
}

static void index_shown(struct builder *builder, const struct graph *out)
{
	struct key_entry *entry;

	builder->shown = memory_zeroed(builder->node_count, sizeof(*builder->shown));
	for (size_t i = 0; i < builder->node_count; i++)
		builder->shown[i] = NOT_SHOWN;
	for (size_t i = 0; i < out->node_count; i++) {
		HASH_FIND_STR(builder->keys, out->nodes[i].name, entry);
		builder->shown[entry->id] = (uint32_t)i;
	}
}

/* ---- calls ---- */

static void add_edge(struct builder *builder, size_t stack, struct graph_edge edge)
{
	struct edge_entry *entry, wanted = {.pair = {edge.caller, edge.callee}};

	HASH_FIND(hh, builder->edges, &wanted.pair, sizeof(wanted.pair), entry);
	if (!entry) {
		entry = memory_zeroed(1, sizeof(*entry));
		entry->pair = wanted.pair;
		entry->edge = (struct graph_edge){.caller = edge.caller, .callee = edge.callee, .inlined = true};
		HASH_ADD(hh, builder->edges, pair, sizeof(entry->pair), entry);
	}
	if (entry->last_stack == stack + 1)
		return;
	entry->last_stack = stack + 1;
	entry->edge.value += edge.value;
	uncertainty_add(&entry->edge.uncertainty, &edge.uncertainty);
	entry->edge.inlined &= edge.inlined;
}

static void add_stack_edges(struct builder *builder, size_t index)
{
	const struct profile *profile = builder->profile;
	const struct profile_stack *stack = &profile->stacks[index];
	uint32_t caller = NOT_SHOWN;

	for (size_t i = stack->count; i-- > 0;) {
		uint32_t frame = profile->frame_ids[stack->first + i];
		uint32_t callee = builder->shown[builder->frame_keys[frame]];

		if (callee == NOT_SHOWN)
			continue;
		if (caller != NOT_SHOWN && caller != callee)
			add_edge(builder, index,
				 (struct graph_edge){caller, callee, stack->value, stack->uncertainty,
						     profile->frames[frame].inlined});
		caller = callee;
	}
}

static void take_edges(struct builder *builder, int64_t least, struct graph *out)
{
	struct edge_entry *entry, *next;

	out->edges = memory_zeroed(HASH_COUNT(builder->edges), sizeof(*out->edges));
	HASH_ITER(hh, builder->edges, entry, next)
	{
		const struct graph_edge *edge = &entry->edge;

		if (edge->value && magnitude(edge->value) >= least) {
			struct graph_node *callee = &out->nodes[edge->callee];

			callee->inlined |= edge->inlined;
			callee->called |= !edge->inlined;
			out->edges[out->edge_count++] = *edge;
		}
		HASH_DEL(builder->edges, entry);
		free(entry);
	}
}

static int compare_edges(const void *left, const void *right, void *context)
{
	const struct graph_edge *a = left, *b = right;
	const struct graph *graph = context;
	int order = compare_magnitudes(a->value, b->value);

	if (!order)
		order = compare_names(&graph->nodes[a->caller], &graph->nodes[b->caller]);
	return order ? order : compare_names(&graph->nodes[a->callee], &graph->nodes[b->callee]);
}

static void add_edges(struct builder *builder, struct graph *out)
{
	index_shown(builder, out);
	for (size_t i = 0; i < builder->profile->stack_count; i++)
		add_stack_edges(builder, i);
	take_edges(builder, cutoff(builder, builder->options->edge_fraction), out);
	qsort_r(out->edges, out->edge_count, sizeof(*out->edges), compare_edges, out);
}

/* The names now belong to the graph. */
static void take_names(struct builder *builder, struct graph *out)
{
	struct key_entry *entry, *next;

	out->names = memory_zeroed(builder->node_count, sizeof(*out->names));
	HASH_ITER(hh, builder->keys, entry, next)
	{
		out->names[out->name_count++] = entry->name;
		HASH_DEL(builder->keys, entry);
		free(entry);
	}
}

void graph_build(const struct profile *profile, const struct graph_options *options, struct graph *out)
{
	struct builder builder = {.profile = profile, .options = options};

	*out = (struct graph){.profile = profile};
	add_keys(&builder);
	add_values(&builder);
	select_nodes(&builder, out);
	if (options->by != BY_STACK)
		add_edges(&builder, out);
	take_names(&builder, out);
	free(builder.frame_keys);
	free(builder.nodes);
	free(builder.shown);
}

void graph_release(struct graph *graph)
{
	for (size_t i = 0; i < graph->name_count; i++)
		free(graph->names[i]);
	free(graph->names);
	free(graph->nodes);
	free(graph->edges);
	*graph = (struct graph){0};
}
