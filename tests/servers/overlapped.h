/* SPDX-License-Identifier: MIT */
/*
 * overlapped.h - a line server in the proactor style, and the one function in which its variants differ.
 *
 * Protocol: a request is a line "ping", "upper TEXT" or "reverse TEXT", its answer a line "OK RESULT" or "ERR REASON".
 * A connection that neither asks nor takes its answer for a while (--silence SECONDS, 30) is ended.
 *
 * Nothing is read or written but by an operation: a record with its own buffer, which the system may be writing to or
 * reading from while the operation is in progress. Once submitted, an operation is done at once, or pending (epoll
 * tells when to go on), or it fails at once. Its completion takes it out of progress, and its connection then releases
 * it.
 *
 * A connection has one operation at a time, and while it waits for a request none, so that an idle one costs no buffer.
 * Closing a connection shuts its socket down. An operation in progress cannot be freed then: it becomes the socket's
 * owner, and its completion, which the shutdown hastens, frees the one and closes the other.
 */
#ifndef SEEP_TESTS_OVERLAPPED_H
#define SEEP_TESTS_OVERLAPPED_H

#include <stdbool.h>
#include <stddef.h>

struct server;
struct connection;

/* Whom epoll's event is for: the first member of what waits. */
struct waiter {
	void (*ready)(struct server *server, struct waiter *waiter);
};

enum direction { DIRECTION_RECEIVE, DIRECTION_SEND };

struct operation {
	struct waiter waiter;
	struct operation *next;        /* in the queue of completions */
	struct connection *connection; /* NULL: it was closed, and the socket is the operation's */
	int socket;
	enum direction direction;
	bool is_in_progress;
	int error;         /* once complete: an errno value, 0 none */
	size_t size, done; /* bytes wanted and transferred; a receive completes with the first */
	char buffer[1024];
};

/* Queues the operation's completion. */
void operation_complete(struct server *server, struct operation *operation);
/* Ends a connection and frees it; its operation as well, unless that is in progress. */
void connection_close(struct connection *connection);

/* ---- the place where the variants differ ---- */

/* An operation was submitted and is neither done nor pending: operation->error says why. */
void operation_refused(struct server *server, struct operation *operation);

#endif
