/* SPDX-License-Identifier: MIT */
/*
 * worker.h - the thread that reads and judges, so that the view answers to keys while it does.
 *
 * It makes snapshots one after the other and posts the newest. The view takes what is posted and gives back what it
 * had; a snapshot is released by the worker alone. How often: figures each interval, but never so often that they take
 * more than 5 % of a core; judgements each 5 s, but never more than 2 % of a core. A recording that was not written to
 * is not read again.
 *
 * The thread is not joined: it may be in the middle of something long when the user wants to go. The process then ends
 * with _exit(). It takes no signal.
 */
#ifndef SEEP_WATCH_WORKER_H
#define SEEP_WATCH_WORKER_H

#include "snapshot.h"

struct worker;

/* `options` name one recording by its path, and are borrowed until the process ends. */
int worker_start(const struct options *options, double interval_s, struct worker **out, struct error *error);

/* Readable when something was posted, or the worker has failed. */
int worker_descriptor(const struct worker *worker);

/* Waits until there is something to take, at most so long. */
void worker_wait(struct worker *worker, int64_t most_ns);

/*
 * The newest snapshot if it is one that was not taken before, else NULL. It is the view's, which only reads it, until
 * it is given back.
 */
struct snapshot *worker_take(struct worker *worker);
void worker_give_back(struct worker *worker, struct snapshot *snapshot); /* NULL is fine */

/* While paused nothing is read. */
void worker_pause(struct worker *worker, bool is_paused);

/* The error that has ended the worker; 0: it works. */
int worker_failed(struct worker *worker, struct error *error);

#endif
