/* SPDX-License-Identifier: MIT */
#include "process_growth.h"

#include <math.h>
#include <string.h>

#include "trend.h"

/*
 * A part grows if chance would make such a series in one of 50 cases at most (there are eight), if it still grows in
 * the second half, and by more than what a quiet process varies by.
 */
#define MOST_CHANCE 0.02
#define LEAST_LATE_PART 0.25
#define LEAST_GROWTH_BYTES (256 << 10)
#define LEAST_GROWTH_PART 0.01
enum { LEAST_LOOKS = 5 };

/* The allocator keeps much if this is free in it, beside what its live blocks cost in headers and rounding. */
#define LEAST_KEPT_BYTES (8 << 20)
#define LEAST_KEPT_PART 0.25
enum { LEAST_KEPT_LOOKS = 3 };

/* glibc: 8 bytes before each block, and rounding to 16. A block of its own has a page more at most, and 128 kB at
 * least.
 */
enum { BLOCK_OVERHEAD = 16, PAGE = 4096, LARGE_PARTS = 16 };

/* ---- one moment ---- */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t above_zero(int64_t value)
{
	return value > 0 ? value : 0;
}

static bool is_told(const struct model_look *look)
{
	const int64_t values[] = {look->rss_anon, look->swap,  look->live_bytes, look->live_count, look->large_bytes,
				  look->heap,     look->stack, look->anonymous,  look->mapping,    look->anonymous_size,
				  look->seep,     look->file,  look->other};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (values[i] < 0)
			return false;
	return true;
}

/* Live bytes by where they are: in mappings of their own, or in the heaps. */
struct placed {
	int64_t large, small;
};

static struct placed place(const struct model_look *look)
{
	struct placed live = {.large = least(least(look->large_bytes, look->anonymous_size), look->live_bytes)};
	int64_t moved;

	live.small = look->live_bytes - live.large;
	/* large blocks of callsites whose blocks are small on average */
	moved = least(above_zero(live.small - look->heap), above_zero(look->anonymous - live.large));
	live.small -= moved;
	live.large += moved;
	return live;
}

bool waterfall_of(const struct model_look *look, bool is_glibc, struct waterfall *out)
{
	struct placed live;
	int64_t *parts = out->parts, free_bytes, beside, sum = 0;

	*out = (struct waterfall){.time = look->time, .overhead = -1};
	if (!is_told(look))
		return false;
	live = place(look);
	free_bytes = above_zero(look->heap - live.small);
	beside = above_zero(look->anonymous - live.large);
	parts[WATERFALL_LIVE] = look->live_bytes;
	parts[WATERFALL_UNTOUCHED] = -above_zero(live.large - look->anonymous) - above_zero(live.small - look->heap);
	parts[WATERFALL_SLACK] = free_bytes + (is_glibc ? least(beside, live.large / LARGE_PARTS) : beside);
	parts[WATERFALL_MAPPINGS] = look->mapping;
	parts[WATERFALL_STACKS] = look->stack;
	parts[WATERFALL_SEEP] = look->seep;
	parts[WATERFALL_FILES] = look->file;
	out->total = look->rss_anon + look->swap;
	for (int i = 0; i < WATERFALL_OTHER; i++)
		sum += parts[i];
	parts[WATERFALL_OTHER] = out->total - sum;
	if (is_glibc)
		out->overhead = least(look->live_count * BLOCK_OVERHEAD, parts[WATERFALL_SLACK]);
	out->free_pages = above_zero(free_bytes - look->live_count * 2 * PAGE);
	return true;
}

/* ---- forecasts ---- */

static enum forecast_state state_of(int64_t used, int64_t limit, const struct growth_slope *slope)
{
	if (used < 0 || limit < 0)
		return FORECAST_UNKNOWN;
	if (limit == INT64_MAX)
		return FORECAST_NO_LIMIT;
	if (used >= limit)
		return FORECAST_REACHED;
	if (!isfinite(slope->estimate) || !isfinite(slope->low) || !isfinite(slope->high))
		return FORECAST_UNKNOWN;
	return slope->low > 0 ? FORECAST_GROWING : FORECAST_NOT_GROWING;
}

struct forecast forecast_of(int64_t used, int64_t limit, const struct growth_slope *slope)
{
	struct forecast forecast = {.state = state_of(used, limit, slope),
				    .used = used,
				    .limit = limit,
				    .slope = *slope,
				    .seconds = INFINITY,
				    .earliest = INFINITY,
				    .latest = INFINITY};
	double left = (double)limit - (double)used;

	if (forecast.state == FORECAST_REACHED)
		forecast.seconds = forecast.earliest = forecast.latest = 0;
	if (forecast.state == FORECAST_GROWING) {
		forecast.seconds = left / slope->estimate;
		forecast.latest = left / slope->low;
	}
	if ((forecast.state == FORECAST_GROWING || forecast.state == FORECAST_NOT_GROWING) && slope->high > 0)
		forecast.earliest = left / slope->high;
	return forecast;
}

