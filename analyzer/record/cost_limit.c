/* SPDX-License-Identifier: MIT */
#include "cost_limit.h"

#include <stdio.h>

/* The arena has the limit in thousandths of a percent. */
#define LIMIT_UNIT 1000.0
#define MOST_PERCENT 100

void cost_limit_begin(struct cost_limit *limit, const struct arena_header *head)
{
	double percent = head->max_overhead / LIMIT_UNIT;

	limit->measure.limit_percent = percent < MOST_PERCENT ? percent : MOST_PERCENT;
	limit->measure.interval = head->sample_interval;
}

void cost_limit_add(struct cost_limit *limit, int64_t hook_ns, int64_t cpu_ns)
{
	/* a cycle's length is known better with time: what little a sum may shrink by that is nothing */
	limit->measure.hook_ns += hook_ns > 0 ? hook_ns : 0;
	limit->measure.cpu_ns += cpu_ns > 0 ? cpu_ns : 0;
}

static void begin_sum(struct cost_limit *limit)
{
	limit->measure.hook_ns = limit->measure.cpu_ns = 0;
}

void cost_limit_decide(struct cost_limit *limit, struct arena_reader *arena, int64_t now_ns)
{
	uint64_t before = limit->measure.interval, next;

	if (limit->is_resumed) {
		limit->is_resumed = false;
		begin_sum(limit);
	}
	if (limit->measure.limit_percent <= 0 || limit->measure.cpu_ns < OVERHEAD_LEAST_CPU_NS)
		return;
	next = overhead_decide(&limit->overhead, &limit->measure);
	if (next != before && arena_set_sample_interval(arena, next) == SEEP_OK) {
		limit->measure.interval = next;
		limit->is_pending = true;
		limit->change = (struct store_adaptation){.time_ns = now_ns,
							  .interval = (int64_t)next,
							  .interval_before = (int64_t)before,
							  .hook_ns = limit->measure.hook_ns,
							  .cpu_ns = limit->measure.cpu_ns,
							  .limit_percent = limit->measure.limit_percent};
	}
	begin_sum(limit);
}

static int put_change(const struct store_adaptation *change, struct store *store, struct error *error)
{
	double percent = 100 * (double)change->hook_ns / (double)change->cpu_ns;
	struct store_mark mark = {.time_ns = change->time_ns, .kind = "sampling"};
	char text[192];
	int code = store_put_adaptation(store, change, error);

	if (change->interval)
		snprintf(text, sizeof(text),
			 "hooks cost %.1f %% of CPU time, the limit is %g %%: from here 1 heap block in %lld KiB is "
			 "recorded",
			 percent, change->limit_percent, (long long)change->interval / 1024);
	else
		snprintf(text, sizeof(text),
			 "hooks cost %.2f %% of CPU time, the limit is %g %%: from here every heap block is recorded",
			 percent, change->limit_percent);
	mark.text = text;
	return code ? code : store_put_mark(store, &mark, NULL, error);
}

int cost_limit_put(struct cost_limit *limit, struct store *store, struct error *error)
{
	int code = SEEP_OK;
	char text[32];

	snprintf(text, sizeof(text), "%g", limit->measure.limit_percent);
	if (!limit->is_told && limit->measure.limit_percent > 0)
		code = store_put_meta(store, "max_overhead", text, error);
	return code || !limit->is_pending ? code : put_change(&limit->change, store, error);
}

void cost_limit_written(struct cost_limit *limit)
{
	limit->is_told = true;
	limit->is_pending = false;
}
