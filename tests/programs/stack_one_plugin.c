/* SPDX-License-Identifier: MIT */
/* stack_one_plugin.c - a library that allocates from a function with a small frame. */
#include "expect.h"

#include <stdlib.h>

static FRAME void plugin_one(void)
{
	void *block = malloc(10);

	KEEP(block);
}

void plugin_run(void);
void plugin_run(void)
{
	plugin_one();
	KEEP(plugin_run);
}
