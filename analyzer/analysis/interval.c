/* SPDX-License-Identifier: MIT */
#include "interval.h"

#include <math.h>

#define TAIL 0.025
#define NORMAL_QUANTILE 1.959963984540054 /* of 1 - TAIL */
/* From this shape on Wilson and Hilferty's cube is used as it is. */
#define LARGE_SHAPE 2000

/* ---- the gamma distribution ---- */

/* P(a, x), the regularized lower incomplete gamma function: DLMF 8.11.4 below the mean, 8.9.2 (Lentz) above. */
static double gamma_series(double a, double x)
{
	double term = 1 / a, sum = term;

	for (int n = 1; n < 10000 && term > sum * 1e-12; n++) {
		term *= x / (a + n);
		sum += term;
	}
	return sum * exp(a * log(x) - x - lgamma(a));
}

static double gamma_fraction(double a, double x)
{
	double b = x + 1 - a, c = 1e300, d = 1 / b, h = d, delta = 0;

	for (int n = 1; n < 10000 && fabs(delta - 1) > 1e-12; n++) {
		double an = -n * (n - a);

		b += 2;
		d = an * d + b;
		d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
		c = b + an / c;
		c = fabs(c) < 1e-300 ? 1e-300 : c;
		delta = d * c;
		h *= delta;
	}
	return 1 - h * exp(a * log(x) - x - lgamma(a));
}

static double gamma_below(double a, double x)
{
	if (x <= 0)
		return 0;
	return x < a + 1 ? gamma_series(a, x) : gamma_fraction(a, x);
}

/* Wilson and Hilferty, "The Distribution of Chi-Square", PNAS 17, 1931. */
static double gamma_cube(double a, double z)
{
	double root = 1 - 1 / (9 * a) + z / (3 * sqrt(a));

	return root > 0 ? a * root * root * root : 0;
}

double gamma_quantile(double a, double p)
{
	double z = p < 0.5 ? -NORMAL_QUANTILE : NORMAL_QUANTILE;
	double low = 0, high = INFINITY, x;

	if (a > LARGE_SHAPE)
		return gamma_cube(a, z);
	x = gamma_cube(a, z);
	if (x < 1e-3 * a) /* near 0 the distribution is x^a / (a gamma(a)) */
		x = exp((log(p) + lgamma(a + 1)) / a);
	for (int n = 0; n < 100 && x > 0; n++) {
		double over = gamma_below(a, x) - p;
		double step = over / exp((a - 1) * log(x) - x - lgamma(a));

		if (over > 0)
			high = x;
		else
			low = x;
		if (fabs(step) < x * 1e-9)
			break;
		x = x - step > low && x - step < high ? x - step : isinf(high) ? 2 * x : (low + high) / 2;
	}
	return x;
}

/* ---- parts ---- */

void part_add(struct model_part *sum, const struct model_part *part)
{
	sum->unseen += part->unseen;
	sum->variance += part->variance;
	if (part->weight > sum->weight)
		sum->weight = part->weight;
}

void uncertainty_add(struct uncertainty *sum, const struct uncertainty *part)
{
	part_add(&sum->gained, &part->gained);
	part_add(&sum->lost, &part->lost);
}

static bool part_is_any(const struct model_part *part)
{
	return part->weight > 0 || part->variance > 0;
}

bool uncertainty_is_any(const struct uncertainty *uncertainty)
{
	return part_is_any(&uncertainty->gained) || part_is_any(&uncertainty->lost);
}

/* How far below and above the estimate of what was not seen the truth may lie. */
static struct interval distances(const struct model_part *part)
{
	double unseen = part->unseen > 0 ? part->unseen : 0, variance = part->variance > 0 ? part->variance : 0;
	double more = unseen + part->weight, more_variance = variance + part->weight * part->weight;
	struct interval result = {0, 0};

	if (unseen > 0 && variance > 0) {
		double scale = variance / unseen, beyond = fmax(0, scale - part->weight);
		double limit = scale * gamma_quantile(unseen / scale, TAIL) - beyond;

		result.low = unseen - fmax(0, limit);
	}
	if (more > 0 && more_variance > 0)
		result.high = more_variance / more * gamma_quantile(more * more / more_variance, 1 - TAIL) - unseen;
	return result;
}

struct interval interval_of(int64_t value, const struct uncertainty *uncertainty)
{
	struct interval gained = distances(&uncertainty->gained), lost = distances(&uncertainty->lost);

	return (struct interval){floor((double)value - hypot(gained.low, lost.high)),
				 ceil((double)value + hypot(gained.high, lost.low))};
}

int64_t interval_width(int64_t value, const struct uncertainty *uncertainty)
{
	struct interval interval = interval_of(value, uncertainty);

	return (int64_t)fmax((double)value - interval.low, interval.high - (double)value);
}
