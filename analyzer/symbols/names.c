/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * libstdc++'s, under the name that the C++ ABI gives it. Loaded when the first C++ name comes: to link it takes a
 * process that has none longer than all of its other libraries but one. Without it names stay as they are.
 */
typedef char *demangle_function(const char *mangled, char *buffer, size_t *size, int *status);

#define RUST_HASH_LENGTH 19 /* "::h" and 16 hex digits */

static void cut_rust_hash(char *name)
{
	size_t length = strlen(name);
	char *tail;

	if (length <= RUST_HASH_LENGTH)
		return;
	tail = name + length - RUST_HASH_LENGTH;
	if (!strncmp(tail, "::h", 3) && strspn(tail + 3, "0123456789abcdef") == 16)
		*tail = '\0';
}

static char *demangle(const char *symbol)
{
	static demangle_function *function;
	static bool is_loaded;
	void *library;

	if (!is_loaded) {
		is_loaded = true;
		library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL);
		if (library)
			function = (demangle_function *)dlsym(library, "__cxa_demangle");
	}
	return function ? function(symbol, NULL, NULL, NULL) : NULL;
}

char *name_readable(const char *symbol)
{
	const char *version = strchr(symbol, '@');
	char *name;

	/* Without the check, __cxa_demangle would read a C function named "f" as the type float. */
	if (!strncmp(symbol, "_Z", 2)) {
		name = demangle(symbol);
		if (name) {
			cut_rust_hash(name);
			return name;
		}
	}
	return version && version != symbol ? strndup(symbol, (size_t)(version - symbol)) : strdup(symbol);
}
