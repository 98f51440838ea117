/* SPDX-License-Identifier: MIT */
/*
 * sampling.h - which figures of a recording are estimates, and what is known of their errors. Pure.
 */
#ifndef SEEP_SAMPLING_H
#define SEEP_SAMPLING_H

#include "interval.h"
#include "value_type.h"

/* The largest sampling interval that was in force until that moment; 0: every heap block was recorded. */
uint64_t sampling_largest(const struct recording *recording, int64_t until_ns);

/*
 * Completes the bounds of heap figures as of a moment: a callsite that had no sampled block may have blocks that were
 * not seen too, of the mean size of those that were; and before sampling began all was exact.
 */
void sampling_bound(const struct recording *recording, struct model_total *totals, size_t count, int64_t until_ns);

/* The uncertainty of a total's value of that type. */
struct uncertainty sampling_of(const struct value_type *type, const struct model_total *total);

/*
 * The uncertainty of what a value grew by between two moments of one recording. What lives at both cancels. Of what was
 * acquired and what was released in between, a block that was both cancels too; how many did is not known, so that the
 * sum of the two variances is an upper limit. So is that of the two moments' own, which serves where little of what
 * lived was left. The smaller one is taken: the interval is conservative, and exact for what is only acquired.
 */
struct uncertainty sampling_of_growth(const struct value_type *type, const struct model_total *earlier,
				      const struct model_total *later);

#endif
