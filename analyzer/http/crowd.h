/* SPDX-License-Identifier: MIT */
/*
 * crowd.h - the open connections, and which of them must go. The transport's thread only.
 *
 * libmicrohttpd ends a connection that is silent for some seconds. One that sends a byte now and then it would keep for
 * ever, and with all places taken nobody else is let in. So a request must arrive whole by its deadline; and of more
 * than CROWD_PLENTY connections those strangers go that came first. A stranger has not shown the token yet: who has it
 * shows it within milliseconds, so nobody is put out before CROWD_GRACE_NS and before what has come with the connection
 * was read.
 *
 * To put a connection out, its socket is shut down; libmicrohttpd then finds that its client has gone.
 */
#ifndef SEEP_HTTP_CROWD_H
#define SEEP_HTTP_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/clock.h"

enum { CROWD_PLENTY = 32 };
#define CROWD_GRACE_NS (5 * NS_PER_MS)

struct http_request;

struct peer {
	struct peer *previous, *next; /* the oldest is the first */
	int socket;
	struct http_request *request; /* under way; NULL: none. Not this file's */
	int64_t joined_ns;
	uint64_t joined_turn;
	int64_t deadline_ns; /* of clock_boottime_ns(), for a whole request; INT64_MAX: none is awaited */
	bool is_known;       /* has shown the token */
	bool is_put_out;
};

/* Zeroed is valid and empty. */
struct crowd {
	struct peer *first, *last;
	size_t count;  /* less those that are put out */
	uint64_t turn; /* of the loop that reads */
	bool has_shrunk;
};

/* A connection has come, at `now_ns` of clock_boottime_ns(): `peer` is the caller's, and stays so. */
void crowd_join(struct crowd *crowd, struct peer *peer, int64_t now_ns);
void crowd_leave(struct crowd *crowd, struct peer *peer);

/* Somebody has left since this was asked. */
bool crowd_has_shrunk(struct crowd *crowd);

/* When somebody is to be put out, as it stands; INT64_MAX: nobody. */
int64_t crowd_due_ns(const struct crowd *crowd);

/* Puts out whose time has come. To be called once in each turn of the loop, before it reads. */
void crowd_put_out(struct crowd *crowd, int64_t now_ns);

#endif
