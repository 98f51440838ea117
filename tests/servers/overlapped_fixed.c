/* SPDX-License-Identifier: MIT */
/* overlapped_fixed.c - an operation that fails at once is complete: its completion closes the connection. */
#include "overlapped.h"

void operation_refused(struct server *server, struct operation *operation)
{
	operation_complete(server, operation);
}
