/* SPDX-License-Identifier: MIT */
/*
 * bait_fragmentation.c - a work buffer a request, larger each time and released at once, and a small session behind it,
 * of which the last 256 live: the holes that the buffers leave are too small for the next ones, so that the process
 * grows while what it holds does not.
 */
#include "lines.h"

#include <stdlib.h>
#include <string.h>

enum { SESSIONS = 256, BUFFER_LEAST = 2000, BUFFER_STEP = 40, BUFFER_MOST = 120000, SESSION_SIZE = 48 };

static char *sessions[SESSIONS];
static size_t requests;

static char *buffer_new(void)
{
	size_t size = BUFFER_LEAST + requests * BUFFER_STEP % (BUFFER_MOST - BUFFER_LEAST);
	char *buffer = malloc(size);

	return buffer ? memset(buffer, 'b', size) : NULL;
}

static char *session_new(void)
{
	char *session = malloc(SESSION_SIZE);

	return session ? memset(session, 's', SESSION_SIZE) : NULL;
}

static bool session_serve(const struct request *request)
{
	char *buffer = buffer_new(), **session = &sessions[requests % SESSIONS];

	free(*session);
	*session = session_new();
	requests++;
	free(buffer);
	return buffer && *session && request->value;
}

const struct service service = {.answer = session_serve};
