/* SPDX-License-Identifier: MIT */
/*
 * actor_load.c - drives an actor endpoint: messages to actors over a few connections, every answer checked.
 *
 * Messages only, so that nothing comes through the endpoint's system channel; with --pings some of those as well.
 */
#include "actor_frame.h"
#include "common.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENT_MAX = 64 };

struct client {
	int fd;
	uint32_t sequence;
	uint32_t sums[ACTOR_COUNT]; /* what the actors have to have got to */
};

struct load {
	struct client clients[CLIENT_MAX];
	int client_count;
	long messages, bytes, pings;
};

/* Sends a frame and checks that the answer is of this type, with this value. */
static void frame_exchange(struct client *client, struct frame frame, const unsigned char *payload, uint32_t type,
			   uint32_t value)
{
	unsigned char request[sizeof(frame) + PAYLOAD_MAX];
	ssize_t size = (ssize_t)(sizeof(frame) + frame.size);
	struct frame answer;

	frame = (struct frame){.size = htonl(frame.size),
			       .type = htonl(frame.type),
			       .actor = htonl(frame.actor),
			       .sequence = htonl(++client->sequence)};
	memcpy(request, &frame, sizeof(frame));
	memcpy(request + sizeof(frame), payload, (size_t)size - sizeof(frame));
	if (send(client->fd, request, (size_t)size, MSG_NOSIGNAL) != size)
		load_fail("cannot send");
	if (recv(client->fd, &answer, sizeof(answer), MSG_WAITALL) != sizeof(answer))
		load_fail("no answer to frame %u of a connection", client->sequence);
	if (answer.size || ntohl(answer.type) != type || ntohl(answer.sequence) != client->sequence)
		load_fail("the answer to frame %u of a connection is of another kind", client->sequence);
	if (ntohl(answer.actor) != value)
		load_fail("the actor answers %u instead of %u", ntohl(answer.actor), value);
}

static void message_do(struct load *load, struct client *client)
{
	unsigned char payload[PAYLOAD_MAX];
	uint32_t actor = client->sequence % ACTOR_COUNT;
	uint32_t size = 16 + client->sequence * 37 % 500;

	for (uint32_t i = 0; i < size; i++)
		client->sums[actor] += payload[i] = (unsigned char)(client->sequence + i);
	frame_exchange(client, (struct frame){.size = size, .type = FRAME_MESSAGE, .actor = actor}, payload,
		       FRAME_REPLY, client->sums[actor]);
	load->messages++;
	load->bytes += size;
}

static void ping_do(struct load *load, struct client *client)
{
	frame_exchange(client, (struct frame){.type = FRAME_PING}, (const unsigned char *)"", FRAME_PONG, 0);
	load->pings++;
}

int main(int argc, char **argv)
{
	static struct load load = {.client_count = 4};
	int port = -1, seconds = 20, rate = 300, pings = 0;
	struct pace pace;
	long count = 0;

	arguments_read(argc, argv, &port,
		       (struct argument[]){{"seconds", &seconds, 0, 86400},
					   {"rate", &rate, 1, 100000}, /* messages a second, of all clients */
					   {"clients", &load.client_count, 1, CLIENT_MAX},
					   {"pings", &pings, 0, 100000}, /* one after so many messages; 0: none */
					   {.name = NULL}});
	for (int i = 0; i < load.client_count; i++)
		if ((load.clients[i].fd = loopback_connect((uint16_t)port)) < 0)
			load_fail("cannot connect (client %d)", i);
	pace = pace_start(seconds, rate);
	while (pace_wait(&pace)) {
		struct client *client = &load.clients[count++ % load.client_count];

		message_do(&load, client);
		if (pings && count % pings == 0)
			ping_do(&load, client);
	}
	for (int i = 0; i < load.client_count; i++)
		close(load.clients[i].fd);
	load_print("clients", load.client_count);
	load_print("messages", load.messages);
	load_print("bytes", load.bytes);
	load_print("pings", load.pings);
	return 0;
}
