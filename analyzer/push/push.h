/* SPDX-License-Identifier: MIT */
/*
 * push.h - one recording into the database: what is new since the last push of it.
 *
 * The state is one transaction, and each span of history is one. A push that is broken off, at whatever moment, leaves
 * what was committed; the next one goes on from there.
 */
#ifndef SEEP_PUSH_PUSH_H
#define SEEP_PUSH_PUSH_H

#include "database.h"
#include "gather.h"

/* A recording that is pushed, once or again and again. Release with pushed_release(). */
struct pushed {
	char *path;
	struct options options;
	char *argv[4]; /* what the options were read from */
	struct sites sites;
	struct session names;
	int64_t judged_ns, judging_ns; /* when that was done last, and what it took */
	bool has_ended;                /* and all of it is there */
};

/* What a push has sent. */
struct push_counts {
	int64_t rows, transactions;
};

int pushed_init(struct pushed *pushed, const char *path, struct error *error);
void pushed_release(struct pushed *pushed);

/* `host` NULL: as recorded. */
int push_recording(struct database *database, struct pushed *pushed, const char *host, struct push_counts *counts,
		   struct error *error);

#endif
