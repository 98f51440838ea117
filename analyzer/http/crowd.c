/* SPDX-License-Identifier: MIT */
#include "crowd.h"

#include <sys/socket.h>

static void put_out(struct crowd *crowd, struct peer *peer)
{
	if (peer->is_put_out)
		return;
	shutdown(peer->socket, SHUT_RDWR);
	peer->is_put_out = true;
	peer->deadline_ns = INT64_MAX;
	crowd->count--;
}

static struct peer *first_stranger(const struct crowd *crowd)
{
	for (struct peer *peer = crowd->first; peer; peer = peer->next)
		if (!peer->is_known && !peer->is_put_out)
			return peer;
	return NULL;
}

void crowd_join(struct crowd *crowd, struct peer *peer)
{
	if (crowd->count >= CROWD_PLENTY) {
		struct peer *stranger = first_stranger(crowd);

		if (stranger)
			put_out(crowd, stranger);
	}
	peer->previous = crowd->last;
	peer->next = NULL;
	*(crowd->last ? &crowd->last->next : &crowd->first) = peer;
	crowd->last = peer;
	crowd->count++;
}

void crowd_leave(struct crowd *crowd, struct peer *peer)
{
	*(peer->previous ? &peer->previous->next : &crowd->first) = peer->next;
	*(peer->next ? &peer->next->previous : &crowd->last) = peer->previous;
	crowd->count -= !peer->is_put_out;
}

int64_t crowd_due_ns(const struct crowd *crowd)
{
	int64_t due_ns = INT64_MAX;

	for (const struct peer *peer = crowd->first; peer; peer = peer->next)
		if (peer->deadline_ns < due_ns)
			due_ns = peer->deadline_ns;
	return due_ns;
}

void crowd_put_out_late(struct crowd *crowd, int64_t now_ns)
{
	for (struct peer *peer = crowd->first; peer; peer = peer->next)
		if (peer->deadline_ns <= now_ns)
			put_out(crowd, peer);
}
