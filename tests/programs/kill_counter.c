/* SPDX-License-Identifier: MIT */
/*
 * kill_counter.c FILE - counts its own calls in a shared file, so that SIGKILL at any moment can be judged.
 *
 * FILE gets an array of struct call_count, one a thread and kind: `started` grows before a call, `completed`
 * after it. Whoever kills the program knows then: completed <= recorded <= started, for each figure.
 * `kill_counter -p FILE` prints the sums: "KIND ACQUIRED_MIN ACQUIRED_MAX RELEASED_MIN RELEASED_MAX".
 */
#include "expect.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

enum { THREADS = 4, RING = 64, HEAP = 0, EVENTFD = 1, KINDS = 2 };

struct call_count {
	_Atomic uint64_t acquire_started, acquire_completed, release_started, release_completed;
};
struct shared {
	struct call_count count[THREADS][KINDS];
};
static struct shared *shared;

static FRAME void *counted_make(struct call_count *count)
{
	void *block;

	count->acquire_started++;
	block = malloc(48);
	KEEP(block);
	count->acquire_completed++;
	return block;
}

static FRAME int counted_open(struct call_count *count)
{
	int fd;

	count->acquire_started++;
	fd = eventfd(0, 0);
	count->acquire_completed++;
	return fd;
}

static void *work(void *argument)
{
	struct call_count *counts = argument;
	void *blocks[RING] = {NULL};
	int fds[RING];

	memset(fds, -1, sizeof(fds));
	for (unsigned i = 0;; i = (i + 1) % RING) {
		if (blocks[i]) {
			counts[HEAP].release_started++;
			free(blocks[i]);
			counts[HEAP].release_completed++;
		}
		blocks[i] = counted_make(&counts[HEAP]);
		if (i % 8)
			continue;
		if (fds[i] >= 0) {
			counts[EVENTFD].release_started++;
			close(fds[i]);
			counts[EVENTFD].release_completed++;
		}
		fds[i] = counted_open(&counts[EVENTFD]);
	}
	return NULL;
}

static int print_sums(void)
{
	static const char *const names[KINDS] = {"heap", "eventfd"};

	for (int kind = 0; kind < KINDS; kind++) {
		uint64_t sum[4] = {0};

		for (int i = 0; i < THREADS; i++) {
			sum[0] += shared->count[i][kind].acquire_completed;
			sum[1] += shared->count[i][kind].acquire_started;
			sum[2] += shared->count[i][kind].release_completed;
			sum[3] += shared->count[i][kind].release_started;
		}
		printf("%s %llu %llu %llu %llu\n", names[kind], (unsigned long long)sum[0], (unsigned long long)sum[1],
		       (unsigned long long)sum[2], (unsigned long long)sum[3]);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[argc - 1], O_RDWR | O_CREAT, 0600) : -1;

	if (fd < 0 || ftruncate(fd, sizeof(*shared)))
		return 2;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		return 2;
	if (!strcmp(argv[1], "-p"))
		return print_sums();
	for (int i = 0; i < THREADS; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, work, shared->count[i]);
	}
	pause();
	return 0;
}
