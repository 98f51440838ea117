/* SPDX-License-Identifier: MIT */
/* ages_many COUNT SIZE - holds COUNT blocks of SIZE bytes, prints "ready", and waits to be killed. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long count = argc == 3 ? atol(argv[1]) : 0, size = argc == 3 ? atol(argv[2]) : 0;
	void **blocks = calloc((size_t)count + 1, sizeof(*blocks));

	if (count <= 0 || size <= 0 || !blocks)
		return 2;
	for (long i = 0; i < count; i++)
		blocks[i] = malloc((size_t)size);
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}
