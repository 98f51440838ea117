/* SPDX-License-Identifier: MIT */
/*
 * ages.h - when the recorder reads how old is what a process holds (live_reader.h), and what it stores of it.
 *
 * A process is read when it is some seconds old, then each time its age has doubled, at last once a minute; and when
 * somebody asks (arena_want_ages()). A reading that took the CPU time t is followed by a rest of AGES_REST times t for
 * all processes together: a thousandth of a core, and one process a tick, the one that has waited longest. What is
 * asked for is read at once, but for a rest of ASKED_REST times t: anybody may ask who can write to the arena, the
 * recorded processes among them.
 *
 * The newest reading tells of a moment before the end: a process that is killed cannot be read any more.
 */
#ifndef SEEP_RECORD_AGES_H
#define SEEP_RECORD_AGES_H

#include "watch.h"

/* Of a process; zeroed: not read yet. */
struct age_memory {
	int64_t due_ns;
	bool is_wanted;
};

/* Of the recorder; zeroed is valid. */
struct age_pace {
	int64_t rest_until_ns, asked_rest_until_ns;
	uint32_t wanted, answered; /* of arena_ages_wanted() */
};

/* When the process was first seen: sets when it is due. */
void ages_begin(struct age_memory *memory, int64_t now_ns);
/* Reads the process and puts what it holds into the tick's transaction. After watch_record(). */
int ages_record(const struct watch *watch, struct age_memory *memory, struct age_pace *pace, const struct tick *tick,
		uint32_t epoch);

#endif
