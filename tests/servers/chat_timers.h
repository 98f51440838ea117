/* SPDX-License-Identifier: MIT */
/*
 * chat_timers.h - what wakes the chat server's write loops: timerfd (chat_timerfd.c) or timer_create (chat_posix.c).
 *
 * A timer belongs to a connection and goes off once, a period after it was last set. It may outlive its connection,
 * and several may belong to one: chat.c tells by id and number which one it still waits for.
 */
#ifndef SEEP_TESTS_CHAT_TIMERS_H
#define SEEP_TESTS_CHAT_TIMERS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct timers {
	int epoll;
	int64_t period_ms;
	int signals; /* where POSIX timers go off; -1: each timer has a descriptor of its own */
	int32_t last_number;
};

struct turn_timer {
	int32_t number; /* with timerfd its descriptor; -1: none */
	timer_t posix;
};

/* epoll and period_ms are set before. -1: see errno. */
int timers_open(struct timers *timers);
/* A timer that goes off a period from now; its number is -1 when there can be no more. */
struct turn_timer timer_start(struct timers *timers, uint32_t connection_id);
/* Sets it anew: a period from now. */
void timer_restart(const struct timers *timers, const struct turn_timer *timer);
/* Ends it; nothing, if its number is -1. */
void timer_end(struct turn_timer *timer);
/* When `signals` is readable: the next timer that went off there. False: no more. */
bool timers_next(const struct timers *timers, uint32_t *connection_id, int32_t *number);

#endif
