/* SPDX-License-Identifier: MIT */
#include "crowd.h"

#include <sys/socket.h>

/* It joined within a turn, and was read in the next one at the latest. */
#define TURNS_TO_READ 2

void crowd_join(struct crowd *crowd, struct peer *peer, int64_t now_ns)
{
	peer->joined_ns = now_ns;
	peer->joined_turn = crowd->turn;
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
	crowd->has_shrunk = true;
}

bool crowd_has_shrunk(struct crowd *crowd)
{
	bool has_shrunk = crowd->has_shrunk;

	crowd->has_shrunk = false;
	return has_shrunk;
}

static bool is_stranger(const struct peer *peer)
{
	return !peer->is_known && !peer->is_put_out;
}

static void put_out(struct crowd *crowd, struct peer *peer)
{
	if (peer->is_put_out)
		return;
	shutdown(peer->socket, SHUT_RDWR);
	peer->is_put_out = true;
	peer->deadline_ns = INT64_MAX;
	crowd->count--;
}

int64_t crowd_due_ns(const struct crowd *crowd)
{
	int64_t due_ns = INT64_MAX;

	for (const struct peer *peer = crowd->first; peer; peer = peer->next) {
		int64_t its_ns = peer->deadline_ns;

		if (crowd->count > CROWD_PLENTY && is_stranger(peer) && peer->joined_ns + CROWD_GRACE_NS < its_ns)
			its_ns = peer->joined_ns + CROWD_GRACE_NS;
		if (its_ns < due_ns)
			due_ns = its_ns;
	}
	return due_ns;
}

static bool must_go(const struct crowd *crowd, const struct peer *peer, int64_t now_ns)
{
	bool was_read = crowd->turn - peer->joined_turn > TURNS_TO_READ;
	bool is_one_too_many = crowd->count > CROWD_PLENTY && is_stranger(peer);

	return peer->deadline_ns <= now_ns ||
	       (is_one_too_many && was_read && peer->joined_ns + CROWD_GRACE_NS <= now_ns);
}

void crowd_put_out(struct crowd *crowd, int64_t now_ns)
{
	crowd->turn++;
	for (struct peer *peer = crowd->first; peer; peer = peer->next)
		if (must_go(crowd, peer, now_ns))
			put_out(crowd, peer);
}
