/* SPDX-License-Identifier: MIT */
/*
 * events.h - what the events_*.c fixtures share. The lines "event PID NAME COUNT" say what a recording of the process
 * has to have counted: these, and nothing else.
 */
#ifndef SEEP_TESTS_EVENTS_H
#define SEEP_TESTS_EVENTS_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handles.h"

static inline void expect_event(const char *name, uint64_t count)
{
	dprintf(1, "event %d %s %llu\n", (int)getpid(), name, (unsigned long long)count);
}

static inline int listener_open(struct sockaddr_in *address)
{
	socklen_t size = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	REQUIRE(fd >= 0 && bind(fd, (struct sockaddr *)address, size) == 0 && listen(fd, 64) == 0);
	REQUIRE(getsockname(fd, (struct sockaddr *)address, &size) == 0);
	return fd;
}

static inline int client_open(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	REQUIRE(fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0);
	return fd;
}

/* Closes the connection by a reset instead of an end. */
static inline void reset(int fd)
{
	struct linger linger = {.l_onoff = 1};

	REQUIRE(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0);
	close(fd);
}

#endif
