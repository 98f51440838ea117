/* SPDX-License-Identifier: MIT */
/*
 * graph.h - a profile aggregated into nodes with flat and cum, and calls between them: `seep top`, `peek`, `diff`.
 *
 * The rules are those of pprof's text report, so that the same figures give the same text:
 *  - nodes of less cum than node_fraction of all flat are dropped; of the others the first `limit` are shown;
 *  - order: flat (or cum) by absolute value, descending; then name; then the other value;
 *  - a call between two shown nodes goes over those not shown; a stack counts once for each pair of nodes, and calls
 *    of a node to itself do not count; calls of less than edge_fraction of all flat are left out;
 *  - a node is inlined if some shown call of it is, and called if some shown call of it is a real one.
 *
 * Pure. The graph borrows from the profile, which must outlive it.
 */
#ifndef SEEP_GRAPH_H
#define SEEP_GRAPH_H

#include "profile.h"

/* X(identifier, name): what makes two frames one node. */
#define GRAPH_BY(X)                                                 \
	X(FUNCTION, "function") /* its name, whatever the module */ \
	X(LINE, "line")                                             \
	X(FILE, "file")                                             \
	X(MODULE, "module")                                         \
	X(STACK, "stack") /* the whole stack: flat and cum are the same, there are no calls */
enum graph_by {
#define X(id, name) BY_##id,
	GRAPH_BY(X)
#undef X
		BY_COUNT
};

#define GRAPH_NODE_FRACTION 0.005
#define GRAPH_EDGE_FRACTION 0.001

struct graph_options {
	enum graph_by by;
	bool by_cum;  /* sort by cum */
	size_t limit; /* nodes shown; 0 all */
	double node_fraction, edge_fraction;
};

struct graph_node {
	const char *name;
	int64_t flat, cum;
	struct uncertainty flat_uncertainty, cum_uncertainty;
	bool inlined, called;
	const struct profile_frame *frame; /* the first one seen of this node */
	const struct profile_stack *stack; /* BY_STACK only, else NULL */
};

/* Indexes of graph.nodes. */
struct graph_edge {
	uint32_t caller, callee;
	int64_t value;
	struct uncertainty uncertainty;
	bool inlined; /* never a real call */
};

/* Zeroed is valid and empty. */
struct graph {
	const struct profile *profile;
	struct graph_node *nodes; /* the shown ones, in order */
	size_t node_count;
	size_t known_count;       /* before `limit`, without the dropped ones */
	size_t dropped_count;     /* below the cutoff */
	int64_t shown_flat;       /* sum over the shown nodes */
	struct graph_edge *edges; /* sorted by value, descending, then by names */
	size_t edge_count;
	char **names;
	size_t name_count;
};

/* Release with graph_release(). */
void graph_build(const struct profile *profile, const struct graph_options *options, struct graph *out);
void graph_release(struct graph *graph);

/* "function" and so on; -1 if unknown. */
int graph_by_name(const char *name);

/* What a frame is called when aggregated so; not for BY_STACK. The caller frees it. */
char *graph_frame_name(const struct profile_frame *frame, enum graph_by by);

#endif
