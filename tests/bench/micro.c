/* SPDX-License-Identifier: MIT */
/*
 * micro.c - nanoseconds of CPU that one malloc and free pair takes, in patterns that differ in what a capture of the
 * stack finds unchanged. Run bare and under a shim, the difference is what the shim adds.
 *
 * usage: micro PATTERN DEPTH|LIVE|THREADS|SITES...     prints "PATTERN NUMBER NANOSECONDS" for each number
 *
 *   steady DEPTH    the same callsite again and again, below DEPTH frames: nothing on the stack changes
 *   tree DEPTH      a pair in each node of a call tree that is walked in depth-first order, below DEPTH frames
 *   request DEPTH   from one function, down through up to DEPTH frames, allocating at a different depth each time
 *   live LIVE       LIVE blocks of 64 bytes; each pair replaces one of them at random
 *   threads N       N threads that do steady pairs at depth 10; CPU time of a pair, not elapsed time
 *   sites SITES     pairs at SITES different stacks of 18 frames in random order; few sites differ in their last frames
 * only
 *
 * The least of several batches counts: what disturbs a batch only makes it longer. CPU time of the process is measured.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOINLINE __attribute__((noinline))

enum { BATCHES = 25, BATCH_PAIRS = 40000, SIZE = 64, THREADS_MAX = 64, PATH_BITS = 17 };

typedef void body(uint32_t number);

static uint64_t pairs_made;
static void *volatile escape; /* keeps the compiler from leaving out a pair */

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void *checked(void *memory)
{
	if (memory == NULL) {
		fputs("micro: out of memory\n", stderr);
		exit(3);
	}
	return memory;
}

static NOINLINE void pair(void)
{
	void *block = checked(malloc(SIZE));

	escape = block;
	free(block);
	pairs_made++;
}

/* Calls BODY below DEPTH frames. What follows the call keeps it from being a jump. */
static NOINLINE void below(uint32_t depth, body *run, uint32_t number)
{
	if (depth <= 1)
		run(number);
	else
		below(depth - 1, run, number);
	__asm__ volatile("");
}

static NOINLINE void steady(uint32_t depth)
{
	(void)depth;
	for (int i = 0; i < BATCH_PAIRS; i++)
		pair();
}

/* A binary tree of calls of nine levels: 1,022 of its 1,023 nodes have a sibling on another path. */
static NOINLINE void tree_walk(uint32_t levels)
{
	pair();
	if (levels > 0) {
		tree_walk(levels - 1);
		tree_walk(levels - 1);
	}
	__asm__ volatile("");
}

static NOINLINE void tree(uint32_t depth)
{
	(void)depth;
	for (int i = 0; i < BATCH_PAIRS / 1023; i++)
		tree_walk(9);
}

static NOINLINE void request_step(uint32_t depth)
{
	if (depth > 1)
		request_step(depth - 1);
	else
		pair();
	__asm__ volatile("");
}

static NOINLINE void request(uint32_t depth)
{
	uint32_t random = 1;

	for (int i = 0; i < BATCH_PAIRS; i++) {
		random = random * 1664525 + 1013904223;
		request_step(1 + (random >> 8) % depth);
	}
}

static void **live_blocks;
static uint32_t live_count;

static NOINLINE void live(uint32_t depth)
{
	static uint32_t random = 1;

	(void)depth;
	for (int i = 0; i < BATCH_PAIRS; i++) {
		random = random * 1664525 + 1013904223;
		void **place = &live_blocks[((uint64_t)random * live_count) >> 32];

		free(*place);
		*place = checked(malloc(SIZE));
		pairs_made++;
	}
}

static NOINLINE void site_right(uint32_t path, int left_over);

static NOINLINE void site_left(uint32_t path, int left_over)
{
	if (left_over == 0)
		pair();
	else
		(path >> (left_over - 1) & 1 ? site_left : site_right)(path, left_over - 1);
	__asm__ volatile("");
}

