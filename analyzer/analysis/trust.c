/* SPDX-License-Identifier: MIT */
#include "trust.h"

/* The end of a server's processes is not one instant: as store_read_totals() has it. */
#define ENDED_TOGETHER_NS INT64_C(2000000000)

bool process_lasted(const struct recording *recording, const struct model_process *process)
{
	if (process->exec_ended)
		return false;
	return !process->ended_ns ||
	       (recording->ended_ns && process->ended_ns > recording->ended_ns - ENDED_TOGETHER_NS);
}

struct trust trust_sum(const struct recording *recording, uint32_t process_id)
{
	struct trust trust = {.private_bytes = -1, .shared_bytes = -1};

	for (size_t i = 0; i < recording->process_count; i++) {
		const struct model_process *process = &recording->processes[i];

		if (!process->id || (process_id && process->id != process_id))
			continue;
		trust.process_count++;
		for (size_t what = 0; what < TRUST_COUNT; what++)
			trust.counts[what] += process->trust[what];
		if (process->private_bytes && (process_id || process_lasted(recording, process)))
			trust.private_bytes =
				(trust.private_bytes < 0 ? 0 : trust.private_bytes) + (int64_t)process->private_bytes;
	}
	return trust;
}
