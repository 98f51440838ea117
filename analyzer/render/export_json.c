/* SPDX-License-Identifier: MIT */
/*
 * The profile as one JSON object: tables of modules and frames, and samples that refer to the frames by index, so that
 * a name is written once. seep-export(1) describes the fields.
 */
#include "export.h"
#include "frame_json.h"
#include "sampling.h"

static void add_types(struct json *json, const struct samples *samples)
{
	json_begin_array(json, "types");
	for (size_t i = 0; i < samples->type_count; i++) {
		json_begin_object(json, NULL);
		json_string(json, "name", samples->types[i].name);
		json_string(json, "unit", export_unit(&samples->types[i]));
		json_end_object(json);
	}
	json_end_array(json);
}

static void add_modules(struct json *json, const struct recording *recording)
{
	json_begin_array(json, "modules");
	for (size_t i = 0; i < recording->module_count; i++) {
		const struct model_module *module = &recording->modules[i];

		if (!module->id || !module->path[0])
			continue;
		json_begin_object(json, NULL);
		json_string(json, "path", module->path);
		json_string(json, "build_id", module->build_id);
		json_end_object(json);
	}
	json_end_array(json);
}

static void add_frames(struct json *json, const struct profile *profile)
{
	json_begin_array(json, "frames");
	for (size_t i = 0; i < profile->frame_count; i++)
		frame_json(json, &profile->frames[i]);
	json_end_array(json);
}

static void add_sample(struct json *json, const struct samples *samples, const struct sample *sample)
{
	json_begin_object(json, NULL);
	json_string(json, "kind", kind_name(sample->kind));
	json_bool(json, "estimated", sample->is_estimate);
	json_begin_array(json, "stack");
	for (size_t i = 0; i < sample->count; i++)
		json_uint(json, NULL, samples->profile->frame_ids[sample->first + i]);
	json_end_array(json);
	json_begin_object(json, "values");
	for (size_t i = 0; i < samples->type_count; i++)
		if (sample->values[i])
			json_int(json, samples->types[i].name, sample->values[i]);
	json_end_object(json);
	json_end_object(json);
}

void export_json(struct buffer *out, const struct export_source *source)
{
	const struct report_head *head = source->head;
	const struct samples *samples = source->samples;
	struct json json = {.out = out};

	json_begin_object(&json, NULL);
	json_string(&json, "recording", head->recording);
	if (head->base)
		json_string(&json, "base", head->base);
	json_string(&json, "program", head->program);
	json_string(&json, "build_id", head->build_id);
	json_int(&json, "time_ns", head->time_ns);
	json_int(&json, "duration_ns", head->duration_ns);
	json_bool(&json, "live", head->is_live);
	json_bool(&json, "difference", head->is_difference);
	json_bool(&json, "sampled", report_is_sampled(head));
	if (report_is_sampled(head))
		sampling_json_history(&json, "sampling", head->samplings, head->sampling_count);
	add_types(&json, samples);
	add_modules(&json, source->recording);
	add_frames(&json, samples->profile);
	json_begin_array(&json, "samples");
	for (size_t i = 0; i < samples->count; i++)
		add_sample(&json, samples, &samples->items[i]);
	json_end_array(&json);
	report_trust_json(&json, &head->trust);
	json_end_object(&json);
}
