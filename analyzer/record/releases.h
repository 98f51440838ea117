/* SPDX-License-Identifier: MIT */
/*
 * releases.h - where a process gives back what it acquired: from its slot's table to rows of the recording.
 *
 * A watch has one of these. Invariant: what is in `stored` is true of the recording as committed; after a rollback call
 * releases_forget(). Zeroed is valid and has stored nothing.
 */
#ifndef SEEP_RECORD_RELEASES_H
#define SEEP_RECORD_RELEASES_H

#include "watch.h"

struct releases {
	struct arena_release *stored; /* as the table was at the last reading; owned */
	uint32_t used;                /* of its entries */
	int64_t due_ns;               /* when it is read again though it has no new entries */
};

/* Puts what is new or changed into the tick's transaction; reads the table only where that may be. */
int releases_record(struct releases *releases, struct watch *watch, const struct tick *tick, bool is_final);
void releases_forget(struct releases *releases);

#endif
