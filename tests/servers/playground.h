/* SPDX-License-Identifier: MIT */
/*
 * playground.h - an HTTP server with one pattern of memory or handle use under each URL, and the two functions in which
 * its variants differ.
 *
 *   /hello              a constant
 *   /bigstring          10 KB made for the answer and freed after it
 *   /staticstring       10 KB kept in a list of the process
 *   /fileprovider       an inotify descriptor and its watches
 *   /loh/SIZE           one block of SIZE bytes, for instance just under or just over the allocator's mmap threshold
 *   /httpclient1        a new connection to an upstream server for each request, closed after it
 *   /httpclient2        one connection to the upstream server, kept and shared by all
 *   /array/SIZE         SIZE random bytes in a fresh buffer
 *   /pooledarray/SIZE   the same in a buffer from a bounded pool, given back once the answer is sent
 *   /spike/SIZE         SIZE bytes in many small blocks, all freed at once: what remains is what the allocator retains
 *   /scatter/SIZE       the same, but one block in 64 is kept until the next such request: fragmentation
 *
 * One thread accepts and hands the connections to worker threads in turn, each with an epoll and its own connections;
 * one more worker is the upstream server.
 */
#ifndef SEEP_TESTS_PLAYGROUND_H
#define SEEP_TESTS_PLAYGROUND_H

#include "http.h"

#include <stddef.h>
#include <stdint.h>

/* ---- answers (playground_endpoints.c fills them, playground.c sends them) ---- */

struct answer {
	int status;
	const char *type;
	const char *body;
	size_t size;
	void (*release)(char *body); /* once it is sent; NULL: nothing to do */
	char text[512];
};

/* Where requests are answered: `upstream` is the port of the upstream server, 0 in the upstream server itself. */
void endpoints_answer(const struct http_request *request, uint16_t upstream, struct answer *answer);
/* Answers with a status and a line that says why. */
void answer_refuse(struct answer *answer, int status, const char *why);
/* Gives back what the answer holds. */
void answer_release(struct answer *answer);

/* ---- the two places where the variants differ ---- */

enum { STRING_SIZE = 10 * 1024 };

struct string {
	struct string *next;
	char text[STRING_SIZE];
};

struct string_list {
	struct string *first, **last;
	size_t count;
};

/* Appends a heap block, which is then the list's. */
void string_keep(struct string_list *list, struct string *string);
/* The answer that needed this file provider, an inotify descriptor, is complete. */
void provider_done(int provider);

#endif
