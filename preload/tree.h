/* SPDX-License-Identifier: MIT */
/*
 * tree.h - the calling-context tree, its sites, and the modules its frames lie in.
 *
 * Nodes and sites live in the slot (append-only, read by the recorder); the index that finds them is private.
 * A node is the same for the same (parent, module, offset), wherever the module is loaded; the index finds it
 * by (parent, address) too, and such an entry stops matching when its module is unloaded, because the
 * module's base is then UINT64_MAX.
 *
 * Lock-free and async-signal-safe. Invariant: every node's parent has a lower id; the arena's reader refuses one that
 * has not.
 */
#ifndef SEEP_TREE_H
#define SEEP_TREE_H

#include <assert.h>

#include "state.h"

enum tree_frame_flags { FRAME_PLAIN = 0, FRAME_EXACT = 1, FRAME_GUESSED = 2 };

/* A frame in one word: the two highest bits hold the flags. */
#define TREE_FRAME(address, flags) ((uintptr_t)(address) | (uintptr_t)(flags) << 62)
#define TREE_FRAME_ADDRESS(frame) ((frame)&UINT64_C(0x3fffffffffffffff))
#define TREE_FRAME_FLAGS(frame) ((unsigned)((frame) >> 62))

/*
 * Beside the index, a cache of (parent, address) -> node: two words an entry, shared by all threads, without a lock;
 * the key is XORed with the value, so that halves of two entries do not pass for one, and holds the code_generation, so
 * that dlclose() empties it.
 */
struct node_entry {
	_Atomic(uint64_t) key, value; /* value: parent in the upper half, node in the lower */
};
enum { NODE_ENTRIES = 16384 };
extern struct node_entry node_cache[NODE_ENTRIES];

static inline uint64_t node_cache_key(uintptr_t address, unsigned flags)
{
	uint64_t generation = atomic_load_explicit(&shim.code_generation, memory_order_acquire);

	return address | (uint64_t)flags << 47 | generation << 49;
}

static inline struct node_entry *node_cache_place(struct node_id parent, uintptr_t address)
{
	uint64_t hash = (address ^ (uint64_t)parent.n << 32) * UINT64_C(0x9e3779b97f4a7c15);

	return &node_cache[hash >> 50];
}
static_assert(NODE_ENTRIES == 1 << (64 - 50), "the hash's highest bits");

/* What tree_child() does where the cache does not know. */
struct node_id tree_child_find(struct node_id parent, uintptr_t address, unsigned flags);

/*
 * The child of `parent` for a code address below 2^47 (a return address, or with FRAME_EXACT the pc). PSEUDO_MISSING if
 * the tree is full.
 */
static inline struct node_id tree_child(struct node_id parent, uintptr_t address, unsigned flags)
{
	struct node_entry *entry = node_cache_place(parent, address);
	uint64_t value = atomic_load_explicit(&entry->value, memory_order_relaxed);

	if (LIKELY((atomic_load_explicit(&entry->key, memory_order_relaxed) ^ value) ==
			   node_cache_key(address, flags) &&
		   value >> 32 == parent.n))
		return (struct node_id){(uint32_t)value};
	return tree_child_find(parent, address, flags);
}

/* The frames of a node, innermost first, at the addresses where their modules lie now; pseudo frames are left out. */
uint32_t tree_frames(struct node_id node, uintptr_t *frames, uint32_t max);

/* The site of a node, a kind and a sampling interval; the kind's missing site if full. */
struct site_id tree_site_find(struct node_id node, enum seep_kind kind, uint64_t interval);

/* By node: its heap site without an interval, 0 not known. Private, in the order of the slot's nodes. */
extern uint32_t *heap_sites;

static inline struct site_id tree_site(struct node_id node, enum seep_kind kind)
{
	if (LIKELY(kind == SEEP_KIND_HEAP) && LIKELY(heap_sites[node.n]))
		return (struct site_id){heap_sites[node.n]};
	return tree_site_find(node, kind, 0);
}

/* The site of heap blocks sampled with that interval; 0 is tree_site(). */
static inline struct site_id tree_site_sampled(struct node_id node, enum seep_kind kind, uint64_t interval)
{
	return LIKELY(!interval) ? tree_site(node, kind) : tree_site_find(node, kind, interval);
}

/* Looks at every module again: what is gone is unloaded. After dlclose. */
void modules_revalidate(void);

#endif
