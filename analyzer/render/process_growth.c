/* SPDX-License-Identifier: MIT */
#include "process_growth.h"

#include <math.h>
#include <stdlib.h>

#include "../analysis/process.h"
#include "units.h"

/* Further than that nobody plans by a rate of today. */
#define HORIZON_S (30.0 * 86400)

/* ---- text ---- */

static struct figure bytes(double value)
{
	return figure_value(unit_own(true), (int64_t)value);
}

static const char *sign(double value)
{
	return value > 0 ? "+" : "";
}

static bool is_worth_a_line(const struct process_growth *growth, int part)
{
	return growth->last.parts[part] != 0 || growth->first.parts[part] != 0;
}

static void add_slope(const struct growth_slope *slope, bool with_interval, struct buffer *out)
{
	if (!isfinite(slope->estimate) || (fabs(slope->estimate) < 1 && !with_interval))
		return;
	buffer_format(out, "  %s%s/s", sign(slope->estimate), bytes(slope->estimate).text);
	if (with_interval)
		buffer_format(out, " (%s..%s)", bytes(slope->low).text, bytes(slope->high).text);
}

static void add_growth(int64_t first, int64_t last, struct buffer *out)
{
	struct figure figure = bytes((double)(last - first));

	buffer_format(out, "  %s%s", sign((double)(last - first)), figure.text);
}

static void add_line_end(struct buffer *out)
{
	buffer_add(out, "\n");
}

static void add_parts(const struct process_growth *growth, struct buffer *out)
{
	static const char *const texts[] = {
#define X(id, name, text) text,
		WATERFALL_PARTS(X)
#undef X
	};
	const struct waterfall *first = &growth->first, *last = &growth->last;

	for (int i = 0; i < WATERFALL_COUNT; i++) {
		if (!is_worth_a_line(growth, i))
			continue;
		buffer_format(out, "  %10s  %-36s", bytes((double)last->parts[i]).text, texts[i]);
		add_growth(first->parts[i], last->parts[i], out);
		add_slope(&growth->parts[i], false, out);
		if (i == WATERFALL_SLACK && last->overhead > 0)
			buffer_format(out, " (about %s headers and rounding)", bytes((double)last->overhead).text);
		add_line_end(out);
	}
}

static void add_waterfall(const struct process_growth *growth, struct buffer *out)
{
	const struct waterfall *first = &growth->first, *last = &growth->last;

	buffer_format(out, "  %10s  %-36s", bytes((double)last->total).text, "private memory, as the kernel says");
	if (last->time > first->time) {
		add_growth(first->total, last->total, out);
		buffer_format(out, " in %s", figure_age((double)(last->time - first->time)).text);
	}
	add_slope(&growth->total, true, out);
	add_line_end(out);
	add_parts(growth, out);
}

static struct figure amount(enum forecast_of which, int64_t value)
{
	return figure_value(unit_own(which == FORECAST_MEMORY), value);
}

static void add_when(const struct forecast *forecast, struct buffer *out)
{
	if (forecast->earliest > HORIZON_S) {
		buffer_add(out, "not reached within 30 days at this rate");
		return;
	}
	buffer_format(out, "reached in %s at this rate (%s..", figure_age(forecast->seconds).text,
		      figure_age(forecast->earliest).text);
	if (forecast->latest > HORIZON_S)
		buffer_add(out, "more than 30 days)");
	else
		buffer_format(out, "%s)", figure_age(forecast->latest).text);
}

static void add_forecast(const struct forecast *forecast, enum forecast_of which, struct style style,
			 struct buffer *out)
{
	static const char *const texts[FORECAST_COUNT] = {
		[FORECAST_MEMORY] = "Memory limit",
		[FORECAST_DESCRIPTORS] = "Descriptor limit",
		[FORECAST_TIMERS] = "Timer limit (signals queued for the user)",
	};

	if (forecast->used < 0 || (forecast->state == FORECAST_UNKNOWN && forecast->limit < 0))
		return;
	buffer_format(out, "%s: ", texts[which]);
	if (forecast->state == FORECAST_NO_LIMIT) {
		buffer_format(out, "none, %s in use\n", amount(which, forecast->used).text);
		return;
	}
	buffer_format(out, "%s of ", amount(which, forecast->used).text);
	buffer_format(out, "%s in use, ", amount(which, forecast->limit).text);
	if (forecast->state == FORECAST_REACHED)
		buffer_format(out, "%sreached%s", style_warning(style), style_end(style));
	else if (forecast->state == FORECAST_GROWING)
		add_when(forecast, out);
	else if (forecast->state == FORECAST_UNKNOWN)
		buffer_add(out, "its rate is not known yet");
	else if (forecast->earliest <= HORIZON_S)
		buffer_format(out, "not certain to grow; not before %s", figure_age(forecast->earliest).text);
	else
		buffer_add(out, "not growing");
	add_line_end(out);
}

