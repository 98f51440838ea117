/* SPDX-License-Identifier: MIT */
/* stack_two_plugin.c - like stack_one_plugin.c, but with other frames behind the same addresses. */
#include "expect.h"

#include <stdlib.h>
#include <string.h>

static FRAME void plugin_two(void)
{
	char room[300];
	void *block = malloc(20);

	memset(room, 2, sizeof(room));
	KEEP(block);
	KEEP(room);
}

void plugin_run(void);
void plugin_run(void)
{
	char room[500];

	KEEP(room);
	plugin_two();
	KEEP(plugin_run);
}
