/* SPDX-License-Identifier: MIT */
/* handles_watches.c - inotify watches: told apart by descriptor, ended one by one or with their descriptor. */
#include "handles.h"

#include <errno.h>
#include <sys/inotify.h>

enum { MANY = 300 };

static FRAME int notifier_open(void)
{
	int fd = inotify_init1(IN_CLOEXEC);

	REQUIRE(fd >= 0);
	return fd;
}

static FRAME int watch_add(int fd, const char *path)
{
	int watch = inotify_add_watch(fd, path, IN_CREATE);

	REQUIRE(watch >= 0);
	return watch;
}

static FRAME int watch_add_other(int fd, const char *path)
{
	int watch = inotify_add_watch(fd, path, IN_DELETE);

	REQUIRE(watch >= 0);
	return watch;
}

/* Two watches, however often they are asked for. */
static FRAME void watch_add_many(int fd)
{
	for (int i = 0; i < MANY; i++)
		REQUIRE(inotify_add_watch(fd, i % 2 ? "/usr" : "/etc", IN_CREATE) >= 0);
}

/* Numbers of watches are not given out again: what was removed must make room. */
static FRAME void watch_come_and_go(int fd)
{
	for (int i = 0; i < MANY; i++)
		REQUIRE(inotify_rm_watch(fd, inotify_add_watch(fd, "/", IN_CREATE)) == 0);
}

int main(void)
{
	int first = notifier_open(), second = notifier_open(), third = inotify_init(), watch;

	watch_add(first, "/");
	watch_add(first, "/etc");
	watch = watch_add(first, "/usr");
	/* the same watch again, and the same numbers on another descriptor */
	REQUIRE(watch_add_other(first, "/usr") == watch);
	watch_add(second, "/");
	watch_add(second, "/etc");
	watch_add_other(second, "/usr");
	REQUIRE(inotify_rm_watch(first, watch) == 0);
	REQUIRE(inotify_rm_watch(first, watch) == -1 && errno == EINVAL);
	watch_add_many(third);
	watch_come_and_go(third);
	close(second);

	expect_handles("watch_add", "inotify-watch", 5, 3);
	expect_handles("watch_add_other", "inotify-watch", 1, 1);
	expect_handles("watch_add_many", "inotify-watch", 2, 0);
	expect_handles("watch_come_and_go", "inotify-watch", MANY, MANY);
	expect_handles("notifier_open", "inotify", 2, 1);
	expect_trust("dropped_events", 0);
	return 0;
}
