/* SPDX-License-Identifier: MIT */
#include "verdict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "activity.h"
#include "drift.h"
#include "shape.h"
#include "statistics.h"
#include "trend.h"

enum {
	LEAST_POINTS = 12,
	LEAST_SECONDS = 30, /* of activity, for a leak; */
	LEAST_CLEAR = 15,   /* for one that goes with an event exactly */
	LEAST_EXHAUSTED = 500,
	/* handles that were acquired until no more were given */ /* of activity, for a leak */
	LEAST_STEPS = 8,                                          /* of growth, for a leak */
	LEAST_RARE = 72,     /* of growth, to be a leak for its rareness alone: pools are smaller */
	LEAST_HANDLES = 100, /* of growth, to be a leak without another sign */
	HORIZON = 600,       /* seconds of even growth */
	CONTAINER_PARTS = 2, /* beside the callsite itself */
	TABLE_STEPS = 5,
	OTHERS = 16,        /* callsites that serve as request counters */
	POOL_CHUNK = 32768, /* a block of so many bytes and more is one that others are cut from */
};
#define DEFAULT_RATE 0.001
#define MAYBE_P 0.001         /* not certain among so many, but not nothing */
#define MAYBE_NEWER_P 0.05    /* of the newer half: what came at the start only is no growth */
#define CHURN_PER_SECOND 10.0 /* objects acquired */
#define CHURN_TURNOVER 3.0    /* the same over what lives */
#define RARE 0.02             /* of what the process does */
#define KEPT 0.5              /* of the highest growth */
#define LEVEL_TAIL 0.15       /* of the mean rate */
#define SLOW_TAIL 0.4
#define DECLINE_P 0.003
#define DECLINE_MAYBE_P 0.03
#define DECLINE_MAYBE 0.4   /* too much for what nothing but its rareness speaks against */
#define DECLINE_LEAST 0.005 /* beside an event counter; */
#define DECLINE_IN_TIME 0.2 /* beside seconds, in which a load may vary */
#define LONG_LEVEL 2.0      /* times as long as the growth took */
#define LONGER 1.5          /* times as large as before */
#define YOUNG 0.25          /* of the age that what is kept would have */
#define SEN_LOSS 1.1        /* of a random walk's drift the median slope is so much less certain */
#define POWER_Z 1.645       /* 95 %, one-sided */

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {"undecided", "steady", "churn", "warm-up", "leak"};

	return names[verdict];
}

/* What is known before the control over callsites. */
struct measured {
	struct drift objects, bytes;
	double objects_p, bytes_p;
	double newer_p; /* of the newer half alone, the smaller one */
};

struct judge {
	const struct growth_grid *grid;
	const struct growth_series *sites;
	size_t count;
	const struct verdict_options *options;
	struct activity activity;
	struct measured *measured;
	double *level, *measure, *scratch; /* one number a point; scratch two */
	struct correlate_counter others[OTHERS], *windows;
	size_t other_count;
	double busiest; /* times that what the process does most often happened */
};

static double change(const double *values, size_t from, size_t to)
{
	return values ? values[to] - values[from] : 0;
}

static size_t newest(const struct judge *judge)
{
	return judge->grid->count - 1;
}

static double seconds_between(const struct judge *judge, size_t from, size_t to)
{
	return (double)(to - from) * judge->grid->step_s;
}

/* ---- does it grow? ---- */

static void points_of(const struct judge *judge, const double *values, double *out)
{
	for (size_t i = 0; i < judge->activity.count; i++)
		out[i] = values[judge->activity.index[i]];
}

/* Newest growth may have begun late: the newer half has a say of its own. */
static double p_of(struct judge *judge, const double *values, struct drift *drift, double *newer_p)
{
	size_t points = judge->activity.count, half = points / 2;
	double newer = 1;

	*drift = (struct drift){.p_rising = 1, .freedom = 1};
	if (!values || points < LEAST_POINTS)
		return 1;
	points_of(judge, values, judge->level);
	*drift = drift_of(judge->level, points, judge->scratch);
	if (half >= LEAST_POINTS)
		newer = drift_of(judge->level + half, points - half, judge->scratch).p_rising;
	*newer_p = fmin(*newer_p, newer);
	return fmin(1, 2 * fmin(drift->p_rising, newer));
}

