/* SPDX-License-Identifier: MIT */
#include "curves.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static_assert(SEEP_KIND_COUNT < 32 && SERIES_PROCESS_FIELDS < 32, "a mask has a bit for each");

static const struct curve_row {
	const char *name, *label, *unit, *chart;
	enum curve_source source;
	uint32_t what;
} rows[] = {
#define X(name, label, unit, chart, source, what) {name, label, unit, chart, CURVE_##source, what},
	CURVES(X)
#undef X
};
enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

static bool has_kind(const struct store_series *series, uint32_t kinds)
{
	for (size_t i = 0; i < series->site_count; i++)
		if (kinds >> series->sites[i].kind & 1)
			return true;
	return false;
}

static bool is_there(const struct store_series *series, const struct curve_row *row)
{
	bool is_live = row->source == CURVE_LIVE_OBJECTS || row->source == CURVE_LIVE_BYTES;

	/* of the heap it is said that there is none */
	return !is_live || row->what & CURVE_KIND(HEAP) || has_kind(series, row->what);
}

/* What no callsite has acquired is 0: all of them are known. */
static double sum_of_kinds(const struct store_series *series, uint32_t kinds, enum store_site_field field, size_t point)
{
	double sum = 0;

	for (size_t i = 0; i < series->site_count; i++)
		if (kinds >> series->sites[i].kind & 1)
			sum += series->sites[i].values[field][point];
	return sum;
}

static double sum_of_figures(const struct store_series *series, uint32_t figures, size_t point)
{
	double sum = 0;

	for (int i = 0; i < SERIES_PROCESS_FIELDS; i++)
		if (figures >> i & 1)
			sum += series->process[i][point];
	return sum;
}

/* What goes back is no rate: of processes that have been folded away only a part is left. */
static double rate(double before, double now, int32_t step_s)
{
	return now >= before ? (now - before) / step_s : NAN;
}

static double rate_of_kinds(const struct store_series *series, uint32_t kinds, enum store_site_field field,
			    size_t point)
{
	if (!point)
		return NAN;
	return rate(sum_of_kinds(series, kinds, field, point - 1), sum_of_kinds(series, kinds, field, point),
		    series->grid.step_s);
}

static double cpu_percent(const struct store_series *series, size_t point)
{
	const double *cpu_ns = series->process[SERIES_CPU_NS];

	return point ? rate(cpu_ns[point - 1], cpu_ns[point], series->grid.step_s) / 1e9 * 100 : NAN;
}

static double value_of(const struct store_series *series, const struct curve_row *row, size_t point)
{
	switch (row->source) {
	case CURVE_LIVE_BYTES:
		return sum_of_kinds(series, row->what, SERIES_LIVE_BYTES, point);
	case CURVE_LIVE_OBJECTS:
		return sum_of_kinds(series, row->what, SERIES_LIVE_OBJECTS, point);
	case CURVE_ACQUIRED:
		return rate_of_kinds(series, row->what, SERIES_ACQUIRED_OBJECTS, point);
	case CURVE_RELEASED:
		return rate_of_kinds(series, row->what, SERIES_RELEASED_OBJECTS, point);
	case CURVE_ACQUIRED_BYTES:
		return rate_of_kinds(series, row->what, SERIES_ACQUIRED_BYTES, point);
	case CURVE_KERNEL:
		return sum_of_figures(series, row->what, point);
	case CURVE_CPU:
		return cpu_percent(series, point);
	case CURVE_RETENTION:
		return sum_of_figures(series, CURVE_FIGURE(RSS_ANON) | CURVE_FIGURE(SWAP), point) -
		       sum_of_kinds(series, CURVE_KIND(HEAP), SERIES_LIVE_BYTES, point);
	}
	return NAN;
}

static struct curve *add_curve(struct curves *out, struct curve curve)
{
	curve.values = out->values + out->count * out->grid.count;
	out->curves[out->count] = curve;
	return &out->curves[out->count++];
}

static void add_row(const struct store_series *series, size_t skip, const struct curve_row *row, struct curves *out)
{
	struct curve *curve = add_curve(
		out, (struct curve){.name = row->name, .label = row->label, .unit = row->unit, .chart = row->chart});

	for (size_t i = 0; i < out->grid.count; i++)
		curve->values[i] = value_of(series, row, skip + i);
}

static const char *event_label(const char *name)
{
	static const struct {
		const char *name, *label;
	} labels[] = {
		{"accepted", "connections accepted"},
		{"connected", "connections made"},
		{"reset", "connections reset"},
		{"read_calls", "reads"},
		{"read_bytes", "read"},
		{"write_calls", "writes"},
		{"write_bytes", "written"},
		{"timer_expirations", "timer expirations"},
		{"forks", "forks"},
		{"threads", "threads started"},
	};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (!strcmp(labels[i].name, name))
			return labels[i].label;
	return strncmp(name, STORE_MARK_PREFIX, strlen(STORE_MARK_PREFIX)) ? name : name + strlen(STORE_MARK_PREFIX);
}

static void add_event(const struct store_series *series, size_t skip, const struct store_event_series *event,
		      struct curves *out)
{
	bool is_bytes = !strcmp(event->name, "read_bytes") || !strcmp(event->name, "write_bytes");
	struct curve *curve = add_curve(out, (struct curve){.name = event->name,
							    .label = event_label(event->name),
							    .unit = is_bytes ? "bytes_per_s" : "per_s",
							    .chart = is_bytes ? "traffic" : "requests",
							    .is_event = true});

	for (size_t i = 0; i < out->grid.count; i++)
		curve->values[i] =
			skip + i ? rate(event->count[skip + i - 1], event->count[skip + i], series->grid.step_s) : NAN;
}

void curves_build(const struct store_series *series, size_t skip, struct curves *out)
{
	size_t most = ROW_COUNT + series->event_count;

	*out = (struct curves){.grid = series->grid};
	if (skip > series->grid.count)
		skip = series->grid.count;
	out->grid.start_s += (int64_t)skip * series->grid.step_s;
	out->grid.count -= skip;
	out->curves = memory_zeroed(most, sizeof(*out->curves));
	out->values = memory_zeroed(most * out->grid.count, sizeof(*out->values));
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (is_there(series, &rows[i]))
			add_row(series, skip, &rows[i], out);
	for (size_t i = 0; i < series->event_count; i++)
		add_event(series, skip, &series->events[i], out);
}

void curves_release(struct curves *curves)
{
	free(curves->curves);
	free(curves->values);
	*curves = (struct curves){0};
}
