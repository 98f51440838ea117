/* SPDX-License-Identifier: MIT */
/* doctor_process.c - a running process: is libseep in it, is it recorded, and if not, why not. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../../preload/arena.h"
#include "../analysis/memory.h"
#include "../arena/arena_reader.h"
#include "doctor.h"

#define LIBRARY_NAME "libseep.so"
#define ARENA_SUFFIX ".arena"

/* What a process's mappings tell of Seep. Zeroed is "nothing". */
struct mappings {
	bool has_library;
	bool has_removed_arena; /* mapped, but its file has been removed */
	char *arena;            /* NULL none */
};

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && !strcmp(text + length - end_length, end);
}

static FILE *open_proc(uint32_t pid, const char *name)
{
	char *path = memory_format("/proc/%u/%s", pid, name);
	FILE *file = fopen(path, "re");

	free(path);
	return file;
}

static int refuse(uint32_t pid, int cause, struct error *error)
{
	if (cause == EACCES || cause == EPERM)
		return error_set(error, SEEP_ERR_IO, "may not look at process %u; run as its user or as root", pid);
	return error_set(error, SEEP_ERR_NOT_FOUND, "there is no process %u; `ps` lists those that run", pid);
}

static int read_mappings(uint32_t pid, struct mappings *out, struct error *error)
{
	FILE *maps = open_proc(pid, "maps");
	char *line = NULL;
	size_t capacity = 0;

	if (!maps)
		return refuse(pid, errno, error);
	while (getline(&line, &capacity, maps) > 0) {
		char *path = strchr(line, '/');

		if (!path)
			continue;
		path[strcspn(path, "\n")] = '\0';
		out->has_library |= ends_with(path, "/" LIBRARY_NAME);
		out->has_removed_arena |= ends_with(path, ARENA_SUFFIX " (deleted)");
		if (!out->arena && ends_with(path, ARENA_SUFFIX))
			out->arena = memory_string(path);
	}
	free(line);
	if (ferror(maps)) {
		fclose(maps);
		return refuse(pid, EACCES, error);
	}
	fclose(maps);
	return SEEP_OK;
}

/* The value of a variable in the environment that the process was started with, or NULL; to be freed. */
static char *environment_of(uint32_t pid, const char *name)
{
	FILE *environment = open_proc(pid, "environ");
	char *entry = NULL, *value = NULL;
	size_t capacity = 0, length = strlen(name);

	while (environment && !value && getdelim(&entry, &capacity, '\0', environment) > 0)
		if (!strncmp(entry, name, length) && entry[length] == '=')
			value = memory_string(entry + length + 1);
	free(entry);
	if (environment)
		fclose(environment);
	return value;
}

/* ---- a process with an arena ---- */

/* A recorder holds the arena's lock; /proc/locks tells without taking it, which would keep a recorder from starting. */
static bool has_recorder(const char *arena)
{
	FILE *locks = fopen("/proc/locks", "re");
	struct stat status;
	char *line = NULL, *wanted;
	size_t capacity = 0;
	bool found = false;

	if (!locks)
		return false;
	if (stat(arena, &status)) {
		fclose(locks);
		return false;
	}
	wanted = memory_format(" %02x:%02x:%llu ", major(status.st_dev), minor(status.st_dev),
			       (unsigned long long)status.st_ino);
	while (!found && getline(&line, &capacity, locks) > 0)
		found = strstr(line, "FLOCK") && strstr(line, wanted);
	free(wanted);
	free(line);
	fclose(locks);
	return found;
}

static bool has_slot(struct arena_reader *reader, uint32_t pid)
{
	uint32_t count = arena_head(reader)->slot_count;
	struct arena_entry *entries = memory_zeroed(count, sizeof(*entries));
	bool found = false;

	if (!arena_read_directory(reader, entries, NULL))
		for (uint32_t i = 0; i < count; i++)
			found |= entries[i].pid == pid &&
				 (entries[i].state == SLOT_LIVE || entries[i].state == SLOT_CLAIMED);
	free(entries);
	return found;
}