/* ---- growth over the looks ---- */

/* Of a quantity: the looks that know it, thinned out evenly to what a trend is computed of. */
struct points {
	double x[TREND_POINTS], y[TREND_POINTS];
	size_t count;
};

typedef bool quantity_function(const struct process_history *history, size_t look, int which, double *value);

static struct points points_of(const struct process_history *history, quantity_function *quantity, int which)
{
	struct points points = {.count = 0};
	size_t known = 0, seen = 0;
	double value;

	for (size_t i = 0; i < history->look_count; i++)
		known += quantity(history, i, which, &value);
	for (size_t i = 0; i < history->look_count; i++) {
		if (!quantity(history, i, which, &value))
			continue;
		seen++;
		/* the newest of each of equal groups, which are no more than there is room for */
		if (known > TREND_POINTS && seen * TREND_POINTS / known == (seen - 1) * TREND_POINTS / known)
			continue;
		points.x[points.count] = (double)(history->looks[i].time - history->looks[0].time);
		points.y[points.count++] = value;
	}
	return points;
}

struct growing {
	struct growth_slope slope; /* a second */
	bool is_certain;
};

/* `level`: of which a hundredth is nothing. */
static struct growing growing_of(const struct points *points, double level, double least_growth)
{
	size_t half = points->count / 2;
	struct growing growing = {.slope = {NAN, NAN, NAN}};
	struct trend whole;
	double growth, late;

	if (points->count < LEAST_LOOKS)
		return growing;
	whole = trend_of(points->x, points->y, points->count);
	late = trend_slope(points->x + half, points->y + half, points->count - half);
	growth = whole.slope.estimate * (points->x[points->count - 1] - points->x[0]);
	growing.slope = whole.slope;
	growing.is_certain = whole.p_rising < MOST_CHANCE && whole.slope.low > 0 &&
			     late > LEAST_LATE_PART * whole.slope.estimate && growth >= least_growth &&
			     growth >= LEAST_GROWTH_PART * level;
	return growing;
}

static bool part_at(const struct process_history *history, size_t look, int which, double *value)
{
	struct waterfall waterfall;
	bool is_known = waterfall_of(&history->looks[look], history->is_glibc, &waterfall);

	*value = is_known ? (double)waterfall.parts[which] : 0;
	return is_known;
}

static bool private_at(const struct process_history *history, size_t look, int which, double *value)
{
	const struct model_look *at = &history->looks[look];

	(void)which;
	*value = (double)(at->rss_anon + at->swap);
	return at->rss_anon >= 0 && at->swap >= 0;
}

static bool used_at(const struct process_history *history, size_t look, int which, double *value)
{
	const struct model_look *at = &history->looks[look];
	int64_t used = which == FORECAST_DESCRIPTORS ? at->descriptors : at->timers;

	*value = (double)used;
	return used >= 0;
}

/* The newest known; -1: none is. */
static int64_t newest(const struct process_history *history, enum forecast_of which)
{
	for (size_t i = history->look_count; i-- > 0;) {
		const struct model_look *look = &history->looks[i];
		int64_t used = which == FORECAST_DESCRIPTORS ? look->descriptors
			       : which == FORECAST_TIMERS    ? look->signals
			       : look->cgroup_bytes >= 0     ? look->cgroup_bytes
			       : look->swap >= 0             ? look->rss_anon + look->swap
							     : -1;

		if (used >= 0)
			return used;
	}
	return -1;
}

static struct forecast forecast_growing(const struct process_history *history, enum forecast_of which, int64_t limit,
					struct growing growing)
{
	if (!growing.is_certain && growing.slope.low > 0)
		growing.slope.low = 0;
	return forecast_of(newest(history, which), limit, &growing.slope);
}

static void forecast_all(const struct process_history *history, const struct growing *total, struct process_growth *out)
{
	const int64_t limits[FORECAST_COUNT] = {history->limits.memory, history->limits.descriptors,
						history->limits.signals};

	out->forecasts[FORECAST_MEMORY] = forecast_growing(history, FORECAST_MEMORY, limits[FORECAST_MEMORY], *total);
	for (int which = FORECAST_DESCRIPTORS; which < FORECAST_COUNT; which++) {
		struct points points = points_of(history, used_at, which);

		out->forecasts[which] = forecast_growing(history, which, limits[which], growing_of(&points, 0, 1));
	}
}

/* ---- the verdict ---- */

struct process_judgement {
	enum process_verdict verdict;
	const char *reason;
};

/* Free memory in the allocator, beside headers and rounding, at each of the newest half of looks. */
static bool keeps_much(const struct process_history *history)
{
	size_t looks = 0;
	struct waterfall at;

	for (size_t i = history->look_count / 2; i < history->look_count; i++) {
		int64_t kept;

		if (!waterfall_of(&history->looks[i], history->is_glibc, &at))
			continue;
		kept = at.parts[WATERFALL_SLACK] - above_zero(at.overhead);
		if (kept < LEAST_KEPT_BYTES || (double)kept < LEAST_KEPT_PART * (double)at.total)
			return false;
		looks++;
	}
	return looks >= LEAST_KEPT_LOOKS;
}

