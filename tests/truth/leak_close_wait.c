/* SPDX-License-Identifier: MIT */
/* leak_close_wait.c - what a peer has closed is never closed here: sockets stay in CLOSE_WAIT. */
#include "lines.h"

#include <stddef.h>
#include <sys/socket.h>

static bool nothing_to_do(const struct request *request)
{
	return request->value != NULL;
}

static void reading_stop(int socket)
{
	shutdown(socket, SHUT_RD);
}

const struct service service = {.answer = nothing_to_do, .ended = reading_stop};
