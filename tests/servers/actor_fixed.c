/* SPDX-License-Identifier: MIT */
/* actor_fixed.c - a pending read is waited for again, and a new one made only when it is complete. */
#include "actor.h"

void turn_wait(struct endpoint *endpoint)
{
	if (waiter_is_complete(endpoint, endpoint->message_read)) {
		waiter_release(endpoint, endpoint->message_read);
		endpoint->message_read = channel_wait(endpoint, &endpoint->messages);
	}
	if (waiter_is_complete(endpoint, endpoint->system_read)) {
		waiter_release(endpoint, endpoint->system_read);
		endpoint->system_read = channel_wait(endpoint, &endpoint->system);
	}
}
