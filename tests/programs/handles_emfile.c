/* SPDX-License-Identifier: MIT */
/* handles_emfile.c - runs out of descriptors; the first refusal is marked with the table as it was. */
#include "handles.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { LIMIT = 64, TRIES = 10 };

static FRAME int file_open(void)
{
	int fd = open("/dev/null", O_RDONLY);

	KEEP((long)fd);
	return fd;
}

static FRAME void socket_refused(void)
{
	REQUIRE(socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EMFILE);
}

static FRAME void stream_refused(void)
{
	REQUIRE(!fopen("/dev/null", "r") && errno == EMFILE);
}

/* Those given from outside are counted as well. */
static unsigned descriptors_open(int first, int end)
{
	unsigned open_count = 0;

	for (int fd = first; fd < end; fd++)
		open_count += fcntl(fd, F_GETFD) >= 0;
	return open_count;
}

int main(void)
{
	struct rlimit limit = {LIMIT, LIMIT};
	unsigned before = descriptors_open(0, LIMIT), above = descriptors_open(LIMIT, 4096), opened = 0;

	REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	while (file_open() >= 0)
		opened++;
	REQUIRE(errno == EMFILE && before + opened == LIMIT);
	for (int i = 0; i < TRIES; i++)
		REQUIRE(file_open() == -1 && errno == EMFILE);
	socket_refused();
	stream_refused();

	expect_handles("file_open", "file", opened, 0);
	expect_handles("socket_refused", "socket", 0, 0);
	expect_handles("stream_refused", "stream", 0, 0);
	expect_mark(EMFILE, "file_open", LIMIT + above);
	return 0;
}
