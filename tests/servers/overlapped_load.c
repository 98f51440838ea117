/* SPDX-License-Identifier: MIT */
/*
 * overlapped_load.c - drives an overlapped server: ordinary connections, and connections that a health check aborts.
 *
 * An ordinary connection asks a few requests one by one, then some at once, hears and checks each answer and closes. An
 * aborted one ends with a RST: before it has said anything, after a request whose answer it does not wait for, or after
 * an answer, in turn. One connection at a time; a last ordinary one shows that the server has met all RSTs before.
 * Exits with 1 when an answer is wrong or late.
 */
#include "common.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ASKED_AT_ONCE = 3 };

struct load {
	uint16_t port;
	int requests_each;
	long long connections, requests, resets;
};

static int load_connect(const struct load *load)
{
	int fd = loopback_connect(load->port);

	if (fd < 0)
		load_fail("cannot connect: %s", strerror(errno));
	return fd;
}

static void ask(int fd, const char *text)
{
	size_t size = strlen(text);

	if (send(fd, text, size, MSG_NOSIGNAL) != (ssize_t)size)
		load_fail("cannot send a request: %s", strerror(errno));
}

/* Exactly this has to come next. */
static void hear(int fd, const char *expected)
{
	char answer[256];
	size_t size = strlen(expected), got = 0;

	while (got < size) {
		ssize_t more = recv(fd, answer + got, size - got, 0);

		if (more < 0 && errno == EINTR)
			continue;
		if (more <= 0)
			load_fail("no answer: %s", more ? strerror(errno) : "the server closed the connection");
		got += (size_t)more;
	}
	if (memcmp(answer, expected, size))
		load_fail("the answer is \"%.*s\" and not \"%s\"", (int)size, answer, expected);
}

static void request(struct load *load, int fd)
{
	char line[64], expected[64];

	snprintf(line, sizeof(line), "upper request %lld\n", load->requests);
	snprintf(expected, sizeof(expected), "OK REQUEST %lld\n", load->requests);
	ask(fd, line);
	hear(fd, expected);
	load->requests++;
}

static void connection_ordinary(struct load *load)
{
	int fd = load_connect(load);

	for (int i = 0; i < load->requests_each; i++)
		request(load, fd);
	ask(fd, "ping\nreverse health\nwhat\n");
	hear(fd, "OK ping\nOK htlaeh\nERR unknown request\n");
	load->requests += ASKED_AT_ONCE;
	close(fd);
	load->connections++;
}

static void connection_aborted(struct load *load)
{
	struct linger at_once = {.l_onoff = 1};
	int fd = load_connect(load), manner = (int)(load->resets % 3);

	if (manner > 0)
		ask(fd, "ping\n");
	if (manner > 1)
		hear(fd, "OK ping\n");
	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)))
		load_fail("cannot abort: %s", strerror(errno));
	close(fd);
	load->resets++;
}

int main(int argc, char **argv)
{
	struct load load = {.requests_each = 4};
	int port = -1, seconds = 5, connections = 50, resets = 10, owed = 0;
	const struct argument arguments[] = {{"seconds", &seconds, 0, 1000000},
					     {"connections", &connections, 1, 10000},
					     {"resets", &resets, 0, 10000},
					     {"requests", &load.requests_each, 0, 1000},
					     {0}};
	struct pace pace;

	arguments_read(argc, argv, &port, arguments);
	load.port = (uint16_t)port;
	pace = pace_start(seconds, connections + resets);
	while (pace_wait(&pace)) {
		owed += resets; /* spreads them evenly among all */
		if (owed < connections + resets) {
			connection_ordinary(&load);
			continue;
		}
		owed -= connections + resets;
		connection_aborted(&load);
	}
	connection_ordinary(&load);
	load_print("connections", load.connections);
	load_print("requests", load.requests);
	load_print("resets", load.resets);
	return 0;
}
