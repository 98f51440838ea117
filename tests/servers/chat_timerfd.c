/* SPDX-License-Identifier: MIT */
/* chat_timerfd.c - a descriptor a timer, watched by the server's epoll. */
#include "chat_timers.h"
#include "common.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

int timers_open(struct timers *timers)
{
	timers->signals = -1;
	return 0;
}

struct turn_timer timer_start(struct timers *timers, uint32_t connection_id)
{
	struct turn_timer timer = {.number = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)};

	if (timer.number < 0)
		return timer;
	timer_restart(timers, &timer);
	watch_add(timers->epoll, timer.number, EPOLLIN | EPOLLET,
		  (uint64_t)connection_id << 32 | (uint32_t)timer.number);
	return timer;
}

void timer_restart(const struct timers *timers, const struct turn_timer *timer)
{
	struct itimerspec when = {
		.it_value = {.tv_sec = timers->period_ms / 1000, .tv_nsec = timers->period_ms % 1000 * 1000000}};

	timerfd_settime(timer->number, 0, &when, NULL);
}

void timer_end(struct turn_timer *timer)
{
	if (timer->number >= 0)
		close(timer->number);
	timer->number = -1;
}

bool timers_next(const struct timers *timers, uint32_t *connection_id, int32_t *number)
{
	(void)timers, (void)connection_id, (void)number;
	return false;
}
