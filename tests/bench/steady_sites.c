/* SPDX-License-Identifier: MIT */
/* steady_sites.c - SITES callsites (a power of two), each with some events in every tenth of a second, for SECONDS. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_DEPTH = 16 };
#define APART __attribute__((noinline))

static void *held[1 << MOST_DEPTH];

static APART void renew(unsigned site)
{
	free(held[site]);
	held[site] = malloc(24);
	__asm__ volatile("" ::: "memory");
}

/* Each bit of the site's number is one of two calls, so that each number has a stack of its own. */
static APART void descend(unsigned site, unsigned depth)
{
	if (!depth)
		renew(site);
	else if (site >> (depth - 1) & 1)
		descend(site, depth - 1);
	else {
		descend(site, depth - 1);
		__asm__ volatile("nop");
	}
	__asm__ volatile("");
}

int main(int argc, char **argv)
{
	unsigned sites = argc > 1 ? (unsigned)atoi(argv[1]) : 2048;
	unsigned seconds = argc > 2 ? (unsigned)atoi(argv[2]) : 10;
	unsigned depth = 0;

	while (1u << depth < sites && depth < MOST_DEPTH)
		depth++;
	for (unsigned round = 0; round < 10 * seconds; round++) {
		for (unsigned site = 0; site < 1u << depth; site++)
			descend(site, depth);
		usleep(100000);
	}
	return 0;
}
