/* SPDX-License-Identifier: MIT */
#include "ages.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "sampling.h"

enum { BAR_WIDTH = 40, READINGS_SHOWN = 5 };

const char *ages_because(const char *state)
{
	if (strcmp(state, "not permitted") == 0)
		return "its memory may not be read (another user's, not dumpable, or kernel.yama.ptrace_scope)";
	if (strcmp(state, "too large") == 0)
		return "its map of what lives is too large to be read at little cost";
	return "it could not be read";
}

static size_t shown_of(const struct ages_report *report)
{
	size_t count = report->groups->count;

	return report->limit && report->limit < count ? report->limit : count;
}

/* ---- text ---- */

static void add_reading(struct buffer *out, const struct ages_report *report, const struct ages_reading *reading)
{
	time_t seconds = (time_t)reading->time_s;
	int64_t before_s = report->newest_ns / 1000000000 - reading->time_s;
	struct tm parts;
	char text[64];

	if (!reading->time_s) {
		buffer_format(out, "Ages of process %u: unknown: %s\n", reading->pid,
			      reading->because ? reading->because : "it was not read (yet)");
		return;
	}
	localtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S (%Z)", &parts);
	buffer_format(out, "Ages of process %u: as of %s", reading->pid, text);
	if (before_s > 0)
		buffer_format(out, ", %s before the newest figures", figure_age((double)before_s).text);
	if (reading->because)
		buffer_format(out, "; since then unknown: %s", reading->because);
	buffer_add(out, "\n");
}

static void add_bar(struct buffer *out, double part)
{
	int width = part > 0 ? (int)lround(part * BAR_WIDTH) : 0;

	if (part > 0 && !width)
		width = 1;
	for (int i = 0; i < width; i++)
		buffer_add(out, "#");
	buffer_add(out, "\n");
}

static void add_bucket(struct buffer *out, const struct age_group *group, unsigned place, bool in_bytes)
{
	struct model_age age = group->ages[place];
	double whole = in_bytes ? group->sum.bytes : group->sum.count;
	struct figure from = figure_age((double)age_from(place)), to = figure_age((double)age_to(place));

	if (place)
		buffer_format(out, "  %9s to %9s", from.text, to.text);
	else
		buffer_format(out, "  %9s up to %6s", "", to.text);
	buffer_format(out, " %12.0f %10s  ", age.count, figure_value(unit_own(true), llround(age.bytes)).text);
	add_bar(out, whole > 0 ? (in_bytes ? age.bytes : age.count) / whole : 0);
}

static void add_group(struct buffer *out, const struct age_group *group, bool in_bytes)
{
	unsigned first = 0, last = MODEL_AGES - 1;

	buffer_add(out, "\n");
	report_name(out, group->function);
	buffer_format(out, ": %.0f objects, %s", group->sum.count,
		      figure_value(unit_own(true), llround(group->sum.bytes)).text);
	if (group->live_count != llround(group->sum.count))
		buffer_format(out, " (%lld objects, %s by the newest figures)", (long long)group->live_count,
			      figure_value(unit_own(true), group->live_bytes).text);
	buffer_add(out, "\n");
	while (first < last && group->ages[first].count <= 0)
		first++;
	while (last > first && group->ages[last].count <= 0)
		last--;
	buffer_format(out, "  %22s %12s %10s\n", "age", "objects", "bytes");
	for (unsigned place = first; place <= last; place++)
		add_bucket(out, group, place, in_bytes);
}

void ages_text(struct buffer *out, const struct ages_report *report)
{
	size_t shown = shown_of(report);
	size_t readings = report->reading_count;

	report_begin(out, report->head);
	sampling_add_head(out, report->head);
	report_filters(out, report->head);
	for (size_t i = 0; i < readings && i < READINGS_SHOWN; i++)
		add_reading(out, report, &report->readings[i]);
	if (readings > READINGS_SHOWN)
		buffer_format(out, "... and of %zu more processes\n", readings - READINGS_SHOWN);
	for (size_t i = 0; i < shown; i++)
		add_group(out, &report->groups->groups[i], value_type_is_bytes(&report->head->type));
	buffer_add(out, "\n");
	if (shown < report->groups->count)
		buffer_format(out, "Showing %zu of %zu matching functions\n", shown, report->groups->count);
	report_end(out, report->head);
}

/* ---- JSON ---- */

static void add_readings(struct json *json, const struct ages_report *report)
{
	json_begin_array(json, "readings");
	for (size_t i = 0; i < report->reading_count; i++) {
		const struct ages_reading *reading = &report->readings[i];

		json_begin_object(json, NULL);
		json_uint(json, "pid", reading->pid);
		if (reading->time_s)
			json_int(json, "time", reading->time_s);
		else
			json_null(json, "time");
		json_string(json, "unknown_because", reading->because);
		json_int(json, "cpu_ns", reading->cpu_ns);
		json_end_object(json);
	}
	json_end_array(json);
}

static void add_buckets(struct json *json, const struct age_group *group)
{
	json_begin_array(json, "ages");
	for (unsigned place = 0; place < MODEL_AGES; place++) {
		if (group->ages[place].count <= 0)
			continue;
		json_begin_object(json, NULL);
		json_int(json, "from_s", age_from(place));
		json_int(json, "to_s", age_to(place));
		json_int(json, "objects", llround(group->ages[place].count));
		json_int(json, "bytes", llround(group->ages[place].bytes));
		json_end_object(json);
	}
	json_end_array(json);
}

void ages_json(struct buffer *out, const struct ages_report *report)
{
	struct json json = report_begin_json(out, report->head);

	add_readings(&json, report);
	json_begin_array(&json, "functions");
	for (size_t i = 0; i < shown_of(report); i++) {
		const struct age_group *group = &report->groups->groups[i];

		json_begin_object(&json, NULL);
		json_string(&json, "name", group->function);
		json_int(&json, "objects", llround(group->sum.count));
		json_int(&json, "bytes", llround(group->sum.bytes));
		json_int(&json, "live_objects", group->live_count);
		json_int(&json, "live_bytes", group->live_bytes);
		add_buckets(&json, group);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_uint(&json, "matching_functions", report->groups->count);
	report_end_json(&json, report->head);
}