static struct growth_slope slope_of(const struct judge *judge, const struct drift *drift)
{
	double reach = 1.96 * drift->error;

	return (struct growth_slope){drift->slope / judge->grid->step_s, (drift->slope - reach) / judge->grid->step_s,
				     (drift->slope + reach) / judge->grid->step_s};
}

/* Objects and bytes, whole and newer half are four tests. Not less than what 8 objects make. */
static double detectable(const struct judge *judge, const struct drift *drift, double size)
{
	double rate = judge->options->false_discovery_rate > 0 ? judge->options->false_discovery_rate : DEFAULT_RATE;
	double z = student_quantile(1 - rate / 4 / (double)judge->count, drift->freedom) + POWER_Z;
	double seconds = judge->activity.count ? judge->activity.seconds[judge->activity.count - 1] : 0;

	return seconds > 0 ? fmax(z * drift->error / judge->grid->step_s, LEAST_STEPS * size / seconds) : 0;
}

static double size_of(const struct judge *judge, const struct growth_series *site)
{
	size_t end = newest(judge);

	if (site->live_bytes && site->live_objects[end] > 0)
		return site->live_bytes[end] / site->live_objects[end];
	if (site->acquired_bytes && site->acquired_objects && site->acquired_objects[end] > 0)
		return site->acquired_bytes[end] / site->acquired_objects[end];
	return 0;
}

/* Of what was released since a grid point: all the time that was lived, less what the living have of it. NAN unknown.
 */
static double lifetime_since(const struct judge *judge, const struct growth_series *site, size_t from)
{
	size_t end = newest(judge);
	double released = change(site->released_objects, from, end), lived = 0, living;

	if (released <= 0 || !site->mean_age_s)
		return NAN;
	for (size_t i = from; i < end; i++)
		lived += (site->live_objects[i] + site->live_objects[i + 1]) / 2 * judge->grid->step_s;
	living = site->live_objects[end] * site->mean_age_s[end] - site->live_objects[from] * site->mean_age_s[from];
	return fmax(0, lived - living) / released;
}

static void measure_site(struct judge *judge, size_t index, struct verdict_result *out)
{
	const struct growth_series *site = &judge->sites[index];
	struct measured *measured = &judge->measured[index];

	*out = (struct verdict_result){.p_value = 1, .mean_age_s = NAN, .mean_lifetime_s = NAN};
	out->goes_with.counter = -1;
	if (!judge->grid->count)
		return;
	measured->newer_p = 1;
	measured->objects_p = p_of(judge, site->live_objects, &measured->objects, &measured->newer_p);
	measured->bytes_p = p_of(judge, site->live_bytes, &measured->bytes, &measured->newer_p);
	out->p_value = fmin(1, 2 * fmin(measured->objects_p, measured->bytes_p));
	out->objects = slope_of(judge, &measured->objects);
	out->bytes = slope_of(judge, &measured->bytes);
	out->detectable_objects = detectable(judge, &measured->objects, 1);
	out->detectable_bytes = detectable(judge, &measured->bytes, size_of(judge, site));
	if (site->mean_age_s && site->live_objects[newest(judge)] > 0)
		out->mean_age_s = site->mean_age_s[newest(judge)];
	out->mean_lifetime_s = lifetime_since(judge, site, 0);
}

/* ---- what the process does ---- */

static void consider_other(struct judge *judge, const struct growth_series *site)
{
	double acquired = change(site->acquired_objects, 0, newest(judge));
	size_t least = 0;

	judge->busiest = fmax(judge->busiest, change(site->released_objects, 0, newest(judge)));
	if (acquired < LEAST_STEPS || change(site->released_objects, 0, newest(judge)) < 0.9 * acquired)
		return;
	if (judge->other_count < OTHERS) {
		judge->others[judge->other_count++] = (struct correlate_counter){"", site->acquired_objects};
		return;
	}
	for (size_t i = 1; i < OTHERS; i++)
		if (change(judge->others[i].count, 0, newest(judge)) <
		    change(judge->others[least].count, 0, newest(judge)))
			least = i;
	if (acquired > change(judge->others[least].count, 0, newest(judge)))
		judge->others[least].count = site->acquired_objects;
}

