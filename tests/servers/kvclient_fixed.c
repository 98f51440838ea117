/* SPDX-License-Identifier: MIT */
/* kvclient_fixed.c - the cache has a copy of the answer, and an operation is released on either path. */
#include "kvclient.h"

#include <string.h>

void cache_keep(struct cache_entry *entry, const struct operation *operation)
{
	memcpy(entry->copy, operation->buffer, operation->size);
	entry->answer = entry->copy;
	entry->size = operation->size;
}

void operation_answered(struct proxy *proxy, struct operation *operation)
{
	client_answer(proxy, operation->client_id, operation->buffer, operation->size);
	operation_release(operation);
}

void operation_failed(struct proxy *proxy, struct operation *operation, const char *why)
{
	client_answer(proxy, operation->client_id, why, strlen(why));
	operation_release(operation);
}
