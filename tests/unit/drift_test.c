/* SPDX-License-Identifier: MIT */
/* drift_test.c - how often a trend is found where there is none, beside the test that is usual for such series. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../analyzer/analysis/drift.h"
#include "../../analyzer/analysis/statistics.h"
#include "series_fixture.h"

enum { POINTS = 60, WALKS = 2000 };

/* ---- the Mann-Kendall test as Hamed and Rao have modified it (Journal of Hydrology 204, 1998) ---- */

static void rank(const double *values, double *ranks)
{
	for (size_t i = 0; i < POINTS; i++) {
		double below = 0, equal = 0;

		for (size_t j = 0; j < POINTS; j++) {
			below += values[j] < values[i];
			equal += values[j] == values[i];
		}
		ranks[i] = below + (equal + 1) / 2;
	}
}

static double autocorrelation(const double *ranks, size_t lag)
{
	double mean = (POINTS + 1) / 2.0, sum = 0, square = 0;

	for (size_t i = 0; i < POINTS; i++)
		square += (ranks[i] - mean) * (ranks[i] - mean);
	for (size_t i = 0; i + lag < POINTS; i++)
		sum += (ranks[i] - mean) * (ranks[i + lag] - mean);
	return sum / square;
}

/* Kendall's S; the median slope (Sen) to *slope. */
static double concordance(const double *values, double *slope)
{
	static double slopes[POINTS * POINTS / 2];
	size_t pairs = 0;
	double s = 0;

	for (size_t i = 0; i < POINTS; i++)
		for (size_t j = i + 1; j < POINTS; j++) {
			s += (values[j] > values[i]) - (values[j] < values[i]);
			slopes[pairs++] = (values[j] - values[i]) / (double)(j - i);
		}
	*slope = median_of(slopes, pairs);
	return s;
}

static double mann_kendall(const double *values)
{
	double n = POINTS, residuals[POINTS], ranks[POINTS], slope, sum = 0;
	double s = concordance(values, &slope), variance = n * (n - 1) * (2 * n + 5) / 18;

	for (size_t i = 0; i < POINTS; i++)
		residuals[i] = values[i] - slope * (double)i;
	rank(residuals, ranks);
	for (size_t lag = 1; lag < POINTS / 3; lag++) {
		double r = autocorrelation(ranks, lag), k = n - (double)lag;

		if (fabs(r) > 1.96 / sqrt(n))
			sum += k * (k - 1) * (k - 2) * r;
	}
	variance *= fmax(0.1, 1 + 2 * sum / (n * (n - 1) * (n - 2)));
	return normal_above((s - (s > 0) + (s < 0)) / sqrt(variance));
}

/* ---- tests ---- */

static void a_random_walk_is_no_trend_though_mann_and_kendall_find_one(void **state)
{
	struct made made = {.seed = 3};
	double values[POINTS], scratch[POINTS];
	int ours = 0, theirs = 0;

	(void)state;
	for (int walk = 0; walk < WALKS; walk++) {
		values[0] = 0;
		for (size_t i = 1; i < POINTS; i++)
			values[i] = values[i - 1] + made_normal(&made);
		ours += drift_of(values, POINTS, scratch).p_rising < 0.01;
		theirs += mann_kendall(values) < 0.01;
	}
	printf("p < 0.01 on random walks: %.2f %%, Mann-Kendall %.2f %%\n", 100.0 * ours / WALKS,
	       100.0 * theirs / WALKS);
	assert_true(ours < 0.02 * WALKS);
	assert_true(theirs > 0.04 * WALKS);
}

static void a_slow_sum_of_chances_is_a_trend_though_mann_and_kendall_are_not_sure(void **state)
{
	struct made made = {.seed = 5};
	double values[POINTS], scratch[POINTS];
	int ours = 0, theirs = 0;

	(void)state;
	for (int sum = 0; sum < WALKS; sum++) {
		values[0] = 0;
		for (size_t i = 1; i < POINTS; i++)
			values[i] = values[i - 1] + made_poisson(&made, 2);
		ours += drift_of(values, POINTS, scratch).p_rising < 1e-6;
		theirs += mann_kendall(values) < 1e-6;
	}
	printf("p < 1e-6 at 2 objects a second: %.2f %%, Mann-Kendall %.2f %%\n", 100.0 * ours / WALKS,
	       100.0 * theirs / WALKS);
	assert_true(ours > 0.98 * WALKS);
	assert_true(theirs < ours);
}

static void few_large_steps_are_no_trend(void **state)
{
	double values[POINTS], scratch[POINTS];

	(void)state;
	for (int steps = 1; steps <= 6; steps++) {
		for (int i = 0; i < POINTS; i++)
			values[i] = floor((double)i * (steps + 1) / POINTS);
		assert_true(drift_of(values, POINTS, scratch).p_rising > 0.001);
	}
}

static void a_straight_line_is_a_trend_and_a_level_one_is_not(void **state)
{
	double values[POINTS], scratch[POINTS];
	struct drift drift;

	(void)state;
	for (int i = 0; i < POINTS; i++)
		values[i] = 1000 + 3 * i;
	drift = drift_of(values, POINTS, scratch);
	assert_true(drift.p_rising < 1e-12);
	assert_true(fabs(drift.slope - 3) < 1e-9);
	for (int i = 0; i < POINTS; i++)
		values[i] = 1000;
	assert_true(drift_of(values, POINTS, scratch).p_rising == 1);
	assert_true(drift_of(values, DRIFT_LEAST - 1, scratch).p_rising == 1);
}

static void tails_are_those_of_the_tables(void **state)
{
	(void)state;
	assert_true(fabs(normal_above(1.959964) - 0.025) < 1e-6);
	assert_true(fabs(normal_quantile(0.975) - 1.959964) < 1e-6);
	assert_true(fabs(student_above(2.228, 10) - 0.025) < 5e-4);
	assert_true(fabs(student_above(-2.228, 10) - 0.975) < 5e-4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_random_walk_is_no_trend_though_mann_and_kendall_find_one),
		cmocka_unit_test(a_slow_sum_of_chances_is_a_trend_though_mann_and_kendall_are_not_sure),
		cmocka_unit_test(few_large_steps_are_no_trend),
		cmocka_unit_test(a_straight_line_is_a_trend_and_a_level_one_is_not),
		cmocka_unit_test(tails_are_those_of_the_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
