/* SPDX-License-Identifier: MIT */
/* handles_libevent.c - libevent events that are not freed, and one-shot events that never ran. Build with: -levent_core
 */
#include "handles.h"

#include <event2/event.h>

enum { EVENTS = 12, ONE_SHOTS = 1000, PENDING = 3 };

static int ran;

static void count(int fd, short what, void *argument)
{
	REQUIRE(fd == -1 && what == EV_TIMEOUT && argument == &ran);
	ran++;
}

static FRAME struct event *request_timer(struct event_base *base)
{
	struct event *event = event_new(base, -1, EV_PERSIST, count, &ran);

	REQUIRE(event);
	return event;
}

static FRAME void call_soon(struct event_base *base)
{
	struct timeval now = {0, 0};

	REQUIRE(event_base_once(base, -1, EV_TIMEOUT, count, &ran, &now) == 0);
}

static FRAME void call_in_an_hour(struct event_base *base)
{
	struct timeval hour = {3600, 0};

	REQUIRE(event_base_once(base, -1, EV_TIMEOUT, count, &ran, &hour) == 0);
}

static FRAME void call_refused(struct event_base *base)
{
	REQUIRE(event_base_once(base, -1, EV_SIGNAL, count, &ran, NULL) == -1);
}

int main(void)
{
	struct event_base *base = event_base_new();

	for (int i = 0; i < EVENTS; i++) {
		struct event *event = request_timer(base);

		if (i % 3)
			event_free(event);
	}
	for (int i = 0; i < ONE_SHOTS; i++) {
		call_soon(base);
		if (i % 10 == 0)
			event_base_loop(base, EVLOOP_NONBLOCK);
	}
	event_base_loop(base, EVLOOP_NONBLOCK);
	REQUIRE(ran == ONE_SHOTS);
	for (int i = 0; i < PENDING; i++)
		call_in_an_hour(base);
	call_refused(base);

	expect_handles("request_timer", "libevent-event", EVENTS, EVENTS - 4);
	expect_handles("call_soon", "libevent-event", ONE_SHOTS, ONE_SHOTS);
	expect_handles("call_in_an_hour", "libevent-event", PENDING, 0);
	expect_handles("call_refused", "libevent-event", 0, 0);
	return 0;
}
