/* SPDX-License-Identifier: MIT */
/*
 * summary.h - a recording in a few figures: by kind and by module. Pure.
 */
#ifndef SEEP_SUMMARY_H
#define SEEP_SUMMARY_H

#include "../base/model.h"

struct summary_kind {
	size_t callsites; /* with any figure */
	int64_t live_count, live_bytes;
	uint64_t acquired_count, acquired_bytes, released_count, temporary_count;
	struct model_parts count_parts, byte_parts; /* what of it is estimated */
};

struct summary_module {
	size_t addresses; /* code addresses of it in the recording's stacks */
	size_t named;     /* with a function */
	size_t lined;     /* with a file and a line */
};

struct summary {
	struct summary_kind kinds[SEEP_KIND_COUNT];
	struct summary_module *modules; /* by module id */
	size_t module_count;
	size_t callsites, nodes, addresses;
	uint64_t events; /* acquisitions and releases */
};

/* Release with summary_release(). */
void summary_build(const struct recording *recording, const struct model_total *totals, size_t count,
		   struct summary *out);
void summary_release(struct summary *summary);

#endif
