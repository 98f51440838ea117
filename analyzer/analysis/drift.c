/* SPDX-License-Identifier: MIT */
#include "drift.h"

#include <math.h>

#include "statistics.h"

#define UNIT_ROOT 36 /* n (1 - a) is more in one random walk of a thousand (simulated) */

/* What the line of least squares leaves, to out. Returns its mean square. */
static double detrend(const double *values, size_t count, double *out)
{
	double n = (double)count, middle = (n - 1) / 2, mean = 0, xy = 0, xx = n * (n * n - 1) / 12, square = 0;

	for (size_t i = 0; i < count; i++)
		mean += values[i] / n;
	for (size_t i = 0; i < count; i++)
		xy += ((double)i - middle) * (values[i] - mean);
	for (size_t i = 0; i < count; i++) {
		out[i] = values[i] - mean - xy / xx * ((double)i - middle);
		square += out[i] * out[i] / n;
	}
	return square;
}

/* Of the first order, without the bias that taking the trend away gives it: -(2 + 4 a) / n. */
static double autoregression(const double *residuals, size_t count)
{
	double n = (double)count, product = 0, square = 0, a;

	for (size_t i = 1; i < count; i++) {
		product += residuals[i] * residuals[i - 1];
		square += residuals[i - 1] * residuals[i - 1];
	}
	a = square > 0 ? product / square : 0;
	a = (n * a + 2) / (n - 4);
	return a > 1 - UNIT_ROOT / n ? 1 : a < 0 ? 0 : a;
}

/* Newey and West's, but not less than a share of the plain one: noise that cancels itself is not trusted to go on so.
 */
static double long_run_variance(const double *residuals, size_t count, double least)
{
	size_t lags = (size_t)(4 * pow((double)count / 100, 2.0 / 9));
	double plain = 0, sum;

	for (size_t i = 0; i < count; i++)
		plain += residuals[i] * residuals[i];
	sum = plain;
	for (size_t lag = 1; lag <= lags && lag < count; lag++) {
		double product = 0;

		for (size_t i = lag; i < count; i++)
			product += residuals[i] * residuals[i - lag];
		sum += 2 * (1 - (double)lag / (double)(lags + 1)) * product;
	}
	return fmax(sum, least * plain) / ((double)count - 2);
}

/* The slope of quasi-differences; their residuals to out. */
static struct drift slope_of(const double *values, size_t count, double a, double *out)
{
	double n = (double)count, first = a < 1 ? 1 - a * a : 1, c = 1 - a;
	double cc = first, ct = 0, tt = 0, cy = first * values[0], ty = 0, determinant;
	struct drift drift = {.p_rising = 1, .freedom = (n - 2) / 2};
	double constant;

	for (size_t i = 1; i < count; i++) {
		double t = (double)i - a * (double)(i - 1), y = values[i] - a * values[i - 1];

		cc += c * c;
		ct += c * t;
		tt += t * t;
		cy += c * y;
		ty += t * y;
	}
	determinant = cc * tt - ct * ct;
	drift.slope = (cc * ty - ct * cy) / determinant;
	constant = (tt * cy - ct * ty) / determinant;
	for (size_t i = 1; i < count; i++)
		out[i - 1] =
			values[i] - a * values[i - 1] - c * constant - drift.slope * ((double)i - a * (double)(i - 1));
	drift.error = sqrt(long_run_variance(out, count - 1, a < 1 ? 1 : 0.25) * cc / determinant);
	return drift;
}

struct drift drift_of(const double *values, size_t count, double *scratch)
{
	struct drift drift = {.p_rising = 1, .freedom = 1};
	double square, scale = 0;

	if (count < DRIFT_LEAST)
		return drift;
	for (size_t i = 0; i < count; i++)
		scale = fmax(scale, fabs(values[i] - values[0]));
	if (scale <= 0)
		return drift;
	square = detrend(values, count, scratch);
	drift = slope_of(values, count, square > 1e-18 * scale * scale ? autoregression(scratch, count) : 1, scratch);
	if (drift.error > 1e-12 * fabs(drift.slope))
		drift.p_rising = student_above(drift.slope / drift.error, drift.freedom);
	else
		drift.p_rising = drift.slope > 0 ? 0 : 1;
	return drift;
}
