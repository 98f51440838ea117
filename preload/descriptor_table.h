/* SPDX-License-Identifier: MIT */
/*
 * descriptor_table.h - which descriptors are open, by number, and who opened them.
 *
 * Private memory: fork's copy-on-write gives a child the table that matches its descriptors. An entry belongs to
 * whoever owns the number: written after the real open has returned, cleared before the real close begins.
 * Where a number never becomes free (dup2 onto an open one) one exchange after the real call does both. Two threads
 * that close one number at once: the exchange gives the release to one of them. (If the kernel gives it to the other,
 * that one shows as an unseen close, and the first one's failure as the double close that it is.)
 *
 * Numbers from DESCRIPTORS_MAX on are not followed: their acquisitions are counted as dropped events. A number
 * that is handed out while its entry says open was closed where no hook sees it (a raw system call): the old entry is
 * released and counted in TRUST_OVERWRITTEN_BLOCKS. Closing a number that was not seen opened is counted in
 * TRUST_UNSEEN_CLOSES. On Linux close() frees the number also when it fails, but for EBADF.
 *
 * All functions are lock-free and async-signal-safe, keep errno, and do nothing while shim_active(false) is false.
 */
#ifndef SEEP_DESCRIPTOR_TABLE_H
#define SEEP_DESCRIPTOR_TABLE_H

#include <stdatomic.h>

#include "shim.h"

#define DESCRIPTORS_MAX (1u << 20)

struct descriptor {
	_Atomic uint64_t held;      /* site, birth epoch << 32; 0: not open as far as we know */
	_Atomic uint32_t closed_at; /* node of the last close; 0 never */
	_Atomic uint32_t watches;   /* of an inotify descriptor */
	_Atomic uint32_t traffic;   /* what its I/O counts as (traffic.h); 0: as nothing, or not open */
};
enum {
	TRAFFIC_SOCKET = 1,
	TRAFFIC_TIMER = 2,
	TRAFFIC_DATAGRAMS = 4, /* a socket without connections */
	TRAFFIC_CONNECTED = 8, /* the connection is counted, */
	TRAFFIC_BROKEN = 16,   /* and that it broke */
};

/* Two levels: no reserve that mlockall() would fill, and a sweep over a million numbers touches nothing. */
#define DESCRIPTORS_EACH_CHUNK 1024u
extern _Atomic(struct descriptor *) descriptor_chunks[DESCRIPTORS_MAX / DESCRIPTORS_EACH_CHUNK]
	__attribute__((visibility("hidden")));

/* NULL where nothing was ever entered. */
static inline struct descriptor *descriptor_find(int fd)
{
	struct descriptor *chunk;

	if (UNLIKELY((uint32_t)fd >= DESCRIPTORS_MAX))
		return NULL;
	chunk = atomic_load_explicit(&descriptor_chunks[(uint32_t)fd / DESCRIPTORS_EACH_CHUNK], memory_order_acquire);
	return chunk ? &chunk[(uint32_t)fd % DESCRIPTORS_EACH_CHUNK] : NULL;
}

/* A socket that was just opened has no connections. */
void descriptor_is_of_datagrams(int fd);

/* Several descriptors of one call; the stack is taken once. Negative numbers are left out. */
void descriptors_acquired(const struct hook_frame *frame, const int *fds, size_t count, enum seep_kind kind);

/* As descriptor_acquired(), where the call itself has closed what the number stood for. */
void descriptor_replaced(const struct hook_frame *frame, int fd, enum seep_kind kind);

/*
 * A call that should have given a descriptor has failed. The first time that errno says EMFILE or ENFILE, the whole
 * table is copied into the slot, with the callsite.
 */
void descriptor_refused(const struct hook_frame *frame);

/* The kind that the table knows, OTHERFD for one that it does not. */
enum seep_kind descriptor_kind(int fd);

/* The kind as the kernel tells it: for descriptors that come without a call that names one. */
enum seep_kind descriptor_probe(int fd);

/* ---- closing ---- */

enum closing_state {
	CLOSING_IGNORED, /* not followed: inactive, or beyond the table */
	CLOSING_KNOWN,   /* the release is recorded */
	CLOSING_UNKNOWN, /* not seen opened, or closed before */
};
struct closing {
	enum closing_state state;
	int fd;
	struct node_id before; /* where this number was closed last; 0 never */
};

/* Before the real close. */
struct closing descriptor_closing(const struct hook_frame *frame, int fd);

/* After it: what its result says of the program. `result` as close() returns it, errno as the real call left it. */
void descriptor_closed(const struct hook_frame *frame, const struct closing *closing, int result, bool sweeping);

/* Before a call that closes all of [first, last]. */
void descriptors_released(const struct hook_frame *frame, unsigned int first, unsigned int last);

/* The number of watches of an inotify descriptor, for watches.c; NULL if the number is not followed. */
_Atomic uint32_t *descriptor_watches(int fd);

#endif
