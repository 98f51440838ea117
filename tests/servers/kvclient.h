/* SPDX-License-Identifier: MIT */
/*
 * kvclient.h - a caching proxy in front of a memcached, and the functions in which its variants differ.
 *
 * Protocol on both sides: memcached's text protocol; get of one key, set and delete, version and quit. Values are at
 * most VALUE_MAX bytes. A value that was got is kept for a second in a small cache; a key that is written leaves it.
 *
 * What the cache does not know is asked of the memcached, over one connection, in order. Each such request is an
 * operation: a block with its buffer (the request goes out of it, the answer comes into it) and a timer that says
 * when it is too late. kvclient_buggy.c and kvclient_fixed.c end it: `diff` them.
 */
#ifndef SEEP_TESTS_KVCLIENT_H
#define SEEP_TESTS_KVCLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_MAX = 250, VALUE_MAX = 1024, ANSWER_MAX = VALUE_MAX + KEY_MAX + 64 };

struct proxy;

struct operation {
	struct operation *next; /* the memcached answers in order */
	uint64_t number;
	uint32_t client_id;
	int timer; /* goes off when the answer is late; -1: none */
	bool is_get;
	char key[KEY_MAX + 1];
	size_t size, sent; /* of the request; then size is the answer's */
	size_t room;
	char buffer[];
};

/* One answer to a get, "VALUE ... END". */
struct cache_entry {
	char key[KEY_MAX + 1]; /* empty: nothing here */
	int64_t until_ms;
	const char *answer;
	size_t size;
	char copy[ANSWER_MAX];
};

/* Frees the operation and what belongs to it. */
void operation_release(struct operation *operation);
/* Sends the client its answer and goes on with its next request; nothing, if the client has gone. */
void client_answer(struct proxy *proxy, uint32_t client_id, const char *answer, size_t size);

/* ---- the places where the variants differ ---- */

/* Keeps the answer to a get; key and until_ms are set by the caller. */
void cache_keep(struct cache_entry *entry, const struct operation *operation);
/* The answer is in the buffer: it is sent on. The operation is over and in no list. */
void operation_answered(struct proxy *proxy, struct operation *operation);
/* No answer will come: the client is told why. The operation is over and in no list. */
void operation_failed(struct proxy *proxy, struct operation *operation, const char *why);

#endif
