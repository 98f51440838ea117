/* SPDX-License-Identifier: MIT */
/*
 * samples.h - a profile as files of other tools want it: stacks with a value for each of several types.
 *
 * A sample is the frames that are shown of one kind's callsites: callsites that differ only in what is hidden, or in
 * the moment that they are of, are one sample. In a difference of two recordings stacks are the same if their functions
 * are, as in profile.total: builds move, and lines with them. The sample then has the newer one's lines. Values of a
 * base, and of an earlier moment, count negative. A sample of which no value is left is none. Samples are in the order
 * of the profile's stacks.
 *
 * Pure. Samples borrow from the profile, which must outlive them.
 */
#ifndef SEEP_SAMPLES_H
#define SEEP_SAMPLES_H

#include "profile.h"

/* The kinds' groups, and one more for a kind that was asked for by its name. */
#define SAMPLE_TYPES_MOST (VALUE_REPORT_TYPES + 1)

struct sample {
	size_t first, count; /* profile->frame_ids[first .. first + count), innermost first */
	enum seep_kind kind;
	bool is_estimate; /* some of its blocks were not recorded */
	int64_t values[SAMPLE_TYPES_MOST];
	int64_t before, after; /* the two sides of values[asked] */
};

/* Zeroed is valid and empty. */
struct samples {
	const struct profile *profile;
	struct value_type types[SAMPLE_TYPES_MOST];
	size_t type_count, asked; /* types[asked] is what --type says */
	struct sample *items;
	size_t count, capacity;
};

struct samples_options {
	struct value_type type;
	bool every_type;         /* and not that one only */
	bool several_recordings; /* the profile is a difference of two */
};

/* Release with samples_release(). */
void samples_build(const struct profile *profile, const struct samples_options *options, struct samples *out);
void samples_release(struct samples *samples);

/* What to give profile_build() so that samples of every type can be made of the profile. */
struct value_type samples_every_type(void);

#endif
