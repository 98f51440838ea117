/* SPDX-License-Identifier: MIT */
/*
 * trend.h - does a series of few points, unevenly spaced, rise, and how fast? Pure; distribution-free. For evenly
 * spaced ones drift.h is better: this test finds trends in random walks too often.
 *
 * - Slope: the median of the slopes of all pairs, with its interval from the quantiles of these slopes (Theil, "A
 *   rank-invariant method of linear and polynomial regression analysis", 1950; Sen, "Estimates of the regression
 *   coefficient based on Kendall's tau", Journal of the American Statistical Association 63, 1968).
 * - Test: Mann, "Nonparametric tests against trend", Econometrica 13, 1945; Kendall, "Rank Correlation Methods", 1975,
 *   with ties. Neighbours that resemble each other make the statistic's variance larger than that of independent ones.
 *   It is corrected as Hamed and Rao do ("A modified Mann-Kendall trend test for autocorrelated data", Journal of
 *   Hydrology 204, 1998), and by the effective sample size of a process of first order (Yue and Wang, "The Mann-Kendall
 *   test modified by effective sample size to detect trend in serially correlated hydrological series", Water Resources
 *   Management 18, 2004); the larger correction is taken.
 */
#ifndef SEEP_TREND_H
#define SEEP_TREND_H

#include "series.h"

enum { TREND_POINTS = 64 }; /* the most that a trend is computed of */

struct trend {
	struct growth_slope slope; /* a unit of x */
	double p_rising;           /* of "does not rise", one-sided */
	double inflation;          /* of the variance, >= 1 */
};

/* The median of the slopes of all pairs alone; 0 of fewer than 2 points. */
double trend_slope(const double *x, const double *y, size_t count);

/* The trend of y over x, which does not fall; count <= TREND_POINTS. Fewer than 4 points rise with p = 1. */
struct trend trend_of(const double *x, const double *y, size_t count);

#endif
