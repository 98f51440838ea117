/* SPDX-License-Identifier: MIT */
/*
 * events_resets.c - connections that break, met in each way that there is. Each counts once, however many calls tell
 * of it; a connection that ends as it should, and a pipe that nobody reads, do not count.
 */
#include "events.h"

#include <signal.h>
#include <sys/epoll.h>

enum { ROUNDS = 10, WAYS = 6 };

static struct sockaddr_in address;
static int listener;

struct pair {
	int client, served;
};

static struct pair pair_make(void)
{
	struct pair pair = {.client = client_open(&address)};

	pair.served = accept(listener, NULL, NULL);
	REQUIRE(pair.served >= 0);
	return pair;
}

/* The reset has arrived when the socket says so; to be asked of without taking the error away. */
static int reset_arrived(struct pair pair)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(0);

	reset(pair.client);
	REQUIRE(epoll_ctl(epoll, EPOLL_CTL_ADD, pair.served, &event) == 0);
	REQUIRE(epoll_wait(epoll, &event, 1, 5000) == 1 && (event.events & EPOLLERR));
	close(epoll);
	return pair.served;
}

static void met_in_read(void)
{
	char byte;
	int fd = reset_arrived(pair_make());

	REQUIRE(read(fd, &byte, 1) == -1 && errno == ECONNRESET);
	REQUIRE(write(fd, "x", 1) == -1 && errno == EPIPE);
	close(fd);
}

static void met_in_recv(void)
{
	char byte;
	int fd = reset_arrived(pair_make());

	REQUIRE(recv(fd, &byte, 1, MSG_PEEK) == -1 && errno == ECONNRESET);
	close(fd);
}

static void met_in_write(void)
{
	int fd = reset_arrived(pair_make());

	REQUIRE(write(fd, "x", 1) == -1 && errno == ECONNRESET);
	REQUIRE(send(fd, "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
	close(fd);
}

static void met_by_sendmsg(void)
{
	struct iovec part = {.iov_base = (char *)"x", .iov_len = 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	int fd = reset_arrived(pair_make());

	REQUIRE(sendmsg(fd, &message, MSG_NOSIGNAL) == -1 && errno == ECONNRESET);
	close(fd);
}

static void met_by_asking(void)
{
	int fd = reset_arrived(pair_make()), error = 0;
	socklen_t size = sizeof(error);

	REQUIRE(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == ECONNRESET);
	REQUIRE(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0);
	close(fd);
}

static void met_by_unix_peer(void)
{
	int fds[2];

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	close(fds[1]);
	REQUIRE(write(fds[0], "x", 1) == -1 && errno == EPIPE);
	close(fds[0]);
}

static void not_broken(void)
{
	struct pair pair = pair_make();
	int ends[2];
	char byte;

	close(pair.client);
	REQUIRE(read(pair.served, &byte, 1) == 0);
	close(pair.served);
	REQUIRE(pipe(ends) == 0);
	close(ends[0]);
	REQUIRE(write(ends[1], "x", 1) == -1 && errno == EPIPE);
	close(ends[1]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	listener = listener_open(&address);
	for (int i = 0; i < ROUNDS; i++) {
		met_in_read();
		met_in_recv();
		met_in_write();
		met_by_sendmsg();
		met_by_asking();
		met_by_unix_peer();
		not_broken();
	}
	expect_event("reset", ROUNDS * WAYS);
	expect_event("accepted", ROUNDS * WAYS); /* one pair of them is of a socketpair, and one was not broken */
	expect_event("connected", ROUNDS * WAYS);
	return 0;
}