static void survey(struct judge *judge)
{
	for (size_t i = 0; i < judge->count; i++)
		consider_other(judge, &judge->sites[i]);
	for (size_t i = 0; i < judge->options->counter_count; i++)
		if (!strstr(judge->options->counters[i].name, "_bytes"))
			judge->busiest =
				fmax(judge->busiest, change(judge->options->counters[i].count, 0, newest(judge)));
}

/* ---- one callsite that grows ---- */

/* The growth of one callsite, from where it began. */
struct growth {
	const struct growth_series *site;
	const double *values; /* objects, or bytes where only these grow */
	bool is_bytes;
	struct shape shape;
	size_t from;    /* on the grid */
	double seconds; /* of activity since then */
	double least_decline;
};

static struct correlate_result correlate_since(struct judge *judge, const double *level, size_t from,
					       const struct correlate_counter *counters, size_t count)
{
	struct growth_grid grid = {judge->grid->start_s + (int64_t)from * judge->grid->step_s, judge->grid->step_s,
				   judge->grid->count - from};
	struct correlate_result result;

	for (size_t i = 0; i < count; i++)
		judge->windows[i] = (struct correlate_counter){counters[i].name, counters[i].count + from};
	correlate(&grid, level + from, judge->windows, count, &result);
	return result;
}

/* A connection that is made may be what a miss costs: it is a consequence of the growth, not its cause. */
static bool is_cause(const char *name)
{
	return strcmp(name, "connected") != 0;
}

static void shape_along(struct judge *judge, const double *measure, struct growth *growth)
{
	shape_of(judge->level, judge->activity.seconds, measure, judge->activity.count, judge->scratch, &growth->shape);
}

static double unevenness(const struct shape *shape)
{
	return shape->rate > 0 ? shape->rate_error / shape->rate : INFINITY;
}

/* Theil and Sen's median of slopes, which a burst or a tooth does not move, of at most TREND_POINTS medians. */
static double robust_slope(const double *values, size_t count, double *scratch)
{
	double at[TREND_POINTS], level[TREND_POINTS];
	size_t spans = count < TREND_POINTS ? count : TREND_POINTS;

	for (size_t i = 0; i < spans; i++) {
		size_t from = i * count / spans, to = (i + 1) * count / spans;

		memcpy(scratch, values + from, (to - from) * sizeof(*scratch));
		level[i] = median_of(scratch, to - from);
		at[i] = (double)(from + to - 1) / 2;
	}
	return trend_slope(at, level, spans);
}

static struct growth_slope slope_since(struct judge *judge, const double *values, size_t from)
{
	size_t count = judge->activity.count - from;
	struct drift drift;

	points_of(judge, values, judge->measure);
	drift = drift_of(judge->measure + from, count, judge->scratch);
	drift.slope = robust_slope(judge->measure + from, count, judge->scratch);
	drift.error *= SEN_LOSS;
	return slope_of(judge, &drift);
}

/* Along time, along what the process does, and along the event that explains it: the evenest. */
static void look(struct judge *judge, const struct growth_series *site, const struct measured *measured,
		 struct growth *growth, struct verdict_result *out)
{
	struct shape in_time;
	int counter;

