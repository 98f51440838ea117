/* SPDX-License-Identifier: MIT */
/*
 * statistics.h - order statistics and tails of distributions. Pure.
 */
#ifndef SEEP_STATISTICS_H
#define SEEP_STATISTICS_H

#include <stddef.h>

/* The k-th smallest (from 0) of count > k numbers, which are reordered. */
double select_smallest(double *values, size_t count, size_t k);
/* Of count > 0 numbers, which are reordered. */
double median_of(double *values, size_t count);

/* Upper tail of the standard normal distribution, and its quantile of 0 < p < 1 (absolute error < 1e-9). */
double normal_above(double z);
double normal_quantile(double p);

/* Upper tail of Student's distribution, and its quantile of 0 < p < 1; Wallace's approximation (Annals of Mathematical
 * Statistics 30, 1959). */
double student_above(double t, double freedom);
double student_quantile(double p, double freedom);

#endif
