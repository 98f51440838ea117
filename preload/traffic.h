/* SPDX-License-Identifier: MIT */
/*
 * traffic.h - what an I/O call is counted as, by its descriptor and its result. For the hooks of such calls.
 *
 * They run at every request, and are cancellation points: the real call is made with nothing held and nothing begun,
 * and what is counted is counted after it. So a thread that is cancelled in it, or a SIGPIPE that ends the process,
 * leaves nothing behind. Files and pipes cost two loads.
 *
 *  - A call of a socket counts if it moved data. Looking at data (MSG_PEEK) does not count, nor at errors
 *    (MSG_ERRQUEUE).
 *  - A connection that a call reports as broken (ECONNRESET, EPIPE, ETIMEDOUT) counts once, by a flag in the
 * descriptor's entry, which ends with the descriptor.
 */
#ifndef SEEP_TRAFFIC_H
#define SEEP_TRAFFIC_H

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "descriptor_table.h"
#include "events.h"

static inline bool traffic_is(const struct descriptor *descriptor, uint32_t nature)
{
	return descriptor && (atomic_load_explicit(&descriptor->traffic, memory_order_relaxed) & nature);
}

/* A descriptor whose call gave that error. io.c */
void traffic_failed(struct descriptor *descriptor, int error);

/* The read or write call `calls` (its bytes are the next event) moved `bytes`. */
static inline void traffic_moved(enum arena_event calls, uint64_t bytes)
{
	struct event_line line;

	if (!events_are_counted())
		return;
	line = event_line();
	counter_add(&line.count[calls], 1, line.is_exclusive);
	counter_add(&line.count[calls + 1], bytes, line.is_exclusive);
}
static_assert(EVENT_READ_BYTES == EVENT_READ_CALLS + 1 && EVENT_WRITE_BYTES == EVENT_WRITE_CALLS + 1, "neighbours");

/* After a call whose result is a number of bytes, or -1. */
static inline ssize_t traffic_done(int fd, ssize_t result, enum arena_event calls)
{
	struct descriptor *descriptor = descriptor_find(fd);

	if (!traffic_is(descriptor, TRAFFIC_SOCKET))
		return result;
	if (LIKELY(result > 0))
		traffic_moved(calls, (uint64_t)result);
	else if (result < 0)
		traffic_failed(descriptor, errno);
	return result;
}

/* The same of a call that takes flags. */
static inline ssize_t traffic_received(int fd, ssize_t result, int flags)
{
	if (UNLIKELY(flags & (MSG_PEEK | MSG_ERRQUEUE)) && result >= 0)
		return result;
	return traffic_done(fd, result, EVENT_READ_CALLS);
}

/* After a call whose result is a number of messages, or -1. */
static inline int traffic_messages(int fd, int result, const struct mmsghdr *messages, enum arena_event calls)
{
	ssize_t bytes = 0;

	for (int i = 0; i < result; i++)
		bytes += messages[i].msg_len;
	traffic_done(fd, result < 0 ? -1 : bytes, calls);
	return result;
}

#endif
