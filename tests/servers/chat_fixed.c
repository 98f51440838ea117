/* SPDX-License-Identifier: MIT */
/* chat_fixed.c - one timer a connection, set anew each turn, and a log of the last 256 lines. */
#include "chat.h"

#include <stdlib.h>

void turn_set_timer(struct timers *timers, struct connection *connection)
{
	if (connection->timer.number < 0)
		connection->timer = timer_start(timers, connection->id);
	else
		timer_restart(timers, &connection->timer);
}

void log_keep(struct chat_log *log, char *line)
{
	if (!log->lines) {
		log->room = 256;
		log->lines = calloc(log->room, sizeof(*log->lines));
	}
	free(log->lines[log->count % log->room]);
	log->lines[log->count++ % log->room] = line;
}
