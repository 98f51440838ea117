/* SPDX-License-Identifier: MIT */
/*
 * profile.h - a recording's figures as a list of stacks with values: what every report is computed from.
 *
 * Words (pprof's): a *stack* is a sequence of frames, innermost first, with inlined functions as frames of
 * their own. *flat* is what a frame acquired itself, that is, the value of the stacks whose innermost shown frame
 * it is; *cum* is the value of the stacks it occurs in, each stack counted once however often it recurs.
 *
 * Which frames are shown
 *  - The allocator's frames are hidden by default: beginning with the innermost frame, every frame of an
 *    allocator's module (model_process.allocator; the C library where that is unknown), of libseep.so, and every
 *    `operator new` and `operator delete`, up to the first frame that is none of these. So flat falls on
 *    whoever called malloc, strdup or new. A stack that consists of such frames only is shown whole.
 *  - --hide removes every frame that matches; a stack that loses all of its frames is not shown.
 *  - --focus keeps the stacks with a frame that matches, --ignore drops the stacks with a frame that matches;
 *    both look at all frames, hidden ones too. A frame matches by its function, its file or its module's path.
 *
 * Several inputs are added, each with its sign: a base and the figures at --since are inputs of sign -1. Their
 * stacks meet by name, so they may come from different recordings.
 *
 * Pure: structs in, structs out. The profile borrows strings of the recordings and the inputs' totals: they must
 * outlive it.
 */
#ifndef SEEP_PROFILE_H
#define SEEP_PROFILE_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/model.h"
#include "interval.h"
#include "value_type.h"

struct profile_input {
	const struct recording *recording;
	const struct model_total *totals; /* by site id, ascending */
	size_t count;
	int sign; /* +1 or -1 */
};

struct profile_options {
	struct value_type type;
	const regex_t *focus, *ignore, *hide; /* NULL: not asked for */
	bool show_all;                        /* hide nothing by default */
};

struct profile_frame {
	const char *function; /* without symbols "module+0xoffset"; "[outer frames cut]" and the like */
	const char *file;     /* cleaned of "." and ".."; NULL unknown */
	const char *module;   /* path; "" code of no file */
	uint32_t line, start_line;
	uint64_t offset; /* in the module: of an instruction there; 0 code of no file */
	bool inlined;    /* into a shown frame further out */
	bool resolved;   /* function is a function's name */
};

/* frame_ids[first .. first + count) of the profile, innermost first; only shown frames. */
struct profile_stack {
	size_t first, count;
	int64_t value; /* 0 only if it is an estimate */
	struct uncertainty uncertainty;
	/* the callsite's figures, with which sign they count, and of what kind it is; NULL in a profile of nodes */
	const struct model_total *total;
	int sign;
	enum seep_kind kind;
};

/* Zeroed is valid and empty. */
struct profile {
	struct profile_frame *frames;
	size_t frame_count, frame_capacity;
	uint32_t *frame_ids;
	size_t frame_id_count, frame_id_capacity;
	struct profile_stack *stacks;
	size_t stack_count, stack_capacity;
	/*
	 * The sum of the absolute values of all stacks, those not shown included (percentages are of this). With
	 * inputs of two recordings a stack is known by its functions, otherwise by its functions and lines.
	 */
	int64_t total;
	struct uncertainty uncertainty; /* of all stacks together */
	char **owned;                   /* strings made here */
	size_t owned_count, owned_capacity;
};

/* Release with profile_release(). Ids out of range in the recording are skipped, cycles are cut. */
void profile_build(const struct profile_input *inputs, size_t input_count, const struct profile_options *options,
		   struct profile *out);
void profile_release(struct profile *profile);

/*
 * A profile of one stack: the shown frames of a tree node (misuse, marks), allocator frames hidden unless show_all. A
 * node that is not there gives "[unknown stack]".
 */
void profile_of_node(const struct recording *recording, uint32_t node_id, bool show_all, struct profile *out);

/*
 * The stacks of tree nodes, in their order: stack i is that of node_ids[i], with value 1 if --focus and --ignore want
 * it, else 0; one of which --hide leaves nothing has no frames. options->type is not read.
 */
void profile_of_nodes(const struct recording *recording, const uint32_t *node_ids, size_t count,
		      const struct profile_options *options, struct profile *out);

/* True if the regular expression matches the frame's function, file or module. */
bool profile_frame_matches(const struct profile_frame *frame, const regex_t *expression);

/* True of the C library and its loader: what they acquire is acquired for their caller. */
bool profile_is_c_library(const char *module);

/*
 * Sets needed[location id] for every location that a report of this type can show (the array has
 * recording->location_count entries): what is worth the time to resolve.
 */
void profile_mark_needed(const struct profile_input *input, const struct value_type *type, bool *needed);

/* The same of one stack; `visited`, by node id, spares what other stacks have marked. */
void profile_mark_stack(const struct recording *recording, uint32_t node_id, bool *visited, bool *needed);

#endif
