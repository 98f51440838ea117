/* SPDX-License-Identifier: MIT */
/*
 * What `seep info` says of the hooks' own cost, and what --max-overhead does about it, by these programs:
 *   pairs N       N times malloc and free: every second event is the same one
 *   threads N M   N threads one after the other, each with M such pairs: none lives long
 *   without-counter N   the same, with the time-stamp counter forbidden to this process
 *   descriptors N N times open and close
 *   busy S        nothing but pairs, for S seconds
 *   idle S        a pair and a nap, for S seconds
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static void pair(size_t size)
{
	char *volatile block = malloc(size);

	if (block)
		block[0] = 1;
	free(block);
}

static void *pairs(void *count)
{
	for (long i = 0; i < *(long *)count; i++)
		pair(64);
	return NULL;
}

static void threads(long count, long each)
{
	pthread_t thread;

	for (long i = 0; i < count; i++)
		if (pthread_create(&thread, NULL, pairs, &each) == 0)
			pthread_join(thread, NULL);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	long first = argc > 2 ? atol(argv[2]) : 0, second = argc > 3 ? atol(argv[3]) : 0, some = 1000;
	double end = now() + (double)first;

	if (!strcmp(what, "pairs"))
		pairs(&first);
	else if (!strcmp(what, "threads"))
		threads(first, second);
	else if (!strcmp(what, "descriptors"))
		while (first-- > 0)
			close(open("/dev/null", O_RDONLY));
	else if (!strcmp(what, "without-counter") && prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0)
		pairs(&first);
	else if (!strcmp(what, "busy"))
		while (now() < end)
			pairs(&some);
	else if (!strcmp(what, "idle"))
		for (; now() < end; usleep(10000))
			pair(64);
	else
		return fputs("usage: cost_events pairs N|threads N M|descriptors N|without-counter N|busy S|idle S\n",
			     stderr) < 0
			       ? 1
			       : 2;
	return 0;
}
