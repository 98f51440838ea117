/* SPDX-License-Identifier: MIT */
/*
 * events_traffic.c - every call that reads or writes a socket, with its calls and bytes; what moves no data, what only
 * looks, files and pipes do not count. errno is the call's own.
 */
#include "events.h"

#include <sys/sendfile.h>
#include <sys/uio.h>

ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *buffer, size_t size, size_t room, int flags, struct sockaddr *address,
		       socklen_t *length);

static uint64_t read_calls, read_bytes, write_calls, write_bytes;
static int a, b;
static char buffer[4096];
static struct iovec parts[2] = {{buffer, 3}, {buffer + 100, 50}};

static void wrote(ssize_t bytes, ssize_t expected)
{
	REQUIRE(bytes == expected);
	write_calls++;
	write_bytes += (uint64_t)expected;
}

static void was_read(ssize_t bytes, ssize_t expected)
{
	REQUIRE(bytes == expected);
	read_calls++;
	read_bytes += (uint64_t)expected;
}

static void simple_calls(void)
{
	wrote(write(a, buffer, 10), 10);
	was_read(read(b, buffer, 100), 10);
	wrote(send(a, buffer, 11, 0), 11);
	was_read(recv(b, buffer, 100, 0), 11);
	wrote(sendto(a, buffer, 12, 0, NULL, 0), 12);
	was_read(recvfrom(b, buffer, 5, 0, NULL, NULL), 5);
	was_read(__recvfrom_chk(b, buffer, 100, sizeof(buffer), 0, NULL, NULL), 7);
	wrote(write(b, buffer, 13), 13);
	was_read(__read_chk(a, buffer, 6, sizeof(buffer)), 6);
	was_read(__recv_chk(a, buffer, 100, sizeof(buffer), 0), 7);
}

static void calls_with_parts(void)
{
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	wrote(writev(a, parts, 2), 53);
	was_read(readv(b, parts, 2), 53);
	wrote(sendmsg(a, &message, 0), 53);
	was_read(recvmsg(b, &message, 0), 53);
}

static void calls_with_messages(void)
{
	struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = &parts[0], .msg_iovlen = 1}},
				      {.msg_hdr = {.msg_iov = &parts[1], .msg_iovlen = 1}}};
	int fds[2];

	REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) == 0);
	wrote(sendmmsg(fds[0], messages, 2, 0) == 2 ? 53 : 0, 53);
	was_read(recvmmsg(fds[1], messages, 2, 0, NULL) == 2 ? 53 : 0, 53);
	REQUIRE(recvmmsg(fds[1], messages, 2, MSG_DONTWAIT, NULL) == -1 && errno == EAGAIN);
	close(fds[0]);
	close(fds[1]);
}

static void calls_between_descriptors(void)
{
	int file = open("/proc/self/exe", O_RDONLY), ends[2];
	off_t start = 0;

	REQUIRE(file >= 0 && pipe(ends) == 0);
	wrote(sendfile(a, file, &start, 1000), 1000);
	was_read(splice(b, NULL, ends[1], NULL, 4096, 0), 1000);
	wrote(splice(ends[0], NULL, a, NULL, 600, 0), 600);
	was_read(read(b, buffer, sizeof(buffer)), 600);
	/* no socket in these */
	REQUIRE(read(ends[0], buffer, sizeof(buffer)) == 400 && read(file, buffer, 64) == 64);
	REQUIRE(write(ends[1], buffer, 5) == 5 && readv(ends[0], parts, 1) == 3);
	close(file);
	close(ends[0]);
	close(ends[1]);
}

static void calls_that_move_nothing(void)
{
	void *volatile nowhere = (void *)8;

	wrote(write(a, buffer, 8), 8);
	REQUIRE(recv(b, buffer, 100, MSG_PEEK) == 8);
	was_read(read(b, buffer, 100), 8);
	REQUIRE(recv(b, buffer, 100, MSG_DONTWAIT) == -1 && errno == EAGAIN);
	REQUIRE(write(a, buffer, 0) == 0);
	REQUIRE(write(-1, buffer, 1) == -1 && errno == EBADF);
	REQUIRE(read(1 << 21, buffer, 1) == -1 && errno == EBADF);
	REQUIRE(read(b, nowhere, 0) == 0);
	REQUIRE(write(a, nowhere, 4) == -1 && errno == EFAULT);
	close(a);
	REQUIRE(read(b, buffer, 1) == 0);
}

int main(void)
{
	int fds[2], kept = open("/dev/null", O_WRONLY);

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	a = fds[0];
	b = dup(fds[1]);
	close(fds[1]);
	simple_calls();
	calls_with_parts();
	calls_with_messages();
	calls_between_descriptors();
	calls_that_move_nothing();
	/* a number that was a socket's, and is a file's */
	REQUIRE(dup2(kept, b) == b && write(b, buffer, 100) == 100);
	errno = 4711;
	REQUIRE(write(b, buffer, 1) == 1 && errno == 4711);

	expect_event("read_calls", read_calls);
	expect_event("read_bytes", read_bytes);
	expect_event("write_calls", write_calls);
	expect_event("write_bytes", write_bytes);
	return 0;
}
