/* SPDX-License-Identifier: MIT */
/* handles_double_close.c - descriptors closed twice; each pair of callsites is told apart. */
#include "handles.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

static FRAME int file_open(void)
{
	int fd = open("/dev/null", O_RDONLY);

	REQUIRE(fd >= 0);
	return fd;
}

static FRAME void close_first(int fd)
{
	REQUIRE(close(fd) == 0);
}

static FRAME void close_again(int fd)
{
	REQUIRE(close(fd) == -1 && errno == EBADF);
}

static FRAME void close_stream(FILE *stream)
{
	REQUIRE(fclose(stream) == EOF && errno == EBADF);
}

static FRAME void close_stream_first(FILE *stream)
{
	REQUIRE(fclose(stream) == 0);
}

int main(void)
{
	int fd;
	FILE *stream;

	for (int i = 0; i < 5; i++) {
		fd = file_open();
		close_first(fd);
		close_again(fd);
	}
	/* under a stream */
	stream = fdopen(fd = file_open(), "r");
	close_first(fd);
	close_stream(stream);
	/* after a stream */
	stream = fdopen(fd = file_open(), "r");
	close_stream_first(stream);
	close_again(fd);
	/* after one that no hook sees */
	fd = file_open();
	syscall(SYS_close, fd);
	close_again(fd);

	expect_handles("file_open", "file", 8, 8);
	expect_misuse("double-close", "close_again", "close_first", 5);
	expect_misuse("double-close", "close_stream", "close_first", 1);
	expect_misuse("double-close", "close_again", "close_stream_first", 1);
	expect_misuse("double-close", "close_again", "-", 7);
	expect_misuses(8);
	expect_trust("unseen_closes", 0);
	return 0;
}
