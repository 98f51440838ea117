/* SPDX-License-Identifier: MIT */
#include "page_flame.h"

#include <stdlib.h>

#include "../analysis/memory.h"
#include "frame_json.h"

/* The frames that the samples use, by the order of their use. */
struct numbering {
	uint32_t *numbers; /* by frame id, from 1 on; 0: not used */
	uint32_t *ids;     /* by number less 1 */
	uint32_t count;
};

static bool has_value(const struct samples *samples, const struct sample *sample)
{
	return sample->values[samples->asked] != 0;
}

static struct numbering number_frames(const struct samples *samples)
{
	const struct profile *profile = samples->profile;
	struct numbering numbering = {
		.numbers = memory_zeroed(profile->frame_count, sizeof(*numbering.numbers)),
		.ids = memory_zeroed(profile->frame_count, sizeof(*numbering.ids)),
	};

	for (size_t s = 0; s < samples->count; s++) {
		const struct sample *sample = &samples->items[s];

		for (size_t i = 0; has_value(samples, sample) && i < sample->count; i++) {
			uint32_t id = profile->frame_ids[sample->first + i];

			if (numbering.numbers[id])
				continue;
			numbering.ids[numbering.count++] = id;
			numbering.numbers[id] = numbering.count;
		}
	}
	return numbering;
}

static void add_frames(struct json *json, const struct profile *profile, const struct numbering *numbering)
{
	json_begin_array(json, "frames");
	for (uint32_t i = 0; i < numbering->count; i++) {
		json_begin_object(json, NULL);
		frame_json_place(json, &profile->frames[numbering->ids[i]]);
		json_end_object(json);
	}
	json_end_array(json);
}

static void add_stack(struct json *json, const struct samples *samples, const struct sample *sample,
		      const struct numbering *numbering)
{
	json_begin_object(json, NULL);
	json_begin_array(json, "frames");
	for (size_t i = sample->count; i-- > 0;)
		json_uint(json, NULL, numbering->numbers[samples->profile->frame_ids[sample->first + i]] - 1);
	json_end_array(json);
	json_int(json, "value", sample->values[samples->asked]);
	json_end_object(json);
}

static bool is_estimated(const struct samples *samples)
{
	for (size_t i = 0; i < samples->count; i++)
		if (has_value(samples, &samples->items[i]) && samples->items[i].is_estimate)
			return true;
	return false;
}

void page_flame_json(struct buffer *out, const struct report_head *head, const struct samples *samples)
{
	struct numbering numbering = number_frames(samples);
	struct json json = {.out = out, .is_compact = true};

	json_begin_object(&json, NULL);
	json_string(&json, "type", head->type.name);
	json_string(&json, "unit", value_type_is_bytes(&head->type) ? "bytes" : "objects");
	json_int(&json, "total", head->total);
	json_bool(&json, "difference", head->is_difference);
	json_bool(&json, "estimated", is_estimated(samples));
	add_frames(&json, samples->profile, &numbering);
	json_begin_array(&json, "stacks");
	for (size_t i = 0; i < samples->count; i++)
		if (has_value(samples, &samples->items[i]))
			add_stack(&json, samples, &samples->items[i], &numbering);
	json_end_array(&json);
	json_end_object(&json);
	free(numbering.numbers);
	free(numbering.ids);
}