	*growth = (struct growth){.site = site, .values = site->live_objects, .least_decline = DECLINE_IN_TIME};
	growth->is_bytes = site->live_bytes && measured->objects_p > MAYBE_P;
	if (growth->is_bytes)
		growth->values = site->live_bytes;
	points_of(judge, growth->values, judge->level);
	shape_along(judge, judge->activity.seconds, growth);
	in_time = growth->shape;
	growth->from = judge->activity.index[growth->shape.from];
	growth->seconds =
		judge->activity.seconds[judge->activity.count - 1] - judge->activity.seconds[growth->shape.from];
	shape_along(judge, judge->activity.work, growth);
	if (unevenness(&growth->shape) >= unevenness(&in_time))
		growth->shape = in_time;
	out->goes_with = correlate_since(judge, site->live_objects, growth->from, judge->options->counters,
					 judge->options->counter_count);
	out->objects = slope_since(judge, site->live_objects, growth->shape.from);
	if (site->live_bytes)
		out->bytes = slope_since(judge, site->live_bytes, growth->shape.from);
	counter = out->goes_with.counter;
	if (counter < 0 || growth->is_bytes || !is_cause(judge->options->counters[counter].name))
		return;
	points_of(judge, judge->options->counters[counter].count, judge->measure);
	shape_along(judge, judge->measure, growth);
	growth->least_decline = DECLINE_LEAST;
}

/* What lives, over what is acquired in a while, has grown by that factor. By Little's law this is a lifetime. */
static bool outgrows_load(const struct growth_series *site, size_t from, size_t end, double factor)
{
	size_t third = (end - from) / 3;
	double early = change(site->acquired_objects, from, from + third);
	double late = change(site->acquired_objects, end - third, end);

	return late > 0 && site->live_objects[end] / late > factor * site->live_objects[from + third] / early;
}

/* What is kept for ever is half as old as the growth; what lives for a while only is as old as ever. */
static bool follows_load(const struct judge *judge, const struct growth *growth)
{
	const struct growth_series *site = growth->site;
	size_t from = growth->from, end = newest(judge), third = (end - from) / 3;
	double seconds = seconds_between(judge, from, end), gain = change(site->live_objects, from, end);

	if (gain <= 0 || growth->is_bytes || change(site->released_objects, from, end) < gain)
		return false;
	if (site->mean_age_s) {
		double older = site->live_objects[end] * site->mean_age_s[end] -
			       site->live_objects[from] * site->mean_age_s[from];

		return older < YOUNG * gain * seconds / 2 && gain > site->live_objects[from];
	}
	return gain > site->live_objects[from] &&
	       change(site->acquired_objects, end - third, end) >
		       1.3 * change(site->acquired_objects, from, from + third) &&
	       !outgrows_load(site, from, end, 1.1);
}

/* Clients that come and stay: one object for each of them is none too many. */
static bool is_of_open_connections(struct judge *judge, const struct growth *growth,
				   const struct correlate_result *with)
{
	struct correlate_counter open = {"", judge->options->open_connections};
	struct correlate_result result;

	if (!open.count || growth->is_bytes || with->counter < 0 ||
	    strcmp(judge->options->counters[with->counter].name, "accepted") != 0)
		return false;
	result = correlate_since(judge, growth->values, growth->from, &open, 1);
	return result.counter >= 0 && result.is_whole;
}

static bool declines_by(const struct shape *shape, double share, double p)
{
	return shape->decline > share && shape->decline_t > 0 &&
	       student_above(fmin(shape->decline_t, 1e6), shape->freedom) < p;
}

/* ---- evidence ---- */

static bool has_survivors(const struct judge *judge, const struct growth *growth)
{
	size_t from = growth->from, end = newest(judge);
	double released = change(growth->site->released_objects, from, end);
	double acquired = change(growth->site->acquired_objects, from, end);
	double seconds = seconds_between(judge, from, end), gain = change(growth->site->live_objects, from, end);
	double lifetime = lifetime_since(judge, growth->site, from);

	if (growth->is_bytes || released < 10 || released < 0.1 * acquired)
		return false;
	if (isnan(lifetime)) { /* no longer than if all that lived at the beginning came and went */
		if (released < 0.5 * acquired || !outgrows_load(growth->site, from, end, 2))
			return false;
		lifetime = (growth->site->live_objects[from] + 1) * seconds / released;
	}
	return lifetime < seconds / 10 && gain > 5 * released / seconds * lifetime;
}

