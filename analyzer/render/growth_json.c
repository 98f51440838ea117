/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "frame_json.h"
#include "growth.h"

static void add_slope(struct json *json, const char *key, const struct growth_slope *slope)
{
	json_begin_object(json, key);
	json_real(json, "per_second", slope->estimate);
	json_real(json, "low", slope->low);
	json_real(json, "high", slope->high);
	json_end_object(json);
}

static void add_goes_with(struct json *json, const struct judgement *judgement, const struct correlate_result *with)
{
	if (with->counter < 0 || (size_t)with->counter >= judgement->event_count) {
		json_null(json, "goes_with");
		return;
	}
	json_begin_object(json, "goes_with");
	json_string(json, "event", judgement->events[with->counter].name);
	json_real(json, "objects_per_event", with->ratio);
	json_real(json, "low", with->low);
	json_real(json, "high", with->high);
	json_real(json, "explained", with->explained);
	json_end_object(json);
}

static void add_judged(struct json *json, const struct judgement *judgement, const struct judged *judged)
{
	const struct verdict_result *verdict = &judged->verdict;

	json_string(json, "verdict", verdict_name(verdict->verdict));
	json_string(json, "reason", verdict->reason);
	if (verdict->verdict == VERDICT_UNDECIDED && verdict->more_seconds > 0)
		json_real(json, "more_seconds", verdict->more_seconds);
	if (verdict->since_s)
		json_int(json, "since_s", verdict->since_s);
	else
		json_null(json, "since_s");
	add_slope(json, "objects", &verdict->objects);
	add_slope(json, "bytes", &verdict->bytes);
	json_real(json, "detectable_objects_per_second", verdict->detectable_objects);
	json_real(json, "detectable_bytes_per_second", verdict->detectable_bytes);
	json_real(json, "p_value", verdict->p_value);
	json_real(json, "share", judged->share);
	json_real(json, "live_objects", judged->live_objects);
	json_real(json, "live_bytes", judged->live_bytes);
	json_real(json, "growth_objects", judged->growth_objects);
	json_real(json, "growth_bytes", judged->growth_bytes);
	json_real(json, "acquired_objects", judged->acquired_objects);
	json_real(json, "released_objects", judged->released_objects);
	json_real(json, "mean_age_s", verdict->mean_age_s);
	json_real(json, "mean_lifetime_s", verdict->mean_lifetime_s);
	add_goes_with(json, judgement, &verdict->goes_with);
	json_bool(json, "estimated", judged->is_estimated);
}

static void add_site(struct json *json, const struct judgement *judgement, const struct judged_site *site)
{
	const struct profile_stack *stack = &judgement->profile.stacks[site->stack];

	json_begin_object(json, NULL);
	json_uint(json, "site_id", site->site_id);
	add_judged(json, judgement, &site->judged);
	json_begin_array(json, "stack");
	for (size_t i = 0; i < stack->count; i++) {
		const struct profile_frame *frame =
			&judgement->profile.frames[judgement->profile.frame_ids[stack->first + i]];

		json_begin_object(json, NULL);
		frame_json_place(json, frame);
		json_bool(json, "inlined", frame->inlined);
		json_bool(json, "wrapper", i < site->wrapper_count);
		json_end_object(json);
	}
	json_end_array(json);
	json_end_object(json);
}

static void add_group(struct json *json, const struct judgement *judgement, const struct judged_group *group)
{
	json_begin_object(json, NULL);
	json_string(json, "kind", kind_name(group->kind));
	frame_json_place(json, group->frame);
	add_judged(json, judgement, &group->judged);
	json_begin_array(json, "released_in");
	for (size_t i = 0; i < group->release_count; i++) {
		json_begin_object(json, NULL);
		json_string(json, "function", group->releases[i].function);
		json_uint(json, "count", group->releases[i].count);
		json_end_object(json);
	}
	json_end_array(json);
	json_begin_array(json, "callsites");
	for (size_t i = 0; i < group->site_count; i++)
		add_site(json, judgement, &judgement->sites[group->first_site + i]);
	json_end_array(json);
	json_end_object(json);
}

static void add_grid(struct json *json, const struct growth_grid *grid)
{
	json_begin_object(json, "judged");
	json_int(json, "from_s", grid->start_s);
	json_int(json, "to_s", grid->start_s + (int64_t)(grid->count - 1) * grid->step_s);
	json_int(json, "step_s", grid->step_s);
	json_uint(json, "points", grid->count);
	json_end_object(json);
}

static void add_events(struct json *json, const struct judgement *judgement)
{
	json_begin_object(json, "events");
	for (size_t i = 0; i < judgement->event_count; i++)
		json_real(json, judgement->events[i].name, judgement->events[i].count);
	json_end_object(json);
}

static void add_counts(struct json *json, const struct judgement *judgement)
{
	json_begin_object(json, "counts");
	for (int i = 0; i <= VERDICT_LEAK; i++)
		json_uint(json, verdict_name((enum verdict)i), judgement->verdict_counts[i]);
	json_end_object(json);
}

void growth_json(struct buffer *out, const struct growth_report *report)
{
	const struct judgement *judgement = report->judgement;
	struct json json = {.out = out};
	size_t count = judgement->group_count;

	json_begin_object(&json, NULL);
	json_string(&json, "recording", report->head->recording);
	json_string(&json, "program", report->head->program);
	json_int(&json, "time_ns", report->head->time_ns);
	json_int(&json, "duration_ns", report->head->duration_ns);
	json_bool(&json, "live", report->head->is_live);
	json_real(&json, "confidence", 0.95);
	add_grid(&json, &judgement->grid);
	add_counts(&json, judgement);
	add_events(&json, judgement);
	json_real(&json, "time_wait", report->time_wait);
	json_begin_array(&json, "processes");
	for (size_t i = 0; i < report->process_count; i++)
		process_growth_json(&json, &report->processes[i]);
	json_end_array(&json);
	json_begin_array(&json, "groups");
	for (size_t i = 0; i < count && (!report->limit || i < report->limit); i++)
		add_group(&json, judgement, &judgement->groups[i]);
	json_end_array(&json);
	report_trust_json(&json, &report->head->trust);
	json_end_object(&json);
}
