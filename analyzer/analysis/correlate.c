/* SPDX-License-Identifier: MIT */
#include "correlate.h"

#include <math.h>

#define LEAST_EXPLAINED 0.5

/* Regression through the origin of the differences of level on those of the counter. */
static struct correlate_result regress(const struct growth_grid *grid, const double *level, const double *count)
{
	struct correlate_result result = {.counter = -1};
	double xx = 0, xy = 0, yy = 0, rest, error, n = 0;

	for (size_t i = 1; i < grid->count; i++) {
		double x = count[i] - count[i - 1], y = level[i] - level[i - 1];

		xx += x * x;
		xy += x * y;
		yy += y * y;
		n += x > 0;
	}
	if (n < 4 || xy <= 0)
		return result;
	rest = fmax(0, yy - xy * xy / xx);
	error = sqrt(rest / (n - 1) / xx);
	result.ratio = xy / xx;
	result.low = result.ratio - 1.96 * error;
	result.high = result.ratio + 1.96 * error;
	result.explained = yy > 0 ? 1 - rest / yy : 0;
	return result;
}

void correlate(const struct growth_grid *grid, const double *level, const struct correlate_counter *counters,
	       size_t count, struct correlate_result *out)
{
	*out = (struct correlate_result){.counter = -1};
	for (size_t i = 0; i < count; i++) {
		struct correlate_result result = regress(grid, level, counters[i].count);

		if (result.explained < LEAST_EXPLAINED || result.explained <= out->explained)
			continue;
		*out = result;
		out->counter = (int)i;
	}
}
