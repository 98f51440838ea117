/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define uthash_malloc(size) memory_zeroed(1, size)
#include <uthash.h>

struct node_entry {
	struct {
		uint32_t parent, key; /* key: index of a name */
	} at;
	uint32_t id;
	bool shown;
	struct tree_node node; /* its parent is an entry's id */
	UT_hash_handle hh;
};

struct builder {
	const struct profile *profile;
	const struct tree_options *options;
	struct node_entry *entries;
	struct node_entry **by_id;
	size_t by_id_capacity;
	uint32_t *frame_keys; /* by frame id: the first frame with its name */
	char **frame_names;
};

static int64_t magnitude(int64_t value)
{
	return value < 0 ? -value : value;
}

struct name_order {
	uint32_t frame;
	char *const *names;
};

static int compare_name_order(const void *left, const void *right)
{
	const struct name_order *a = left, *b = right;
	int order = strcmp(a->names[a->frame], b->names[b->frame]);

	return order ? order : (a->frame > b->frame) - (a->frame < b->frame);
}

/* Frames with one name get one key: the least of their ids. */
static void name_frames(struct builder *builder)
{
	size_t count = builder->profile->frame_count;
	struct name_order *order = memory_zeroed(count, sizeof(*order));

	builder->frame_keys = memory_zeroed(count, sizeof(*builder->frame_keys));
	builder->frame_names = memory_zeroed(count, sizeof(*builder->frame_names));
	for (size_t i = 0; i < count; i++) {
		builder->frame_names[i] = graph_frame_name(&builder->profile->frames[i], builder->options->by);
		order[i] = (struct name_order){(uint32_t)i, builder->frame_names};
	}
	qsort(order, count, sizeof(*order), compare_name_order);
	for (size_t i = 0; i < count; i++) {
		bool same =
			i && !strcmp(builder->frame_names[order[i].frame], builder->frame_names[order[i - 1].frame]);

		builder->frame_keys[order[i].frame] = same ? builder->frame_keys[order[i - 1].frame] : order[i].frame;
	}
	free(order);
}

static struct node_entry *find_child(struct builder *builder, uint32_t parent, uint32_t frame)
{
	const struct profile_frame *its_frame = &builder->profile->frames[frame];
	uint32_t key = builder->frame_keys[frame];
	struct node_entry *entry, wanted = {.at = {parent, key}};

	HASH_FIND(hh, builder->entries, &wanted.at, sizeof(wanted.at), entry);
	if (entry) {
		entry->node.inlined &= its_frame->inlined;
		return entry;
	}
	entry = memory_zeroed(1, sizeof(*entry));
	entry->at = wanted.at;
	entry->id = HASH_COUNT(builder->entries);
	entry->node = (struct tree_node){
		.name = builder->frame_names[key],
		.parent = parent,
		.depth = parent == TREE_NONE ? 0 : builder->by_id[parent]->node.depth + 1,
		.inlined = its_frame->inlined,
		.frame = its_frame,
	};
	HASH_ADD(hh, builder->entries, at, sizeof(entry->at), entry);
	builder->by_id = memory_grow(builder->by_id, &builder->by_id_capacity, entry->id + 1, sizeof(*builder->by_id));
	builder->by_id[entry->id] = entry;
	return entry;
}

static void add_stack(struct builder *builder, const struct profile_stack *stack)
{
	uint32_t parent = TREE_NONE;
	struct node_entry *entry = NULL;

	for (size_t i = stack->count; i-- > 0;) {
		entry = find_child(builder, parent, builder->profile->frame_ids[stack->first + i]);
		entry->node.cum += stack->value;
		uncertainty_add(&entry->node.cum_uncertainty, &stack->uncertainty);
		parent = entry->id;
	}
	if (!entry)
		return;
	entry->node.flat += stack->value;
	uncertainty_add(&entry->node.flat_uncertainty, &stack->uncertainty);
}

/* ---- what is shown ---- */

/* By cum; a child after its parent even where a negative sibling makes it the larger one. */
static int compare_weight(const struct node_entry *left, const struct node_entry *right)
{
	int64_t a = magnitude(left->node.cum), b = magnitude(right->node.cum);

	if (a != b)
		return a < b ? 1 : -1;
	return (left->id > right->id) - (left->id < right->id);
}

static bool parent_is_shown(const struct builder *builder, const struct node_entry *entry)
{
	return entry->node.parent == TREE_NONE || builder->by_id[entry->node.parent]->shown;
}

/* Parents have smaller ids than their children. */
static void show_above(struct builder *builder, int64_t least, struct tree *out)
{
	size_t count = HASH_COUNT(builder->entries);

	for (size_t i = 0; i < count; i++) {
		struct node_entry *entry = builder->by_id[i];

		if (!entry->node.cum && !entry->node.flat && !uncertainty_is_any(&entry->node.cum_uncertainty))
			continue;
		entry->shown = magnitude(entry->node.cum) >= least && parent_is_shown(builder, entry);
		out->known_count += entry->shown;
		out->dropped_count += !entry->shown;
	}
}

