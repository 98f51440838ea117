/* SPDX-License-Identifier: MIT */
/*
 * look.h - from time to time: who a process's private memory belongs to, and what its limits are.
 *
 * Such a look takes 8 ms of CPU time for each GB in use, so it comes seldom: each 15 intervals of the recording, and in
 * the beginning after a quarter of the time since the first one, so that a short recording has one in its last fifth.
 */
#ifndef SEEP_LOOK_H
#define SEEP_LOOK_H

#include "watch.h"

/* What is remembered of one process. Zeroed is valid. */
struct look_memory {
	int64_t first_ns, due_ns; /* in the recording's time; 0: there was none */
};

bool look_is_due(const struct look_memory *memory, const struct tick *tick);
/* The watch has read all of its slot in this tick. `descriptors`: -1 unknown. */
int look_take(struct look_memory *memory, const struct watch *watch, int64_t descriptors, const struct tick *tick);

#endif
