/* SPDX-License-Identifier: MIT */
/*
 * playground_load.c - asks a playground for pages, so many a second, and checks each answer.
 *
 * "--endpoint PATH" may be given several times: the pages are asked in turn, each of all clients (connections that are
 * kept) in turn. A PATH that ends with two sizes, as in "/spike/1000..9000", is asked with sizes that grow from the
 * first to the second over the time. Prints how often each was answered, and the bytes of all bodies. Exits with 1 when
 * an answer is late, has another status than 200 or another body than the page has.
 *
 * A user may have no more than 128 inotify descriptors (fs.inotify.max_user_instances), so that /fileprovider of the
 * buggy server answers 503 after as many requests: ask for it with a rate of its own.
 */
#include "common.h"
#include "http.h"
#include "http_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ENDPOINT_MAX = 32, CLIENT_MAX = 16, BIG_STRING = 10 * 1024 };

struct endpoint {
	const char *name;         /* as it was given */
	char path[HTTP_PATH_MAX]; /* as it is asked for */
	long long least, most;    /* the sizes; most 0: it does not grow */
	long long answered;
	uint64_t last; /* the start of the last random body */
};

static struct endpoint endpoints[ENDPOINT_MAX];
static int endpoint_count;
static int clients[CLIENT_MAX]; /* sockets; -1: to be connected */

/* ---- what the pages are ---- */

static void text_check(const struct endpoint *endpoint, const struct http_answer *answer, const char *text)
{
	if (strcmp(answer->body, text))
		load_fail("%s answered \"%.100s\" and not \"%s\"", endpoint->path, answer->body, text);
}

static void string_check(const struct endpoint *endpoint, const struct http_answer *answer)
{
	if (answer->size != BIG_STRING || strspn(answer->body, "x") != BIG_STRING)
		load_fail("%s answered another string of %zu bytes", endpoint->path, answer->size);
}

/* "N bytes" */
static void size_check(const struct endpoint *endpoint, const struct http_answer *answer)
{
	char text[64];

	snprintf(text, sizeof(text), "%s bytes\n", strrchr(endpoint->path, '/') + 1);
	text_check(endpoint, answer, text);
}

/* As many bytes as were asked for, and others than the last time. */
static void random_check(struct endpoint *endpoint, const struct http_answer *answer)
{
	uint64_t start = 0;

	if (answer->size != strtoul(strrchr(endpoint->path, '/') + 1, NULL, 10))
		load_fail("%s answered %zu bytes", endpoint->path, answer->size);
	memcpy(&start, answer->body, answer->size < sizeof(start) ? answer->size : sizeof(start));
	if (answer->size >= sizeof(start) && start == endpoint->last)
		load_fail("%s answered the same random bytes twice", endpoint->path);
	endpoint->last = start;
}

static bool is_under(const char *path, const char *folder)
{
	return !strncmp(path, folder, strlen(folder));
}

static void answer_check(struct endpoint *endpoint, const struct http_answer *answer)
{
	const char *path = endpoint->path;

	if (answer->status != 200)
		load_fail("%s answered %d: %.200s", path, answer->status, answer->body);
	if (!strcmp(path, "/hello") || is_under(path, "/httpclient"))
		text_check(endpoint, answer, "hello\n");
	else if (!strcmp(path, "/bigstring"))
		string_check(endpoint, answer);
	else if (!strcmp(path, "/staticstring"))
		text_check(endpoint, answer, "kept\n");
	else if (!strcmp(path, "/fileprovider"))
		text_check(endpoint, answer, "watching 3 directories\n");
	else if (is_under(path, "/array/") || is_under(path, "/pooledarray/"))
		random_check(endpoint, answer);
	else
		size_check(endpoint, answer);
}

/* ---- the load ---- */

static long long endpoint_ask(struct endpoint *endpoint, int *client, uint16_t port)
{
	struct http_answer answer;
	long long size;

	if (*client < 0)
		*client = loopback_connect(port);
	if (*client < 0)
		load_fail("cannot connect: %s", strerror(errno));
	if (http_get(*client, endpoint->path, &answer))
		load_fail("no answer from %s: %s", endpoint->path, strerror(errno));
	answer_check(endpoint, &answer);
	endpoint->answered++;
	size = (long long)answer.size;
	free(answer.body);
	if (!answer.keeps_connection) {
		close(*client);
		*client = -1;
	}
	return size;
}

static void endpoint_add(const char *name)
{
	struct endpoint *endpoint = &endpoints[endpoint_count++];
	const char *size = strrchr(name, '/') + 1;

	endpoint->name = name;
	snprintf(endpoint->path, sizeof(endpoint->path), "%s", name);
	if (sscanf(size, "%lld..%lld", &endpoint->least, &endpoint->most) != 2)
		endpoint->most = 0;
}

/* Sets the size for this moment of the load: 0 its begin, 1 its end. */
static void endpoint_grow(struct endpoint *endpoint, double moment)
{
	int folder = (int)(strrchr(endpoint->path, '/') + 1 - endpoint->path);
	long long size = endpoint->least + (long long)((double)(endpoint->most - endpoint->least) * moment);

	if (endpoint->most)
		snprintf(endpoint->path + folder, sizeof(endpoint->path) - (size_t)folder, "%lld", size);
}

/* Takes "--endpoint PATH" out of the command line. Returns how many words are left. */
static int endpoints_read(int argc, char **argv)
{
	int left = 1;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--endpoint") && i + 1 < argc && endpoint_count < ENDPOINT_MAX &&
		    argv[i + 1][0] == '/')
			endpoint_add(argv[++i]);
		else
			argv[left++] = argv[i];
	}
	if (endpoint_count == 0)
		endpoint_add("/hello");
	return left;
}

int main(int argc, char **argv)
{
	int port = -1, seconds = 5, rate = 100, client_count = 8;
	const struct argument arguments[] = {{"seconds", &seconds, 0, 1000000},
					     {"rate", &rate, 1, 100000},
					     {"clients", &client_count, 1, CLIENT_MAX},
					     {0}};
	long long bytes = 0;
	struct pace pace;

	argc = endpoints_read(argc, argv);
	arguments_read(argc, argv, &port, arguments);
	for (int i = 0; i < client_count; i++)
		clients[i] = -1;
	pace = pace_start(seconds, rate);
	for (int turn = 0; pace_wait(&pace); turn++) {
		struct endpoint *endpoint = &endpoints[turn % endpoint_count];
		int client = turn / endpoint_count % client_count;

		endpoint_grow(endpoint, 1 - (double)(pace.end_ns - clock_ns()) / (seconds * 1e9));
		bytes += endpoint_ask(endpoint, &clients[client], (uint16_t)port);
	}
	for (int i = 0; i < endpoint_count; i++)
		load_print(endpoints[i].name, endpoints[i].answered);
	load_print("bytes", bytes);
	return 0;
}
