/* SPDX-License-Identifier: MIT */
/* ages.h - `seep peek --ages`: histograms of how old is what functions hold, as text and as JSON. */
#ifndef SEEP_RENDER_AGES_H
#define SEEP_RENDER_AGES_H

#include "../analysis/ages.h"
#include "report.h"

/* What was read of a process. */
struct ages_reading {
	uint32_t pid;
	int64_t time_s;      /* 0: never read */
	int64_t cpu_ns;      /* the recorder's, for it */
	const char *because; /* why not, or not since; NULL: nothing stood in the way */
};

struct ages_report {
	const struct report_head *head;
	const struct age_groups *groups;
	const struct ages_reading *readings;
	size_t reading_count;
	int64_t newest_ns; /* the recording's */
	size_t limit;      /* 0 all */
};

void ages_text(struct buffer *out, const struct ages_report *report);
void ages_json(struct buffer *out, const struct ages_report *report);

/* "ages of process 7 unknown: its memory may not be read", for a state that the store has. */
const char *ages_because(const char *state);

#endif
