/* SPDX-License-Identifier: MIT */
/*
 * sampling_changes.c - sets the arena's sampling interval during its run, as the recorder does under --max-overhead,
 * and allocates and frees at each: what is made at one interval is freed at others. Prints what it really did, by
 * function (expect.h); the functions exactly_* run only while every block is recorded.
 *
 * In between it asks for sizes that no allocator has, which must not count.
 */
#include "../../preload/arena.h"
#include "expect.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { BLOCKS = 20000, ROUNDS = 6, HALF = BLOCKS / 2 };
static const uint64_t intervals[ROUNDS] = {4096, 16384, 0, 2048, 0, 8192};

static void *blocks[ROUNDS][2][BLOCKS];

static FRAME void *sampled_small(void)
{
	void *block = malloc(48);

	KEEP(block);
	return block;
}

static FRAME void *sampled_medium(void)
{
	void *block = calloc(3, 200);

	KEEP(block);
	return block;
}

static FRAME void *sampled_grown(void *block)
{
	block = realloc(block, 900);
	KEEP(block);
	return block;
}

static FRAME void *exactly_small(void)
{
	void *block = malloc(48);

	KEEP(block);
	return block;
}

static FRAME void *exactly_medium(void)
{
	void *block = calloc(3, 200);

	KEEP(block);
	return block;
}

static struct arena_header *arena_map(void)
{
	const char *path = getenv("SEEP_ARENA");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, ARENA_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return mapped == MAP_FAILED ? NULL : mapped;
}

static void ask_for_too_much(void)
{
	volatile size_t much = (size_t)3 << 62; /* as a signed number far below 0 */

	for (int i = 0; i < 10; i++)
		if (malloc(much) || calloc(much, 1) || realloc(NULL, much))
			abort();
}

static void round_make(int round)
{
	for (int i = 0; i < BLOCKS; i++) {
		blocks[round][0][i] = intervals[round] ? sampled_small() : exactly_small();
		blocks[round][1][i] = intervals[round] ? sampled_medium() : exactly_medium();
	}
}

/* Of what the round before made, half of the small ones are freed, and of the others a half moves. */
static void round_take(int round)
{
	for (int i = 0; i < HALF; i++) {
		free(blocks[round - 1][0][i]);
		blocks[round - 1][1][i] = sampled_grown(blocks[round - 1][1][i]);
	}
}

static void tell(const char *function, uint64_t made, uint64_t gone, uint64_t size)
{
	expect(1, function, "heap", (struct expected){made, gone, made * size, gone * size});
}

int main(void)
{
	struct arena_header *arena = arena_map();
	uint64_t sampled = 0, sampled_gone = 0, exact = 0, exact_gone = 0;

	if (!arena)
		return 1;
	for (int round = 0; round < ROUNDS; round++) {
		__atomic_store_n(&arena->sample_interval, intervals[round], __ATOMIC_RELAXED);
		/* a gap of a thread goes on with the interval it was drawn with: to its end, before what is exact */
		free(malloc(1 << 24));
		ask_for_too_much();
		round_make(round);
		*(intervals[round] ? &sampled : &exact) += BLOCKS;
		if (round == 0)
			continue;
		round_take(round);
		*(intervals[round - 1] ? &sampled_gone : &exact_gone) += HALF;
	}
	tell("sampled_small", sampled, sampled_gone, 48);
	tell("sampled_medium", sampled, sampled_gone, 600);
	tell("sampled_grown", (uint64_t)(ROUNDS - 1) * HALF, 0, 900);
	tell("exactly_small", exact, exact_gone, 48);
	tell("exactly_medium", exact, exact_gone, 600);
	return 0;
}
