/* SPDX-License-Identifier: MIT */
#include "trend.h"

#include <math.h>

#include "statistics.h"

enum { PAIRS = TREND_POINTS * (TREND_POINTS - 1) / 2 };
#define NORMAL_975 1.959963984540054

/* ---- Theil and Sen ---- */

struct pairs {
	double slopes[PAIRS];
	size_t count;
	double concordance; /* Kendall's S */
};

static void pairs_of(const double *x, const double *y, size_t count, struct pairs *out)
{
	out->count = 0;
	out->concordance = 0;
	for (size_t i = 0; i + 1 < count; i++)
		for (size_t j = i + 1; j < count; j++) {
			double dx = x[j] - x[i], dy = y[j] - y[i];

			if (dx <= 0)
				continue;
			out->slopes[out->count++] = dy / dx;
			out->concordance += (dy > 0) - (dy < 0);
		}
}

static struct growth_slope slope_of(struct pairs *pairs, double deviation)
{
	double n = (double)pairs->count, reach = NORMAL_975 * deviation;
	double low = (n - reach) / 2, high = (n + reach) / 2;
	struct growth_slope slope = {.estimate = median_of(pairs->slopes, pairs->count)};

	slope.low = select_smallest(pairs->slopes, pairs->count, low > 0 ? (size_t)low : 0);
	slope.high = select_smallest(pairs->slopes, pairs->count, high < n - 1 ? (size_t)ceil(high) : pairs->count - 1);
	return slope;
}

double trend_slope(const double *x, const double *y, size_t count)
{
	struct pairs pairs;

	pairs_of(x, y, count, &pairs);
	return pairs.count ? median_of(pairs.slopes, pairs.count) : 0;
}

/* ---- Mann and Kendall ---- */

/* Ranks from 1; equal values share the mean of theirs. Returns the sum of t (t - 1) (2 t + 5) over ties. */
static double rank(const double *values, size_t count, double *ranks)
{
	double ties = 0;

	for (size_t i = 0; i < count; i++) {
		double below = 0, equal = 0;

		for (size_t j = 0; j < count; j++) {
			below += values[j] < values[i];
			equal += values[j] == values[i];
		}
		ranks[i] = below + (equal + 1) / 2;
		ties += (equal - 1) * (2 * equal + 5);
	}
	return ties;
}

static double autocorrelation(const double *values, size_t count, size_t lag)
{
	double mean = 0, sum = 0, square = 0;

	for (size_t i = 0; i < count; i++)
		mean += values[i] / (double)count;
	for (size_t i = 0; i < count; i++)
		square += (values[i] - mean) * (values[i] - mean);
	for (size_t i = 0; i + lag < count; i++)
		sum += (values[i] - mean) * (values[i + lag] - mean);
	return square > 1e-18 * mean * mean ? sum / square : 0; /* a constant has none */
}

/* Hamed and Rao's n / n*, from the ranks of what the slope leaves. */
static double inflation_of_ranks(const double *ranks, size_t count)
{
	double n = (double)count, sum = 0;

	for (size_t lag = 1; lag + 2 < count && lag <= count / 3; lag++) {
		double r = autocorrelation(ranks, count, lag), k = n - (double)lag;

		if (fabs(r) > NORMAL_975 / sqrt(n))
			sum += k * (k - 1) * (k - 2) * r;
	}
	return 1 + 2 * sum / (n * (n - 1) * (n - 2));
}

/* Yue and Wang's; lag 1 is underestimated in short series by (1 + 4 r) / n (Kendall, Biometrika 41, 1954). */
static double inflation_of_first_order(const double *residuals, size_t count)
{
	double n = (double)count, r = autocorrelation(residuals, count, 1), sum = 0, power;

	r = fmin((n * r + 1) / (n - 4), 0.98);
	if (r <= NORMAL_975 / sqrt(n))
		return 1;
	power = r;
	for (size_t lag = 1; lag < count; lag++, power *= r)
		sum += (1 - (double)lag / n) * power;
	return 1 + 2 * sum;
}

static double inflation_of(const double *x, const double *y, size_t count, double slope)
{
	double residuals[TREND_POINTS], ranks[TREND_POINTS];

	if (count < 8)
		return 1;
	for (size_t i = 0; i < count; i++)
		residuals[i] = y[i] - slope * x[i];
	rank(residuals, count, ranks);
	return fmax(1, fmax(inflation_of_ranks(ranks, count), inflation_of_first_order(residuals, count)));
}

struct trend trend_of(const double *x, const double *y, size_t count)
{
	struct trend trend = {.p_rising = 1, .inflation = 1};
	struct pairs pairs;
	double ranks[TREND_POINTS], n = (double)count, deviation, s;

	pairs_of(x, y, count, &pairs);
	if (count < 4 || pairs.count < 6)
		return trend;
	deviation = sqrt((n * (n - 1) * (2 * n + 5) - rank(y, count, ranks)) / 18);
	s = pairs.concordance;
	trend.slope.estimate = median_of(pairs.slopes, pairs.count);
	trend.inflation = inflation_of(x, y, count, trend.slope.estimate);
	deviation *= sqrt(trend.inflation);
	trend.slope = slope_of(&pairs, deviation);
	if (deviation > 0)
		trend.p_rising = normal_above((s - (s > 0) + (s < 0)) / deviation);
	return trend;
}
