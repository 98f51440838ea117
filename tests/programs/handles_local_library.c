/* SPDX-License-Identifier: MIT */
/*
 * handles_local_library.c - a library whose functions are hooked arrives with a plugin, private to it (RTLD_LOCAL): the
 * plugin's calls come to the hook, and must go on to the library that only the plugin can see.
 */
#include "handles.h"

#include <dlfcn.h>
#include <libgen.h>
#include <stdbool.h>
#include <string.h>

enum { TIMERS = 5 };

int main(int argc, char **argv)
{
	char path[4096];
	bool (*leak)(int);
	void *plugin;

	(void)argc;
	strcpy(path, argv[0]);
	strcat(dirname(path), "/handles_event_plugin.so");
	plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	REQUIRE(plugin);
	*(void **)&leak = dlsym(plugin, "plugin_timer_leak");
	REQUIRE(leak && leak(TIMERS));
	expect_handles("plugin_timer_leak", "libevent-event", TIMERS, 0);
	return 0;
}
