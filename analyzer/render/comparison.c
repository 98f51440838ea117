/* SPDX-License-Identifier: MIT */
#include "comparison.h"

#include <stdlib.h>

#include "../analysis/paths.h"
#include "frame_json.h"
#include "sampling.h"

static const struct profile_frame *frame_at(const struct compared *callsite, size_t i)
{
	return &callsite->stack.frames[callsite->stack.frame_ids[callsite->stack.stacks[0].first + i]];
}

static struct figure signed_value(const struct unit *unit, int64_t value)
{
	struct figure plain = figure_value(*unit, value), out;

	snprintf(out.text, sizeof(out.text), "%s%.30s", value > 0 ? "+" : "", plain.text);
	return out;
}

static void add_stack(struct buffer *out, const struct compared *callsite)
{
	size_t count = fingerprint_frames(&callsite->stack, &callsite->stack.stacks[0]);

	buffer_format(out, "%41s", "");
	for (size_t i = 0; i < count; i++) {
		buffer_add(out, i ? " < " : "");
		report_name(out, frame_at(callsite, i)->function);
	}
	buffer_format(out, "  %s\n", fingerprint_text(callsite->fingerprint).text);
}

static void add_callsite(struct buffer *out, const struct compared *callsite, const struct unit *unit)
{
	const struct profile_frame *frame = frame_at(callsite, 0);

	buffer_format(out, "%-6s %10s %10s %10s  %s in ", change_name(callsite->change),
		      signed_value(unit, callsite->after - callsite->before).text,
		      figure_value(*unit, callsite->before).text, figure_value(*unit, callsite->after).text,
		      kind_name(callsite->kind));
	report_name(out, frame->function);
	if (frame->file) {
		buffer_add(out, " (");
		report_name(out, path_base(frame->file));
		buffer_format(out, ":%u)", frame->line);
	}
	buffer_add(out, "\n");
	add_stack(out, callsite);
}

static size_t count_changed(const struct comparison *comparison)
{
	return comparison->count - comparison->change_counts[CHANGE_NONE];
}

void comparison_text(struct buffer *out, const struct report_head *head, const struct comparison *comparison,
		     size_t limit)
{
	struct unit unit = unit_own(value_type_is_bytes(&head->type));
	size_t changed = count_changed(comparison), shown = limit && limit < changed ? limit : changed;

	buffer_add(out, "A: ");
	report_name(out, head->base ? head->base : "");
	buffer_add(out, "\nB: ");
	report_name(out, head->recording);
	buffer_format(out, "\nType: %s; A %s, B %s, change %s\n", head->type.name,
		      figure_value(unit, comparison->before).text, figure_value(unit, comparison->after).text,
		      signed_value(&unit, comparison->after - comparison->before).text);
	if (shown)
		buffer_format(out, "%s%-6s %10s %10s %10s  callsite%s\n", style_strong(head->style), "", "change", "A",
			      "B", style_end(head->style));
	for (size_t i = 0; i < shown; i++)
		add_callsite(out, &comparison->callsites[i], &unit);
	if (shown < changed)
		buffer_format(out, "and %zu more that changed; -n 0 shows all\n", changed - shown);
	buffer_format(out, "%zu callsites: %zu came, %zu grew, %zu shrank, %zu went, %zu are the same\n",
		      comparison->count, comparison->change_counts[CHANGE_CAME], comparison->change_counts[CHANGE_GREW],
		      comparison->change_counts[CHANGE_SHRANK], comparison->change_counts[CHANGE_WENT],
		      comparison->change_counts[CHANGE_NONE]);
	report_trust(out, &head->trust, NULL, head->style);
}

/* ---- JSON ---- */

static void add_frames(struct json *json, const struct compared *callsite)
{
	json_begin_array(json, "stack");
	for (size_t i = 0; i < callsite->stack.stacks[0].count; i++) {
		const struct profile_frame *frame = frame_at(callsite, i);

		json_begin_object(json, NULL);
		frame_json_place(json, frame);
		json_end_object(json);
	}
	json_end_array(json);
}

static void add_compared(struct json *json, const struct compared *callsite)
{
	int64_t change = callsite->after - callsite->before;

	json_begin_object(json, NULL);
	json_string(json, "fingerprint", fingerprint_text(callsite->fingerprint).text);
	json_string(json, "kind", kind_name(callsite->kind));
	json_string(json, "change", change_name(callsite->change));
	json_int(json, "before", callsite->before);
	json_int(json, "after", callsite->after);
	json_int(json, "difference", change);
	if (uncertainty_is_any(&callsite->uncertainty))
		sampling_json_interval(json, "difference", change, &callsite->uncertainty);
	add_frames(json, callsite);
	json_end_object(json);
}

void comparison_json(struct buffer *out, const struct report_head *head, const struct comparison *comparison,
		     size_t limit)
{
	struct json json = {.out = out};

	json_begin_object(&json, NULL);
	json_string(&json, "before", head->base);
	json_string(&json, "after", head->recording);
	json_string(&json, "type", head->type.name);
	json_int(&json, "total_before", comparison->before);
	json_int(&json, "total_after", comparison->after);
	json_begin_object(&json, "changes");
	for (int i = 0; i < CHANGE_COUNT; i++)
		json_uint(&json, change_name((enum change)i), comparison->change_counts[i]);
	json_end_object(&json);
	json_begin_array(&json, "callsites");
	for (size_t i = 0; i < comparison->count && (!limit || i < limit); i++)
		add_compared(&json, &comparison->callsites[i]);
	json_end_array(&json);
	report_trust_json(&json, &head->trust);
	json_end_object(&json);
}
