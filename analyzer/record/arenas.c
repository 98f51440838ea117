/* SPDX-License-Identifier: MIT */
#include "arenas.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../arena/arena_reader.h"

static bool is_known(const struct arenas *arenas, const char *path)
{
	for (size_t i = 0; i < arenas->count; i++) {
		if (strcmp(arenas->paths[i], path) == 0)
			return true;
	}
	return false;
}

/* Takes the path over. */
static void add(struct arenas *arenas, char *path)
{
	char **grown = realloc(arenas->paths, (arenas->count + 1) * sizeof(*grown));

	if (!grown) {
		free(path);
		return;
	}
	arenas->paths = grown;
	grown[arenas->count++] = path;
}

/* The lock that is tried here goes with the reader: whoever resumes the arena takes it again. */
static void look_at(struct arenas *arenas, const char *path)
{
	struct arena_reader *reader;
	char *absolute;

	if (arena_open(path, &reader, NULL))
		return;
	absolute = realpath(path, NULL);
	if (!absolute || is_known(arenas, absolute))
		free(absolute);
	else if (arena_lock(reader))
		add(arenas, absolute);
	else {
		arenas->recorded++;
		free(absolute);
	}
	arena_close(reader);
}

static void look_into(struct arenas *arenas, const char *directory)
{
	char pattern[PATH_MAX];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*.arena", directory);
	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			look_at(arenas, found.gl_pathv[i]);
	}
	globfree(&found);
}

static void look_into_temporary(struct arenas *arenas, const char *directory)
{
	char own[PATH_MAX];

	snprintf(own, sizeof(own), "%s/seep-%u", directory, (unsigned)geteuid());
	look_into(arenas, own);
	look_into(arenas, directory);
}

void arenas_find(struct arenas *arenas)
{
	const char *temporary = getenv("TMPDIR");

	*arenas = (struct arenas){0};
	look_into_temporary(arenas, "/dev/shm");
	look_into(arenas, ".");
	if (temporary && temporary[0] == '/')
		look_into_temporary(arenas, temporary);
	look_into_temporary(arenas, "/tmp");
}

void arenas_release(struct arenas *arenas)
{
	for (size_t i = 0; i < arenas->count; i++)
		free(arenas->paths[i]);
	free(arenas->paths);
	*arenas = (struct arenas){0};
}
