/* SPDX-License-Identifier: MIT */
#include "verdict.h"

#include <math.h>
#include <stdlib.h>

#include "trend.h"

enum { LEAST_POINTS = 12, LARGEST_SPAN = 256 };
#define DEFAULT_RATE 0.01
#define CHURN_PER_SECOND 10 /* objects acquired */

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {"undecided", "steady", "churn", "warm-up", "leak"};

	return names[verdict];
}

/* ---- one series ---- */

struct blocks {
	double time[TREND_POINTS], level[TREND_POINTS];
	size_t count;
};

/* At most TREND_POINTS points: the medians of equal spans, which also keeps bursts and teeth out. */
static void blocks_of(const struct growth_grid *grid, const double *level, struct blocks *out)
{
	size_t span = (grid->count + TREND_POINTS - 1) / TREND_POINTS;

	out->count = 0;
	for (size_t from = 0; from + span <= grid->count && span; from += span) {
		double values[LARGEST_SPAN];
		size_t used = span < LARGEST_SPAN ? span : LARGEST_SPAN;

		for (size_t i = 0; i < used; i++)
			values[i] = level[from + i * span / used];
		out->time[out->count] = ((double)from + (double)(span - 1) / 2) * grid->step_s;
		out->level[out->count++] = median_of(values, used);
	}
}

static struct trend judge_level(const struct growth_grid *grid, const double *level, struct trend *newer)
{
	struct blocks blocks;
	size_t half;

	blocks_of(grid, level, &blocks);
	half = blocks.count / 2;
	*newer = trend_of(blocks.time + half, blocks.level + half, blocks.count - half);
	return trend_of(blocks.time, blocks.level, blocks.count);
}

static double detectable(const struct trend *trend)
{
	return (trend->slope.high - trend->slope.low) / 2 * 1.84; /* (1.96 + 1.64) / 1.96 standard errors */
}

static void judge(const struct growth_grid *grid, const struct growth_series *site,
		  const struct verdict_options *options, struct verdict_result *out)
{
	struct trend trend, newer, bytes, newer_bytes;
	double seconds = (double)grid->step_s * (double)(grid->count - 1);

	*out = (struct verdict_result){.p_value = 1, .mean_age_s = NAN, .mean_lifetime_s = NAN};
	out->goes_with.counter = -1;
	if (site->mean_age_s)
		out->mean_age_s = site->mean_age_s[grid->count - 1];
	if (grid->count < LEAST_POINTS) {
		out->reason = "the recording is too short";
		out->more_seconds = (double)grid->step_s * LEAST_POINTS - seconds;
		return;
	}
	trend = judge_level(grid, site->live_objects, &newer);
	bytes = judge_level(grid, site->live_bytes, &newer_bytes);
	out->objects = trend.slope;
	out->bytes = bytes.slope;
	out->detectable_objects = detectable(&trend);
	out->detectable_bytes = detectable(&bytes);
	out->p_value = fmin(1, 2 * fmin(trend.p_rising, bytes.p_rising));
	correlate(grid, site->live_objects, options->counters, options->counter_count, &out->goes_with);
	out->verdict = VERDICT_STEADY;
	out->reason = "does not grow";
	if (site->acquired_objects &&
	    site->acquired_objects[grid->count - 1] - site->acquired_objects[0] > CHURN_PER_SECOND * seconds)
		out->verdict = VERDICT_CHURN;
	if (fmin(newer.p_rising, newer_bytes.p_rising) < 0.05)
		out->since_s = grid->start_s;
}

/* ---- all of them ---- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Benjamini and Hochberg: the largest p that is still a discovery; -1 none. */
static double discovery_limit(const struct verdict_result *results, size_t count, double rate)
{
	double *sorted = malloc(count * sizeof *sorted), limit = -1;

	if (!sorted)
		return -1;
	for (size_t i = 0; i < count; i++)
		sorted[i] = results[i].p_value;
	qsort(sorted, count, sizeof *sorted, compare);
	for (size_t i = 0; i < count; i++)
		if (sorted[i] <= rate * (double)(i + 1) / (double)count)
			limit = sorted[i];
	free(sorted);
	return limit;
}

void verdicts_judge(const struct growth_grid *grid, const struct growth_series *sites, size_t count,
		    const struct verdict_options *options, struct verdict_result *out)
{
	double rate = options->false_discovery_rate > 0 ? options->false_discovery_rate : DEFAULT_RATE, limit;

	for (size_t i = 0; i < count; i++)
		judge(grid, &sites[i], options, &out[i]);
	limit = discovery_limit(out, count, rate);
	for (size_t i = 0; i < count; i++) {
		if (grid->count < LEAST_POINTS || out[i].p_value > limit)
			continue;
		out[i].verdict = out[i].since_s ? VERDICT_LEAK : VERDICT_WARM_UP;
		out[i].reason = out[i].since_s ? "grows" : "grew, and is level now";
	}
}
