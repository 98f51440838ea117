/* SPDX-License-Identifier: MIT */
/*
 * handles_race.c - two threads close the same descriptor at the same moment, thousands of times. Each is released
 * once, and each close that found nothing is one misuse.
 */
#include "handles.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>

enum { ROUNDS = 20000 };

static pthread_barrier_t barrier;
static int shared_fd;
static atomic_uint found_nothing;

static FRAME int file_open(void)
{
	int fd = open("/dev/null", O_RDONLY);

	REQUIRE(fd >= 0);
	return fd;
}

static FRAME void close_racing(int fd)
{
	if (close(fd) == 0)
		return;
	REQUIRE(errno == EBADF);
	found_nothing++;
}

static void *rival(void *argument)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&barrier);
		close_racing(shared_fd);
		pthread_barrier_wait(&barrier);
	}
	return argument;
}

int main(void)
{
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 2);
	REQUIRE(pthread_create(&thread, NULL, rival, NULL) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		shared_fd = file_open();
		pthread_barrier_wait(&barrier);
		close_racing(shared_fd);
		pthread_barrier_wait(&barrier);
	}
	pthread_join(thread, NULL);
	REQUIRE(found_nothing == ROUNDS);

	expect_handles("file_open", "file", ROUNDS, ROUNDS);
	expect_misuse("double-close", "close_racing", "-", ROUNDS);
	expect_misuses(ROUNDS);
	return 0;
}
