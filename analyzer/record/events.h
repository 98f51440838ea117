/* SPDX-License-Identifier: MIT */
/* events.h - what happened to a process (arena.h lists it), and its own marks, into the recording: what changed. */
#ifndef SEEP_RECORD_EVENTS_H
#define SEEP_RECORD_EVENTS_H

#include "watch.h"

/* What the recording has of one process. Zeroed is valid: nothing. */
struct event_memory {
	uint64_t events[EVENT_COUNT], marks[ARENA_MARKS];
};

/* As of the watch's last reading. After a rollback zero the memory: all is written again. */
int events_record(const struct watch *watch, struct event_memory *memory, const struct tick *tick);

#endif
