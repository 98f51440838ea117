/* SPDX-License-Identifier: MIT */
/*
 * arenas.h - finds the arenas that a recorder has left: where the shim puts them, without a recorder that lives.
 *
 * Ownership: zeroed is valid and empty; arenas_release() frees.
 */
#ifndef SEEP_ARENAS_H
#define SEEP_ARENAS_H

#include <stdbool.h>
#include <stddef.h>

struct arenas {
	char **paths; /* absolute */
	size_t count;
	size_t recorded; /* arenas that were left out, because they have a recorder */
};

/*
 * Looks in /dev/shm/seep-UID, in the working directory, and in $TMPDIR and /tmp (there in seep-UID, too). What is no
 * arena of this user is passed over in silence.
 */
void arenas_find(struct arenas *arenas);
void arenas_release(struct arenas *arenas);

#endif