/* What is free is kept as whole pages for the greater part. */
static bool has_free_pages(const struct waterfall *waterfall)
{
	return waterfall->free_pages > (waterfall->parts[WATERFALL_SLACK] - above_zero(waterfall->overhead)) / 2;
}

static struct process_judgement judge_slack(const struct process_growth *growth, bool grows)
{
	if (has_free_pages(&growth->last))
		return (struct process_judgement){
			PROCESS_RETENTION, grows ? "the allocator keeps ever more free pages; live blocks do not grow"
						 : "the allocator keeps free pages that no live block lies on"};
	return (struct process_judgement){
		PROCESS_FRAGMENTATION,
		grows ? "the heap grows and live blocks do not: what is free lies between them"
		      : "free chunks lie between live blocks, where the heap cannot give them back"};
}

static struct process_judgement judge_growing(const struct process_growth *growth, enum waterfall_part part)
{
	switch (part) {
	case WATERFALL_LIVE:
		return (struct process_judgement){PROCESS_LEAK, "tracked live blocks grow"};
	case WATERFALL_SLACK:
		return judge_slack(growth, true);
	case WATERFALL_MAPPINGS:
		return (struct process_judgement){PROCESS_MAPPINGS, "memory in the program's own mappings grows"};
	case WATERFALL_STACKS:
		return (struct process_judgement){PROCESS_STACKS, "thread stacks grow, in number or in depth"};
	case WATERFALL_UNTOUCHED:
		return (struct process_judgement){
			PROCESS_STEADY, "blocks are being touched for the first time; they end where these end"};
	default:
		return (struct process_judgement){PROCESS_OTHER,
						  "memory grows that is neither blocks, mappings nor stacks"};
	}
}

static struct process_judgement judge(const struct process_history *history, const struct process_growth *growth,
				      const struct growing *parts, size_t known)
{
	int most = -1;

	for (int i = 0; i < WATERFALL_COUNT; i++)
		if (parts[i].is_certain && (most < 0 || parts[i].slope.estimate > parts[most].slope.estimate))
			most = i;
	if (most >= 0)
		return judge_growing(growth, (enum waterfall_part)most);
	if (keeps_much(history))
		return judge_slack(growth, false);
	if (known < LEAST_LOOKS)
		return (struct process_judgement){PROCESS_UNDECIDED, "too few looks at its memory yet"};
	return (struct process_judgement){PROCESS_STEADY, "no part grows"};
}

/* ---- all of it ---- */

static size_t find_ends(const struct process_history *history, struct process_growth *out)
{
	struct waterfall at;
	size_t known = 0;

	for (size_t i = 0; i < history->look_count; i++) {
		if (!waterfall_of(&history->looks[i], history->is_glibc, &at))
			continue;
		if (!known++)
			out->first = at;
		out->last = at;
	}
	return known;
}

struct process_growth process_growth_of(const struct process_history *history)
{
	struct process_growth growth = {.reason = "nothing is known of its memory"};
	struct growing parts[WATERFALL_COUNT], total;
	struct process_judgement judged;
	size_t known = find_ends(history, &growth);
	struct points points = points_of(history, private_at, 0);

	total = growing_of(&points, points.count ? points.y[points.count - 1] : 0, LEAST_GROWTH_BYTES);
	growth.is_known = known > 0;
	growth.total = total.slope;
	for (int i = 0; i < WATERFALL_COUNT; i++) {
		points = points_of(history, part_at, i);
		parts[i] = growing_of(&points, (double)growth.last.total, LEAST_GROWTH_BYTES);
		growth.parts[i] = parts[i].slope;
	}
	forecast_all(history, &total, &growth);
	if (!known)
		return growth;
	judged = judge(history, &growth, parts, known);
	growth.verdict = judged.verdict;
	growth.reason = judged.reason;
	return growth;
}

/* ---- names ---- */

const char *process_verdict_name(enum process_verdict verdict)
{
	static const char *const names[] = {
		[PROCESS_UNDECIDED] = "undecided",
		[PROCESS_STEADY] = "steady",
		[PROCESS_LEAK] = "leak",
		[PROCESS_RETENTION] = "retention",
		[PROCESS_FRAGMENTATION] = "fragmentation",
		[PROCESS_MAPPINGS] = "mappings",
		[PROCESS_STACKS] = "stacks",
		[PROCESS_OTHER] = "other",
	};

	return names[verdict];
}

const char *forecast_name(enum forecast_of which)
{
	static const char *const names[FORECAST_COUNT] = {
		[FORECAST_MEMORY] = "memory", [FORECAST_DESCRIPTORS] = "descriptors", [FORECAST_TIMERS] = "timers"};

	return names[which];
}
