/* SPDX-License-Identifier: MIT */
/* stack_dlopen.c [ROUNDS] - two libraries by turns at one address: what was known of its code no longer holds. */
#include "expect.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* Runs the plugin beside this program; returns where its code was. */
static void *plugin_call(const char *self, const char *name)
{
	char path[4096];
	void *library, *run;

	snprintf(path, sizeof(path), "%.*s/%s", (int)(strrchr(self, '/') - self), self, name);
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
	run = dlsym(library, "plugin_run");
	((void (*)(void))run)();
	dlclose(library);
	return run;
}

int main(int argc, char **argv)
{
	unsigned same_page = 0, rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 20;

	for (unsigned i = 0; i < rounds; i++) {
		uintptr_t one = (uintptr_t)plugin_call(argv[0], "stack_one_plugin.so");
		uintptr_t two = (uintptr_t)plugin_call(argv[0], "stack_two_plugin.so");

		same_page += one >> 12 == two >> 12;
	}
	printf("same page %u times of %u\n", same_page, rounds);
	fflush(stdout);
	expect(1, "plugin_one", "heap", (struct expected){.acquired = rounds, .acquired_bytes = (uint64_t)rounds * 10});
	expect(1, "plugin_two", "heap", (struct expected){.acquired = rounds, .acquired_bytes = (uint64_t)rounds * 20});
	return 0;
}
