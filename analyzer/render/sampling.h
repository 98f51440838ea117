/* SPDX-License-Identifier: MIT */
/* sampling.h - how reports say that figures are estimates, in text and in JSON. */
#ifndef SEEP_RENDER_SAMPLING_H
#define SEEP_RENDER_SAMPLING_H

#include "report.h"

/* True if heap blocks were sampled at some time up to that moment. */
bool sampling_is_on(const struct model_sampling *samplings, size_t count, int64_t until_ns);

/* True if figures of the report may be estimates. */
bool report_is_sampled(const struct report_head *head);

/* "1 in 512kB", or "every block until 14:02:03, then 1 in 64kB"; a sentence part. */
void sampling_add_history(struct buffer *out, const struct model_sampling *samplings, size_t count, int64_t until_ns);

/* The lines of a report's head; nothing where all is exact. */
void sampling_add_head(struct buffer *out, const struct report_head *head);

/* "±0.80MB" at the right of a column of that many characters, blank where the figure is exact. */
void sampling_add_width(struct buffer *out, struct unit unit, int64_t value, const struct uncertainty *uncertainty,
			int columns);

/* "NAME_low" and "NAME_high": the ends of the 95 % interval. */
void sampling_json_interval(struct json *json, const char *name, int64_t value, const struct uncertainty *uncertainty);

/* "sampling": [{"time_ns", "interval"}] */
void sampling_json_history(struct json *json, const char *key, const struct model_sampling *samplings, size_t count);

#endif