static void examine_arena(uint32_t pid, struct arena_reader *reader, const char *path, struct examination *out)
{
	char recording[ARENA_PATH_MAX];

	/* The number in the arena is that of the process's own pid namespace. */
	if (!has_slot(reader, pid))
		finding_add(out, FINDING_LIMITS, "no slot",
			    "process %u has no slot under this number in its arena %s: either it is in another pid "
			    "namespace, "
			    "or every slot was taken when it began",
			    pid, path);
	if (!arena_read_recording_path(reader, recording))
		out->recording = memory_string(recording);
	if (!has_recorder(path))
		finding_add(out, FINDING_BLOCKS, "no recorder",
			    "process %u counts into %s, but no recorder reads that: nothing is stored until `seep "
			    "record %s` "
			    "runs",
			    pid, path, path);
}

static void examine_recorded(uint32_t pid, const char *arena, struct examination *out)
{
	struct arena_reader *reader;
	struct error error = {0};
	char *path = memory_string(arena);

	if (access(path, F_OK)) {
		free(path);
		path = memory_format("/proc/%u/root%s", pid, arena);
	}
	if (arena_open(path, &reader, &error)) {
		finding_add(out, FINDING_LIMITS, "arena unreadable",
			    "process %u is recorded, but its arena %s cannot be read (%s), so its recording is not "
			    "known here",
			    pid, arena, error.text);
	} else {
		examine_arena(pid, reader, path, out);
		arena_close(reader);
	}
	free(path);
}

/* ---- a process without ---- */

static int examine_unrecorded(uint32_t pid, bool has_library, struct examination *out, struct error *error)
{
	char *preload = environment_of(pid, "LD_PRELOAD"), *python = environment_of(pid, "PYTHONMALLOC");
	char *exe = memory_format("/proc/%u/exe", pid);
	int code;

	if (has_library)
		finding_add(out, FINDING_BLOCKS, "not recording",
			    "libseep.so is loaded into process %u, but could not begin to record; it said why on the "
			    "process's "
			    "standard error at its start",
			    pid);
	else if (preload && strstr(preload, LIBRARY_NAME))
		finding_add(out, FINDING_BLOCKS, "not loaded",
			    "process %u was started with LD_PRELOAD=%s, but the dynamic linker did not load that: "
			    "either the "
			    "file is not readable there, or it is for one of the reasons below",
			    pid, preload);
	else
		finding_add(out, FINDING_BLOCKS, "not preloaded",
			    "process %u was started without libseep.so, which cannot be added to a running program; "
			    "restart "
			    "it with `seep run` or LD_PRELOAD",
			    pid);
	/* the file itself, even if it has been deleted or lies below another root */
	code = doctor_examine_file(exe, out->path ? out->path : exe, python, out, error);
	free(exe);
	free(python);
	free(preload);
	return code;
}

static char *exe_of(uint32_t pid)
{
	char *link = memory_format("/proc/%u/exe", pid), target[PATH_MAX];
	ssize_t length = readlink(link, target, sizeof(target) - 1);

	free(link);
	if (length <= 0)
		return NULL;
	target[length] = '\0';
	return memory_string(target);
}

int doctor_examine_process(uint32_t pid, struct examination *out, struct error *error)
{
	struct mappings mappings = {0};
	int code = read_mappings(pid, &mappings, error);

	out->subject = memory_format("process %u", pid);
	out->path = exe_of(pid);
	if (!code && !out->path)
		finding_add(out, FINDING_BLOCKS, "no program",
			    "process %u runs no program of its own: it is a thread of the kernel, or it has ended",
			    pid);
	else if (!code && mappings.has_library && mappings.arena)
		examine_recorded(pid, mappings.arena, out);
	else if (!code && mappings.has_library && mappings.has_removed_arena)
		finding_add(out, FINDING_BLOCKS, "arena removed",
			    "process %u counts into an arena whose file has been removed, where nobody reads it; "
			    "restart the "
			    "process to record it again",
			    pid);
	else if (!code)
		code = examine_unrecorded(pid, mappings.has_library, out, error);
	free(mappings.arena);
	return code;
}
