/* SPDX-License-Identifier: MIT */
#include "overhead.h"

/* How far below the limit the cost must be for a step down: see the header. */
enum { ROOM_FOR_HALF = 4, ROOM_FOR_EXACT = 16 };

double overhead_percent(const struct overhead_measure *measure)
{
	return measure->cpu_ns > 0 ? 100 * (double)measure->hook_ns / (double)measure->cpu_ns : 0;
}

static unsigned patience_of(const struct overhead *overhead)
{
	return overhead->patience ? overhead->patience : OVERHEAD_PATIENCE;
}

static uint64_t step_up(struct overhead *overhead, const struct overhead_measure *measure)
{
	bool is_far = overhead_percent(measure) > 2 * measure->limit_percent;
	uint64_t next = measure->interval ? measure->interval * (is_far ? 4 : 2) : OVERHEAD_LEAST;

	if (overhead->went_down)
		overhead->patience = patience_of(overhead) < OVERHEAD_MOST_PATIENCE ? 2 * patience_of(overhead)
										    : OVERHEAD_MOST_PATIENCE;
	overhead->went_down = false;
	overhead->calm = 0;
	return next < OVERHEAD_MOST ? next : OVERHEAD_MOST;
}

static uint64_t step_down(struct overhead *overhead, uint64_t interval)
{
	overhead->went_down = true;
	overhead->calm = 0;
	return interval > OVERHEAD_LEAST ? interval / 2 : 0;
}

uint64_t overhead_decide(struct overhead *overhead, const struct overhead_measure *measure)
{
	double percent = overhead_percent(measure);
	int room = measure->interval > OVERHEAD_LEAST ? ROOM_FOR_HALF : ROOM_FOR_EXACT;

	if (percent > measure->limit_percent)
		return measure->interval < OVERHEAD_MOST ? step_up(overhead, measure) : measure->interval;
	if (!measure->interval || percent * room > measure->limit_percent) {
		overhead->calm = 0;
		return measure->interval;
	}
	if (++overhead->calm < patience_of(overhead))
		return measure->interval;
	return step_down(overhead, measure->interval);
}
