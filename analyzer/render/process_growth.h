/* SPDX-License-Identifier: MIT */
/*
 * process_growth.h - a process's verdict, waterfall and forecasts as text and as JSON.
 *
 * If nothing is known of it, the text says so in one line, and the JSON has nulls.
 */
#ifndef SEEP_RENDER_PROCESS_GROWTH_H
#define SEEP_RENDER_PROCESS_GROWTH_H

#include "../analysis/process_growth.h"
#include "buffer.h"
#include "json.h"
#include "style.h"

void process_growth_text(struct buffer *out, const struct judged_process *judged, struct style style);
/* An object. */
void process_growth_json(struct json *json, const struct judged_process *judged);

#endif
