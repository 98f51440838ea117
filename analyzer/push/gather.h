/* SPDX-License-Identifier: MIT */
/*
 * gather.h - from a recording to the rows of a batch.
 *
 * A recording is pushed in two parts. Its *state* is all that is as it was at a moment: processes, callsites, totals,
 * verdicts. Its *history* is final: it goes in spans of time that never come again. Each is of one moment of the
 * recording, and the recording is closed when the function returns.
 */
#ifndef SEEP_PUSH_GATHER_H
#define SEEP_PUSH_GATHER_H

#include "../commands/open.h"
#include "batch.h"
#include "sites.h"

/* What a recording says of itself. Owns its strings; release with identity_release(). */
struct identity {
	char *text; /* the same for every copy of this recording, and for no other one */
	char *host;
	char *kernel, *version;                  /* NULL unknown */
	char *program, *build_id;                /* of the process that reports name; "" unknown */
	int64_t created_ns, newest_ns, ended_ns; /* ended_ns 0: is recorded into */
	uint32_t interval_ms;
};
void identity_release(struct identity *identity);

/* What the database has of a recording. Zeroed: nothing. */
struct marks {
	int64_t id;
	int64_t newest_ns; /* of the state */
	int64_t history_s; /* all history before it */
	int64_t folded;
};

/* Fills all of `out` but program and build_id. */
int gather_identity(const char *path, struct identity *out, struct error *error);

/* What is carried from one push of a recording to the next, and what a push is to do. */
struct gathering {
	const struct options *options; /* one operand: the file */
	struct marks marks;
	struct sites *sites;   /* not sent again if they are the same */
	struct session *names; /* of the push before: what it has looked up need not be looked up again */
	bool with_verdicts;
};

/* The state, and the history of folded processes where that has changed (*folded: how many there are now). */
int gather_state(const struct gathering *gathering, struct identity *identity, struct batch *out, int64_t *folded,
		 struct error *error);

/*
 * The next span of history after marks.history_s, with which *history_s will be there. *history_s ==
 * marks.history_s: there is no more.
 */
int gather_history(const struct gathering *gathering, const char *path, struct batch *out, int64_t *history_s,
		   struct error *error);

#endif
