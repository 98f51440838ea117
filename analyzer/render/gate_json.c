/* SPDX-License-Identifier: MIT */
/* gate_json.c - everything that a gate knows, as one object; and a baseline as the file to commit. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "frame_json.h"
#include "gate_words.h"
#include "json.h"

static void add_owned(struct json *json, const char *key, char *text)
{
	json_string(json, key, text);
	free(text);
}

static void add_slope(struct json *json, const char *key, const struct growth_slope *slope)
{
	json_begin_object(json, key);
	json_real(json, "estimate", slope->estimate);
	json_real(json, "low", slope->low);
	json_real(json, "high", slope->high);
	json_end_object(json);
}

static void add_frames(struct json *json, const struct callsite *callsite)
{
	const struct profile *stack = callsite->stack;

	json_begin_array(json, "stack");
	for (size_t i = callsite->shown; i < stack->stacks[0].count; i++) {
		const struct profile_frame *frame = &stack->frames[stack->frame_ids[stack->stacks[0].first + i]];

		json_begin_object(json, NULL);
		frame_json_place(json, frame);
		json_end_object(json);
	}
	json_end_array(json);
}

static void add_site(struct json *json, const struct gate_site *site)
{
	json_string(json, "fingerprint", fingerprint_text(site->callsite.fingerprint).text);
	json_string(json, "kind", kind_name(site->callsite.kind));
	json_string(json, "function", site->frame->function);
	json_string(json, "verdict", verdict_name(site->verdict));
	json_string(json, "reason", site->reason);
	add_slope(json, "objects_per_second", &site->objects);
	add_slope(json, "bytes_per_second", &site->bytes);
	json_real(json, "live_objects", site->live_objects);
	json_real(json, "live_bytes", site->live_bytes);
	json_int(json, "since", site->since_s);
	json_real(json, "more_seconds", site->more_seconds);
	json_string(json, "event", site->event);
	if (site->event)
		add_slope(json, "objects_per_event",
			  &(struct growth_slope){site->ratio, site->ratio_low, site->ratio_high});
	add_frames(json, &site->callsite);
}

static void add_before(struct json *json, const struct baseline_entry *entry)
{
	json_begin_object(json, "baseline");
	json_string(json, "fingerprint", fingerprint_text(entry->fingerprint).text);
	json_string(json, "kind", kind_name(entry->kind));
	json_real(json, "objects_per_second", entry->objects);
	json_real(json, "bytes_per_second", entry->bytes);
	json_string(json, "event", entry->event);
	if (entry->event)
		json_real(json, "objects_per_event", entry->ratio);
	json_string(json, "functions", entry->functions);
	json_end_object(json);
}

static void add_finding(const struct gate_report *report, const struct gate_finding *finding, struct json *json)
{
	struct gate_place place = gate_place(report, finding);

	json_begin_object(json, NULL);
	json_string(json, "rule", gate_rule_name(finding->rule));
	json_string(json, "status", finding->status ? gate_status_name(finding->status) : NULL);
	json_string(json, "outcome", gate_outcome_name(finding->outcome));
	json_string(json, "effect", gate_outcome_name(gate_effect(report, finding)));
	add_owned(json, "title", gate_title(finding));
	add_owned(json, "message", gate_message(report, finding));
	json_string(json, "file", place.file);
	json_uint(json, "line", place.line);
	if (finding->rule == GATE_BUDGET || finding->rule == GATE_POWER)
		json_real(json, "measured", finding->is_measured ? finding->measured : NAN);
	if (finding->rule == GATE_BUDGET)
		json_real(json, "allowed", finding->budget->rate.amount);
	if (finding->suppression) {
		json_begin_object(json, "suppression");
		json_string(json, "name", finding->suppression->name);
		json_string(json, "file", finding->suppression->file);
		json_uint(json, "line", finding->suppression->line);
		json_string(json, "owner", finding->suppression->owner);
		json_string(json, "expires", finding->suppression->expires);
		json_end_object(json);
	}
	if (finding->before)
		add_before(json, finding->before);
	if (finding->site && finding->rule != GATE_POWER) {
		json_begin_object(json, "callsite");
		add_site(json, finding->site);
		json_end_object(json);
	}
	json_end_object(json);
}

static void add_power(struct json *json, const char *key, const struct gate_power *power)
{
	json_begin_object(json, key);
	json_real(json, "objects_per_second", power->objects);
	json_real(json, "bytes_per_second", power->bytes);
	if (power->site)
		json_string(json, "function", power->site->frame->function);
	json_end_object(json);
}

static void add_events(struct json *json, const struct gate_input *input)
{
	json_begin_object(json, "events");
	for (size_t i = 0; i < input->event_count; i++)
		json_real(json, input->events[i].name, input->events[i].count);
	json_end_object(json);
}

void gate_json(const struct gate_report *report, struct buffer *out)
{
	const struct gate_result *result = report->result;
	struct json json = {.out = out};

	json_begin_object(&json, NULL);
	json_string(&json, "outcome", gate_outcome_name(result->outcome));
	json_bool(&json, "was_inconclusive", result->was_inconclusive);
	json_string(&json, "program", report->program);
	json_string(&json, "recording", report->recording);
	json_string(&json, "policy", report->input->policy->file);
	json_string(&json, "baseline", report->input->baseline ? report->input->baseline_name : NULL);
	json_real(&json, "judged_seconds", report->input->span_s);
	json_uint(&json, "judged_callsites", result->judged);
	json_uint(&json, "leaks", result->leaks);
	add_owned(&json, "power_sentence", gate_power_sentence(report));
	add_power(&json, "power", &result->middle);
	add_power(&json, "weakest_power", &result->weakest);
	add_events(&json, report->input);
	json_begin_array(&json, "findings");
	for (size_t i = 0; i < result->finding_count; i++)
		add_finding(report, &result->findings[i], &json);
	json_end_array(&json);
	json_end_object(&json);
}

/* ---- the baseline's file ---- */