static bool has_cause(const struct judge *judge, const struct growth *growth, const struct correlate_result *with)
{
	static const char *const causes[] = {"mark:", "reset", "accepted", "forks", "threads", "timer_expirations"};
	const char *name;

	if (with->counter < 0 || growth->is_bytes)
		return false;
	if (with->is_whole || with->ratio < RARE)
		return true;
	name = judge->options->counters[with->counter].name;
	for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++)
		if (!strncmp(name, causes[i], strlen(causes[i])))
			return true;
	return with->dispersion < 0.25 && with->high - with->low < 0.05 * with->ratio;
}

/* As many as events, to the object; or handles that no pool has so many of. */
static bool is_clear(const struct growth *growth, const struct correlate_result *with)
{
	bool is_exact = with->counter >= 0 && with->is_whole && with->dispersion < 0.05;

	return !growth->is_bytes && growth->seconds >= LEAST_CLEAR &&
	       growth->shape.growth >= (growth->site->is_handle ? LEAST_EXHAUSTED : LEAST_HANDLES) &&
	       (is_exact || growth->site->is_handle);
}

static bool has_companion(struct judge *judge, const struct growth *growth)
{
	struct correlate_result result;

	if (growth->is_bytes)
		return false;
	result = correlate_since(judge, growth->values, growth->from, judge->others, judge->other_count);
	return result.counter >= 0 && result.is_whole;
}

static bool is_rare(const struct judge *judge, const struct growth *growth)
{
	return change(growth->site->live_objects, growth->from, newest(judge)) >= LEAST_RARE &&
	       growth->shape.growth < RARE * judge->busiest && size_of(judge, growth->site) < POOL_CHUNK &&
	       !declines_by(&growth->shape, DECLINE_MAYBE, DECLINE_MAYBE_P);
}

static bool is_handle_hoard(const struct judge *judge, const struct growth *growth)
{
	return growth->site->is_handle && growth->shape.growth >= LEAST_HANDLES &&
	       change(growth->site->released_objects, growth->from, newest(judge)) < growth->shape.growth;
}

/*
 * As many blocks as ever, each one given back for a longer one, again and again, by a little each time: a buffer that
 * is appended to and never emptied. A table doubles instead, and so is replaced a few times only.
 */
static bool is_prolonged(const struct judge *judge, const struct growth *growth)
{
	const struct growth_series *site = growth->site;
	size_t from = growth->from, end = newest(judge), early = from + (end - from) / 3;
	double acquired = change(site->acquired_objects, from, end);

	return growth->is_bytes && acquired >= LEAST_RARE && change(site->live_objects, from, end) < 0.05 * acquired &&
	       site->live_bytes[end] * site->live_objects[early] >
		       LONGER * site->live_bytes[early] * site->live_objects[end];
}

/* Descriptors and timers are limited: a leak of them is level once there are no more. */
static bool is_exhausted(struct judge *judge, const struct growth *growth, struct correlate_result *goes_with)
{
	const struct growth_series *site = growth->site;
	size_t to = judge->activity.index[growth->shape.level_from];
	struct growth_grid until = *judge->grid;
	struct correlate_result with;

	until.count = to * 9 / 10; /* where it bends is not known to the point */
	if (!site->is_handle || change(site->live_objects, 0, until.count) < LEAST_EXHAUSTED ||
	    change(site->released_objects, 0, newest(judge)) > 0)
		return false;
	correlate(&until, site->live_objects, judge->options->counters, judge->options->counter_count, &with);
	if (with.counter < 0 || !with.is_whole)
		return false;
	*goes_with = with;
	return true;
}

static const char with_event[] = "grows with an event, in a constant ratio";
static const char with_work[] = "one stays for each that comes and goes at another callsite";

static const char *evidence_of(struct judge *judge, const struct growth *growth, const struct correlate_result *with)
{
	if (has_survivors(judge, growth))
		return "others of this callsite live briefly, these stay";
	if (has_cause(judge, growth, with))
		return with_event;
	if (has_companion(judge, growth))
		return with_work;
	if (is_rare(judge, growth))
		return "grows evenly, on a path that is taken seldom";
	if (is_handle_hoard(judge, growth))
		return "handles are acquired and not given back";
	if (is_prolonged(judge, growth))
		return "is replaced by a longer one again and again";
	if (growth->seconds >= HORIZON)
		return "has grown evenly for ten minutes and more";
	return NULL;
}

