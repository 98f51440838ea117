/* SPDX-License-Identifier: MIT */
#include "page_callsites.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/ages.h"
#include "../analysis/memory.h"
#include "frame_json.h"
#include "growth_words.h"

enum {
	LINES_AROUND = 5, /* of source, on each side */
	LINE_MOST = 400,  /* bytes of one: some sources are one line */
};

/* ---- a callsite's row ---- */

static void add_whole(struct json *json, const char *key, double value)
{
	if (isfinite(value))
		json_int(json, key, llround(value));
	else
		json_null(json, key);
}

static void add_rate(struct json *json, const struct growth_slope *slope)
{
	json_real(json, "rate", slope->estimate);
	json_real(json, "rate_low", slope->low);
	json_real(json, "rate_high", slope->high);
}

static void add_time(struct json *json, const char *key, int64_t time_s)
{
	if (time_s)
		json_int(json, key, time_s);
	else
		json_null(json, key);
}

static void add_goes_with(struct json *json, const struct judgement *judgement, const struct correlate_result *with)
{
	if (with->counter < 0 || (size_t)with->counter >= judgement->event_count) {
		json_null(json, "goes_with");
		return;
	}
	json_begin_object(json, "goes_with");
	json_string(json, "name", judgement->events[with->counter].name);
	json_real(json, "ratio", with->ratio);
	json_real(json, "low", with->low);
	json_real(json, "high", with->high);
	json_end_object(json);
}

static void add_spark(struct json *json, const struct page_judged *judged, const struct judged_group *group)
{
	double values[CALLSITE_SPARK_MOST];
	size_t count = callsite_spark(judged->report->judgement, group, &judged->series, values);

	json_begin_array(json, "spark");
	for (size_t i = 0; i < count; i++)
		json_short(json, NULL, values[i]);
	json_end_array(json);
}

static void add_figures(struct json *json, const struct judged *it, const struct callsite_cum *cum)
{
	add_whole(json, "objects", it->live_objects);
	add_whole(json, "bytes", it->live_bytes);
	add_whole(json, "cum_objects", cum->objects);
	add_whole(json, "cum_bytes", cum->bytes);
	add_whole(json, "acquired_objects", it->acquired_objects);
	add_whole(json, "acquired_bytes", it->acquired_bytes);
	add_whole(json, "released_objects", it->released_objects);
}

/* Members of an open object. */
static void add_row(struct json *json, const struct page_judged *judged, size_t index)
{
	const struct judgement *judgement = judged->report->judgement;
	const struct judged_group *group = &judgement->groups[index];
	const struct judged *it = &group->judged;
	bool in_bytes = judged_by_bytes(group->kind);

	json_string(json, "id", judged->ids[index].text);
	json_string(json, "kind", kind_name(group->kind));
	frame_json_place(json, group->frame);
	json_string(json, "verdict", verdict_name(it->verdict.verdict));
	json_string(json, "why", it->verdict.reason);
	json_string(json, "unit", in_bytes ? "bytes" : "objects");
	add_figures(json, it, &judged->cums[index]);
	add_rate(json, judged_slope(it, group->kind));
	add_time(json, "since_s", it->verdict.since_s);
	json_real(json, "age_s", it->live_objects > 0 ? it->verdict.mean_age_s : NAN);
	json_real(json, "share", it->share);
	json_bool(json, "estimated", it->is_estimated);
	json_real(json, "error", !it->is_estimated ? NAN : in_bytes ? it->bytes_error : it->objects_error);
	json_uint(json, "stacks", group->site_count);
	add_goes_with(json, judgement, &it->verdict.goes_with);
	add_spark(json, judged, group);
}

/* ---- the words ---- */

/* What is made of lines for a terminal, as one text: without its indentation, and the last newline. */
static void add_text(struct json *json, const char *key, const char *text, const char *indentation)
{
	struct buffer plain = {0};
	size_t indented = strlen(indentation);

	buffer_add(&plain, "");
	while (*text) {
		size_t size = strcspn(text, "\n");

		if (plain.size && !strncmp(text, indentation, indented)) {
			text += indented;
			size -= indented;
		}
		buffer_add_bytes(&plain, text, size);
		text += size + (text[size] == '\n');
		if (*text)
			buffer_add(&plain, "\n");
	}
	json_string(json, key, plain.text);
	buffer_release(&plain);
}

static void add_words_of(struct json *json, const char *key, const struct growth_report *report,
			 const struct judged_group *group)
{
	struct buffer words = {0};

	growth_words(&words, report, group);
	add_text(json, key, words.text, GROWTH_INDENT);
	buffer_release(&words);
}

