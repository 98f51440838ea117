/* SPDX-License-Identifier: MIT */
/* http_client.c - see http_client.h. */
#include "http_client.h"

#include "http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BODY_LIMIT = 64 * 1024 * 1024 };

static int request_send(int fd, const char *path)
{
	char text[HTTP_PATH_MAX + 64];
	int size = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);

	if (size >= (int)sizeof(text)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return send(fd, text, (size_t)size, MSG_NOSIGNAL) == size ? 0 : -1;
}

/* Returns the number of bytes read, more than 0; or -1. */
static ssize_t bytes_read(int fd, char *at, size_t size)
{
	ssize_t got;

	do
		got = recv(fd, at, size, 0);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		return got;
	if (got == 0)
		errno = EBADMSG;
	return -1;
}

/* Reads up to the head's end and perhaps further. Returns the bytes read, of which *head_size are the head; or -1. */
static ssize_t head_read(int fd, char *text, size_t room, size_t *head_size)
{
	size_t size = 0;
	const char *end;

	do {
		ssize_t got = size < room - 1 ? bytes_read(fd, text + size, room - 1 - size) : -1;

		if (got < 0)
			return -1;
		size += (size_t)got;
		text[size] = '\0';
		end = memmem(text, size, "\r\n\r\n", 4);
	} while (!end);
	*head_size = (size_t)(end - text) + 4;
	return (ssize_t)size;
}

/* `head` ends with an empty line. */
static int head_understand(const char *head, struct http_answer *answer)
{
	bool has_length = false;

	if (sscanf(head, "HTTP/1.1 %3d ", &answer->status) != 1) {
		errno = EBADMSG;
		return -1;
	}
	answer->keeps_connection = true;
	for (const char *line = strchr(head, '\n') + 1; *line != '\r'; line = strchr(line, '\n') + 1) {
		size_t size;
		const char *value;

		if ((value = http_header_value(line, "Content-Length", &size))) {
			answer->size = strtoul(value, NULL, 10);
			has_length = true;
		} else if ((value = http_header_value(line, "Connection", &size)) && !strncmp(value, "close", size)) {
			answer->keeps_connection = false;
		}
	}
	if (has_length && answer->size <= BODY_LIMIT)
		return 0;
	errno = EBADMSG;
	return -1;
}

static int body_read(int fd, char *body, size_t got, size_t size)
{
	while (got < size) {
		ssize_t more = bytes_read(fd, body + got, size - got);

		if (more < 0)
			return -1;
		got += (size_t)more;
	}
	return 0;
}

int http_get(int fd, const char *path, struct http_answer *answer)
{
	char head[4096];
	size_t head_size;
	ssize_t got;

	*answer = (struct http_answer){0};
	if (request_send(fd, path) || (got = head_read(fd, head, sizeof(head), &head_size)) < 0 ||
	    head_understand(head, answer))
		return -1;
	got -= (ssize_t)head_size;
	if ((size_t)got > answer->size) {
		errno = EBADMSG; /* nothing else was asked */
		return -1;
	}
	answer->body = malloc(answer->size + 1);
	if (!answer->body)
		return -1;
	memcpy(answer->body, head + head_size, (size_t)got);
	answer->body[answer->size] = '\0';
	if (!body_read(fd, answer->body, (size_t)got, answer->size))
		return 0;
	free(answer->body);
	answer->body = NULL;
	return -1;
}
