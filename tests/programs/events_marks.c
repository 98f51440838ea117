/* SPDX-License-Identifier: MIT */
/*
 * events_marks.c - marks of a program at a fixed address and of a library that it loads, with names of all sorts and
 * more of them than are kept. Build with: -no-pie -fno-pie
 */
#include "events.h"

#include <dlfcn.h>

#include "../../preload/seep.h"

enum { NAMES = 64, KEPT_HERE = 5 };

static void many_names(int count)
{
	char name[16];

	for (int i = 0; i < count; i++) {
		unsigned int place = 0; /* as seep_mark() has for each place */

		snprintf(name, sizeof(name), "name%d", i);
		if (seep_mark_find())
			seep_mark_find()(&place, name);
	}
}

static void marks_of_a_library(const char *path)
{
	void *library = dlopen(path, RTLD_NOW);
	void (*turn)(void) = library ? (void (*)(void))dlsym(library, "plugin_turn") : NULL;

	REQUIRE(turn);
	for (int i = 0; i < 25; i++)
		turn();
	dlclose(library);
	expect_event("mark:plugin", 25);
}

int main(int argc, char **argv)
{
	for (int i = 0; i < 1000; i++)
		seep_mark("request");
	for (int i = 0; i < 10; i++) {
		seep_mark("request"); /* another place, the same name */
		seep_mark("a\tb\033[31m");
		seep_mark("0123456789012345678901234567890123456789012345678901234567\303\244");
	}
	expect_event("mark:request", 1010);
	expect_event("mark:a?b?[31m", 10);
	expect_event("mark:0123456789012345678901234567890123456789012345678901234567", 10);
	marks_of_a_library(argc > 1 ? argv[1] : "");
	errno = 4711;
	seep_mark("other");
	REQUIRE(errno == 4711);
	expect_event("mark:other", 1);
	many_names(100);
	for (int i = 0; i < NAMES - KEPT_HERE; i++) {
		char name[32];

		snprintf(name, sizeof(name), "mark:name%d", i);
		expect_event(name, 1);
	}
	seep_mark("");
	expect_trust("dropped_marks", 100 - (NAMES - KEPT_HERE) + 1);
	return 0;
}
