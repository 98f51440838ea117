/* SPDX-License-Identifier: MIT */
/*
 * shape.h - what the growth of one level looks like. Pure.
 *
 * Times are seconds of activity, and `measure` is what the growth is held against: these seconds, or an event counter.
 *
 * - Since when: two straight lines that meet, by least squares over all meeting points (Hinkley, "Inference about the
 *   intersection in two-phase regression", Biometrika 56, 1969), on at most 64 medians.
 * - How many steps: (sum d)^2 / sum d^2 of the rises d. A level that doubles makes 2 to 3 steps, however far it grows.
 * - Whether it slows down: the rates of growth in equal parts of the measure, their slope against its standard error.
 *   A cache that is filled with random keys slows down as 1 - (what it holds) / (all keys).
 */
#ifndef SEEP_SHAPE_H
#define SEEP_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

enum { SHAPE_PARTS = 16 };

struct shape {
	size_t from;       /* the point at which the growth began */
	size_t level_from; /* the point from which on it is level; 0: it is not */
	double growth;     /* from there to the newest point */
	double steps;      /* the number of equal steps that would be as irregular */
	double kept;       /* of the highest growth since then, the share that is left */
	bool is_record;    /* higher than ever before the growth began */
	/* of the rate over the measure, from there on */
	double rate;       /* units of level per unit of measure */
	double rate_error; /* its standard error */
	double decline;    /* share of the rate lost from the first part to the last; negative: it rises */
	double decline_t;  /* decline over its standard error, */
	double freedom;    /* of so many degrees */
	double tail;       /* rate of the last third over the whole's */
};

/* Of points with count >= 8; seconds and measure do not fall. `scratch` has room for 2 * count. */
void shape_of(const double *level, const double *seconds, const double *measure, size_t count, double *scratch,
	      struct shape *out);

#endif
