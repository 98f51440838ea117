/* SPDX-License-Identifier: MIT */
/* place.h - where an arena's recording lies: made, found again, or put elsewhere when its directory refuses. */
#ifndef SEEP_PLACE_H
#define SEEP_PLACE_H

#include "../arena/arena_reader.h"
#include "../store/writer.h"

struct placed {
	struct store *store;  /* now yours */
	bool is_resumed;      /* a recorder was at it before */
	bool is_elsewhere;    /* new, and not at the path that was asked for: */
	struct error because; /* the sentence why, with the new path */
};

/*
 * Opens the recording of the arena for writing. The arena's recording_path is tried first, and the next free name
 * beside it if another recording has that one (none is ever overwritten); when its directory cannot be written to,
 * $TMPDIR or /tmp, there in a directory of this user's own. The place found is noted in the arena.
 */
int place_open(struct arena_reader *arena, struct placed *out, struct error *error);

/* `path` with a number before its ending: "x.db", 2 -> "x.2.db". Pure. */
void place_numbered(const char *path, unsigned number, char *out, size_t size);

#endif
