/* SPDX-License-Identifier: MIT */
/*
 * mt_stress.c - eight threads on one size class, with known answers.
 *
 * Blocks are freed, and moved by realloc, by other threads than made them; a fork in the middle of the
 * heaviest traffic; a second fork at a moment when every block is known, whose child frees some of what it
 * inherited. Prints what parent and children must have acquired and released, by function (expect.h).
 */
#include "expect.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum {
	THREADS = 8,
	BLOCK = 64,
	MOVED = 200,
	EXCHANGES = 100000,
	STORM = 3000,
	KEPT = 100,
	CHILD_FREES = 50,
	CHILD_MAKES = 30,
	RUNNING_FORKS = 20,
	SURVIVORS = 100, /* of each thread and exchange: made amid the traffic, held to the end */
};
static const size_t storm_sizes[] = {24, 4000, 300000, 64, 9000};

static void *_Atomic mailbox[THREADS];
static void *kept[THREADS][KEPT];
static pthread_barrier_t all;
static _Atomic uint64_t moves;

static FRAME void *exchange_make(void)
{
	char *block = malloc(BLOCK);

	KEEP(block);
	return block;
}

static FRAME void *exchange_move(void *block)
{
	block = realloc(block, MOVED);
	KEEP(block);
	return block;
}

static FRAME void *storm_move(void *block, size_t size)
{
	block = realloc(block, size);
	KEEP(block);
	return block;
}

static FRAME void *kept_make(void)
{
	char *block = calloc(2, BLOCK / 2);

	KEEP(block);
	return block;
}

static FRAME void survivor_make(void)
{
	char *block = malloc(BLOCK);

	KEEP(block);
}

static FRAME void *child_make(void)
{
	char *block = malloc(BLOCK);

	KEEP(block);
	return block;
}

/* What came by the mailbox is another thread's: frees it, or lets it move first. */
static void block_end(void *block, bool move)
{
	if (block && move) {
		block = exchange_move(block);
		atomic_fetch_add(&moves, 1);
	}
	free(block);
}

static void exchange(int number)
{
	for (int i = 0; i < EXCHANGES; i++) {
		void *unread = atomic_exchange(&mailbox[(number + i) % THREADS], exchange_make());

		block_end(unread, i % 3 == 0);
		if (i % (EXCHANGES / SURVIVORS) == 0)
			survivor_make();
		if (i % 2)
			block_end(atomic_exchange(&mailbox[number], NULL), i % 5 == 0);
	}
}

static void storm(void)
{
	void *block = NULL;

	for (int i = 0; i < STORM; i++) {
		block = storm_move(block, storm_sizes[i % 5]);
		memset(block, i, 16);
	}
	free(block);
}

static void *work(void *argument)
{
	int number = (int)(intptr_t)argument;

	for (int i = 0; i < KEPT; i++)
		kept[number][i] = kept_make();
	pthread_barrier_wait(&all);
	exchange(number);
	storm();
	pthread_barrier_wait(&all); /* every thread is at rest: main forks */
	pthread_barrier_wait(&all);
	exchange(number);
	return NULL;
}

/* A child that makes CHILD_MAKES blocks, and frees `frees` that it inherited. */
static void child_run(int out, int frees)
{
	pid_t child = fork();

	if (!child) {
		for (int i = 0; i < CHILD_MAKES; i++)
			child_make();
		for (int i = 0; i < frees; i++)
			free(kept[i % THREADS][i / THREADS]);
		expect(out, "child_make", "heap",
		       (struct expected){.acquired = CHILD_MAKES, .acquired_bytes = CHILD_MAKES * BLOCK});
		expect(out, "kept_make", "heap",
		       (struct expected){.released = (uint64_t)frees, .released_bytes = (uint64_t)frees * BLOCK});
		if (frees)
			dprintf(out, "live %d kept_make heap %d %d\n", (int)getpid(), THREADS * KEPT - frees,
				(THREADS * KEPT - frees) * BLOCK);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void expect_parent(int out)
{
	uint64_t made = 2ull * THREADS * EXCHANGES, storms = (uint64_t)THREADS * STORM, storm_bytes = 0;
	uint64_t survivors = 2ull * THREADS * SURVIVORS;

	for (int i = 0; i < STORM; i++)
		storm_bytes += THREADS * storm_sizes[i % 5];
	/* a realloc releases the old block and acquires the new one */
	expect(out, "exchange_make", "heap", (struct expected){made, made, made * BLOCK, made * BLOCK});
	expect(out, "exchange_move", "heap", (struct expected){moves, moves, moves * MOVED, moves * MOVED});
	expect(out, "storm_move", "heap", (struct expected){storms, storms, storm_bytes, storm_bytes});
	expect(out, "survivor_make", "heap",
	       (struct expected){.acquired = survivors, .acquired_bytes = survivors * BLOCK});
	expect(out, "kept_make", "heap",
	       (struct expected){.acquired = THREADS * KEPT, .acquired_bytes = THREADS * KEPT * BLOCK});
	dprintf(out, "live %d kept_make heap %d %d\n", (int)getpid(), THREADS * KEPT, THREADS * KEPT * BLOCK);
	dprintf(out, "live %d survivor_make heap %llu %llu\n", (int)getpid(), (unsigned long long)survivors,
		(unsigned long long)survivors * BLOCK);
}

int main(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&all, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)(intptr_t)i);
	pthread_barrier_wait(&all);
	for (int i = 0; i < RUNNING_FORKS; i++)
		child_run(1, 0);
	pthread_barrier_wait(&all);
	child_run(1, CHILD_FREES);
	pthread_barrier_wait(&all);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS; i++)
		free(mailbox[i]);
	expect_parent(1);
	return 0;
}
