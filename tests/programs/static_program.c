/* SPDX-License-Identifier: MIT */
/* static_program.c - no preload reaches it. Build with: -static */
#include <stdlib.h>

int main(void)
{
	free(malloc(10));
	return 0;
}
