/* SPDX-License-Identifier: MIT */
/*
 * watch.h - one recorded process: from its slot in the arena to rows of the recording.
 *
 * A watch knows what of the slot is stored: which module, node and site is which row, and the figures of the last
 * commit. Only what changed is written.
 *
 * Invariant: what it knows is true of the recording as committed. After a rollback call watch_forget(): the next tick
 * finds the rows again by what they are, and writes what is missing; nothing is counted twice, because every figure is
 * absolute.
 *
 * Ownership: watch_open() makes one, watch_close() frees it. The tick's members are borrowed.
 */
#ifndef SEEP_WATCH_H
#define SEEP_WATCH_H

#include "../arena/arena_reader.h"
#include "../store/writer.h"
#include "fd_survey.h"

/* What a tick works with. */
struct tick {
	struct arena_reader *arena;
	struct store *store;
	int64_t now_ns;      /* the recording's clock */
	double ns_per_cycle; /* of the time-stamp counter */
	struct error *error;
};

struct watch;

struct watch *watch_open(uint32_t slot, const struct arena_entry *entry); /* NULL: no memory */
void watch_close(struct watch *watch);                                    /* NULL is fine */
void watch_forget(struct watch *watch);

uint32_t watch_slot(const struct watch *watch);
/* For /proc: the entry's, unless that is of another namespace. */
uint32_t watch_pid(const struct watch *watch);
void watch_set_pid(struct watch *watch, uint32_t pid);
uint32_t watch_generation(const struct watch *watch);
/* When the process took its slot, by its own clock. */
uint64_t watch_claimed_ns(const struct watch *watch);
/* Its row; 0 before its first tick. */
uint32_t watch_process_id(const struct watch *watch);

/*
 * What a forked child only inherited takes as many rows as its parent has callsites: a server that forks for each
 * connection pays that for children that live on, and not for all that come and go.
 */
enum watch_reading {
	WATCH_LIVE_EVENTS, /* of its inheritance only what events happened to */
	WATCH_LIVE,
	WATCH_FINAL, /* its owner is gone: what is incomplete stays so, and is stored as well as it can be */
	WATCH_FINAL_EVENTS,
};
/* Reads the slot and puts what is new or changed into the tick's transaction. */
int watch_record(struct watch *watch, const struct tick *tick, enum watch_reading reading);
int watch_end(struct watch *watch, const struct tick *tick, bool exec);

/* Entries of the slot that contradict the format, as of the last reading. */
uint32_t watch_impossible_entries(const struct watch *watch);
/* The slot's header as of the last reading. */
const struct slot_header *watch_header(const struct watch *watch);
/* Descriptors that the shim counts as open, as of the last reading. */
struct fd_counts watch_descriptors(const struct watch *watch);
/* Into the look: heap blocks that live, as of the last reading, which was not one of events only. */
void watch_heap(const struct watch *watch, struct model_look *out);

/*
 * The row of a node, made now if it has none yet, with those above it. *id 0: the node is not complete. Within a tick's
 * transaction, after watch_record() has read the slot's header.
 */
int watch_put_node(struct watch *watch, const struct tick *tick, uint32_t node, uint32_t *id);

/* Rows of the recording for the arena's numbers, 0 if they have none: only what has something to tell gets one. */
uint32_t watch_node_id(const struct watch *watch, uint32_t node);
uint32_t watch_site_id(const struct watch *watch, uint32_t site);

#endif
