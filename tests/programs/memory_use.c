/* SPDX-License-Identifier: MIT */
/*
 * memory_use.c - what private memory a process has, in bytes, at moments that matter for what is added to it.
 *
 *	memory_use blocks SIZE MEGABYTES SECONDS   blocks of one size, filled; then all freed; then quiet until the
 *memory is as at the start to 512 KiB, at most SECONDS memory_use threads COUNT                   idle threads that
 *allocated once memory_use locked                          mlockall(), then 16 MB of small blocks
 *
 * Prints "NAME BYTES" lines; private memory is the anonymous part of /proc/self/smaps_rollup.
 */
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Reads without allocating, so that looking changes nothing. */
static unsigned long kilobytes(const char *path, const char *name)
{
	static char text[8192];
	int file = open(path, O_RDONLY);
	ssize_t size = file < 0 ? 0 : read(file, text, sizeof(text) - 1);
	const char *found;

	close(file);
	text[size > 0 ? size : 0] = '\0';
	found = strstr(text, name);
	return found ? strtoul(found + strlen(name), NULL, 10) : 0;
}

static unsigned long print_private(const char *moment)
{
	unsigned long private = kilobytes("/proc/self/smaps_rollup", "\nAnonymous:");

	dprintf(1, "%s %lu\n", moment, 1024 * private);
	return private;
}

static void blocks_run(size_t size, size_t megabytes, int seconds)
{
	size_t count = (megabytes << 20) / size;
	void **blocks = mmap(NULL, count * sizeof(*blocks), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	unsigned long start;

	free(malloc(size));
	start = print_private("start");
	for (size_t i = 0; i < count; i++) {
		blocks[i] = malloc(size);
		if (!blocks[i])
			abort();
		memset(blocks[i], 1, size);
	}
	dprintf(1, "live %zu\n", count * size);
	print_private("filled");
	for (size_t i = 0; i < count; i++)
		free(blocks[i]);
	malloc_trim(0);
	print_private("freed");
	for (int i = 0; i < 10 * seconds && kilobytes("/proc/self/smaps_rollup", "\nAnonymous:") > start + 512; i++) {
		free(malloc(100));
		usleep(100000);
	}
	print_private("later");
}

static pthread_barrier_t ready, done;

static void *thread_run(void *argument)
{
	free(malloc(100));
	pthread_barrier_wait(&ready);
	pthread_barrier_wait(&done);
	return argument;
}

static void threads_run(unsigned count)
{
	pthread_t thread;

	free(malloc(100));
	print_private("start");
	pthread_barrier_init(&ready, NULL, count + 1);
	pthread_barrier_init(&done, NULL, count + 1);
	for (unsigned i = 0; i < count; i++)
		if (pthread_create(&thread, NULL, thread_run, NULL))
			abort();
	pthread_barrier_wait(&ready);
	print_private("threads");
}

static void locked_run(void)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		exit(1);
	for (size_t used = 0; used < 16 << 20; used += 64)
		if (!malloc(64))
			abort();
	print_private("locked");
}

int main(int count, char **arguments)
{
	if (count == 5)
		blocks_run(strtoul(arguments[2], NULL, 10), strtoul(arguments[3], NULL, 10), atoi(arguments[4]));
	else if (count == 3)
		threads_run((unsigned)atoi(arguments[2]));
	else
		locked_run();
	return 0;
}
