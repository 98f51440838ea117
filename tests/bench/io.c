/* SPDX-License-Identifier: MIT */
/*
 * io.c - what counting costs a call: `io file|again|pair|mark N` makes N calls of one sort and prints the nanoseconds
 * of CPU time that one takes. With and without Seep, in turns; or under callgrind, which counts instructions.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../preload/seep.h"

static int file, ends[2];
static char buffer[16];

static void call_file(void)
{
	if (write(file, buffer, 1) != 1)
		abort();
}

static void call_again(void)
{
	if (read(ends[0], buffer, 1) != -1)
		abort();
}

static void call_pair(void)
{
	if (write(ends[0], buffer, 10) != 10 || read(ends[1], buffer, sizeof(buffer)) != 10)
		abort();
}

static void call_mark(void)
{
	seep_mark("mark");
}

static const struct {
	const char *name;
	void (*call)(void);
	int calls; /* in one */
} sorts[] = {{"file", call_file, 1}, {"again", call_again, 1}, {"pair", call_pair, 2}, {"mark", call_mark, 1}};

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
	long count = argc == 3 ? atol(argv[2]) : 0;

	file = open("/dev/zero", O_RDWR);
	if (file < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0)
		return 2;
	for (size_t i = 0; count > 0 && i < sizeof(sorts) / sizeof(sorts[0]); i++) {
		double began = cpu_ns();

		if (strcmp(argv[1], sorts[i].name) != 0)
			continue;
		for (long left = count; left > 0; left--)
			sorts[i].call();
		printf("%.1f\n", (cpu_ns() - began) / (double)(count * sorts[i].calls));
		return 0;
	}
	fprintf(stderr, "usage: io file|again|pair|mark N\n");
	return 2;
}