/* ---- the verdict ---- */

static void decide(struct verdict_result *out, enum verdict verdict, const char *reason, double more_seconds)
{
	out->verdict = verdict;
	out->reason = reason;
	out->more_seconds = fmax(0, more_seconds);
}

static void decide_level(const struct judge *judge, const struct growth_series *site, const char *reason,
			 struct verdict_result *out)
{
	double acquired = change(site->acquired_objects, 0, newest(judge)), sum = 0;
	double seconds = fmax(1, seconds_between(judge, 0, newest(judge)));

	for (size_t i = 0; i < judge->grid->count; i++)
		sum += site->live_objects[i] / (double)judge->grid->count;
	decide(out,
	       acquired > CHURN_PER_SECOND * seconds && acquired > CHURN_TURNOVER * sum ? VERDICT_CHURN
											: VERDICT_STEADY,
	       reason, 0);
}

/* What came in a few steps at the start of a long recording, in which nothing has come since. */
static bool is_long_level(const struct judge *judge, const struct growth *growth)
{
	const struct activity *activity = &judge->activity;
	size_t last = activity->count - 1;
	double since;

	while (last > growth->shape.from &&
	       growth->values[activity->index[last]] <= growth->values[activity->index[last - 1]])
		last--;
	since = activity->seconds[activity->count - 1] - activity->seconds[last];
	return since >= LEAST_SECONDS &&
	       since >= LONG_LEVEL * (activity->seconds[last] - activity->seconds[growth->shape.from]);
}

static bool decide_by_shape(struct judge *judge, const struct growth *growth, struct verdict_result *out)
{
	const struct shape *shape = &growth->shape;

	if (shape->level_from && is_exhausted(judge, growth, &out->goes_with))
		decide(out, VERDICT_LEAK, "grew with an event, none given back, until there were no more", 0);
	else if (shape->level_from)
		decide(out, VERDICT_WARM_UP, "has grown, and is level now", 0);
	else if (shape->growth <= 0 || shape->kept < KEPT)
		decide_level(judge, growth->site, "has grown and fallen back", out);
	else if (!shape->is_record)
		decide_level(judge, growth->site, "is no higher than before", out);
	else if (follows_load(judge, growth))
		decide_level(judge, growth->site, "follows the load: what lives is no older than before", out);
	else if (is_of_open_connections(judge, growth, &out->goes_with))
		decide(out, VERDICT_UNDECIDED, "as many as there are connections that their peers keep open", 0);
	else if (shape->steps < LEAST_STEPS && is_long_level(judge, growth))
		decide_level(judge, growth->site, "has grown in a few steps, and not for a long time", out);
	else if (shape->steps < LEAST_STEPS)
		decide(out, VERDICT_UNDECIDED, "has grown in a few large steps",
		       growth->seconds * (1.5 * LEAST_STEPS / fmax(1, shape->steps) - 1));
	else if (shape->tail < LEVEL_TAIL)
		decide(out, VERDICT_WARM_UP, "has grown, and is about level now", 0);
	else if (declines_by(shape, growth->least_decline, DECLINE_P))
		decide(out, VERDICT_WARM_UP, "grows ever more slowly", 0);
	else if (shape->tail < SLOW_TAIL)
		decide(out, VERDICT_UNDECIDED, "has grown more slowly of late", growth->seconds / 3);
	else if (growth->seconds < LEAST_SECONDS && !is_clear(growth, &out->goes_with))
		decide(out, VERDICT_UNDECIDED, "grows, for a short time yet", LEAST_SECONDS - growth->seconds);
	else
		return false;
	return true;
}

static const char grows_evenly[] = "grows evenly, as a leak does and a cache that is being filled";

