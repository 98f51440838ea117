/* SPDX-License-Identifier: MIT */
/* overlapped_buggy.c - the connection is closed, but no completion ever comes for the operation, which stays in
 * progress. */
#include "overlapped.h"

void operation_refused(struct server *server, struct operation *operation)
{
	(void)server;
	connection_close(operation->connection);
}
