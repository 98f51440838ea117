/* SPDX-License-Identifier: MIT */
/*
 * kvclient_load.c - drives a caching proxy: sets and gets over a few connections, every answer checked.
 *
 * One operation in three is a set. Each key belongs to one connection, so that the driver knows what a get has to find:
 * the value of its last set, to the byte, or nothing before the first.
 */
#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENT_MAX = 64, KEY_MAX = 100000, KEY_SIZE = 64, VALUE_MAX = 900, REQUEST_MAX = VALUE_MAX + KEY_SIZE + 64 };

struct load {
	FILE *in[CLIENT_MAX];
	int fd[CLIENT_MAX];
	int client_count, key_count;
	int *versions; /* what each key was last set to; 0: never */
	long gets, hits, misses, sets;
};

static void key_text(int key, char text[KEY_SIZE])
{
	snprintf(text, KEY_SIZE, "load%d.%d", (int)getpid(), key); /* no other run's */
}

/* Returns its size. */
static size_t value_text(int key, int version, char *value)
{
	size_t size = 100 + (size_t)(key * 31 + version * 7) % (VALUE_MAX - 100);
	char piece[32];
	size_t piece_size = (size_t)snprintf(piece, sizeof(piece), "%d:%d ", key, version);

	for (size_t i = 0; i < size; i++)
		value[i] = piece[i % piece_size];
	return size;
}

static void request_send(const struct load *load, int client, const char *request, size_t size)
{
	if (send(load->fd[client], request, size, MSG_NOSIGNAL) != (ssize_t)size)
		load_fail("cannot send (client %d)", client);
}

static void line_expect(const struct load *load, int client, const char *expected)
{
	char line[256];

	if (!fgets(line, sizeof(line), load->in[client]))
		load_fail("no answer (client %d)", client);
	if (strcmp(line, expected))
		load_fail("the answer is %.*s and not %.*s (client %d)", (int)strcspn(line, "\r\n"), line,
			  (int)strcspn(expected, "\r\n"), expected, client);
}

static void set_do(struct load *load, int client, int key)
{
	char request[REQUEST_MAX], name[KEY_SIZE], value[VALUE_MAX];
	size_t size = value_text(key, ++load->versions[key], value);
	int line;

	key_text(key, name);
	line = snprintf(request, sizeof(request), "set %s 0 600 %zu\r\n", name, size);
	memcpy(request + line, value, size);
	memcpy(request + line + size, "\r\n", 2);
	request_send(load, client, request, (size_t)line + size + 2);
	line_expect(load, client, "STORED\r\n");
	load->sets++;
}

static void get_do(struct load *load, int client, int key)
{
	char request[REQUEST_MAX], name[KEY_SIZE], value[VALUE_MAX], found[VALUE_MAX];
	size_t size = value_text(key, load->versions[key], value);

	key_text(key, name);
	request_send(load, client, request, (size_t)snprintf(request, sizeof(request), "get %s\r\n", name));
	load->gets++;
	if (load->versions[key]) {
		snprintf(request, sizeof(request), "VALUE %s 0 %zu\r\n", name, size);
		line_expect(load, client, request);
		if (fread(found, 1, size, load->in[client]) != size || memcmp(found, value, size))
			load_fail("another value than was set (client %d)", client);
		line_expect(load, client, "\r\n");
		load->hits++;
	} else {
		load->misses++;
	}
	line_expect(load, client, "END\r\n");
}

static void clients_open(struct load *load, uint16_t port)
{
	for (int i = 0; i < load->client_count; i++) {
		load->fd[i] = loopback_connect(port);
		if (load->fd[i] < 0 || !(load->in[i] = fdopen(load->fd[i], "r")))
			load_fail("cannot connect (client %d)", i);
	}
}

int main(int argc, char **argv)
{
	static struct load load = {.client_count = 8, .key_count = 1000};
	int port = -1, seconds = 20, rate = 200;
	struct pace pace;

	arguments_read(argc, argv, &port,
		       (struct argument[]){{"seconds", &seconds, 0, 86400},
					   {"rate", &rate, 1, 100000}, /* operations a second, of all clients */
					   {"clients", &load.client_count, 1, CLIENT_MAX},
					   {"keys", &load.key_count, CLIENT_MAX, KEY_MAX},
					   {.name = NULL}});
	load.versions = calloc((size_t)load.key_count, sizeof(*load.versions));
	if (!load.versions)
		load_fail("out of memory");
	clients_open(&load, (uint16_t)port);
	srand(1);
	pace = pace_start(seconds, rate);
	for (int client = 0; pace_wait(&pace); client = (client + 1) % load.client_count) {
		int key = rand() % (load.key_count / load.client_count) * load.client_count + client;

		if (rand() % 3)
			get_do(&load, client, key);
		else
			set_do(&load, client, key);
	}
	for (int i = 0; i < load.client_count; i++)
		fclose(load.in[i]);
	free(load.versions);
	load_print("clients", load.client_count);
	load_print("gets", load.gets);
	load_print("hits", load.hits);
	load_print("misses", load.misses);
	load_print("sets", load.sets);
	return 0;
}
