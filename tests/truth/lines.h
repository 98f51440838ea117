/* SPDX-License-Identifier: MIT */
/*
 * lines.h - what the fixtures of the benchmark of truth share: a server over TCP, one line a request and one an answer,
 * one thread with an epoll. It prints its port as first line and ends with 0 at SIGTERM.
 *
 * A request is "put KEY VALUE", KEY a number; every tenth that lines_load sends lacks its value, and has to be answered
 * by "error". A fixture is this server with a `service` of its own: with one trouble, or with one thing that looks like
 * trouble and is none. The trouble or bait is in the fixture's file, but for the sockets, which lines.c accepts.
 */
#ifndef SEEP_TESTS_LINES_H
#define SEEP_TESTS_LINES_H

#include <stdbool.h>

struct request {
	unsigned key;
	const char *value; /* NULL: there is none */
};

struct service {
	/* True: it is answered "ok", else "error". */
	bool (*answer)(const struct request *request);
	/* The peer has closed its connection; NULL closes ours. */
	void (*ended)(int socket);
};

extern const struct service service;

#endif
