/* SPDX-License-Identifier: MIT */
/* frame_json.h - a frame in JSON, the same in every report. Pure. */
#ifndef SEEP_FRAME_JSON_H
#define SEEP_FRAME_JSON_H

#include "../analysis/profile.h"
#include "json.h"

/* Adds the members function, file, line and module to an open object; what is not known is null. */
void frame_json_place(struct json *json, const struct profile_frame *frame);

/* An object of an array: the place, and whether the frame is inlined and has a function's name. */
void frame_json(struct json *json, const struct profile_frame *frame);

#endif
