/* SPDX-License-Identifier: MIT */
/*
 * io.c - the hooks of calls that read, write and connect: only counted (traffic.h), nothing is acquired here.
 *
 * What libc does inside itself (stdio, the resolver) and raw system calls are not seen. recvmsg() and recvmmsg() are in
 * descriptors.c, for descriptors come with them.
 */
#include "hooks.h"
#include "traffic.h"

/* ---- data that is moved, and connections that break ---- */

static bool is_broken(int error)
{
	return error == ECONNRESET || error == EPIPE || error == ETIMEDOUT;
}

void traffic_failed(struct descriptor *descriptor, int error)
{
	if (!is_broken(error) || !events_are_counted())
		return;
	if (!(atomic_fetch_or(&descriptor->traffic, TRAFFIC_BROKEN) & TRAFFIC_BROKEN))
		event_add(EVENT_RESET, 1);
}

void traffic_count(struct descriptor *descriptor, ssize_t result, enum arena_event calls)
{
	struct event_line line;

	if (result <= 0) {
		if (result < 0 && is_broken(errno))
			traffic_failed(descriptor, errno);
		return;
	}
	if (!events_are_counted())
		return;
	line = event_line();
	counter_add(&line.count[calls], 1, line.is_exclusive);
	counter_add(&line.count[calls + 1], (uint64_t)result, line.is_exclusive);
}

HOOK int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict length)
{
	int result = REAL(getsockopt)(fd, level, name, value, length);

	if (level == SOL_SOCKET && name == SO_ERROR && result == 0 && *length == sizeof(int)) {
		struct descriptor *descriptor = descriptor_find(fd);

		if (traffic_nature(descriptor) & TRAFFIC_SOCKET)
			traffic_failed(descriptor, *(const int *)value);
	}
	return result;
}

/* ---- connections that are made ---- */

/* Once for each connection: a program may ask again for one that is under way, or for another one after a failure. */
static void connection_made(struct descriptor *descriptor, int error)
{
	if (!events_are_counted() || error == EALREADY || error == EISCONN)
		return;
	if (error && error != EINPROGRESS && error != EINTR) {
		atomic_fetch_and(&descriptor->traffic, ~TRAFFIC_CONNECTED);
		return;
	}
	if (!(atomic_fetch_or(&descriptor->traffic, TRAFFIC_CONNECTED) & TRAFFIC_CONNECTED))
		event_add(EVENT_CONNECTED, 1);
}

/* Of a datagram socket it says where to send to; without an address (AF_UNSPEC) it ends that. */
HOOK int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t length)
{
	int result = REAL(connect)(fd, address, length);
	struct descriptor *descriptor = descriptor_find(fd);

	if ((traffic_nature(descriptor) & (TRAFFIC_SOCKET | TRAFFIC_DATAGRAMS)) == TRAFFIC_SOCKET &&
	    (result < 0 || address.__sockaddr__->sa_family != AF_UNSPEC))
		connection_made(descriptor, result < 0 ? errno : 0);
	return result;
}

/* ---- reading ---- */

static COLD void timer_read(ssize_t result, const void *buffer)
{
	uint64_t expirations;

	if (result != sizeof(expirations))
		return;
	memcpy(&expirations, buffer, sizeof(expirations));
	event_add(EVENT_TIMER_EXPIRATIONS, expirations);
}

static inline ssize_t was_read(int fd, ssize_t result, const void *buffer)
{
	struct descriptor *descriptor = descriptor_find(fd);
	uint32_t nature = traffic_nature(descriptor);

	if (nature & TRAFFIC_SOCKET)
		traffic_count(descriptor, result, EVENT_READ_CALLS);
	else if (UNLIKELY(nature & TRAFFIC_TIMER))
		timer_read(result, buffer);
	return result;
}

HOOK ssize_t read(int fd, void *buffer, size_t size)
{
	return was_read(fd, REAL(read)(fd, buffer, size), buffer);
}

