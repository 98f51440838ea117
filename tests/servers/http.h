/* SPDX-License-Identifier: MIT */
/*
 * http.h - what a small HTTP/1.1 server needs of RFC 9112: reading a request's head, writing an answer's.
 *
 * Requests may come in pieces and several at once; bodies are measured by Content-Length only, and not looked at. What
 * cannot be understood has a status of its own: 400 malformed, 413 body too large, 414 target too long, 431 head too
 * large, 501 a transfer coding, 505 another version. After these the end of the request is unknown, and the connection
 * ends. Pure: no I/O, no memory.
 */
#ifndef SEEP_TESTS_HTTP_H
#define SEEP_TESTS_HTTP_H

#include <stdbool.h>
#include <stddef.h>

enum { HTTP_HEAD_MAX = 8192, HTTP_BODY_MAX = 65536, HTTP_PATH_MAX = 256 };

struct http_request {
	int status;               /* 0: well-formed; else what to answer before the connection ends */
	bool is_get, is_head;     /* both false: another method */
	bool keeps_connection;    /* after the answer */
	char path[HTTP_PATH_MAX]; /* the target up to a '?', never with a ".." segment */
	size_t head_size;         /* bytes of the head, empty line included */
	size_t body_size;         /* bytes that follow it */
};

/* Reads the request at the start of `bytes`. False: more bytes are needed to tell. */
bool http_request_read(const char *bytes, size_t size, struct http_request *request);

struct http_answer_head {
	int status;
	const char *type;
	size_t body_size;
	bool keeps_connection;
};

/* Writes the head into `text` of `room` bytes, empty line included. Returns its size. */
size_t http_answer_write(const struct http_answer_head *head, char *text, size_t room);

/* The value of a header if `line`, which ends with CR LF, has that name (in any case), without space around; else NULL.
 */
const char *http_header_value(const char *line, const char *name, size_t *size);

#endif
