/* SPDX-License-Identifier: MIT */
/*
 * handles_never_opened.c - closes of numbers that were never open; and the sweeps over all numbers that daemons make,
 * which are no misuse, upwards, downwards and sparing some.
 */
#include "handles.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

static FRAME void close_wild(int fd)
{
	REQUIRE(close(fd) == -1 && errno == EBADF);
}

static FRAME void sweep_up(void)
{
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
}

static FRAME void sweep_down(int spared)
{
	for (int fd = 1023; fd > 2; fd--)
		if (fd != spared && fd != spared + 1)
			close(fd);
}

/* Too short for a sweep. */
static FRAME void close_five(void)
{
	for (int fd = 900; fd < 905; fd++)
		close_wild(fd);
	KEEP(NULL);
}

static FRAME int file_open(void)
{
	int fd = open("/dev/null", O_RDONLY);

	REQUIRE(fd >= 0);
	return fd;
}

static FRAME void close_unseen(int fd)
{
	REQUIRE(close(fd) == 0);
}

int main(void)
{
	int kept;

	for (int i = 0; i < 4; i++)
		close_wild(700 + 10 * (i % 2));
	/* an idiom without harm */
	close_wild(-1);
	file_open();
	file_open();
	sweep_up();
	file_open();
	kept = file_open();
	sweep_down(kept);
	close_five();
	/* opened where no hook looks */
	close_unseen((int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY));

	expect_handles("file_open", "file", 4, 3);
	expect_misuse("never-opened", "close_wild", "-", 9);
	expect_misuse("never-opened", "close_five", "-", 5);
	expect_misuses(9);
	expect_trust("unseen_closes", 1);
	return 0;
}
