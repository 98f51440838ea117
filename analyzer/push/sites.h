/* SPDX-License-Identifier: MIT */
/*
 * sites.h - callsites by name, and their verdicts: the rows that are no rows of the recording.
 *
 * A callsite is named as `seep growth` names it, after the first frame from within that is no allocation wrapper. One
 * that was not judged (too young) is named by what wrappers are called alone.
 */
#ifndef SEEP_PUSH_SITES_H
#define SEEP_PUSH_SITES_H

#include "../analysis/judgement.h"
#include "batch.h"

/* What is known to be in the database already. Zeroed: nothing. Release with sites_forget(). */
struct sites {
	uint64_t *hashes; /* of rows, by site id; 0: not there */
	size_t count;
	uint64_t *next; /* as it will be after the commit */
	size_t next_count;
};
void sites_forget(struct sites *sites);
void sites_keep(struct sites *sites);    /* the batch was committed */
void sites_discard(struct sites *sites); /* it was not */

/*
 * Adds the recording's callsites to the batch, but those of which the same row is there. Names are to be resolved.
 * `judgement` NULL: nothing was judged now, and only callsites that are not there at all are added.
 */
void sites_add(const struct recording *recording, const struct judgement *judgement, struct sites *known,
	       struct batch *out);

/* NULL: there is nothing to judge. */
void judgement_add(const struct recording *recording, const struct judgement *judgement, struct batch *out);

#endif
