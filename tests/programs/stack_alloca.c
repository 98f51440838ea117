/* SPDX-License-Identifier: MIT */
/* stack_alloca.c - frames whose size is known at run time only (alloca, and an array realigned to 64 bytes). */
#include "expect.h"

#include <alloca.h>
#include <stdlib.h>
#include <string.h>

static FRAME void with_alloca(size_t size)
{
	char *room = alloca(size);
	void *block;

	memset(room, 1, size);
	block = malloc(size);
	KEEP(block);
	KEEP(room);
}

static FRAME void with_alignment(size_t size)
{
	_Alignas(64) char room[128];
	char *more = alloca(size);
	void *block;

	memset(room, 1, sizeof(room));
	memset(more, 1, size);
	block = malloc(size);
	KEEP(block);
	KEEP(room);
	KEEP(more);
}

int main(void)
{
	uint64_t bytes = 0;

	for (size_t size = 1; size <= 1000; size++) {
		with_alloca(size);
		with_alignment(size);
		bytes += size;
	}
	expect(1, "with_alloca", "heap", (struct expected){.acquired = 1000, .acquired_bytes = bytes});
	expect(1, "with_alignment", "heap", (struct expected){.acquired = 1000, .acquired_bytes = bytes});
	return 0;
}
