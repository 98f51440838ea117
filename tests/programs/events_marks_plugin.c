/* SPDX-License-Identifier: MIT */
/* events_marks_plugin.c - a library that marks. */
#include "../../preload/seep.h"

void plugin_turn(void);
void plugin_turn(void)
{
	seep_mark("plugin");
}