/* Two digits, without an exponent. */
static double rounded(double value)
{
	double unit = value > 0 ? pow(10, floor(log10(value)) - 1) : 1;

	return round(value / unit) * unit;
}

static void add_word(struct buffer *out, const char *text)
{
	for (; *text; text++)
		buffer_add_bytes(out, *text == ' ' ? "-" : text, 1);
}

static void add_entry(struct buffer *out, const struct baseline_entry *entry)
{
	buffer_format(out, "%s ", fingerprint_text(entry->fingerprint).text);
	add_word(out, kind_name(entry->kind));
	if (entry->state != BASELINE_LEAK)
		buffer_add(out, entry->state == BASELINE_PART ? " part" : " open");
	if (entry->state != BASELINE_PART)
		buffer_format(out, " %.10g objects/s %.10g bytes/s", rounded(entry->objects), rounded(entry->bytes));
	if (entry->event) {
		buffer_format(out, " %.10g per ", rounded(entry->ratio));
		add_word(out, entry->event);
	}
	if (entry->functions[0]) {
		buffer_add(out, " # ");
		for (const char *at = entry->functions; *at; at++)
			buffer_add_bytes(out, (unsigned char)*at < 0x20 || *at == 0x7f ? "?" : at, 1);
	}
	buffer_add(out, "\n");
}

void gate_render_baseline(const struct baseline *baseline, struct buffer *out)
{
	buffer_add(
		out,
		"seep-baseline 1\n"
		"# What leaked when this was written, a callsite a line (seep-gate(1)). `seep gate --baseline` lets it "
		"pass,\n# and fails what is new or has grown. Remove a line when its leak is fixed.\n");
	for (size_t i = 0; i < baseline->count; i++)
		add_entry(out, &baseline->entries[i]);
}
