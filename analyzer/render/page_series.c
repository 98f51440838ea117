/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "../analysis/memory.h"
#include "page.h"

static void add_curve(struct json *json, const struct curve *curve, size_t count)
{
	char *name = curve->is_event ? memory_format("event:%s", curve->name) : NULL;

	json_begin_object(json, NULL);
	json_string(json, "name", name ? name : curve->name);
	json_string(json, "label", curve->label);
	json_string(json, "unit", curve->unit);
	json_string(json, "chart", curve->chart);
	json_numbers(json, "values", curve->values, count);
	json_end_object(json);
	free(name);
}

static void add_marks(struct json *json, const struct page_series *series)
{
	json_begin_array(json, "marks");
	for (size_t i = 0; i < series->mark_count; i++) {
		json_begin_object(json, NULL);
		json_seconds(json, "time_s", series->marks[i].time_ns);
		json_string(json, "kind", series->marks[i].kind);
		json_string(json, "text", series->marks[i].text);
		json_end_object(json);
	}
	json_end_array(json);
}

void page_series_json(struct buffer *out, const struct page_series *series)
{
	struct json json = {.out = out, .is_compact = true};
	const struct curves *curves = series->curves;

	json_begin_object(&json, NULL);
	json_uint(&json, "recording", series->recording);
	json_int(&json, "start_s", curves->grid.start_s);
	json_int(&json, "step_s", curves->grid.step_s);
	json_uint(&json, "count", curves->grid.count);
	json_bool(&json, "estimated", series->is_estimated);
	json_begin_array(&json, "curves");
	for (size_t i = 0; i < curves->count; i++)
		add_curve(&json, &curves->curves[i], curves->grid.count);
	json_end_array(&json);
	add_marks(&json, series);
	json_end_object(&json);
}
