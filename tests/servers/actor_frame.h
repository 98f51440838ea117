/* SPDX-License-Identifier: MIT */
/*
 * actor_frame.h - what goes over the wire between an actor endpoint and its peers: a frame and its payload.
 *
 *   FRAME_MESSAGE  for the peer's actor of that number: it adds up all bytes of all payloads it ever got,
 *                  and answers FRAME_REPLY with the sum in `actor`
 *   FRAME_PING     for the endpoint itself; answered by FRAME_PONG
 *
 * All four words in network order. An answer has the sequence of what it answers, and no payload.
 */
#ifndef SEEP_TESTS_ACTOR_FRAME_H
#define SEEP_TESTS_ACTOR_FRAME_H

#include <stdint.h>

enum { FRAME_MESSAGE = 1, FRAME_PING, FRAME_REPLY, FRAME_PONG };
enum { ACTOR_COUNT = 16, PAYLOAD_MAX = 4096 };

struct frame {
	uint32_t size; /* of the payload */
	uint32_t type;
	uint32_t actor;
	uint32_t sequence;
};

#endif
