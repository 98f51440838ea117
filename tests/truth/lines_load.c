/* SPDX-License-Identifier: MIT */
/*
 * lines_load.c - drives a server of lines.h: visits of four requests on a connection of their own, every answer
 * checked. Exits with 1 when an answer is wrong or late.
 */
#include "../servers/common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VISIT_REQUESTS = 4, KEYS = 1000, ERROR_EACH = 10 };

/* Every ERROR_EACH'th lacks its value. */
static void request_do(FILE *in, int fd, long number)
{
	bool is_good = number % ERROR_EACH != 0;
	char answer[64];

	if (is_good)
		dprintf(fd, "put %d value-%ld\n", rand() % KEYS, number);
	else
		dprintf(fd, "put %d\n", rand() % KEYS);
	if (!fgets(answer, sizeof(answer), in))
		load_fail("request %ld was not answered", number);
	if (strcmp(answer, is_good ? "ok\n" : "error\n"))
		load_fail("request %ld was answered %s", number, answer);
}

int main(int argc, char **argv)
{
	int port = -1, seconds = 20, rate = 40;
	long requests = 0, connections = 0;
	struct pace pace;

	arguments_read(argc, argv, &port,
		       (struct argument[]){{"seconds", &seconds, 0, 86400},
					   {"rate", &rate, 1, 100000}, /* requests a second */
					   {.name = NULL}});
	srand(1);
	pace = pace_start(seconds, (double)rate / VISIT_REQUESTS);
	while (pace_wait(&pace)) {
		int fd = loopback_connect((uint16_t)port);
		FILE *in = fd < 0 ? NULL : fdopen(fd, "r");

		if (!in)
			load_fail("cannot connect (connection %ld)", connections);
		connections++;
		for (int i = 0; i < VISIT_REQUESTS; i++)
			request_do(in, fd, ++requests);
		fclose(in);
	}
	load_print("connections", connections);
	load_print("requests", requests);
	return 0;
}
