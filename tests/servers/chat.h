/* SPDX-License-Identifier: MIT */
/*
 * chat.h - a chat server over TCP, one line a message, and the two functions in which its variants differ.
 *
 * Protocol: the first line a client sends is its name, answered by "welcome NAME"; each further line goes to every
 * named client as "NAME: LINE". A client that says nothing for three periods is sent away.
 *
 * A connection's write loop takes one turn for each message that goes out, and one each period in which
 * nothing does. Each turn asks for a timer, so that the loop wakes up again, and writes a line to the log.
 * chat_buggy.c and chat_fixed.c answer these two requests: `diff` them.
 */
#ifndef SEEP_TESTS_CHAT_H
#define SEEP_TESTS_CHAT_H

#include "chat_timers.h"

#include <stddef.h>
#include <stdint.h>

struct message {
	struct message *next;
	size_t size, written;
	char text[];
};

struct connection {
	uint32_t id; /* 0: this place is free */
	int fd;
	struct turn_timer timer; /* wakes the write loop */
	int64_t heard_ms;
	char name[32];
	char line[1024]; /* what has come of the next line */
	size_t line_size;
	struct message *first, **last; /* to be written */
	size_t queued;
};

/* Every turn of every write loop, for the operator. */
struct chat_log {
	char **lines;
	size_t count; /* lines ever logged */
	size_t room;
};

/* ---- the two places where the variants differ ---- */

/* A turn of the write loop begins: it is to be woken a period from now, if nothing happens before. */
void turn_set_timer(struct timers *timers, struct connection *connection);
/* Takes over `line`, a heap block. */
void log_keep(struct chat_log *log, char *line);

#endif
