/* SPDX-License-Identifier: MIT */
/* stack_tailcall.c - functions that jump: the jumping one has no frame left, its caller has, and so has its callee. */
#include "expect.h"

#include <stdlib.h>

static FRAME int callee(size_t size)
{
	void *block = malloc(size);

	KEEP(block);
	return block != NULL;
}

static FRAME int jumper(size_t size)
{
	return callee(size + 1);
}

static FRAME void *jumps_to_malloc(size_t size)
{
	return malloc(size);
}

static FRAME int caller(size_t size)
{
	int made = jumper(size);
	void *block = jumps_to_malloc(size);

	KEEP(block);
	return made;
}

int main(void)
{
	uint64_t made = 0;

	for (int i = 0; i < 100; i++)
		made += (uint64_t)caller(9);
	expect(1, "callee", "heap", (struct expected){.acquired = made, .acquired_bytes = made * 10});
	expect(1, "caller", "heap", (struct expected){.acquired = 2 * made, .acquired_bytes = made * 19});
	expect(1, "jumper", "heap", (struct expected){0});
	expect(1, "jumps_to_malloc", "heap", (struct expected){0});
	return 0;
}
