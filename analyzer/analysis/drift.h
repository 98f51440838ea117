/* SPDX-License-Identifier: MIT */
/*
 * drift.h - is there a trend in a series whose noise may be stationary, or a random walk, or anything between? Pure.
 *
 * What lives at a callsite is both: where much comes and goes it is stationary noise about a level, and where little is
 * released it is a sum of independent steps. The usual tests hold for one of them only: on random walks of 60 points
 * the Mann-Kendall test, as corrected by Hamed and Rao, finds a trend in 25 of 100 at a level of 1 in 100, and of a
 * leak of 2 objects a second it is less certain (tests/unit/drift_test.c holds both against each other).
 *
 * So the test is that of Perron and Yabu ("Estimating deterministic trends with an integrated or stationary noise
 * component", Journal of Econometrics 151, 2009): generalized least squares with the noise's autoregression, corrected
 * for its bias, and taken as 1 where it is near 1. Its t is then normal in both cases. Two things are more careful
 * here, as many callsites are tested and the far tail counts: near is 36 / n, instead of n^-1/2, and Student's
 * distribution with half of the degrees of freedom is taken. The long-run variance is that of Newey and West ("A
 * simple, positive semi-definite, heteroskedasticity and autocorrelation consistent covariance matrix", Econometrica
 * 55, 1987).
 *
 * A level that rises in few large steps, like a table that doubles, has a t of about the square root of their number.
 */
#ifndef SEEP_DRIFT_H
#define SEEP_DRIFT_H

#include <stddef.h>

struct drift {
	double slope, error; /* a point, and its standard error */
	double p_rising;     /* of "does not rise", one-sided */
	double freedom;      /* degrees of freedom of the error */
};

enum { DRIFT_LEAST = 8 }; /* with fewer points nothing rises */

/* Of count equally spaced points. `scratch` has room for as many. */
struct drift drift_of(const double *values, size_t count, double *scratch);

#endif
