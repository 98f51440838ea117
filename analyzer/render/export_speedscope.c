/* SPDX-License-Identifier: MIT */
/*
 * speedscope's file format (https://www.speedscope.app/file-format-schema.json): one table of frames, and a "sampled"
 * profile for each type that has values, that of --type shown first. Its weights cannot be negative: what a
 * difference has less of is a profile of its own, with positive weights.
 */
#include "../analysis/memory.h"
#include "export.h"

#include <stdlib.h>

struct part {
	size_t type;
	int sign; /* of the values that it has */
};

static int64_t weight(const struct sample *sample, struct part part)
{
	int64_t value = sample->values[part.type] * part.sign;

	return value > 0 ? value : 0;
}

static int64_t total(const struct samples *samples, struct part part)
{
	int64_t sum = 0;

	for (size_t i = 0; i < samples->count; i++)
		sum += weight(&samples->items[i], part);
	return sum;
}

static void add_frames(struct json *json, const struct profile *profile)
{
	json_begin_array(json, "frames");
	for (size_t i = 0; i < profile->frame_count; i++) {
		const struct profile_frame *frame = &profile->frames[i];

		json_begin_object(json, NULL);
		json_string(json, "name", frame->function);
		if (frame->file)
			json_string(json, "file", frame->file);
		if (frame->line)
			json_uint(json, "line", frame->line);
		json_end_object(json);
	}
	json_end_array(json);
}

static void add_stack(struct json *json, const struct samples *samples, const struct sample *sample)
{
	json_begin_array(json, NULL);
	for (size_t i = sample->count; i-- > 0;)
		json_uint(json, NULL, samples->profile->frame_ids[sample->first + i]);
	json_end_array(json);
}

static void add_profile(struct json *json, const struct export_source *source, struct part part)
{
	const struct samples *samples = source->samples;
	const struct value_type *type = &samples->types[part.type];
	char *name = memory_format("%s%s", type->name,
				   part.sign < 0                 ? ", less"
				   : source->head->is_difference ? ", more"
								 : "");

	json_begin_object(json, NULL);
	json_string(json, "type", "sampled");
	json_string(json, "name", name);
	json_string(json, "unit", value_type_is_bytes(type) ? "bytes" : "none");
	json_int(json, "startValue", 0);
	json_int(json, "endValue", total(samples, part));
	json_begin_array(json, "samples");
	for (size_t i = 0; i < samples->count; i++)
		if (weight(&samples->items[i], part))
			add_stack(json, samples, &samples->items[i]);
	json_end_array(json);
	json_begin_array(json, "weights");
	for (size_t i = 0; i < samples->count; i++)
		if (weight(&samples->items[i], part))
			json_int(json, NULL, weight(&samples->items[i], part));
	json_end_array(json);
	json_end_object(json);
	free(name);
}

/* Adds the profiles; returns the index of the one to show first. */
static size_t add_profiles(struct json *json, const struct export_source *source)
{
	const struct samples *samples = source->samples;
	size_t count = 0, first = 0;

	json_begin_array(json, "profiles");
	for (size_t type = 0; type < samples->type_count; type++) {
		for (int sign = 1; sign >= -1; sign -= 2) {
			struct part part = {type, sign};

			if (!total(samples, part))
				continue;
			if (type == samples->asked && (sign > 0 || !total(samples, (struct part){type, 1})))
				first = count;
			add_profile(json, source, part);
			count++;
		}
	}
	json_end_array(json);
	return first;
}

void export_speedscope(struct buffer *out, const struct export_source *source)
{
	struct json json = {.out = out};
	size_t first;

	json_begin_object(&json, NULL);
	json_string(&json, "$schema", "https://www.speedscope.app/file-format-schema.json");
	json_string(&json, "exporter", "seep " SEEP_VERSION);
	json_string(&json, "name", source->head->recording);
	json_begin_object(&json, "shared");
	add_frames(&json, source->samples->profile);
	json_end_object(&json);
	first = add_profiles(&json, source);
	json_uint(&json, "activeProfileIndex", first);
	json_end_object(&json);
}
