/* SPDX-License-Identifier: MIT */
/*
 * trust.h - how far a report can be believed: what Seep missed, summed over the reported processes. Pure.
 */
#ifndef SEEP_TRUST_H
#define SEEP_TRUST_H

#include "../base/model.h"

struct trust {
	uint64_t counts[TRUST_COUNT]; /* by enum arena_trust */
	size_t process_count;         /* 0: nothing is known */
	uint64_t unslotted_processes; /* ran unrecorded: the arena had no slot for them */
	int64_t private_bytes;        /* Seep's own, in processes that live or lived to the end; -1 unknown */
	int64_t shared_bytes;         /* the arena's; -1 unknown */
	double stale_s; /* nobody has recorded for so long, and the recording is not finished; 0: all is well */
};

/*
 * process_id 0: all. now_ns is the time of the report: it tells a recording that goes on from one whose recorder died.
 * The arena is not in the recording's model: the caller sets shared_bytes and unslotted_processes.
 */
struct trust trust_sum(const struct recording *recording, uint32_t process_id, int64_t now_ns);

/* stale_s of a recording's times. */
double trust_stale_s(const struct recording *recording, int64_t now_ns);

#endif
