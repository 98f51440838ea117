/* SPDX-License-Identifier: MIT */
#include "sampling.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../analysis/interval.h"

#define NS_PER_S INT64_C(1000000000)

bool sampling_is_on(const struct model_sampling *samplings, size_t count, int64_t until_ns)
{
	for (size_t i = 0; samplings && i < count; i++)
		if (samplings[i].interval && samplings[i].time_ns <= until_ns)
			return true;
	return false;
}

bool report_is_sampled(const struct report_head *head)
{
	return sampling_is_on(head->samplings, head->sampling_count, head->until_ns) ||
	       sampling_is_on(head->base_samplings, head->base_sampling_count, INT64_MAX);
}

/* ---- text ---- */

static void add_rate(struct buffer *out, uint64_t interval)
{
	if (interval)
		buffer_format(out, "1 in %s", figure_value(unit_own(true), (int64_t)interval).text);
	else
		buffer_add(out, "every block");
}

static void add_clock(struct buffer *out, int64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / NS_PER_S);
	struct tm parts;
	char text[32];

	localtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%H:%M:%S", &parts);
	buffer_add(out, text);
}

void sampling_add_history(struct buffer *out, const struct model_sampling *samplings, size_t count, int64_t until_ns)
{
	for (size_t i = 0; i < count && samplings[i].time_ns <= until_ns; i++) {
		if (i) {
			buffer_add(out, " until ");
			add_clock(out, samplings[i].time_ns);
			buffer_add(out, ", then ");
		}
		add_rate(out, samplings[i].interval);
	}
}

static void add_line(struct buffer *out, const char *title, const struct model_sampling *samplings, size_t count,
		     int64_t until_ns)
{
	if (!sampling_is_on(samplings, count, until_ns))
		return;
	buffer_add(out, title);
	sampling_add_history(out, samplings, count, until_ns);
	buffer_add(out, " of heap bytes; figures are estimates, ± is their 95% interval\n");
}

void sampling_add_head(struct buffer *out, const struct report_head *head)
{
	add_line(out, "Sampled: ", head->samplings, head->sampling_count, head->until_ns);
	add_line(out, "Base sampled: ", head->base_samplings, head->base_sampling_count, INT64_MAX);
}

void sampling_add_width(struct buffer *out, struct unit unit, int64_t value, const struct uncertainty *uncertainty,
			int columns)
{
	struct figure figure;
	int64_t width;

	if (!uncertainty_is_any(uncertainty)) {
		buffer_format(out, "%*s", columns, "");
		return;
	}
	width = interval_width(value, uncertainty);
	figure = figure_value(unit, width);
	if (width && !strcmp(figure.text, "0"))
		figure = figure_value(unit_own(unit.own || (unit.name && *unit.name)), width);
	columns -= 1 + (int)strlen(figure.text);
	buffer_format(out, "%*s±%s", columns > 0 ? columns : 0, "", figure.text);
}

/* ---- JSON ---- */

void sampling_json_interval(struct json *json, const char *name, int64_t value, const struct uncertainty *uncertainty)
{
	struct interval interval = interval_of(value, uncertainty);
	char key[64];

	snprintf(key, sizeof(key), "%s_low", name);
	json_int(json, key, (int64_t)interval.low);
	snprintf(key, sizeof(key), "%s_high", name);
	json_int(json, key, (int64_t)interval.high);
}

void sampling_json_history(struct json *json, const char *key, const struct model_sampling *samplings, size_t count)
{
	json_begin_array(json, key);
	for (size_t i = 0; samplings && i < count; i++) {
		json_begin_object(json, NULL);
		json_int(json, "time_ns", samplings[i].time_ns);
		json_uint(json, "interval", samplings[i].interval);
		json_end_object(json);
	}
	json_end_array(json);
}
