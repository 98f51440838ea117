/* SPDX-License-Identifier: MIT */
/*
 * profile.c - callsites with a known allocation profile, the same in each run: what sampling.sh estimates.
 *
 * usage: profile
 *
 * Each site_* function is one callsite. What they hold in the end, in the order of the table below: much, little, mixed
 * sizes, large blocks, nothing. Some are freed by another thread, and some moved by realloc.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#define SITE __attribute__((noipa))

/* The callsite's frame is to stay on the stack: malloc's call must not become a jump. */
static inline void *kept_on_stack(void *block)
{
	__asm__ volatile("" : "+r"(block));
	return block;
}

/* X(name, allocations, size, of each ten freed) */
#define SITES(X)                                   \
	X(many_small, 300000, 64, 5)               \
	X(few_small, 4000, 80, 0)                  \
	X(mixed, 40000, 16 + i * 7919 % 4080, 3)   \
	X(wide, 20000, 32 << i * 31 % 9, 2)        \
	X(pages, 500, 4096, 4)                     \
	X(buffers, 120, 65536, 2)                  \
	X(large, 12, 700000 + 100000 * (i % 4), 3) \
	X(huge, 3, 5000000, 0)                     \
	X(churn, 500000, 200, 10)                  \
	X(objects, 60000, 304, 1)

enum { MOST = 300000 };

struct kept {
	void *blocks[MOST];
	size_t count;
};

static struct kept handed;

#define X(name, allocations, bytes, freed)                   \
	static SITE void *site_##name(size_t i)              \
	{                                                    \
		(void)i;                                     \
		return kept_on_stack(malloc(bytes));         \
	}                                                    \
	static void run_##name(void)                         \
	{                                                    \
		for (size_t i = 0; i < (allocations); i++) { \
			void *block = site_##name(i);        \
                                                             \
			if ((int)(i % 10) < (freed))         \
				free(block);                 \
		}                                            \
	}
SITES(X)
#undef X

static SITE void *site_handed(void)
{
	return kept_on_stack(malloc(160));
}

static void *make_handed(void *unused)
{
	(void)unused;
	while (handed.count < 100000)
		handed.blocks[handed.count++] = site_handed();
	return NULL;
}

static void free_three_of_four(void)
{
	for (size_t i = 0; i < handed.count; i++)
		if (i % 4)
			free(handed.blocks[i]);
}

static SITE void *site_grown(void *block, size_t size)
{
	return kept_on_stack(realloc(block, size));
}

static void run_grown(void)
{
	for (size_t i = 0; i < 2000; i++) {
		void *block = NULL;

		for (size_t size = 100; size <= 3200; size *= 2)
			block = site_grown(block, size + i % 50);
	}
}

int main(void)
{
	pthread_t maker;

	if (pthread_create(&maker, NULL, make_handed, NULL) != 0)
		return 1;
#define X(name, allocations, bytes, freed) run_##name();
	SITES(X)
#undef X
	run_grown();
	pthread_join(maker, NULL);
	free_three_of_four();
	return 0;
}