void process_growth_text(struct buffer *out, const struct judged_process *judged, struct style style)
{
	const struct process_growth *growth = &judged->growth;
	bool is_trouble = growth->verdict > PROCESS_STEADY;
	char *program = process_program(judged->process);

	buffer_format(out, "Process %u (%s): %s%s%s: %s\n", judged->process->pid, program,
		      is_trouble ? style_strong(style) : "",
		      growth->is_known ? process_verdict_name(growth->verdict) : "unknown",
		      is_trouble ? style_end(style) : "", growth->reason);
	free(program);
	if (growth->is_known)
		add_waterfall(growth, out);
	for (int i = 0; i < FORECAST_COUNT; i++)
		add_forecast(&growth->forecasts[i], (enum forecast_of)i, style, out);
}

/* ---- JSON ---- */

static void add_slope_json(struct json *json, const char *key, const struct growth_slope *slope)
{
	json_begin_object(json, key);
	json_real(json, "per_second", slope->estimate);
	json_real(json, "low", slope->low);
	json_real(json, "high", slope->high);
	json_end_object(json);
}

static void known_int(struct json *json, const char *key, int64_t value, bool is_known)
{
	if (is_known)
		json_int(json, key, value);
	else
		json_null(json, key);
}

static void add_part_json(struct json *json, const struct process_growth *growth, int part)
{
	static const char *const names[] = {
#define X(id, name, text) name,
		WATERFALL_PARTS(X)
#undef X
	};

	json_begin_object(json, NULL);
	json_string(json, "name", names[part]);
	json_int(json, "bytes", growth->last.parts[part]);
	json_int(json, "growth", growth->last.parts[part] - growth->first.parts[part]);
	add_slope_json(json, "slope", &growth->parts[part]);
	json_end_object(json);
}

static void add_waterfall_json(struct json *json, const struct process_growth *growth)
{
	const struct waterfall *first = &growth->first, *last = &growth->last;
	bool is_known = growth->is_known;

	known_int(json, "from", first->time, is_known);
	known_int(json, "until", last->time, is_known);
	known_int(json, "bytes", last->total, is_known);
	known_int(json, "growth", last->total - first->total, is_known);
	add_slope_json(json, "slope", &growth->total);
	json_begin_array(json, "parts");
	for (int i = 0; i < WATERFALL_COUNT && is_known; i++)
		add_part_json(json, growth, i);
	json_end_array(json);
	known_int(json, "slack_overhead", last->overhead, is_known && last->overhead >= 0);
	known_int(json, "slack_free_pages", last->free_pages, is_known);
}

static void add_forecast_json(struct json *json, const struct forecast *forecast, enum forecast_of which)
{
	static const char *const states[] = {
		[FORECAST_UNKNOWN] = "unknown", [FORECAST_NO_LIMIT] = "no limit",
		[FORECAST_REACHED] = "reached", [FORECAST_NOT_GROWING] = "not growing",
		[FORECAST_GROWING] = "growing",
	};

	json_begin_object(json, NULL);
	json_string(json, "of", forecast_name(which));
	json_string(json, "state", states[forecast->state]);
	known_int(json, "used", forecast->used, forecast->used >= 0);
	known_int(json, "limit", forecast->limit, forecast->limit >= 0 && forecast->limit < INT64_MAX);
	add_slope_json(json, "slope", &forecast->slope);
	json_real(json, "seconds", forecast->seconds);
	json_real(json, "earliest_seconds", forecast->earliest);
	json_real(json, "latest_seconds", forecast->latest);
	json_end_object(json);
}

void process_growth_json(struct json *json, const struct judged_process *judged)
{
	const struct process_growth *growth = &judged->growth;
	char *program = process_program(judged->process);

	json_begin_object(json, NULL);
	json_uint(json, "pid", judged->process->pid);
	json_string(json, "program", program);
	json_string(json, "verdict", growth->is_known ? process_verdict_name(growth->verdict) : NULL);
	json_string(json, "reason", growth->reason);
	add_waterfall_json(json, growth);
	json_begin_array(json, "forecasts");
	for (int i = 0; i < FORECAST_COUNT; i++)
		add_forecast_json(json, &growth->forecasts[i], (enum forecast_of)i);
	json_end_array(json);
	json_end_object(json);
	free(program);
}
