/* SPDX-License-Identifier: MIT */
/*
 * live_random.c [ROUNDS] - blocks of every size and alignment, each released with the site and size that it was made
 * with.
 *
 * Threads put blocks into common places and free, or move by realloc, what they find there, so that blocks of all sizes
 * begin and end side by side and most are released by another thread. After each round everything is freed and
 * the memory goes back to the system, and in the second of quiet that follows one thread goes on: what a recorder
 * keeps for that memory may go too, while it is used again. The oracle is the sums of what was asked for (expect.h).
 */
#include "expect.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, PLACES = 1 << 15, STEPS = 60000, MAKERS = 5, QUIET_MS = 1200 };

struct sums {
	_Atomic uint64_t acquired, released, acquired_bytes, released_bytes;
};
enum maker { PLAIN, ZEROED, ALIGNED, POSIX, MOVED };
static struct sums sums[MAKERS];

/* What the oracle knows of a block, beside it: in a table of its own, so that blocks of no bytes are right as well. */
struct made {
	void *block;
	size_t size;
	enum maker maker;
};
static struct place {
	_Atomic int lock;
	struct made made;
} places[PLACES];

static __thread uint64_t seed;

static uint64_t random_below(uint64_t bound)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % bound;
}

static size_t random_size(void)
{
	switch (random_below(64)) {
	case 0:
		return random_below(300000);
	case 1 ... 3:
		return random_below(40000);
	case 4 ... 20:
		return random_below(2000);
	case 21 ... 40:
		return random_below(200);
	default:
		return random_below(40);
	}
}

static FRAME void *plain_make(size_t size)
{
	void *block = malloc(size);

	KEEP(block);
	return block;
}

static FRAME void *zeroed_make(size_t size)
{
	void *block = calloc(1, size);

	KEEP(block);
	return block;
}

static FRAME void *aligned_make(size_t size)
{
	void *block = memalign((size_t)16 << random_below(10), size);

	KEEP(block);
	return block;
}

static FRAME void *posix_make(size_t size)
{
	void *block = NULL;

	if (posix_memalign(&block, (size_t)8 << random_below(4), size))
		abort();
	KEEP(block);
	return block;
}

static FRAME void *moved_make(void *block, size_t size)
{
	block = realloc(block, size);
	KEEP(block);
	return block;
}

static void acquired(enum maker maker, size_t size)
{
	atomic_fetch_add(&sums[maker].acquired, 1);
	atomic_fetch_add(&sums[maker].acquired_bytes, size);
}

static void released(struct made made)
{
	atomic_fetch_add(&sums[made.maker].released, 1);
	atomic_fetch_add(&sums[made.maker].released_bytes, made.size);
}

static struct made random_make(void)
{
	static void *(*const makers[])(size_t) = {plain_make, zeroed_make, aligned_make, posix_make};
	struct made made = {.size = random_size(), .maker = (enum maker)random_below(MOVED)};

	made.block = makers[made.maker](made.size);
	if (!made.block)
		abort();
	acquired(made.maker, made.size);
	return made;
}

static void made_end(struct made made)
{
	if (!made.block)
		return;
	released(made);
	free(made.block);
}

/* Grows or shrinks a block, often in place: a size from nothing to twice what it has. */
static void made_move(struct made *made)
{
	size_t size = 1 + random_below(2 * made->size + 2);

	released(*made);
	*made = (struct made){.block = moved_make(made->block, size), .size = size, .maker = MOVED};
	acquired(MOVED, size);
}

static struct made place_exchange(struct place *place, struct made made)
{
	struct made old;

	while (atomic_exchange(&place->lock, 1))
		;
	old = place->made;
	place->made = made;
	atomic_store(&place->lock, 0);
	return old;
}

static void step(uint32_t places_used)
{
	struct made old = place_exchange(&places[random_below(places_used)], (struct made){.block = NULL});

	if (old.block && random_below(3) == 0) {
		made_move(&old);
		old = place_exchange(&places[random_below(places_used)], old);
	}
	made_end(old);
	if (random_below(8))
		made_end(place_exchange(&places[random_below(places_used)], random_make()));
}

static void *work(void *argument)
{
	seed = (uint64_t)(intptr_t)argument * UINT64_C(0x9e3779b97f4a7c15);
	for (int i = 0; i < STEPS; i++)
		step(PLACES);
	return NULL;
}

static void round_run(int number)
{
	pthread_t threads[THREADS];

	for (intptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)(1 + number * THREADS + i));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < PLACES; i++)
		made_end(place_exchange(&places[i], (struct made){.block = NULL}));
	malloc_trim(0);
	for (int i = 0; i < QUIET_MS; i++) {
		step(PLACES / 64);
		usleep(1000);
	}
}

static void expect_sums(const char *function, const struct sums *of)
{
	expect(1, function, "heap",
	       (struct expected){of->acquired, of->released, of->acquired_bytes, of->released_bytes});
}

int main(int count, char **arguments)
{
	int rounds = count > 1 ? atoi(arguments[1]) : 2;

	seed = 1;
	for (int i = 0; i < rounds; i++)
		round_run(i);
	expect_sums("plain_make", &sums[PLAIN]);
	expect_sums("zeroed_make", &sums[ZEROED]);
	expect_sums("aligned_make", &sums[ALIGNED]);
	expect_sums("posix_make", &sums[POSIX]);
	expect_sums("moved_make", &sums[MOVED]);
	return 0;
}
