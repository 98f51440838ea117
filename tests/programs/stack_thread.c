/* SPDX-License-Identifier: MIT */
/* stack_thread.c - allocations below thread start routines, some in threads that reuse an ended thread's stack. */
#include "expect.h"

#include <pthread.h>
#include <stdlib.h>

enum { ROUNDS = 50 };

static FRAME void *even_start(void *argument)
{
	void *block = malloc(10);

	KEEP(block);
	return argument;
}

static FRAME void *odd_start(void *argument)
{
	char room[100];
	void *block = malloc(30);

	KEEP(block);
	KEEP(room);
	return argument;
}

int main(void)
{
	pthread_t threads[2];

	for (int i = 0; i < ROUNDS; i++) {
		pthread_create(&threads[i % 2], NULL, even_start, NULL);
		pthread_create(&threads[1 - i % 2], NULL, odd_start, NULL);
		pthread_join(threads[0], NULL);
		pthread_join(threads[1], NULL);
	}
	expect(1, "even_start", "heap", (struct expected){.acquired = ROUNDS, .acquired_bytes = ROUNDS * 10});
	expect(1, "odd_start", "heap", (struct expected){.acquired = ROUNDS, .acquired_bytes = ROUNDS * 30});
	return 0;
}
