/* SPDX-License-Identifier: MIT */
#include "correlate.h"

#include <math.h>
#include <string.h>

enum { PARTS = 32, LEAST_PARTS = 6, LEAST_EVENTS = 8 };
#define LEAST_EXPLAINED 0.8
#define WIDEST 0.25       /* half of the interval, beside the ratio */
#define WHOLE_WIDEST 0.05 /* the same, of a ratio that is taken for a whole number */
#define WORSE 4.0         /* times the variance that another leaves: it explains less */
#define VARIES_F 12.0     /* the growth varied with the load: p < 0.002 */
#define QUANTUM 0.5       /* objects^2: an event and its object may fall into different parts */

struct parts {
	double y[PARTS], x[PARTS];
	size_t count;
};

struct fit {
	struct correlate_result result;
	double rest; /* variance of a part */
	int order;
};

/* ---- order ---- */

static int order_of(const char *name)
{
	static const char *const order[] = {"mark:",      "reset",   "accepted",          "connected",
					    "forks",      "threads", "timer_expirations", "read_calls",
					    "write_calls"};

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (!strncmp(name, order[i], strlen(order[i])))
			return (int)i;
	return (int)(sizeof(order) / sizeof(*order));
}

static bool is_bytes(const char *name)
{
	return strstr(name, "_bytes") != NULL;
}

/* ---- one counter ---- */

static void cut(const struct growth_grid *grid, const double *values, double *out, size_t parts)
{
	for (size_t i = 0; i < parts; i++)
		out[i] = values[(i + 1) * (grid->count - 1) / parts] - values[i * (grid->count - 1) / parts];
}

static double sum_of(const double *values, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += values[i];
	return sum;
}

/* Sum of squares of y less ratio * x. */
static double left_by(const struct parts *parts, double ratio, double *residuals)
{
	double square = 0;

	for (size_t i = 0; i < parts->count; i++) {
		residuals[i] = parts->y[i] - ratio * parts->x[i];
		square += residuals[i] * residuals[i];
	}
	return square;
}

/* Of a sum of all parts. That what is left in one part often comes back in the next does not lessen it: it is careful.
 */
static double error_of_sum(const double *residuals, size_t count, double square)
{
	double neighbours = 0;

	for (size_t i = 1; i < count; i++)
		neighbours += residuals[i] * residuals[i - 1];
	return sqrt(fmax(square + 2 * neighbours, square) * (double)count / (double)(count - 1));
}

static bool is_whole(const struct correlate_result *result)
{
	double whole = round(result->ratio), half = (result->high - result->low) / 2;

	return whole >= 1 && half <= WHOLE_WIDEST * whole && fabs(result->ratio - whole) <= fmax(0.01 * whole, half);
}

static struct fit fit_counter(const struct parts *parts, const char *name, double rest_of_time)
{
	double residuals[PARTS], n = (double)parts->count, square, half, total = sum_of(parts->y, parts->count);
	double events = sum_of(parts->x, parts->count), all = 0;
	struct fit fit = {.result.counter = -1, .order = order_of(name)};
	bool varies;

	if (events < LEAST_EVENTS)
		return fit;
	for (size_t i = 0; i < parts->count; i++)
		all += parts->y[i] * parts->y[i];
	fit.result.ratio = total / events;
	square = left_by(parts, fit.result.ratio, residuals);
	half = 1.96 * error_of_sum(residuals, parts->count, square) / events;
	fit.rest = square / (n - 1);
	fit.result.low = fit.result.ratio - half;
	fit.result.high = fit.result.ratio + half;
	fit.result.explained = all > 0 ? fmax(0, 1 - square / all) : 0;
	fit.result.dispersion = square / total;
	fit.result.is_whole = !is_bytes(name) && is_whole(&fit.result);
	varies = rest_of_time * (n - 1) - square > VARIES_F * fmax(fit.rest, 1e-9);
	if (half <= WIDEST * fit.result.ratio && fit.result.explained >= LEAST_EXPLAINED &&
	    fit.rest <= WORSE * (rest_of_time + QUANTUM) && (varies || fit.result.is_whole))
		fit.result.counter = 0;
	return fit;
}

/* ---- the best ---- */

static bool is_better(const struct fit *a, const struct fit *b)
{
	double margin = QUANTUM / 4;

	if (b->result.counter < 0)
		return true;
	if (a->rest > WORSE * (b->rest + margin))
		return false;
	if (b->rest > WORSE * (a->rest + margin))
		return true;
	if (a->result.is_whole != b->result.is_whole)
		return a->result.is_whole;
	if (a->result.is_whole && round(a->result.ratio) != round(b->result.ratio))
		return a->result.ratio < b->result.ratio;
	return a->order < b->order;
}

void correlate(const struct growth_grid *grid, const double *level, const struct correlate_counter *counters,
	       size_t count, struct correlate_result *out)
{
	struct fit best = {.result.counter = -1};
	struct parts parts = {.count = grid->count - 1 < PARTS ? grid->count - 1 : PARTS};
	double residuals[PARTS], total, rest_of_time;

	*out = (struct correlate_result){.counter = -1};
	if (grid->count < 2 || parts.count < LEAST_PARTS)
		return;
	cut(grid, level, parts.y, parts.count);
	total = sum_of(parts.y, parts.count);
	if (total <= 0)
		return;
	for (size_t i = 0; i < parts.count; i++)
		parts.x[i] = 1;
	rest_of_time = left_by(&parts, total / (double)parts.count, residuals) / (double)(parts.count - 1);
	for (size_t i = 0; i < count; i++) {
		struct fit fit;

		cut(grid, counters[i].count, parts.x, parts.count);
		fit = fit_counter(&parts, counters[i].name, rest_of_time);
		if (fit.result.counter < 0 || !is_better(&fit, &best))
			continue;
		best = fit;
		best.result.counter = (int)i;
	}
	if (best.result.counter >= 0)
		*out = best.result;
}
