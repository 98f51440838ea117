/* SPDX-License-Identifier: MIT */
/* comparison.h - what changed between two recordings, as text and as JSON. */
#ifndef SEEP_RENDER_COMPARISON_H
#define SEEP_RENDER_COMPARISON_H

#include "../analysis/comparison.h"
#include "report.h"

/* At most `limit` callsites that changed; 0 all. head->base is the first recording, head->recording the second. */
void comparison_text(struct buffer *out, const struct report_head *head, const struct comparison *comparison,
		     size_t limit);

/* With `limit` 0 those that did not change, too. */
void comparison_json(struct buffer *out, const struct report_head *head, const struct comparison *comparison,
		     size_t limit);

#endif
