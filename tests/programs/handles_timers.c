/* SPDX-License-Identifier: MIT */
/* handles_timers.c - POSIX timers that are made for each request and not always deleted. */
#include "handles.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

static void never(union sigval value)
{
	(void)value;
}

static FRAME timer_t timer_make(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	timer_t timer;

	REQUIRE(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	return timer;
}

/* glibc knows such a timer by an address of its own. */
static FRAME timer_t timer_make_calling(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = never};
	timer_t timer;

	REQUIRE(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	return timer;
}

static FRAME void timer_refused(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	timer_t timer;

	REQUIRE(timer_create(12345, &event, &timer) == -1 && errno == EINVAL);
}

int main(void)
{
	timer_t first = timer_make();

	for (int i = 0; i < 19; i++) {
		timer_t timer = timer_make();

		if (i % 2)
			REQUIRE(timer_delete(timer) == 0);
	}
	timer_make_calling();
	timer_delete(timer_make_calling());
	timer_refused();
	REQUIRE(timer_delete(first) == 0);
	REQUIRE(timer_delete(first) == -1 && errno == EINVAL);

	expect_handles("timer_make", "posix-timer", 20, 10);
	expect_handles("timer_make_calling", "posix-timer", 2, 1);
	expect_handles("timer_refused", "posix-timer", 0, 0);
	return 0;
}
