/* SPDX-License-Identifier: MIT */
/* chat_posix.c - timer_create: every timer sends SIGRTMIN, which one signalfd takes. */
#include "chat_timers.h"
#include "common.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

int timers_open(struct timers *timers)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGRTMIN);
	if (sigprocmask(SIG_BLOCK, &signals, NULL))
		return -1;
	timers->signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (timers->signals < 0)
		return -1;
	return watch_add(timers->epoll, timers->signals, EPOLLIN, (uint32_t)timers->signals);
}

struct turn_timer timer_start(struct timers *timers, uint32_t connection_id)
{
	struct turn_timer timer = {.number = timers->last_number == INT32_MAX ? 1 : timers->last_number + 1};
	uint64_t whose = (uint64_t)connection_id << 32 | (uint32_t)timer.number;
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_ptr = (void *)whose};

	if (timer_create(CLOCK_MONOTONIC, &event, &timer.posix)) {
		timer.number = -1;
		return timer;
	}
	timers->last_number = timer.number;
	timer_restart(timers, &timer);
	return timer;
}

void timer_restart(const struct timers *timers, const struct turn_timer *timer)
{
	struct itimerspec when = {
		.it_value = {.tv_sec = timers->period_ms / 1000, .tv_nsec = timers->period_ms % 1000 * 1000000}};

	timer_settime(timer->posix, 0, &when, NULL);
}

void timer_end(struct turn_timer *timer)
{
	if (timer->number >= 0)
		timer_delete(timer->posix);
	timer->number = -1;
}

bool timers_next(const struct timers *timers, uint32_t *connection_id, int32_t *number)
{
	struct signalfd_siginfo signal;

	if (read(timers->signals, &signal, sizeof(signal)) != sizeof(signal))
		return false;
	*connection_id = (uint32_t)(signal.ssi_ptr >> 32);
	*number = (int32_t)(uint32_t)signal.ssi_ptr;
	return true;
}
