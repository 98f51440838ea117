/* SPDX-License-Identifier: MIT */
/* chat_buggy.c - a new timer each turn, and a log that only grows. */
#include "chat.h"

#include <stdlib.h>

void turn_set_timer(struct timers *timers, struct connection *connection)
{
	connection->timer = timer_start(timers, connection->id);
}

void log_keep(struct chat_log *log, char *line)
{
	if (log->count == log->room) {
		log->room = log->room ? 2 * log->room : 256;
		log->lines = realloc(log->lines, log->room * sizeof(*log->lines));
	}
	log->lines[log->count++] = line;
}
