/* SPDX-License-Identifier: MIT */
/*
 * actor.h - the remote endpoint of an actor framework, and the function in which its variants differ.
 *
 * Peers connect by TCP and talk to actors of their own (actor_frame.h). A thread a connection reads frames and writes
 * them to one of the endpoint's two channels: messages for actors to one, system messages to the other. The endpoint's
 * thread waits for either: each turn of its loop it has a pending read on both channels, sleeps until one of them is
 * complete, and handles what came, one message a turn. A pending read is a waiter record. It stays registered with its
 * channel until something is written there, which completes all that are registered.
 *
 * actor_buggy.c and actor_fixed.c see to the two pending reads: `diff` them.
 */
#ifndef SEEP_TESTS_ACTOR_H
#define SEEP_TESTS_ACTOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct message;

/* Held by whoever waits, and by its channel while it is pending. */
struct waiter {
	struct waiter *next; /* in the channel's list */
	struct channel *channel;
	int64_t since_ns;
	uint64_t turn;
	unsigned holders;
	bool is_complete;
};

struct channel {
	struct message *first, **last;
	size_t size;
	struct waiter *waiters;
};

/* The lock guards the channels, their waiters and the connections. */
struct endpoint {
	pthread_mutex_t lock;
	pthread_cond_t has_completed; /* a waiter */
	pthread_cond_t has_room;      /* a channel */
	struct channel messages, system;
	struct waiter *message_read, *system_read; /* what the loop waits for; the endpoint's thread only */
	struct connection *connections;
	uint64_t turns;
	bool is_stopping;
};

/* A new pending read, complete at once if there is something to read. NULL: out of memory; it counts as complete. */
struct waiter *channel_wait(struct endpoint *endpoint, struct channel *channel);
bool waiter_is_complete(struct endpoint *endpoint, const struct waiter *waiter);
/* Whoever waited does so no more; NULL is let pass. */
void waiter_release(struct endpoint *endpoint, struct waiter *waiter);

/* ---- the place where the variants differ ---- */

/* A turn of the loop begins: there is to be a pending, or complete, read on each channel. */
void turn_wait(struct endpoint *endpoint);

#endif
