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

#include "index.h"
#include "state.h"

enum tree_frame_flags { FRAME_PLAIN = 0, FRAME_EXACT = 1, FRAME_GUESSED = 2 };

/* A frame in one word: the two highest bits hold the flags. */
#define TREE_FRAME(address, flags) ((uintptr_t)(address) | (uintptr_t)(flags) << 62)
#define TREE_FRAME_ADDRESS(frame) ((frame)&UINT64_C(0x3fffffffffffffff))
#define TREE_FRAME_FLAGS(frame) ((unsigned)((frame) >> 62))

/*
 * The child of `parent` for a code address below 2^47 (a return address, or with FRAME_EXACT the pc). PSEUDO_MISSING if
 * the tree is full.
 */
struct node_id tree_child(struct node_id parent, uintptr_t address, unsigned flags);

/*
 * Several frames at once, outer to inner: nodes[i] is the child of nodes[i - 1], of `parent` the first. False: the tree
 * is full.
 *
 * From a cache shared by all threads, without a lock: an entry is a cache line that holds the parent, the frames and
 * their nodes, with a count that is odd while somebody writes it, and that a reader finds unchanged after reading. What
 * a thread left odd stays unused. Entries are of one code_generation, so that dlclose() empties it.
 */
enum { PATH_FRAMES = 4, PATH_SET_BITS = 13, PATH_WAYS = 2 };
struct tree_path {
	_Atomic(uint32_t) writes;
	uint32_t generation;
	struct node_id parent;
	uint32_t reserved;
	uintptr_t frames[PATH_FRAMES]; /* TREE_FRAME; those that are not needed are 0 */
	struct node_id nodes[PATH_FRAMES];
} __attribute__((aligned(64)));
static_assert(sizeof(struct tree_path) == 64, "one cache line");
extern struct tree_path path_cache[1 << PATH_SET_BITS][PATH_WAYS];

static inline struct tree_path *tree_path_set(struct node_id parent, const uintptr_t frames[static PATH_FRAMES])
{
	uint64_t sum =
		(frames[0] ^ (uint64_t)parent.n << 32) + (frames[1] << 7) + (frames[2] << 14) + (frames[3] << 21);

	return path_cache[index_spread(sum) >> (64 - PATH_SET_BITS)];
}

bool tree_path_find(struct node_id parent, const uintptr_t frames[static PATH_FRAMES],
		    struct node_id nodes[static PATH_FRAMES]);

static inline bool tree_path(struct node_id parent, const uintptr_t frames[static PATH_FRAMES],
			     struct node_id nodes[static PATH_FRAMES])
{
	uint32_t generation = atomic_load_explicit(&shim.code_generation, memory_order_acquire);
	struct tree_path *set = tree_path_set(parent, frames);

	for (struct tree_path *path = set; path < set + PATH_WAYS; path++) {
		uint32_t writes = atomic_load_explicit(&path->writes, memory_order_acquire);
		uint64_t difference = (path->parent.n ^ parent.n) | (path->generation ^ generation) | (writes & 1);

		for (int i = 0; i < PATH_FRAMES; i++) {
			difference |= path->frames[i] ^ frames[i];
			nodes[i] = path->nodes[i];
		}
		atomic_thread_fence(memory_order_acquire);
		if (LIKELY(difference == 0) &&
		    LIKELY(atomic_load_explicit(&path->writes, memory_order_relaxed) == writes))
			return true;
	}
	return tree_path_find(parent, frames, nodes);
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

/*
 * Forgets what was remembered beside the index. For a child whose copy of the tree may lack what another thread of the
 * parent was just entering: the index looks whether an entry is there.
 */
void tree_caches_void(void);

/* Looks at every module again: what is gone is unloaded. After dlclose. */
void modules_revalidate(void);

#endif