static void add_words(struct json *json, const struct page_judged *judged)
{
	const struct growth_report *report = judged->report;
	size_t count, left;
	const struct judged_group **told = growth_groups(report, &count, &left);

	json_begin_array(json, "words");
	for (size_t i = 0; i < count; i++) {
		json_begin_object(json, NULL);
		json_string(json, "verdict", verdict_name(told[i]->judged.verdict.verdict));
		json_string(json, "callsite", judged->ids[told[i] - report->judgement->groups].text);
		add_words_of(json, "text", report, told[i]);
		json_end_object(json);
	}
	json_end_array(json);
	json_uint(json, "words_left", left);
	free(told);
}

static void add_process_words(struct json *json, const struct growth_report *report)
{
	const struct judged_process *told[GROWTH_PROCESSES];
	size_t left, count = growth_processes(report, told, &left);

	json_begin_array(json, "process_words");
	for (size_t i = 0; i < count; i++) {
		struct buffer words = {0};

		process_growth_text(&words, told[i], (struct style){0});
		add_text(json, NULL, words.text, "");
		buffer_release(&words);
	}
	json_end_array(json);
}

static void add_summary(struct json *json, const struct judgement *judgement)
{
	struct buffer words = {0};

	growth_words_none(&words, judgement);
	growth_words_counts(&words, judgement);
	add_text(json, "summary", words.text, "");
	buffer_release(&words);
}

/* ---- all callsites ---- */

static void add_grid(struct json *json, const struct growth_grid *grid)
{
	json_int(json, "start_s", grid->start_s);
	json_int(json, "step_s", grid->step_s);
	json_uint(json, "count", grid->count);
}

static void add_marks(struct json *json, const struct verdict_marks *marks)
{
	json_begin_array(json, "verdict_marks");
	for (size_t i = 0; i < marks->count; i++) {
		const struct verdict_mark *mark = &marks->items[i];

		json_begin_object(json, NULL);
		json_int(json, "time_s", mark->time_s);
		json_string(json, "callsite", mark->id.text);
		json_string(json, "from", verdict_name(mark->from));
		json_string(json, "to", verdict_name(mark->to));
		json_end_object(json);
	}
	json_end_array(json);
}

