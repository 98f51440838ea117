/* SPDX-License-Identifier: MIT */
#include "shape.h"

#include <math.h>
#include <string.h>

#include "drift.h"
#include "statistics.h"

enum { SPANS = 64 };
enum { LEAST_BEFORE = 1, LEAST_AFTER = 3 }; /* spans beside a bend: a start-up may be short */
#define BEND_F 30        /* two lines against one: no bend of independent noise in 64 points is so clear */
#define LEVEL_SHARE 0.15 /* a rate of less is level, beside the growth before */
#define LATE_SHARE 0.25  /* a rate of less was no growth yet */
#define LARGE_STEP 0.1
#define STARTUP_SHARE 0.5 /* of the time that growth after a start-up must have lasted */

/* ---- medians of spans ---- */

struct spans {
	double x[SPANS], y[SPANS];
	size_t start[SPANS];
	size_t count;
};

static void spans_of(const double *level, const double *seconds, size_t count, double *scratch, struct spans *out)
{
	size_t spans = count < SPANS ? count : SPANS;

	for (size_t i = 0; i < spans; i++) {
		size_t from = i * count / spans, to = (i + 1) * count / spans;

		memcpy(scratch, level + from, (to - from) * sizeof(*scratch));
		out->y[i] = median_of(scratch, to - from);
		out->x[i] = (seconds[from] + seconds[to - 1]) / 2;
		out->start[i] = from;
	}
	out->count = spans;
}

/* ---- two lines that meet ---- */

struct bend {
	double before, after; /* slopes */
	double residual;      /* sum of squares */
	size_t at;            /* span; 0: one line */
};

struct line {
	double slope, middle, mean, residual;
};

static struct line line_of(const double *x, const double *y, size_t count)
{
	struct line line = {0};
	double n = (double)count, xx = 0, xy = 0, yy = 0;

	for (size_t i = 0; i < count; i++) {
		line.middle += x[i] / n;
		line.mean += y[i] / n;
	}
	for (size_t i = 0; i < count; i++) {
		double dx = x[i] - line.middle, dy = y[i] - line.mean;

		xx += dx * dx;
		xy += dx * dy;
		yy += dy * dy;
	}
	line.slope = xx > 0 ? xy / xx : 0;
	line.residual = fmax(0, yy - line.slope * xy);
	return line;
}

/* The line and a second slope from x[at] on: what the hinge adds, with the line's part taken out of it. */
static struct bend bend_at(const struct spans *spans, size_t at)
{
	double hinge[SPANS], xy = 0, xx = 0;
	struct line of_hinge, of_level = line_of(spans->x, spans->y, spans->count);
	struct bend bend = {.at = at};
	double extra;

	for (size_t i = 0; i < spans->count; i++)
		hinge[i] = fmax(0, spans->x[i] - spans->x[at]);
	of_hinge = line_of(spans->x, hinge, spans->count);
	for (size_t i = 0; i < spans->count; i++) {
		double dx = spans->x[i] - of_hinge.middle;
		double h = hinge[i] - of_hinge.mean - of_hinge.slope * dx;

		xx += h * h;
		xy += h * (spans->y[i] - of_level.mean - of_level.slope * dx);
	}
	extra = xx > 0 ? xy / xx : 0;
	bend.residual = fmax(0, of_level.residual - extra * xy);
	bend.before = of_level.slope - extra * of_hinge.slope;
	bend.after = bend.before + extra;
	return bend;
}

static struct bend bend_of(const struct spans *spans)
{
	struct line line = line_of(spans->x, spans->y, spans->count);
	struct bend best = {.before = line.slope, .after = line.slope, .residual = line.residual};
	double freedom = (double)spans->count - 4, scale = 1e-12 * line.mean * line.mean;

	for (size_t at = LEAST_BEFORE; at + LEAST_AFTER < spans->count; at++) {
		struct bend bend = bend_at(spans, at);

		if (bend.residual < best.residual)
			best = bend;
	}
	if (best.at && (line.residual - best.residual) / 2 < BEND_F * (best.residual + scale) / freedom)
		return (struct bend){.before = line.slope, .after = line.slope, .residual = line.residual};
	return best;
}

/* ---- the window ---- */

/* Median of a few points about one, within [0, count). */
static double level_about(const double *level, size_t count, size_t at)
{
	size_t reach = count / 40 < 4 ? count / 40 : 4;
	size_t from = at > reach ? at - reach : 0, to = at + reach < count ? at + reach + 1 : count;
	double values[9];

	memcpy(values, level + from, (to - from) * sizeof(*values));
	return median_of(values, to - from);
}

static bool still_grows(const double *level, size_t from, size_t count, double *scratch)
{
	return drift_of(level + from, count - from, scratch).p_rising < 0.001;
}

