/* SPDX-License-Identifier: MIT */
/* handles_copies.c - copies of descriptors: of the kind of what they copy, but at the callsite of the copy. */
#include "handles.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

static FRAME int socket_open(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	REQUIRE(fd >= 0);
	return fd;
}

static FRAME int file_open(void)
{
	int fd = open64("/dev/null", O_RDONLY);

	REQUIRE(fd >= 0);
	return fd;
}

static FRAME int copy_plain(int fd)
{
	int copy = dup(fd);

	REQUIRE(copy >= 0);
	return copy;
}

static FRAME int copy_above(int fd, int lowest)
{
	int first = fcntl(fd, F_DUPFD, lowest);
	int second = fcntl64(fd, F_DUPFD_CLOEXEC, lowest);

	REQUIRE(first >= lowest && second > first);
	return second;
}

static FRAME void copy_onto(int fd, int wanted)
{
	REQUIRE(dup2(fd, wanted) == wanted);
}

static FRAME void copy_onto_cloexec(int fd, int wanted)
{
	REQUIRE(dup3(fd, wanted, O_CLOEXEC) == wanted);
}

static FRAME void copy_in_vain(int wanted)
{
	REQUIRE(dup2(-1, wanted) == -1 && errno == EBADF);
	REQUIRE(dup3(wanted, wanted, 0) == -1 && errno == EINVAL);
	REQUIRE(dup2(wanted, wanted) == wanted);
	REQUIRE(fcntl(wanted, F_GETFD) == 0 && fcntl(wanted, F_SETFD, FD_CLOEXEC) == 0);
	REQUIRE(fcntl(wanted, F_GETFD) == FD_CLOEXEC);
}

int main(void)
{
	int service = socket_open(), file = file_open(), second_file = file_open();

	close(copy_plain(service));
	copy_plain(file);
	close(copy_above(service, 40));
	/* onto an open one, which that closes; onto a free number; and back over the copy */
	copy_onto(service, file);
	copy_onto(service, 50);
	copy_onto_cloexec(second_file, 50);
	copy_in_vain(second_file);

	expect_handles("socket_open", "socket", 1, 0);
	expect_handles("file_open", "file", 2, 1);
	expect_handles("copy_plain", "socket", 1, 1);
	expect_handles("copy_plain", "file", 1, 0);
	expect_handles("copy_above", "socket", 2, 1);
	expect_handles("copy_onto", "socket", 2, 1);
	expect_handles("copy_onto_cloexec", "file", 1, 0);
	expect_handles("copy_in_vain", "file", 0, 0);
	expect_misuses(0);
	expect_trust("overwritten_blocks", 0);
	return 0;
}
