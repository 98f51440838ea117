/* SPDX-License-Identifier: MIT */
/* actor_buggy.c - two new pending reads each turn, also when the earlier ones are not complete. */
#include "actor.h"

void turn_wait(struct endpoint *endpoint)
{
	waiter_release(endpoint, endpoint->message_read);
	endpoint->message_read = channel_wait(endpoint, &endpoint->messages);
	waiter_release(endpoint, endpoint->system_read);
	endpoint->system_read = channel_wait(endpoint, &endpoint->system);
}
