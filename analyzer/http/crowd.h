/* SPDX-License-Identifier: MIT */
/*
 * crowd.h - the open connections, and which of them must go. The transport's thread only.
 *
 * libmicrohttpd ends a connection that is silent for some seconds. One that sends a byte now and then it would keep for
 * ever, and with all places taken nobody else is let in. So a request must arrive whole by its deadline; and beyond
 * CROWD_PLENTY connections each new one costs the place of the stranger that came first. A stranger has not shown the
 * token yet: who has it shows it within milliseconds.
 *
 * To put a connection out, its socket is shut down; libmicrohttpd then finds that its client has gone.
 */
#ifndef SEEP_HTTP_CROWD_H
#define SEEP_HTTP_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CROWD_PLENTY = 48 };

struct peer {
	struct peer *previous, *next; /* the oldest is the first */
	int socket;
	int64_t deadline_ns; /* of clock_boottime_ns(), for a whole request; INT64_MAX: none is awaited */
	bool is_known;       /* has shown the token */
	bool is_put_out;
};

/* Zeroed is valid and empty. */
struct crowd {
	struct peer *first, *last;
	size_t count; /* less those that are put out */
};

/* A connection has come: `peer` is the caller's, and stays so. */
void crowd_join(struct crowd *crowd, struct peer *peer);
void crowd_leave(struct crowd *crowd, struct peer *peer);

/* The earliest deadline; INT64_MAX: there is none. */
int64_t crowd_due_ns(const struct crowd *crowd);
void crowd_put_out_late(struct crowd *crowd, int64_t now_ns);

#endif