static void show_heaviest(struct builder *builder, size_t limit)
{
	struct node_entry *entry, *next;
	size_t shown = 0;

	HASH_SRT(hh, builder->entries, compare_weight);
	HASH_ITER(hh, builder->entries, entry, next)
	{
		if (!entry->shown)
			continue;
		if (shown < limit && parent_is_shown(builder, entry))
			shown++;
		else
			entry->shown = false;
	}
	for (size_t i = 0, count = HASH_COUNT(builder->entries); i < count; i++)
		if (!parent_is_shown(builder, builder->by_id[i]))
			builder->by_id[i]->shown = false;
}

/* ---- the order of printing ---- */

static int compare_siblings(const void *left, const void *right)
{
	const struct node_entry *a = *(struct node_entry *const *)left, *b = *(struct node_entry *const *)right;
	int64_t of_a = magnitude(a->node.cum), of_b = magnitude(b->node.cum);

	/* Siblings only: groups by parent, so that a parent's children lie together. */
	if (a->node.parent != b->node.parent)
		return a->node.parent < b->node.parent ? -1 : 1;
	if (of_a != of_b)
		return of_a < of_b ? 1 : -1;
	return strcmp(a->node.name, b->node.name);
}

struct order {
	struct node_entry **sorted; /* by parent, then as siblings are printed */
	size_t count;
	size_t *first; /* by entry id: where its children begin in sorted; count: none */
	struct tree *out;
};

static void emit(struct order *order, const struct node_entry *entry, uint32_t parent, bool last)
{
	struct tree *out = order->out;
	uint32_t at = (uint32_t)out->node_count++;
	uint32_t children = 0;

	out->nodes[at] = entry->node;
	out->nodes[at].parent = parent;
	out->nodes[at].last = last;
	out->shown_flat += entry->node.flat;
	for (size_t i = order->first[entry->id]; i < order->count && order->sorted[i]->node.parent == entry->id; i++) {
		bool is_last = i + 1 == order->count || order->sorted[i + 1]->node.parent != entry->id;

		children++;
		emit(order, order->sorted[i], at, is_last);
	}
	out->nodes[at].shown_children = children;
}

static void emit_all(struct builder *builder, struct tree *out)
{
	size_t all = HASH_COUNT(builder->entries);
	struct order order = {.out = out};

	order.sorted = memory_zeroed(all, sizeof(*order.sorted));
	order.first = memory_zeroed(all, sizeof(*order.first));
	for (size_t i = 0; i < all; i++)
		if (builder->by_id[i]->shown)
			order.sorted[order.count++] = builder->by_id[i];
	qsort(order.sorted, order.count, sizeof(*order.sorted), compare_siblings);
	for (size_t i = 0; i < all; i++)
		order.first[i] = order.count;
	for (size_t i = order.count; i-- > 0;)
		if (order.sorted[i]->node.parent != TREE_NONE)
			order.first[order.sorted[i]->node.parent] = i;
	out->nodes = memory_zeroed(order.count, sizeof(*out->nodes));
	/* Outermost frames have the greatest parent, TREE_NONE: they are the tail of the list. */
	for (size_t i = 0; i < order.count; i++)
		if (order.sorted[i]->node.parent == TREE_NONE)
			emit(&order, order.sorted[i], TREE_NONE, i + 1 == order.count);
	free(order.sorted);
	free(order.first);
}

static void release_entries(struct builder *builder)
{
	struct node_entry *entry, *next;

	HASH_ITER(hh, builder->entries, entry, next)
	{
		HASH_DEL(builder->entries, entry);
		free(entry);
	}
	free(builder->by_id);
	free(builder->frame_keys);
}

void tree_build(const struct profile *profile, const struct tree_options *options, struct tree *out)
{
	struct builder builder = {.profile = profile, .options = options};

	*out = (struct tree){0};
	name_frames(&builder);
	for (size_t i = 0; i < profile->stack_count; i++)
		add_stack(&builder, &profile->stacks[i]);
	show_above(&builder, (int64_t)((double)profile->total * options->node_fraction), out);
	if (options->limit)
		show_heaviest(&builder, options->limit);
	emit_all(&builder, out);
	out->names = builder.frame_names;
	out->name_count = profile->frame_count;
	release_entries(&builder);
}

void tree_release(struct tree *tree)
{
	for (size_t i = 0; i < tree->name_count; i++)
		free(tree->names[i]);
	free(tree->names);
	free(tree->nodes);
	*tree = (struct tree){0};
}