static NOINLINE void site_right(uint32_t path, int left_over)
{
	if (left_over == 0)
		pair();
	else
		(path >> (left_over - 1) & 1 ? site_left : site_right)(path, left_over - 1);
	__asm__ volatile("");
}

/* The bits of a site's number are the path to it, so that few sites differ in their last frames only. */
static NOINLINE void sites(uint32_t count)
{
	static uint32_t random = 1;

	for (int i = 0; i < BATCH_PAIRS; i++) {
		random = random * 1664525 + 1013904223;
		site_left((uint32_t)(((uint64_t)random * count) >> 32), PATH_BITS);
	}
}

static double best_of_batches(uint32_t depth, body *run, uint32_t number, int batches)
{
	double best = 0;

	for (int i = 0; i < batches; i++) {
		uint64_t before = pairs_made;
		double started = cpu_ns(), one;

		below(depth, run, number);
		one = (cpu_ns() - started) / (double)(pairs_made - before);
		if (i == 0 || one < best)
			best = one;
	}
	return best;
}

static double measure_live(uint32_t count)
{
	double best;

	live_blocks = checked(calloc(count, sizeof *live_blocks));
	live_count = count;
	for (uint32_t i = 0; i < count; i++)
		live_blocks[i] = checked(malloc(SIZE));
	best = best_of_batches(5, live, 5, BATCHES);
	for (uint32_t i = 0; i < count; i++)
		free(live_blocks[i]);
	free(live_blocks);
	return best;
}

/* Each site is met often before it is measured. */
static double measure_sites(uint32_t count)
{
	best_of_batches(1, sites, count, 1 + (int)(count * 3ull / BATCH_PAIRS));
	return best_of_batches(1, sites, count, BATCHES);
}

/* The pairs of a thread are its own here: a common count would be the line that all write. */
static NOINLINE void thread_pairs(uint32_t batches)
{
	for (uint32_t i = 0; i < batches * (BATCH_PAIRS / 10); i++) {
		void *block = checked(malloc(SIZE));

		__asm__ volatile("" : : "r"(block) : "memory");
		free(block);
	}
}

static void *thread_run(void *argument)
{
	below(10, thread_pairs, 100);
	return argument;
}

static double measure_threads(uint32_t count)
{
	pthread_t threads[THREADS_MAX];
	double best = 0;

	for (int batch = 0; batch < 5; batch++) {
		double started = cpu_ns(), one;

		for (uint32_t i = 0; i < count; i++)
			if (pthread_create(&threads[i], NULL, thread_run, NULL)) {
				fputs("micro: cannot start a thread\n", stderr);
				exit(3);
			}
		for (uint32_t i = 0; i < count; i++)
			pthread_join(threads[i], NULL);
		one = (cpu_ns() - started) / (100.0 * (BATCH_PAIRS / 10) * count);
		if (batch == 0 || one < best)
			best = one;
	}
	return best;
}

static double measure(const char *pattern, uint32_t number)
{
	if (strcmp(pattern, "steady") == 0)
		return best_of_batches(number, steady, number, BATCHES);
	if (strcmp(pattern, "tree") == 0)
		return best_of_batches(number, tree, number, BATCHES);
	if (strcmp(pattern, "request") == 0)
		return best_of_batches(1, request, number, BATCHES);
	if (strcmp(pattern, "live") == 0)
		return measure_live(number);
	if (strcmp(pattern, "threads") == 0 && number <= THREADS_MAX)
		return measure_threads(number);
	if (strcmp(pattern, "sites") == 0 && number <= 1u << PATH_BITS)
		return measure_sites(number);
	return -1;
}

int main(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		long number = atol(argv[i]);
		double ns = number > 0 && number < 1 << 30 ? measure(argv[1], (uint32_t)number) : -1;

		if (ns < 0) {
			fprintf(stderr, "micro: no such pattern or number: %s %s\n", argv[1], argv[i]);
			return 2;
		}
		printf("%s %ld %.2f\n", argv[1], number, ns);
	}
	if (argc < 3) {
		fputs("usage: micro steady|tree|request|live|threads|sites NUMBER...\n", stderr);
		return 2;
	}
	return 0;
}
