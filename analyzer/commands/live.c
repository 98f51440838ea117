/* SPDX-License-Identifier: MIT */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../preload/arena.h"
#include "../analysis/memory.h"

#define ARENA_SUFFIX ".arena"

static int no_such_process(uint32_t pid, int cause, struct error *error)
{
	if (cause == EACCES || cause == EPERM)
		return error_set(error, SEEP_ERR_IO, "may not look at process %u; run as its user or as root", pid);
	return error_set(error, SEEP_ERR_NOT_FOUND, "there is no process %u; name its recording instead", pid);
}

/* The path of a mapped arena in a line of /proc/PID/maps, cut out in place; NULL if it is another mapping. */
static char *arena_of_line(char *line)
{
	char *path = strchr(line, '/');
	size_t size;

	if (!path)
		return NULL;
	path[strcspn(path, "\n")] = '\0';
	size = strlen(path);
	if (size <= strlen(ARENA_SUFFIX) || strcmp(path + size - strlen(ARENA_SUFFIX), ARENA_SUFFIX) != 0)
		return NULL;
	return path;
}

static int find_arena(uint32_t pid, char **out, struct error *error)
{
	char name[64];
	char *line = NULL;
	size_t capacity = 0;
	FILE *maps;

	*out = NULL;
	snprintf(name, sizeof(name), "/proc/%u/maps", pid);
	maps = fopen(name, "re");
	if (!maps)
		return no_such_process(pid, errno, error);
	while (!*out && getline(&line, &capacity, maps) > 0) {
		const char *path = arena_of_line(line);

		if (path)
			*out = memory_string(path);
	}
	free(line);
	if (!*out && ferror(maps))
		no_such_process(pid, EACCES, error);
	fclose(maps);
	if (*out)
		return SEEP_OK;
	return error_set(error, SEEP_ERR_NOT_FOUND,
			 "process %u is not being recorded; `seep doctor --pid %u` says why Seep does not see it", pid,
			 pid);
}

/* The file as the process names it, or below its own root. */
static int open_as_seen(uint32_t pid, const char *path, char **found)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*found = fd >= 0 ? memory_string(path) : memory_format("/proc/%u/root%s", pid, path);
	return fd >= 0 ? fd : open(*found, O_RDONLY | O_CLOEXEC);
}

static bool read_header(int fd, struct arena_header *header)
{
	if (fd < 0 || pread(fd, header, sizeof(*header), 0) != (ssize_t)sizeof(*header))
		return false;
	return header->magic == ARENA_MAGIC && header->version == ARENA_VERSION && header->recording_path[0] == '/' &&
	       memchr(header->recording_path, '\0', sizeof(header->recording_path));
}

int live_recording_path(uint32_t pid, char **out, struct error *error)
{
	struct arena_header header;
	char *arena, *opened;
	bool is_read;
	int fd, code = find_arena(pid, &arena, error);

	*out = NULL;
	if (code)
		return code;
	fd = open_as_seen(pid, arena, &opened);
	is_read = read_header(fd, &header);
	if (fd >= 0)
		close(fd);
	free(opened);
	if (!is_read) {
		error_set(error, SEEP_ERR_IO, "cannot read %s, the arena of process %u; run as its user or as root",
			  arena, pid);
		free(arena);
		return SEEP_ERR_IO;
	}
	free(arena);
	fd = open_as_seen(pid, header.recording_path, out);
	if (fd >= 0) {
		close(fd);
		return SEEP_OK;
	}
	free(*out);
	*out = NULL;
	return error_set(error, SEEP_ERR_NOT_FOUND,
			 "process %u is recorded into %s, which is not there (yet); is its recorder alive?", pid,
			 header.recording_path);
}
