/* SPDX-License-Identifier: MIT */
#include "activity.h"

#include <stdlib.h>
#include <string.h>

#include "statistics.h"

enum { LEAST_IDLE = 5 };
#define IDLE_SHARE 0.02

static void add(double *work, const double *cumulative, size_t count)
{
	for (size_t i = 1; i < count && cumulative; i++)
		if (cumulative[i] > cumulative[i - 1])
			work[i] += cumulative[i] - cumulative[i - 1];
}

static bool is_bytes(const char *name)
{
	size_t length = strlen(name);

	return length >= 5 && !strcmp(name + length - 5, "bytes");
}

/* What happened in the interval before each point. */
static void work_of(double *work, const struct growth_grid *grid, const struct growth_series *sites, size_t count,
		    const struct correlate_counter *counters, size_t counter_count)
{
	for (size_t i = 0; i < count; i++) {
		add(work, sites[i].acquired_objects, grid->count);
		add(work, sites[i].released_objects, grid->count);
	}
	for (size_t i = 0; i < counter_count; i++)
		if (!is_bytes(counters[i].name))
			add(work, counters[i].count, grid->count);
}

/* Less than that is idle. `scratch` as long as work. */
static double least_work(const double *work, size_t count, double *scratch)
{
	size_t positive = 0;

	for (size_t i = 1; i < count; i++)
		if (work[i] > 0)
			scratch[positive++] = work[i];
	return positive ? IDLE_SHARE * select_smallest(scratch, positive, positive * 3 / 4) : 0;
}

static size_t idle_stretch(const double *work, size_t from, size_t count, double least)
{
	size_t end = from;

	while (end < count && work[end] < least)
		end++;
	return end - from;
}

static void append(struct activity *activity, size_t index, double seconds, double work)
{
	bool is_first = activity->count == 0;
	size_t n = activity->count++;

	activity->index[n] = index;
	activity->seconds[n] = is_first ? 0 : activity->seconds[n - 1] + seconds;
	activity->work[n] = is_first ? 0 : activity->work[n - 1] + work;
}

static void collect(struct activity *activity, const struct growth_grid *grid, const double *work, double least)
{
	for (size_t i = 1; i < grid->count;) {
		size_t idle = idle_stretch(work, i, grid->count, least);

		if (idle >= LEAST_IDLE && idle * (size_t)grid->step_s >= LEAST_IDLE)
			i += idle;
		else
			for (size_t end = i + (idle ? idle : 1); i < end; i++) {
				if (!activity->count)
					append(activity, i - 1, 0, 0);
				append(activity, i, grid->step_s, work[i]);
			}
	}
	/* what is left when the load is over */
	if (activity->count && activity->index[activity->count - 1] + 1 < grid->count)
		append(activity, grid->count - 1, grid->step_s, 0);
}

int activity_init(struct activity *activity, const struct growth_grid *grid, const struct growth_series *sites,
		  size_t count, const struct correlate_counter *counters, size_t counter_count)
{
	size_t room = grid->count + 1;
	double *work = calloc(room, sizeof(*work)), *scratch = calloc(room, sizeof(*scratch));

	*activity = (struct activity){.index = calloc(room, sizeof(*activity->index)),
				      .seconds = calloc(room, sizeof(*activity->seconds)),
				      .work = calloc(room, sizeof(*activity->work))};
	if (work && scratch && activity->index && activity->seconds && activity->work) {
		work_of(work, grid, sites, count, counters, counter_count);
		collect(activity, grid, work, least_work(work, grid->count, scratch));
	}
	free(work);
	free(scratch);
	return work && scratch && activity->index && activity->seconds && activity->work ? 0 : -1;
}

void activity_release(struct activity *activity)
{
	free(activity->index);
	free(activity->seconds);
	free(activity->work);
	*activity = (struct activity){0};
}
