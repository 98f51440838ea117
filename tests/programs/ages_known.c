/* SPDX-License-Identifier: MIT */
/*
 * ages_known SECONDS [private|fork] - things of known age: some when it starts, of which some are given back, others
 * SECONDS later. Then "ready" is printed and it waits to be killed. private: nobody may look into its memory. fork: a
 * child gives back some more.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { THREADS = 4, TINY = 1000, LARGE = 50, HUGE_BLOCKS = 3, DESCRIPTORS = 10, LATER = 500 };

static void *tiny[THREADS][TINY], *large[LARGE], *huge[HUGE_BLOCKS], *later[LATER];

#define NOINLINE __attribute__((noinline))

static NOINLINE void *tiny_make(void *of_thread)
{
	void **blocks = of_thread;

	for (int i = 0; i < TINY; i++)
		blocks[i] = malloc(8 + (size_t)i % 17);
	for (int i = 0; i < TINY; i += 4)
		free(blocks[i]);
	return NULL;
}

static NOINLINE void large_make(void)
{
	for (int i = 0; i < LARGE; i++)
		large[i] = malloc(20000);
	for (int i = 0; i < HUGE_BLOCKS; i++)
		huge[i] = malloc(3 << 20);
	free(huge[0]);
}

static NOINLINE void handles_make(void)
{
	FILE *stream = fopen("/dev/null", "r");
	void *mapping = mmap(NULL, 3 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!stream || mapping == MAP_FAILED || munmap((char *)mapping + 4096, 4096) < 0)
		exit(2);
	for (int i = 0; i < DESCRIPTORS; i++)
		if (eventfd(0, 0) < 0)
			exit(2);
}

static NOINLINE void later_make(void)
{
	for (int i = 0; i < LATER; i++)
		later[i] = calloc(1, 100);
}

/* What the first thread made, of which the first of four is gone already. */
static void fork_and_free(void)
{
	if (fork() != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < TINY; i++)
		if (i % 4)
			free(tiny[0][i]);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	const char *what = argc > 2 ? argv[2] : "";

	if (argc < 2 || (strcmp(what, "private") == 0 && prctl(PR_SET_DUMPABLE, 0) < 0))
		return 2;
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, tiny_make, tiny[i]) != 0)
			return 2;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	large_make();
	handles_make();
	sleep((unsigned)atoi(argv[1]));
	later_make();
	if (strcmp(what, "fork") == 0)
		fork_and_free();
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}
