/* SPDX-License-Identifier: MIT */
/*
 * watch_head.h - the lines above the table of `seep top --watch`: the process, its two curves as a meter, its limits,
 * what Seep costs it, and the verdicts in words. Pure.
 */
#ifndef SEEP_WATCH_HEAD_H
#define SEEP_WATCH_HEAD_H

#include <stdint.h>

#include "../analysis/judgement.h"
#include "screen.h"

/* What is not known is -1, of floating-point figures NAN, and is said to be unknown. Strings are borrowed. */
struct watch_head {
	const char *recording; /* path */
	const char *program;   /* NULL unknown */
	uint32_t pid;          /* of the first process; 0 unknown */
	size_t process_count;  /* that the figures are of */
	bool is_live, is_sampled, has_lost;
	double stale_s; /* nobody has recorded for so long */
	double recorded_s;
	int64_t tracked_bytes, private_bytes;
	int64_t descriptors, descriptor_limit; /* of the process that is nearest to its limit */
	double cpu_percent, events_per_s;      /* lately */
	double hook_percent;                   /* of the CPU time, lately */
	int64_t seep_bytes;
	double refresh_s;
	const char *process_words; /* what the memory's growth consists of; NULL: nothing to say */
	int64_t judged_s;          /* when the judgement was made, since 1970 */
	const char *why_unjudged;  /* NULL: it is judged */
};

enum { WATCH_HEAD_LINES = 6 };

/* The first so many of them; `note` is told beside the state of the recording, NULL: none. */
void watch_head_draw(struct screen *screen, const struct watch_head *head, const struct judgement *judgement,
		     const char *note, size_t lines);

#endif
