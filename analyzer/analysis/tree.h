/* SPDX-License-Identifier: MIT */
/*
 * tree.h - a profile as a calling-context tree, outermost frames first: `seep tree`.
 *
 * A node is a path of names from the outermost frame; equal paths are one node. Nodes are stored parents
 * before children, in the order in which they are printed: depth first, siblings by absolute cum, descending,
 * then by name. Nodes of less than node_fraction of the total are dropped with everything below them, and if
 * there are more than `limit`, those of least cum.
 * Pure. The tree borrows from the profile, which must outlive it.
 */
#ifndef SEEP_TREE_H
#define SEEP_TREE_H

#include "graph.h"

struct tree_options {
	enum graph_by by; /* not BY_STACK */
	size_t limit;     /* 0 all */
	double node_fraction;
};

struct tree_node {
	const char *name;
	uint32_t parent; /* index; TREE_NONE for an outermost frame */
	uint32_t depth;  /* 0 outermost */
	bool inlined;
	bool last; /* of its parent's shown children */
	uint32_t shown_children;
	int64_t flat, cum;
	struct uncertainty flat_uncertainty, cum_uncertainty;
	const struct profile_frame *frame; /* the first one seen */
};
#define TREE_NONE UINT32_MAX

/* Zeroed is valid and empty. */
struct tree {
	struct tree_node *nodes; /* the shown ones */
	size_t node_count;
	size_t known_count;   /* shown or not */
	size_t dropped_count; /* below node_fraction */
	int64_t shown_flat;
	char **names;
	size_t name_count;
};

void tree_build(const struct profile *profile, const struct tree_options *options, struct tree *out);
void tree_release(struct tree *tree);

#endif
