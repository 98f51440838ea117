/* SPDX-License-Identifier: MIT */
/*
 * chat_load.c - drives a chat server: clients that talk to each other, every delivery checked, and silent ones.
 *
 * In each round every client says one line and then hears what all of them said. Then the silent clients come, who
 * say nothing but their name and have to be sent away after three of the server's periods. It is the server's
 * fault when a line is lost, doubled, changed or late, and when a silent client is sent away too early or too late.
 */
#include "common.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENT_MAX = 128, SILENT_PERIODS = 3, SILENT_LATE_MS = 5000 };

struct client {
	FILE *in;
	int fd;
};

struct load {
	uint16_t port;
	int client_count, silent_count, period_ms;
	struct client clients[CLIENT_MAX];
	long messages, deliveries;
};

/* A client that has said its name and was welcomed. */
static struct client client_open(const struct load *load, int number)
{
	struct client client = {.fd = loopback_connect(load->port)};
	char line[64], expected[64];

	if (client.fd < 0 || !(client.in = fdopen(client.fd, "r")))
		load_fail("cannot connect (client %d)", number);
	dprintf(client.fd, "user%d\n", number);
	snprintf(expected, sizeof(expected), "welcome user%d\n", number);
	if (!fgets(line, sizeof(line), client.in) || strcmp(line, expected))
		load_fail("was not welcomed (client %d)", number);
	return client;
}

/* Hears one line of everybody, in whatever order; each must say what it said in this round. */
static void round_hear(struct load *load, int number, int round)
{
	bool heard[CLIENT_MAX] = {false};
	char line[128];

	for (int i = 0; i < load->client_count; i++) {
		int who, what;
		char end;

		if (!fgets(line, sizeof(line), load->clients[number].in))
			load_fail("a message did not arrive in time (client %d)", number);
		if (sscanf(line, "user%d: message %d of the load%c", &who, &what, &end) != 3 || end != '\n')
			load_fail("heard something that nobody said (client %d)", number);
		if (who < 0 || who >= load->client_count || heard[who] || what != round)
			load_fail("a message came twice or out of order (client %d)", number);
		heard[who] = true;
		load->deliveries++;
	}
}

static void round_do(struct load *load, int round)
{
	char line[64];
	int size = snprintf(line, sizeof(line), "message %d of the load\n", round);

	for (int i = 0; i < load->client_count; i++) {
		if (send(load->clients[i].fd, line, (size_t)size, MSG_NOSIGNAL) != size)
			load_fail("cannot send (client %d)", i);
		load->messages++;
	}
	for (int i = 0; i < load->client_count; i++)
		round_hear(load, i, round);
}

/* Whoever is silent from `since` on is sent away after three periods, counted by the server's timers. */
static void silent_check(const struct load *load, struct client *client, int number, int64_t since_ms)
{
	int64_t late_ms = since_ms + (SILENT_PERIODS + 1) * load->period_ms + SILENT_LATE_MS;
	char line[64];

	while (fgets(line, sizeof(line), client->in)) {
	}
	if (!feof(client->in) || clock_ms() > late_ms)
		load_fail("a silent client was not sent away in time (client %d)", number);
	if (clock_ms() < since_ms + SILENT_PERIODS * load->period_ms)
		load_fail("a silent client was sent away too early (client %d)", number);
	fclose(client->in);
}

static void silent_do(struct load *load)
{
	struct client silent[CLIENT_MAX];
	int64_t since_ms = clock_ms();

	for (int i = 0; i < load->silent_count; i++)
		silent[i] = client_open(load, CLIENT_MAX + i);
	for (int i = 0; i < load->silent_count; i++)
		silent_check(load, &silent[i], CLIENT_MAX + i, since_ms);
}

int main(int argc, char **argv)
{
	static struct load load = {.client_count = 8, .period_ms = 5000};
	int port = -1, seconds = 20, rate = 20, rounds = 0;
	struct pace pace;

	arguments_read(argc, argv, &port,
		       (struct argument[]){{"seconds", &seconds, 0, 86400},
					   {"rate", &rate, 1, 100000}, /* messages a second, of all clients */
					   {"clients", &load.client_count, 1, CLIENT_MAX},
					   {"rounds", &rounds, 1, 1000000000}, /* at most; else as time permits */
					   {"silent", &load.silent_count, 0, CLIENT_MAX},
					   {"period", &load.period_ms, 1, 5000}, /* the server's, for these */
					   {.name = NULL}});
	load.port = (uint16_t)port;
	for (int i = 0; i < load.client_count; i++)
		load.clients[i] = client_open(&load, i);
	pace = pace_start(seconds, (double)rate / load.client_count);
	for (int round = 0; (!rounds || round < rounds) && pace_wait(&pace); round++)
		round_do(&load, round);
	for (int i = 0; i < load.client_count; i++)
		fclose(load.clients[i].in);
	silent_do(&load);
	load_print("clients", load.client_count);
	load_print("messages", load.messages);
	load_print("deliveries", load.deliveries);
	load_print("silent_clients_ended", load.silent_count);
	return 0;
}
