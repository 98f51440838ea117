/* SPDX-License-Identifier: MIT */
/*
 * kinds.h - what can leak: the list of resource kinds, written once.
 *
 * The number of a kind is part of the arena and of the recording: append, never reorder.
 * X(identifier, number, name, group)
 *   name   what reports and the `site.kind` column of a recording say
 *   group  the report type that adds several kinds together (`--type fds` is every descriptor)
 */
#ifndef SEEP_KINDS_H
#define SEEP_KINDS_H

#define SEEP_KINDS(X)                            \
	X(HEAP, 0, "heap", "heap")               \
	X(MAPPING, 1, "mapping", "mappings")     \
	X(SOCKET, 2, "socket", "sockets")        \
	X(FILE, 3, "file", "fds")                \
	X(PIPE, 4, "pipe", "fds")                \
	X(EPOLL, 5, "epoll", "fds")              \
	X(EVENTFD, 6, "eventfd", "fds")          \
	X(SIGNALFD, 7, "signalfd", "fds")        \
	X(INOTIFY, 8, "inotify", "fds")          \
	X(TIMERFD, 9, "timerfd", "timers")       \
	X(MEMFD, 10, "memfd", "fds")             \
	X(PIDFD, 11, "pidfd", "fds")             \
	X(OTHERFD, 12, "descriptor", "fds")      \
	X(WATCH, 13, "inotify watch", "watches") \
	X(TIMER, 14, "posix timer", "timers")    \
	X(EVENT, 15, "libevent event", "timers") \
	X(UVTIMER, 16, "libuv timer", "timers")  \
	X(THREAD, 17, "thread", "threads")       \
	X(STREAM, 18, "stream", "streams")       \
	X(DIRECTORY, 19, "directory stream", "streams")

enum seep_kind {
#define X(id, number, name, group) SEEP_KIND_##id = number,
	SEEP_KINDS(X)
#undef X
		SEEP_KIND_COUNT
};

#endif
