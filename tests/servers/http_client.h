/* SPDX-License-Identifier: MIT */
/* http_client.h - one GET after the other on a blocking connection: for the playground's upstream and for its load
 * driver. */
#ifndef SEEP_TESTS_HTTP_CLIENT_H
#define SEEP_TESTS_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

struct http_answer {
	int status;
	bool keeps_connection;
	char *body; /* the caller frees it; ends with '\0' after `size` bytes */
	size_t size;
};

/* Asks, and waits for the whole answer. 0, or -1: see errno (EBADMSG for what is no HTTP or ends early); body is NULL
 * then. */
int http_get(int fd, const char *path, struct http_answer *answer);

#endif
