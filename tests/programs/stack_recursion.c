/* SPDX-License-Identifier: MIT */
/* stack_recursion.c - allocates at every depth of a recursion of 100, going down and coming back up. */
#include "expect.h"

#include <stdlib.h>

static FRAME int descend(int depth)
{
	void *down = malloc(10), *up;
	int below = depth > 1 ? descend(depth - 1) : 0;

	up = malloc(20);
	KEEP(down);
	KEEP(up);
	return below + 2;
}

int main(void)
{
	int made = descend(100) + descend(100);

	expect(1, "descend", "heap", (struct expected){.acquired = (uint64_t)made, .acquired_bytes = 200 * 30});
	return 0;
}
