/* SPDX-License-Identifier: MIT */
/*
 * growth.h - `seep growth` as text and as JSON: what leaks, since when, how fast, what it goes with, and where.
 *
 * The text is for an operator at night: the leaks first, each with its function, line and callers; then what cannot be
 * told yet and how long it takes, what has warmed up, and handles that come and go fast; the rest is counted in one
 * line.
 */
#ifndef SEEP_RENDER_GROWTH_H
#define SEEP_RENDER_GROWTH_H

#include "../analysis/judgement.h"
#include "process_growth.h"
#include "report.h"

struct growth_report {
	const struct report_head *head;
	const struct judgement *judgement;
	bool with_stacks;
	size_t limit;                           /* groups shown; 0 all, steady ones too */
	const struct judged_process *processes; /* those worth telling come first */
	size_t process_count;
	struct style style;
	double time_wait; /* connections in TIME_WAIT at the end; NAN unknown */
};

void growth_text(struct buffer *out, const struct growth_report *report);
void growth_json(struct buffer *out, const struct growth_report *report);

#endif