static void decide_growing(struct judge *judge, size_t index, struct verdict_result *out)
{
	const struct growth_series *site = &judge->sites[index];
	struct growth growth;
	const char *evidence;

	look(judge, site, &judge->measured[index], &growth, out);
	out->since_s = judge->grid->start_s + (int64_t)growth.from * judge->grid->step_s;
	if (decide_by_shape(judge, &growth, out))
		return;
	evidence = evidence_of(judge, &growth, &out->goes_with);
	if (site->is_estimated && growth.shape.growth < 2 * (growth.is_bytes ? site->bytes_error : site->objects_error))
		decide(out, VERDICT_UNDECIDED, "grows by less than the sampling's error", growth.seconds);
	else if (evidence)
		decide(out, VERDICT_LEAK, evidence, 0);
	else
		decide(out, VERDICT_UNDECIDED, grows_evenly, HORIZON - growth.seconds);
}

/* Too few points for a test. */
static void decide_short(const struct judge *judge, const struct growth_series *site, struct verdict_result *out)
{
	bool changed = false;

	for (size_t i = 1; i < judge->grid->count; i++)
		changed |= site->live_objects[i] > site->live_objects[0] ||
			   (site->live_bytes && site->live_bytes[i] > site->live_bytes[0]);
	if (!changed && judge->grid->count > 1)
		decide_level(judge, site, "does not grow", out);
	else
		decide(out, VERDICT_UNDECIDED, "the recording is too short",
		       LEAST_SECONDS - (double)judge->activity.count * judge->grid->step_s);
}

/* ---- all of them ---- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Benjamini and Hochberg: the largest p that is still a discovery; -1 none. */
static double discovery_limit(const struct verdict_result *results, size_t count, double rate)
{
	double *sorted = malloc(count * sizeof(*sorted)), limit = -1;

	if (!sorted)
		return -1;
	for (size_t i = 0; i < count; i++)
		sorted[i] = results[i].p_value;
	qsort(sorted, count, sizeof(*sorted), compare);
	for (size_t i = 0; i < count; i++)
		if (sorted[i] <= rate * (double)(i + 1) / (double)count)
			limit = sorted[i];
	free(sorted);
	return limit;
}

/* What grows one for one with a leak is part of it: the record beside the handle, the buffer beside the record. */
static void join_leaks(struct judge *judge, struct verdict_result *out)
{
	judge->other_count = 0;
	for (size_t i = 0; i < judge->count && judge->other_count < OTHERS; i++)
		if (out[i].verdict == VERDICT_LEAK)
			judge->others[judge->other_count++] =
				(struct correlate_counter){"", judge->sites[i].live_objects};
	for (size_t i = 0; i < judge->count; i++) {
		size_t from = (size_t)((out[i].since_s - judge->grid->start_s) / judge->grid->step_s);
		struct correlate_result result;

		if (out[i].reason != grows_evenly)
			continue;
		result = correlate_since(judge, judge->sites[i].live_objects, from, judge->others, judge->other_count);
		if (result.counter >= 0 && result.is_whole && result.dispersion < 0.25)
			decide(&out[i], VERDICT_LEAK, "grows one for one with another leak", 0);
	}
}

/* ---- containers ---- */

static bool only_grows(const struct judge *judge, const struct growth_series *site, size_t from)
{
	return !site->is_handle && change(site->released_objects, from, newest(judge)) <
					   0.01 * change(site->live_objects, from, newest(judge));
}

/* A table of so many entries, of 4 to 64 bytes each, that was enlarged in a few large steps. */
static bool is_table(const struct judge *judge, const struct growth_series *site, double entries)
{
	double grown = change(site->live_bytes, 0, newest(judge)), sum = 0, square = 0;

	if (site->is_handle || grown < 4 * entries || grown > 64 * entries)
		return false;
	for (size_t i = 1; i < judge->grid->count; i++) {
		double rise = fmax(0, site->live_bytes[i] - site->live_bytes[i - 1]);

		sum += rise;
		square += rise * rise;
	}
	return sum * sum <= TABLE_STEPS * square;
}

