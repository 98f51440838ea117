/* SPDX-License-Identifier: MIT */
/* kvclient_buggy.c - the cache points into the operation's buffer, and nobody releases an operation. */
#include "kvclient.h"

#include <string.h>

void cache_keep(struct cache_entry *entry, const struct operation *operation)
{
	entry->answer = operation->buffer;
	entry->size = operation->size;
}

void operation_answered(struct proxy *proxy, struct operation *operation)
{
	client_answer(proxy, operation->client_id, operation->buffer, operation->size);
}

void operation_failed(struct proxy *proxy, struct operation *operation, const char *why)
{
	client_answer(proxy, operation->client_id, why, strlen(why));
}