void page_callsites_json(struct buffer *out, const struct page_judged *judged)
{
	const struct judgement *judgement = judged->report->judgement;
	struct json json = {.out = out, .is_compact = true};

	json_begin_object(&json, NULL);
	json_uint(&json, "recording", judged->recording);
	json_uint(&json, "version", judged->version);
	json_begin_object(&json, "judged");
	add_grid(&json, &judgement->grid);
	json_end_object(&json);
	add_summary(&json, judgement);
	add_marks(&json, judged->marks);
	add_words(&json, judged);
	add_process_words(&json, judged->report);
	json_begin_array(&json, "callsites");
	for (size_t i = 0; i < judgement->group_count; i++) {
		json_begin_object(&json, NULL);
		add_row(&json, judged, i);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_end_object(&json);
}

/* ---- one callsite: its curves ---- */

/* Of a cumulative figure what came a second, from the point before; of the first point that is not known. */
static void add_rates(struct json *json, const char *key, const double *values, const struct growth_grid *grid)
{
	json_begin_array(json, key);
	for (size_t i = 0; i < grid->count; i++)
		json_real(json, NULL, i ? (values[i] - values[i - 1]) / grid->step_s : NAN);
	json_end_array(json);
}

static void add_curves(struct json *json, const struct page_judged *judged, const struct judged_group *group)
{
	const struct judgement *judgement = judged->report->judgement;
	const struct growth_grid *grid = &judgement->grid;
	struct callsite_curves curves;

	callsite_curves_build(judgement, group, &judged->series, &curves);
	json_begin_object(json, "curves");
	add_grid(json, grid);
	json_numbers(json, "live_objects", curves.live_objects, grid->count);
	json_numbers(json, "live_bytes", curves.live_bytes, grid->count);
	add_rates(json, "acquired_per_s", curves.acquired_objects, grid);
	add_rates(json, "released_per_s", curves.released_objects, grid);
	json_numbers(json, "mean_age_s", curves.mean_age_s, grid->count);
	json_end_object(json);
	callsite_curves_release(&curves);
}

/* ---- its stacks ---- */

static void add_line(struct json *json, const char *line)
{
	size_t size = strlen(line);
	char *cut;

	if (size <= LINE_MOST) {
		json_string(json, NULL, line);
		return;
	}
	size = LINE_MOST;
	while (size && ((unsigned char)line[size] & 0xc0) == 0x80) /* within a character */
		size--;
	cut = memory_format("%.*s...", (int)size, line);
	json_string(json, NULL, cut);
	free(cut);
}

static void add_source(struct json *json, const struct profile_frame *frame, const struct report_source *source)
{
	size_t first, last;

	if (!source || !source->found || !frame->line || frame->line > source->line_count) {
		json_null(json, "source");
		return;
	}
	first = frame->line > LINES_AROUND ? frame->line - LINES_AROUND : 1;
	last = source->line_count - frame->line > LINES_AROUND ? frame->line + LINES_AROUND : source->line_count;
	json_begin_object(json, "source");
	json_string(json, "path", source->found);
	json_uint(json, "first_line", first);
	json_begin_array(json, "lines");
	for (size_t line = first; line <= last; line++)
		add_line(json, source->lines[line - 1]);
	json_end_array(json);
	json_end_object(json);
}

static void add_frames(struct json *json, const struct page_callsite *callsite, const struct profile_stack *stack)
{
	const struct profile *profile = &callsite->judged->report->judgement->profile;

	json_begin_array(json, "frames");
	for (size_t i = 0; i < stack->count; i++) {
		uint32_t id = profile->frame_ids[stack->first + i];

		json_begin_object(json, NULL);
		frame_json_place(json, &profile->frames[id]);
		json_bool(json, "inlined", profile->frames[id].inlined);
		add_source(json, &profile->frames[id], callsite->sources[id]);
		json_end_object(json);
	}
	json_end_array(json);
}

size_t page_stacks_shown(const struct judged_group *group)
{
	return group->site_count < PAGE_STACKS_MOST ? group->site_count : PAGE_STACKS_MOST;
}

static void add_stacks(struct json *json, const struct page_callsite *callsite, const struct judged_group *group)
{
	const struct judgement *judgement = callsite->judged->report->judgement;

	json_begin_array(json, "stacks");
	for (size_t i = 0; i < page_stacks_shown(group); i++) {
		const struct judged_site *site = &judgement->sites[group->first_site + i];

		json_begin_object(json, NULL);
		add_whole(json, "objects", site->judged.live_objects);
		add_whole(json, "bytes", site->judged.live_bytes);
		json_real(json, "share", growth_part(group, site));
		json_uint(json, "wrappers", site->wrapper_count);
		add_frames(json, callsite, &judgement->profile.stacks[site->stack]);
		json_end_object(json);
	}
	json_end_array(json);
}

/* ---- its ages, and where others are released ---- */

static void add_ages(struct json *json, const struct page_ages *ages)
{
	unsigned first = 0, last = MODEL_AGES;

	if (ages->because) {
		json_null(json, "ages");
		json_string(json, "ages_why", ages->because);
		return;
	}
	while (first < last && ages->ages[first].count <= 0)
		first++;
	while (last > first && ages->ages[last - 1].count <= 0)
		last--;
	json_begin_object(json, "ages");
	json_int(json, "time_s", ages->time_s);
	json_begin_array(json, "buckets");
	for (unsigned i = first; i < last; i++) {
		json_begin_object(json, NULL);
		json_int(json, "from_s", age_from(i));
		json_int(json, "to_s", age_to(i));
		add_whole(json, "objects", ages->ages[i].count);
		add_whole(json, "bytes", ages->ages[i].bytes);
		json_end_object(json);
	}
	json_end_array(json);
	json_end_object(json);
	json_null(json, "ages_why");
}

static void add_releases(struct json *json, const struct judged_group *group)
{
	json_begin_array(json, "releases");
	for (size_t i = 0; i < group->release_count; i++) {
		json_begin_object(json, NULL);
		json_string(json, "function", group->releases[i].function);
		json_uint(json, "count", group->releases[i].count);
		json_end_object(json);
	}
	json_end_array(json);
}

void page_callsite_json(struct buffer *out, const struct page_callsite *callsite)
{
	const struct page_judged *judged = callsite->judged;
	const struct judged_group *group = &judged->report->judgement->groups[callsite->group];
	struct growth_report with_stacks = *judged->report;
	struct json json = {.out = out, .is_compact = true};

	with_stacks.with_stacks = true;
	json_begin_object(&json, NULL);
	add_row(&json, judged, callsite->group);
	add_curves(&json, judged, group);
	add_stacks(&json, callsite, group);
	add_ages(&json, callsite->ages);
	add_releases(&json, group);
	add_words_of(&json, "text", &with_stacks, group);
	json_end_object(&json);
}
