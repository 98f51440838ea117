/* SPDX-License-Identifier: MIT */
#include "frame_json.h"

void frame_json_place(struct json *json, const struct profile_frame *frame)
{
	json_string(json, "function", frame->function);
	json_string(json, "file", frame->file);
	if (frame->line)
		json_uint(json, "line", frame->line);
	else
		json_null(json, "line");
	json_string(json, "module", frame->module);
}

void frame_json(struct json *json, const struct profile_frame *frame)
{
	json_begin_object(json, NULL);
	frame_json_place(json, frame);
	json_bool(json, "inlined", frame->inlined);
	json_bool(json, "resolved", frame->resolved);
	json_end_object(json);
}