HOOK ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room)
{
	return was_read(fd, REAL(__read_chk)(fd, buffer, size, room), buffer);
}

/* The number of expirations may have come in parts. */
static COLD void timer_read_parts(ssize_t result, const struct iovec *parts)
{
	char bytes[sizeof(uint64_t)];

	if (result != sizeof(bytes))
		return;
	for (size_t done = 0; done < sizeof(bytes); parts++) {
		size_t left = sizeof(bytes) - done;
		size_t size = parts->iov_len < left ? parts->iov_len : left;

		memcpy(bytes + done, parts->iov_base, size);
		done += size;
	}
	timer_read(result, bytes);
}

HOOK ssize_t readv(int fd, const struct iovec *parts, int count)
{
	ssize_t result = REAL(readv)(fd, parts, count);

	if (UNLIKELY(traffic_nature(descriptor_find(fd)) & TRAFFIC_TIMER))
		timer_read_parts(result, parts);
	return traffic_done(fd, result, EVENT_READ_CALLS);
}

HOOK ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
	return traffic_received(fd, REAL(recv)(fd, buffer, size, flags), flags);
}

HOOK ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags)
{
	return traffic_received(fd, REAL(__recv_chk)(fd, buffer, size, room, flags), flags);
}

HOOK ssize_t recvfrom(int fd, void *restrict buffer, size_t size, int flags, __SOCKADDR_ARG address,
		      socklen_t *restrict length)
{
	return traffic_received(fd, REAL(recvfrom)(fd, buffer, size, flags, address, length), flags);
}

HOOK ssize_t __recvfrom_chk(int fd, void *restrict buffer, size_t size, size_t room, int flags, __SOCKADDR_ARG address,
			    socklen_t *restrict length)
{
	return traffic_received(fd, REAL(__recvfrom_chk)(fd, buffer, size, room, flags, address, length), flags);
}

/* ---- writing ---- */

HOOK ssize_t write(int fd, const void *buffer, size_t size)
{
	return traffic_done(fd, REAL(write)(fd, buffer, size), EVENT_WRITE_CALLS);
}

HOOK ssize_t writev(int fd, const struct iovec *parts, int count)
{
	return traffic_done(fd, REAL(writev)(fd, parts, count), EVENT_WRITE_CALLS);
}

HOOK ssize_t send(int fd, const void *buffer, size_t size, int flags)
{
	return traffic_done(fd, REAL(send)(fd, buffer, size, flags), EVENT_WRITE_CALLS);
}

HOOK ssize_t sendto(int fd, const void *buffer, size_t size, int flags, __CONST_SOCKADDR_ARG address, socklen_t length)
{
	return traffic_done(fd, REAL(sendto)(fd, buffer, size, flags, address, length), EVENT_WRITE_CALLS);
}

HOOK ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	return traffic_done(fd, REAL(sendmsg)(fd, message, flags), EVENT_WRITE_CALLS);
}

HOOK int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	return traffic_messages(fd, REAL(sendmmsg)(fd, messages, count, flags), messages, EVENT_WRITE_CALLS);
}

HOOK ssize_t sendfile(int to, int from, off_t *offset, size_t size)
{
	return traffic_done(to, REAL(sendfile)(to, from, offset, size), EVENT_WRITE_CALLS);
}

HOOK ssize_t sendfile64(int to, int from, off64_t *offset, size_t size)
{
	return traffic_done(to, REAL(sendfile64)(to, from, offset, size), EVENT_WRITE_CALLS);
}

/* One end is a pipe. */
HOOK ssize_t splice(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t size, unsigned int flags)
{
	ssize_t result = REAL(splice)(from, from_offset, to, to_offset, size, flags);

	if (result >= 0 || errno != EPIPE) /* which is the other end's: nobody reads that pipe */
		traffic_done(from, result, EVENT_READ_CALLS);
	return traffic_done(to, result, EVENT_WRITE_CALLS);
}
