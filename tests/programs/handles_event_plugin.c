/* SPDX-License-Identifier: MIT */
/* handles_event_plugin.c - for handles_local_library.c: brings libevent into the process. Build with: -levent_core */
#include <event2/event.h>
#include <stdbool.h>

bool plugin_timer_leak(int count);

static void never(int fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	(void)argument;
}

bool plugin_timer_leak(int count)
{
	struct event_base *base = event_base_new();

	for (int i = 0; i < count; i++)
		if (!base || !event_new(base, -1, 0, never, NULL))
			return false;
	return true;
}
