/* SPDX-License-Identifier: MIT */
/*
 * series_fixture.h - callsites of made-up servers, second by second, with the counters that Seep keeps.
 *
 * A pattern is a function that fills a process's series for `count` seconds. All chance comes from the process's seed.
 */
#ifndef SEEP_SERIES_FIXTURE_H
#define SEEP_SERIES_FIXTURE_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "../../analyzer/analysis/verdict.h"

enum { MADE_SECONDS = 660, MADE_SITES = 6, MADE_COUNTERS = 3 };

/* A callsite: what lives of each second's acquisitions. */
struct made_site {
	double live[MADE_SECONDS], bytes[MADE_SECONDS], acquired[MADE_SECONDS], acquired_bytes[MADE_SECONDS];
	double released[MADE_SECONDS], age[MADE_SECONDS];
	double cohort[MADE_SECONDS], inherited, inherited_age, lives, size;
	bool is_handle;
};

struct made {
	uint64_t seed;
	size_t count, site_count, counter_count;
	struct made_site sites[MADE_SITES];
	double counts[MADE_COUNTERS][MADE_SECONDS];
	const char *names[MADE_COUNTERS];
};

/* ---- chance ---- */

static inline double made_uniform(struct made *made)
{
	uint64_t z = made->seed += 0x9e3779b97f4a7c15u; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static inline double made_between(struct made *made, double low, double high)
{
	return low + (high - low) * made_uniform(made);
}

/* Between, on a logarithmic scale: rates. */
static inline double made_rate(struct made *made, double low, double high)
{
	return low * pow(high / low, made_uniform(made));
}

static inline double made_normal(struct made *made)
{
	return sqrt(-2 * log(1 - made_uniform(made))) * cos(2 * M_PI * made_uniform(made));
}

static inline double made_poisson(struct made *made, double mean)
{
	double product = 1, limit = exp(-mean), n = -1;

	if (mean <= 0)
		return 0;
	if (mean > 50)
		return fmax(0, floor(mean + sqrt(mean) * made_normal(made) + 0.5));
	for (; product >= limit; n++)
		product *= 1 - made_uniform(made);
	return n;
}

/* ---- a callsite's second: first acquire and release, then close it ---- */

static inline void made_acquire(struct made_site *site, size_t second, double count)
{
	site->cohort[second] += count;
	site->lives += count;
	site->acquired[second] += count;
	site->acquired_bytes[second] += count * site->size;
}

/* Acquired and released within the second. */
static inline void made_transient(struct made_site *site, size_t second, double count)
{
	site->acquired[second] += count;
	site->acquired_bytes[second] += count * site->size;
	site->released[second] += count;
}

/* A share of each second's acquisitions that are `age` seconds old or older. */
static inline void made_release_share(struct made_site *site, size_t second, double share, size_t age)
{
	for (size_t i = 0; i + age <= second; i++) {
		double gone = site->cohort[i] * share;

		site->cohort[i] -= gone;
		site->lives -= gone;
		site->released[second] += gone;
	}
}

/* The oldest. */
static inline void made_release(struct made_site *site, size_t second, double count)
{
	double first = fmin(count, site->inherited);

	site->inherited -= first;
	site->lives -= first;
	site->released[second] += first;
	count -= first;
	for (size_t i = 0; i <= second && count > 0; i++) {
		double gone = fmin(count, site->cohort[i]);

		site->cohort[i] -= gone;
		site->lives -= gone;
		site->released[second] += gone;
		count -= gone;
	}
}

static inline void made_close(struct made_site *site, size_t second)
{
	double ages = site->inherited * (site->inherited_age + (double)second);

	for (size_t i = 0; i <= second; i++)
		ages += site->cohort[i] * ((double)(second - i) + 0.5);
	site->live[second] = round(site->lives);
	site->bytes[second] += round(site->lives) * site->size;
	site->age[second] = site->lives > 0 ? ages / site->lives : 0;
	if (second > 0) {
		site->acquired[second] += site->acquired[second - 1];
		site->acquired_bytes[second] += site->acquired_bytes[second - 1];
		site->released[second] += site->released[second - 1];
	}
}

/* ---- the process ---- */

static inline struct made_site *made_add_site(struct made *made, double size, double inherited)
{
	struct made_site *site = &made->sites[made->site_count++];

	memset(site, 0, sizeof(*site));
	site->size = size;
	site->inherited = site->lives = inherited;
	site->inherited_age = 100;
	return site;
}

static inline double *made_add_counter(struct made *made, const char *name)
{
	made->names[made->counter_count] = name;
	memset(made->counts[made->counter_count], 0, sizeof(made->counts[0]));
	return made->counts[made->counter_count++];
}

/* Sums up counters of seconds. */
static inline void made_sum(struct made *made)
{
	for (size_t i = 0; i < made->counter_count; i++)
		for (size_t second = 1; second < made->count; second++)
			made->counts[i][second] += made->counts[i][second - 1];
}

static inline struct growth_series made_series(const struct made_site *site)
{
	return (struct growth_series){.live_objects = site->live,
				      .live_bytes = site->bytes,
				      .acquired_objects = site->acquired,
				      .acquired_bytes = site->acquired_bytes,
				      .released_objects = site->released,
				      .mean_age_s = site->age,
				      .is_handle = site->is_handle};
}

static inline void made_judge(const struct made *made, bool with_ages, struct verdict_result *out)
{
	struct growth_grid grid = {.start_s = 1000, .step_s = 1, .count = made->count};
	struct growth_series series[MADE_SITES];
	struct correlate_counter counters[MADE_COUNTERS];
	struct verdict_options options = {.counters = counters, .counter_count = made->counter_count};

	for (size_t i = 0; i < made->site_count; i++) {
		series[i] = made_series(&made->sites[i]);
		if (!with_ages)
			series[i].mean_age_s = NULL;
	}
	for (size_t i = 0; i < made->counter_count; i++)
		counters[i] = (struct correlate_counter){made->names[i], made->counts[i]};
	verdicts_judge(&grid, series, made->site_count, &options, out);
}

#endif
