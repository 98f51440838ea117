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

#include "state.h"

enum tree_frame_flags { FRAME_PLAIN = 0, FRAME_EXACT = 1, FRAME_GUESSED = 2 };

/* The child of `parent` for a code address (a return address, or with FRAME_EXACT the pc). PSEUDO_MISSING if full. */
struct node_id tree_child(struct node_id parent, uintptr_t address, unsigned flags);

/* The site of a node and a kind; the kind's missing site if full. */
struct site_id tree_site(struct node_id node, enum seep_kind kind);

/* Looks at every module again: what is gone is unloaded. After dlclose. */
void modules_revalidate(void);

#endif
