/* SPDX-License-Identifier: MIT */
/* events_timers.c - expirations as they are read from timer descriptors: many at once, and in parts. */
#include "events.h"

#include <sys/timerfd.h>
#include <sys/uio.h>

ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);

static int timer_open(int flags)
{
	struct itimerspec every = {{0, 1000000}, {0, 1000000}};
	int fd = timerfd_create(CLOCK_MONOTONIC, flags);

	REQUIRE(fd >= 0 && timerfd_settime(fd, 0, &every, NULL) == 0);
	return fd;
}

int main(void)
{
	uint64_t sum = 0, count;
	struct iovec parts[3] = {{&count, 3}, {(char *)&count + 3, 0}, {(char *)&count + 3, 100}};
	int fd = timer_open(0);

	for (int i = 0; i < 10; i++) {
		usleep(2500);
		REQUIRE(read(fd, &count, sizeof(count)) == sizeof(count) && count >= 1);
		sum += count;
	}
	usleep(5000);
	REQUIRE(__read_chk(fd, &count, sizeof(count), sizeof(count)) == sizeof(count) && count >= 4);
	sum += count;
	usleep(5000);
	parts[2].iov_len = 5;
	REQUIRE(readv(fd, parts, 3) == sizeof(count) && count >= 4);
	sum += count;
	REQUIRE(read(fd, &count, 4) == -1 && errno == EINVAL);
	close(fd);
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	REQUIRE(read(fd, &count, sizeof(count)) == -1 && errno == EAGAIN);

	expect_event("timer_expirations", sum);
	return 0;
}