/* Two others grow as it does, and a table with them: entries of a map, with their keys and values. */
static bool is_of_container(const struct judge *judge, size_t index, size_t from)
{
	double grown = change(judge->sites[index].live_objects, from, newest(judge));
	bool has_table = false;
	int parts = 0;

	for (size_t i = 0; i < judge->count; i++) {
		const struct growth_series *site = &judge->sites[i];

		has_table |= is_table(judge, site, grown);
		parts += i != index && only_grows(judge, site, from) &&
			 fabs(change(site->live_objects, from, newest(judge)) - grown) < 0.02 * grown;
	}
	return has_table && parts >= CONTAINER_PARTS;
}

/* A map without a limit leaks and one with a limit fills; only time tells. */
static void spare_containers(struct judge *judge, struct verdict_result *out)
{
	double seconds = judge->activity.count ? judge->activity.seconds[judge->activity.count - 1] : 0;

	for (size_t i = 0; i < judge->count && seconds < HORIZON; i++) {
		size_t from = (size_t)((out[i].since_s - judge->grid->start_s) / judge->grid->step_s);

		if ((out[i].reason == with_event || out[i].reason == with_work) &&
		    only_grows(judge, &judge->sites[i], from) && is_of_container(judge, i, from))
			decide(&out[i], VERDICT_UNDECIDED,
			       "fills a table with entries of several parts, as a cache does", HORIZON - seconds);
	}
}

static int judge_init(struct judge *judge)
{
	size_t points = judge->grid->count + 1;
	size_t counters = judge->options->counter_count > OTHERS ? judge->options->counter_count : OTHERS;

	judge->measured = calloc(judge->count, sizeof(*judge->measured));
	judge->level = calloc(points, sizeof(double));
	judge->measure = calloc(points, sizeof(double));
	judge->scratch = calloc(points * 2, sizeof(double));
	judge->windows = calloc(counters, sizeof(*judge->windows));
	if (activity_init(&judge->activity, judge->grid, judge->sites, judge->count, judge->options->counters,
			  judge->options->counter_count) != 0)
		return -1;
	return judge->measured && judge->level && judge->measure && judge->scratch && judge->windows ? 0 : -1;
}

static void judge_release(struct judge *judge)
{
	activity_release(&judge->activity);
	free(judge->measured);
	free(judge->level);
	free(judge->measure);
	free(judge->scratch);
	free(judge->windows);
}

static void judge_all(struct judge *judge, struct verdict_result *out)
{
	double rate = judge->options->false_discovery_rate > 0 ? judge->options->false_discovery_rate : DEFAULT_RATE;
	double limit;

	for (size_t i = 0; i < judge->count; i++)
		measure_site(judge, i, &out[i]);
	survey(judge);
	limit = discovery_limit(out, judge->count, rate);
	for (size_t i = 0; i < judge->count; i++) {
		if (judge->activity.count < LEAST_POINTS)
			decide_short(judge, &judge->sites[i], &out[i]);
		else if (out[i].p_value <= limit)
			decide_growing(judge, i, &out[i]);
		else if (out[i].p_value < MAYBE_P && judge->measured[i].newer_p < MAYBE_NEWER_P)
			decide(&out[i], VERDICT_UNDECIDED, "may grow: not certain among so many callsites",
			       judge->activity.seconds[judge->activity.count - 1]);
		else
			decide_level(judge, &judge->sites[i], "does not grow", &out[i]);
	}
	spare_containers(judge, out);
	join_leaks(judge, out);
}

void verdicts_judge(const struct growth_grid *grid, const struct growth_series *sites, size_t count,
		    const struct verdict_options *options, struct verdict_result *out)
{
	struct judge judge = {.grid = grid, .sites = sites, .count = count, .options = options};

	if (!count)
		return;
	memset(out, 0, count * sizeof(*out));
	if (judge_init(&judge) == 0)
		judge_all(&judge, out);
	else
		for (size_t i = 0; i < count; i++)
			out[i].reason = "out of memory";
	judge_release(&judge);
}
