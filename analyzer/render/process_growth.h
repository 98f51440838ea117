/* SPDX-License-Identifier: MIT */
/*
 * process_growth.h - the process's verdict, waterfall and forecasts as text and as JSON.
 *
 * Nothing is known of the process: the text says so in one line, and the JSON has nulls.
 */
#ifndef SEEP_RENDER_PROCESS_GROWTH_H
#define SEEP_RENDER_PROCESS_GROWTH_H

#include "../analysis/process_growth.h"
#include "buffer.h"
#include "json.h"
#include "style.h"

void render_process_growth(const struct process_growth *growth, const struct style *style, struct buffer *out);
/* An object under `key`. */
void render_process_growth_json(const struct process_growth *growth, const char *key, struct json *json);

#endif
