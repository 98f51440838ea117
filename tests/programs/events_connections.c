/* SPDX-License-Identifier: MIT */
/* events_connections.c - connections accepted and made, and calls that make none. */
#include "events.h"

#include <poll.h>
#include <sys/un.h>

enum { BLOCKING = 30, NON_BLOCKING = 20 };

static void accept_one(int listener, int turn)
{
	int fd = turn % 2 ? accept(listener, NULL, NULL) : accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	REQUIRE(fd >= 0);
	close(fd);
}

/* Asks twice, as programs do that want to know how it went. */
static void connect_without_waiting(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd ready = {.fd = fd, .events = POLLOUT};

	REQUIRE(connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EINPROGRESS);
	REQUIRE(poll(&ready, 1, 5000) == 1);
	REQUIRE(connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EISCONN);
	close(fd);
}

/* Nobody listens at first, then somebody does: one connection by one socket. */
static void connect_after_a_refusal(const struct sockaddr_in *address, const struct sockaddr_in *nobody)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	REQUIRE(connect(fd, (const struct sockaddr *)nobody, sizeof(*nobody)) == -1 && errno == ECONNREFUSED);
	REQUIRE(connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0);
	close(fd);
}

static void datagrams(const struct sockaddr_in *address)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	REQUIRE(connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0);
	REQUIRE(connect(fd, &none, sizeof(none)) == 0);
	close(fd);
}

int main(void)
{
	struct sockaddr_in address, nobody;
	int listener = listener_open(&address);

	close(listener_open(&nobody));
	for (int i = 0; i < BLOCKING; i++) {
		close(client_open(&address));
		accept_one(listener, i);
	}
	for (int i = 0; i < NON_BLOCKING; i++) {
		connect_without_waiting(&address);
		accept_one(listener, i);
	}
	connect_after_a_refusal(&address, &nobody);
	datagrams(&address);
	fcntl(listener, F_SETFL, O_NONBLOCK);
	accept_one(listener, 0);
	REQUIRE(accept(listener, NULL, NULL) == -1 && errno == EAGAIN);
	REQUIRE(connect(-1, (struct sockaddr *)&address, sizeof(address)) == -1 && errno == EBADF);
	REQUIRE(connect(client_open(&address), NULL, 16) == -1 && errno == EFAULT);

	expect_event("accepted", BLOCKING + NON_BLOCKING + 1);
	expect_event("connected", BLOCKING + NON_BLOCKING + 2);
	return 0;
}
