/* SPDX-License-Identifier: MIT */
/* handles_ranges.c - many descriptors closed by one call; and one call that only marks them. */
#include "handles.h"

#include <errno.h>
#include <fcntl.h>

static FRAME void files_open(int count)
{
	for (int i = 0; i < count; i++)
		REQUIRE(open("/dev/null", O_RDONLY) >= 0);
}

static FRAME void files_close(unsigned first, unsigned last)
{
	REQUIRE(close_range(first, last, 0) == 0);
}

static FRAME void close_again(int fd)
{
	REQUIRE(close(fd) == -1 && errno == EBADF);
}

int main(void)
{
	int first = open("/dev/null", O_RDONLY);

	/* from here on the numbers are ours */
	REQUIRE(first >= 0 && fcntl(first, F_DUPFD, 100) == 100);
	close_range(101, ~0u, 0);
	REQUIRE(fcntl(first, F_DUPFD, 4000) == 4000);
	for (int fd = 200; fd < 220; fd++)
		REQUIRE(dup2(first, fd) == fd);
	files_open(10);
	REQUIRE(close_range(200, 210, CLOSE_RANGE_CLOEXEC) == 0);
	REQUIRE(close_range(210, 200, 0) == -1 && errno == EINVAL);
	REQUIRE(close_range(200, 210, 1 << 20) == -1 && errno == EINVAL);
	files_close(200, 209);
	close_again(205);
	closefrom(215);

	expect_handles("main", "file", 1 + 1 + 1 + 20 + 10, 10 + 5 + 1);
	expect_handles("files_open", "file", 10, 0);
	expect_misuse("double-close", "close_again", "files_close", 1);
	expect_misuses(1);
	expect_trust("unseen_closes", 0);
	return 0;
}
