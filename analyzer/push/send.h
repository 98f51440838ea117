/* SPDX-License-Identifier: MIT */
/*
 * send.h - a batch into the database, and what is there already.
 *
 * All of it is to be called inside a transaction that send_lock() has begun: so pushers of one recording come one after
 * the other, and each finds what those before it have left. Until the commit nothing of a batch is there, and after it
 * all.
 */
#ifndef SEEP_PUSH_SEND_H
#define SEEP_PUSH_SEND_H

#include "database.h"
#include "gather.h"

/* Begins a transaction, waits for others that push this recording, and reads what they left. */
int send_lock(struct database *database, const struct identity *identity, struct marks *marks, struct error *error);

/* Describes the recording, and sends its state. `host`: its name here. marks->id is filled. */
int send_state(struct database *database, const struct identity *identity, const char *host, struct marks *marks,
	       int64_t folded, const struct batch *batch, struct error *error);

/* Sends history, which is then there up to history_s. */
int send_history(struct database *database, const struct marks *marks, int64_t history_s, const struct batch *batch,
		 struct error *error);

#endif
