/* SPDX-License-Identifier: MIT */
/*
 * chat_load.c - drives a chat server: N clients, M messages each, every delivery checked.
 *
 * In each round every client says one line and then hears what all of them said; a pause follows. Exits 1 when
 * a line is lost, doubled, changed or late, 2 on wrong usage. The load is bounded: N * M messages, N * N * M
 * deliveries, at most CLIENT_MAX connections.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { CLIENT_MAX = 128, ANSWER_LIMIT_S = 10 };

struct client {
	FILE *in;
	int fd;
};

static struct client clients[CLIENT_MAX];

static void fail(const char *what, int client)
{
	fprintf(stderr, "chat_load: %s (client %d)\n", what, client);
	exit(1);
}

static void client_connect(int number, uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval limit = {.tv_sec = ANSWER_LIMIT_S};
	struct client *client = &clients[number];
	char line[64], expected[64];

	client->fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(client->fd, (struct sockaddr *)&address, sizeof(address)))
		fail("cannot connect", number);
	client->in = fdopen(client->fd, "r");
	dprintf(client->fd, "user%d\n", number);
	snprintf(expected, sizeof(expected), "welcome user%d\n", number);
	if (!fgets(line, sizeof(line), client->in) || strcmp(line, expected))
		fail("was not welcomed", number);
}

/* Hears one line of everybody, in whatever order; each must say what it said in this round. */
static void round_hear(int number, int count, int round)
{
	bool heard[CLIENT_MAX] = {false};
	char line[128];

	for (int i = 0; i < count; i++) {
		int who, what;
		char end;

		if (!fgets(line, sizeof(line), clients[number].in))
			fail("a message did not arrive in time", number);
		if (sscanf(line, "user%d: message %d of the load%c", &who, &what, &end) != 3 || end != '\n')
			fail("heard something that nobody said", number);
		if (who < 0 || who >= count || heard[who] || what != round)
			fail("a message came twice or out of order", number);
		heard[who] = true;
	}
}

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[2]) : 8;
	int rounds = argc > 3 ? atoi(argv[3]) : 50;
	int pause_ms = argc > 4 ? atoi(argv[4]) : 0;
	struct timespec begin, end;

	if (argc < 2 || argc > 5 || count < 1 || count > CLIENT_MAX || rounds < 0 || pause_ms < 0) {
		fprintf(stderr, "usage: chat_load PORT [CLIENTS [MESSAGES_EACH [PAUSE_MS]]]\n");
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < count; i++)
		client_connect(i, (uint16_t)atoi(argv[1]));
	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < count; i++)
			dprintf(clients[i].fd, "message %d of the load\n", round);
		for (int i = 0; i < count; i++)
			round_hear(i, count, round);
		usleep((useconds_t)pause_ms * 1000);
	}
	for (int i = 0; i < count; i++)
		fclose(clients[i].in);
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("chat_load: %d clients sent %d messages; all %d deliveries arrived, in %.1f s\n", count, count * rounds,
	       count * count * rounds,
	       (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
	return 0;
}
