/* SPDX-License-Identifier: MIT */
/*
 * verdict_marks.h - when a callsite's verdict became another one: marks for a time line. Pure.
 *
 * Only what somebody should look at is a mark: that a callsite is found to leak, that it is not any more, and that what
 * grew, and might have leaked, is level. Between steady, churn and undecided there is much going to and fro that means
 * nothing.
 */
#ifndef SEEP_VERDICT_MARKS_H
#define SEEP_VERDICT_MARKS_H

#include "callsite_id.h"

struct verdict_mark {
	int64_t time_s; /* since 1970: of the later judgement's last point */
	struct callsite_id id;
	enum verdict from, to;
};

/* By time; of more than VERDICT_MARKS_MOST the oldest are forgotten. Zeroed is valid and empty. */
enum { VERDICT_MARKS_MOST = 200 };
struct verdict_marks {
	struct verdict_mark *items;
	size_t count, capacity;
};

/* A judgement with the ids of its groups. */
struct identified {
	const struct judgement *judgement;
	const struct callsite_id *ids;
};

/* Adds what changed from one judgement of a recording to a later one. A callsite that was not there before held
 * nothing: it was steady. */
void verdict_marks_add(struct verdict_marks *marks, const struct identified *before, const struct identified *after);
void verdict_marks_release(struct verdict_marks *marks);

#endif
