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

/* TRAFFIC_*, 0 for what is not known. */
static inline uint32_t traffic_nature(const struct descriptor *descriptor)
{
	return descriptor ? atomic_load_explicit(&descriptor->traffic, memory_order_relaxed) : 0;
}

/* A socket whose call has moved `result` bytes, or failed with errno; `calls` is the event, its bytes the next. io.c */
void traffic_count(struct descriptor *descriptor, ssize_t result, enum arena_event calls);
static_assert(EVENT_READ_BYTES == EVENT_READ_CALLS + 1 && EVENT_WRITE_BYTES == EVENT_WRITE_CALLS + 1, "neighbours");

/* A socket that is told to be broken, if that is what the error says. io.c */
void traffic_failed(struct descriptor *descriptor, int error);

/* After a call whose result is a number of bytes, or -1. */
static inline __attribute__((always_inline)) ssize_t traffic_done(int fd, ssize_t result, enum arena_event calls)
{
	struct descriptor *descriptor = descriptor_find(fd);

	if (traffic_nature(descriptor) & TRAFFIC_SOCKET)
		traffic_count(descriptor, result, calls);
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
