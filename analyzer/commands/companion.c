/* SPDX-License-Identifier: MIT */
#include "companion.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/error.h"
#include "commands.h"

/* The directory of this program; "" if the system does not tell. */
static void own_directory(char out[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", out, PATH_MAX - 1);
	char *slash;

	out[length > 0 ? length : 0] = '\0';
	slash = strrchr(out, '/');
	if (slash)
		*slash = '\0';
}

bool companion_find(const char *name, const char *command, char out[PATH_MAX])
{
	static const char *const places[] = {"", "../libexec/seep/"};
	char own[PATH_MAX], path[2 * PATH_MAX];

	own_directory(own);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s/%sseep-%s", own, places[i], name);
		if (strlen(path) < PATH_MAX && access(path, X_OK) == 0) {
			strcpy(out, path);
			return true;
		}
	}
	fprintf(stderr, "%s: seep-%s is neither beside %s/seep nor in %s/../libexec/seep; install it\n", command, name,
		own, own);
	return false;
}

int companion_become(const char *name, const char *command, char **argv)
{
	char path[PATH_MAX];

	if (!companion_find(name, command, path))
		return SEEP_EXIT_UNKNOWN;
	argv[0] = path;
	execv(path, argv);
	fprintf(stderr, "%s: cannot run %s: %s; install it again\n", command, path, strerror(errno));
	return SEEP_EXIT_UNKNOWN;
}

int command_serve(int argc, char **argv)
{
	(void)argc;
	return companion_become("serve", "seep serve", argv);
}

int command_push(int argc, char **argv)
{
	(void)argc;
	return companion_become("push", "seep push", argv);
}
