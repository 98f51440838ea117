/* SPDX-License-Identifier: MIT */
/*
 * interval.h - how far an estimate from sampled allocations may be off. Pure.
 *
 * A figure is what was seen, exact, and an estimate of what was not: for every sampled block `unseen` others (see
 * preload/weights.h). With few sampled blocks that estimate is far from normal, so the 95 % interval is that of a
 * weighted sum of Poisson counts by Fay and Feuer ("Confidence intervals for directly standardized rates: a method
 * based on the gamma distribution", Statistics in Medicine 16, 1997), which for equal weights is Garwood's exact one
 * ("Fiducial limits for the Poisson distribution", Biometrika 28, 1936). It needs the weight of the heaviest block that
 * may have been missed. For bytes that is the sampling interval, since size / (exp(charge / interval) - 1) <= interval;
 * with no block sampled the upper limit is then 3.69 intervals, as P(none sampled) <= exp(-bytes / interval) gives it.
 * For counts it is that of the smallest block that was ever sampled at the callsite.
 *
 * What was not seen consists of whole blocks. Where blocks are larger than the weight, the lower limit is lessened by
 * the difference, so that it says no more than that there may be one block less.
 *
 * Errors of different blocks are independent, so parts add: estimates and variances by sum, the weight by maximum.
 *
 * A difference (growth between two moments, one recording less another) has what was gained and what was lost, each
 * with an interval of its own. They are combined by the method of variance estimates recovery (Zou and Donner,
 * "Construction of confidence intervals about effect measures", Statistics in Medicine 27, 2008).
 */
#ifndef SEEP_INTERVAL_H
#define SEEP_INTERVAL_H

#include "../base/model.h"

/* The estimated parts of a difference; of a plain figure only `gained`. Zeroed: exact. */
struct uncertainty {
	struct model_part gained, lost;
};

struct interval {
	double low, high;
};

void part_add(struct model_part *sum, const struct model_part *part);
void uncertainty_add(struct uncertainty *sum, const struct uncertainty *part);

/* True if the figure is an estimate. */
bool uncertainty_is_any(const struct uncertainty *uncertainty);

/* The 95 % interval of a figure, whole numbers; [value, value] of an exact one. */
struct interval interval_of(int64_t value, const struct uncertainty *uncertainty);

/* The larger distance from the value to an end of its interval. */
int64_t interval_width(int64_t value, const struct uncertainty *uncertainty);

/* The x with P(a, x) = p of the gamma distribution of shape a > 0 and scale 1, 0 < p < 1; relative error < 1e-6. */
double gamma_quantile(double a, double p);

#endif
