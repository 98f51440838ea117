/* SPDX-License-Identifier: MIT */
/* handles_sockets.c - a server that forgets to close every third connection. */
#include "handles.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum { CONNECTIONS = 30, FORGOTTEN = 10 };

static FRAME int listen_open(struct sockaddr_in *address)
{
	socklen_t size = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	REQUIRE(fd >= 0 && bind(fd, (struct sockaddr *)address, size) == 0 && listen(fd, 8) == 0);
	REQUIRE(getsockname(fd, (struct sockaddr *)address, &size) == 0);
	return fd;
}

static FRAME int client_connect(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	REQUIRE(fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0);
	return fd;
}

static FRAME int client_accept(int listener, int turn)
{
	int fd = turn % 2 ? accept(listener, NULL, NULL) : accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	REQUIRE(fd >= 0);
	return fd;
}

static FRAME void pair_open(void)
{
	int fds[2];

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	close(fds[0]);
}

int main(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int listener = listen_open(&address);

	for (int i = 0; i < CONNECTIONS; i++) {
		int client = client_connect(&address);
		int served = client_accept(listener, i);

		close(client);
		if (i % 3)
			close(served);
	}
	/* a refused connection is no descriptor */
	REQUIRE(socket(AF_INET, SOCK_STREAM, 255) == -1);
	pair_open();

	expect_handles("listen_open", "socket", 1, 0);
	expect_handles("client_connect", "socket", CONNECTIONS, CONNECTIONS);
	expect_handles("client_accept", "socket", CONNECTIONS, CONNECTIONS - FORGOTTEN);
	expect_handles("pair_open", "socket", 2, 1);
	expect_misuses(0);
	return 0;
}
