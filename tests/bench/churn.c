/* SPDX-License-Identifier: MIT */
/*
 * churn.c - threads that allocate at many callsites and free what other threads allocated.
 *
 * usage: churn [THREADS [THOUSANDS [PERCENT]]]
 *        (threads; thousands of blocks a thread makes; how many go to another thread: 2, 4000 and 50)
 *
 * Each thread keeps a window of live blocks of 16 sizes from 24 to 504 bytes, made at call depths of 4 to 11, and
 * replaces them at random. PERCENT of what it replaces goes in batches to the next thread, which checks what the maker
 * wrote and frees it; the rest it frees itself. Prints what was made, what was freed by others, and the blocks per
 * second of elapsed time. Exits 1 when a block arrives with other contents than its maker wrote.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOINLINE __attribute__((noinline))

enum { THREADS_MAX = 64, WINDOW = 4096, BATCH = 64, SIZE_MIN = 24, SIZE_STEP = 32, SIZES = 16 };

struct block {
	uint64_t mark; /* derived from the size, so that the one who frees it can tell */
	uint32_t size;
	char content[];
};

struct batch {
	uint32_t count;
	struct block *blocks[BATCH];
};

struct worker {
	_Alignas(64) _Atomic(struct batch *) mailbox;
	_Alignas(64) uint64_t random;
	uint64_t handed_over;
	struct batch *outgoing;
	struct worker *next;
	pthread_t thread;
	struct block *window[WINDOW];
};

static struct worker workers[THREADS_MAX];
static uint64_t blocks_per_thread, percent_handed_over;

static void *checked(void *memory)
{
	if (memory == NULL) {
		fputs("churn: out of memory\n", stderr);
		exit(3);
	}
	return memory;
}

/* xorshift, Marsaglia 2003 */
static uint64_t worker_random(struct worker *worker)
{
	uint64_t x = worker->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return worker->random = x;
}

static NOINLINE struct block *block_new(uint32_t size)
{
	struct block *block = checked(malloc(size));

	block->size = size;
	block->mark = size * 0x9e3779b97f4a7c15ull;
	memset(block->content, 'c', size < 64 + sizeof *block ? size - sizeof *block : 64);
	return block;
}

static NOINLINE void block_free(struct block *block)
{
	if (block == NULL)
		return;
	if (block->mark != block->size * 0x9e3779b97f4a7c15ull) {
		fputs("churn: a block was damaged\n", stderr);
		_Exit(1);
	}
	free(block);
}

/* Two functions that call each other along the bits of PATH: DEPTH frames, and up to 2^DEPTH callsites. */
static struct block *left(uint32_t path, int depth, uint32_t size);

static NOINLINE struct block *right(uint32_t path, int depth, uint32_t size)
{
	struct block *block = depth == 0 ? block_new(size)
			      : path & 1 ? left(path >> 1, depth - 1, size)
					 : right(path >> 1, depth - 1, size);

	block->content[0] = 'r';
	return block;
}

static NOINLINE struct block *left(uint32_t path, int depth, uint32_t size)
{
	struct block *block = depth == 0 ? block_new(size)
			      : path & 1 ? left(path >> 1, depth - 1, size)
					 : right(path >> 1, depth - 1, size);

	block->content[0] = 'l';
	return block;
}

static NOINLINE void batch_free(struct batch *batch)
{
	if (batch == NULL)
		return;
	for (uint32_t i = 0; i < batch->count; i++)
		block_free(batch->blocks[i]);
	free(batch);
}

/* Puts the full batch into the next thread's mailbox; what lay there, and what lies in the own one, is freed here. */
static NOINLINE void batch_send(struct worker *worker)
{
	worker->handed_over += worker->outgoing->count;
	batch_free(atomic_exchange(&worker->next->mailbox, worker->outgoing));
	batch_free(atomic_exchange(&worker->mailbox, NULL));
	worker->outgoing = NULL;
}

static NOINLINE void block_hand_over(struct worker *worker, struct block *block)
{
	if (block == NULL)
		return;
	if (worker->outgoing == NULL) {
		worker->outgoing = checked(malloc(sizeof *worker->outgoing));
		worker->outgoing->count = 0;
	}
	worker->outgoing->blocks[worker->outgoing->count++] = block;
	if (worker->outgoing->count == BATCH)
		batch_send(worker);
}

static NOINLINE void window_turn(struct worker *worker)
{
	uint64_t r = worker_random(worker);
	struct block **place = &worker->window[r % WINDOW];
	/* small sizes are the more frequent ones: a product of two random numbers */
	uint32_t size = SIZE_MIN + SIZE_STEP * (uint32_t)((r >> 12 & 15) * (r >> 21 & 15) / SIZES);
	uint32_t path = r >> 30 & 127;
	int depth = (int)(r >> 37 & 7);

	if ((r >> 40) % 100 < percent_handed_over)
		block_hand_over(worker, *place);
	else
		block_free(*place);
	*place = left(path, depth, size);
}

static void *worker_run(void *argument)
{
	struct worker *worker = argument;

	for (uint64_t i = 0; i < blocks_per_thread; i++)
		window_turn(worker);
	if (worker->outgoing != NULL)
		batch_send(worker);
	for (int i = 0; i < WINDOW; i++)
		block_free(worker->window[i]);
	return NULL;
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 2;
	double thousands = argc > 2 ? atof(argv[2]) : 4000, percent = argc > 3 ? atof(argv[3]) : 50;
	double started, elapsed;
	uint64_t handed_over = 0, made;

	if (threads < 1 || threads > THREADS_MAX || thousands <= 0 || percent < 0 || percent > 100) {
		fputs("usage: churn [THREADS [THOUSANDS [PERCENT]]]\n", stderr);
		return 2;
	}
	blocks_per_thread = (uint64_t)(thousands * 1000);
	percent_handed_over = (uint64_t)percent;
	started = now_s();
	for (int i = 0; i < threads; i++) {
		workers[i].random = 0x9e3779b97f4a7c15ull * (uint64_t)(i + 1);
		workers[i].next = &workers[(i + 1) % threads];
	}
	for (int i = 0; i < threads; i++)
		if (pthread_create(&workers[i].thread, NULL, worker_run, &workers[i])) {
			fputs("churn: cannot start a thread\n", stderr);
			return 3;
		}
	for (int i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		handed_over += workers[i].handed_over;
	}
	elapsed = now_s() - started;
	for (int i = 0; i < threads; i++)
		batch_free(atomic_load(&workers[i].mailbox));
	made = blocks_per_thread * (uint64_t)threads;
	printf("%llu blocks, %llu handed over, %.0f blocks/s\n", (unsigned long long)made,
	       (unsigned long long)handed_over, (double)made / elapsed);
	return 0;
}