/* Where the growth begins that goes on to the end, or where it stops. */
static void find_window(const double *level, const double *seconds, size_t count, double *scratch, struct shape *out)
{
	double whole = seconds[count - 1] - seconds[0];
	struct spans spans;
	struct bend bend;
	size_t at;

	spans_of(level, seconds, count, scratch, &spans);
	bend = bend_of(&spans);
	if (!bend.at)
		return;
	at = spans.start[bend.at];
	if (bend.before < LATE_SHARE * bend.after)
		out->from = at;
	else if (bend.after < LEVEL_SHARE * bend.before && !still_grows(level, at, count, scratch))
		out->level_from = at;
	else if (bend.after < LATE_SHARE * bend.before && bend.after > 0 &&
		 seconds[count - 1] - seconds[at] >= STARTUP_SHARE * whole)
		out->from = spans.start[bend.at + 1];
}

/* A step as large as a tenth of all was part of a start, if growth went on for as long again without one. */
static void skip_start(const double *level, const double *seconds, size_t count, double *scratch, struct shape *out)
{
	double all = level[count - 1] - level[out->from], whole = seconds[count - 1] - seconds[out->from];
	size_t last = out->from;

	for (size_t i = out->from + 1; i < count; i++)
		if (level[i] - level[i - 1] > LARGE_STEP * all)
			last = i;
	if (last > out->from && seconds[count - 1] - seconds[last] >= STARTUP_SHARE * whole &&
	    still_grows(level, last, count, scratch))
		out->from = last;
}

static void measure_steps(const double *level, size_t count, struct shape *out)
{
	double sum = 0, square = 0, highest = level[out->from], before = -INFINITY, start;

	for (size_t i = out->from + 1; i < count; i++) {
		double rise = fmax(0, level[i] - level[i - 1]);

		sum += rise;
		square += rise * rise;
	}
	for (size_t i = 0; i < out->from; i++)
		before = fmax(before, level_about(level, count, i));
	start = level_about(level, count, out->from);
	if (out->from + 1 < count && start > level[out->from])
		start = level[out->from]; /* the median of a steep beginning is not its foot */
	for (size_t i = out->from; i < count; i++)
		highest = fmax(highest, level_about(level, count, i));
	out->growth = level_about(level, count, count - 1) - start;
	out->kept = highest > start ? out->growth / (highest - start) : 0;
	out->steps = square > 0 ? sum * sum / square : 0;
	out->is_record = level_about(level, count, count - 1) > before;
}

/* ---- rates ---- */

/* The point at which the measure reaches a value, from a lower bound on. */
static size_t reach(const double *measure, size_t from, size_t count, double value)
{
	while (from + 1 < count && measure[from] < value)
		from++;
	return from;
}

static size_t rates_of(const double *level, const double *measure, size_t count, const struct shape *shape,
		       double *rates)
{
	size_t parts = (size_t)fmin(SHAPE_PARTS, fmax(6, shape->steps / 4)), used = 0, at = shape->from;
	double start = measure[at], whole = measure[count - 1] - start, passed;

	if (whole <= 0)
		return 0;
	for (size_t i = 1; i <= parts; i++) {
		size_t next = reach(measure, at, count, start + whole * (double)i / (double)parts);

		passed = level_about(measure, count, next) - level_about(measure, count, at);
		if (next == at || passed <= 0)
			continue;
		rates[used++] = (level_about(level, count, next) - level_about(level, count, at)) / passed;
		at = next;
	}
	return used;
}

static void measure_rates(const double *level, const double *measure, size_t count, struct shape *out)
{
	double rates[SHAPE_PARTS], x[SHAPE_PARTS];
	size_t parts = rates_of(level, measure, count, out, rates);
	double n = (double)parts, tail = 0, first, error, square;
	struct line line;

	if (parts < 5)
		return;
	for (size_t i = 0; i < parts; i++) {
		x[i] = (double)i;
		if (3 * i >= 2 * parts)
			tail += rates[i] / (n - ceil(2 * n / 3));
	}
	line = line_of(x, rates, parts);
	out->rate = line.mean;
	out->freedom = n - 2;
	square = line.residual / (n - 2);
	out->rate_error = sqrt(square / n);
	first = line.mean - line.slope * (n - 1) / 2;
	error = sqrt(square / (n * (n * n - 1) / 12));
	out->decline = first > 0 ? -line.slope * (n - 1) / first : 0;
	if (error > 1e-9 * fabs(line.mean))
		out->decline_t = -line.slope / error;
	else
		out->decline_t = fabs(out->decline) > 1e-6 ? -copysign(INFINITY, line.slope) : 0;
	out->tail = line.mean > 0 ? tail / line.mean : 0;
}

void shape_of(const double *level, const double *seconds, const double *measure, size_t count, double *scratch,
	      struct shape *out)
{
	*out = (struct shape){0};
	find_window(level, seconds, count, scratch, out);
	if (!out->level_from)
		skip_start(level, seconds, count, scratch, out);
	measure_steps(level, count, out);
	measure_rates(level, measure, count, out);
}
