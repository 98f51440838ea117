/* SPDX-License-Identifier: MIT */
#include "trust.h"

#include "process.h"

/* A recorder that is busy or was stopped for a moment is not dead. */
#define PATIENCE_NS INT64_C(10000000000)

double trust_stale_s(const struct recording *recording, int64_t now_ns)
{
	int64_t patience_ns = PATIENCE_NS + 3 * INT64_C(1000000) * recording->interval_ms;
	int64_t age_ns = now_ns - recording->newest_ns;

	return !recording->ended_ns && age_ns > patience_ns ? (double)age_ns / 1e9 : 0;
}

struct trust trust_sum(const struct recording *recording, uint32_t process_id, int64_t now_ns)
{
	struct trust trust = {.private_bytes = -1, .shared_bytes = -1, .stale_s = trust_stale_s(recording, now_ns)};

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
