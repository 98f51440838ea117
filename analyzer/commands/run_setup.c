/* SPDX-License-Identifier: MIT */
#include "run_setup.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../base/error.h"
#include "../store/store.h"

/* The default 64 MB of a container will do; less than this is somebody else's leftovers. */
#define LEAST_SHM_BYTES (UINT64_C(4) << 20)

int run_refuse(int exit_code, const char *format, ...)
{
	va_list arguments;

	fputs("seep run: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return exit_code;
}

/* ---- options ---- */

bool run_is_number(const char *text, double least, double most)
{
	char *end;
	double number = strtod(text, &end);

	return strspn(text, "0123456789.") == strlen(text) && *text && !*end && number >= least && number <= most;
}

bool run_is_sample(const char *text)
{
	static const struct {
		const char *suffixes;
		unsigned shift;
	} units[] = {{"", 0}, {"kK", 10}, {"mM", 20}, {"gG", 30}};
	size_t digits = strspn(text, "0123456789");
	const char *suffix = text + digits;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && digits && digits <= 13; i++)
		if (*suffix ? !suffix[1] && strchr(units[i].suffixes, *suffix) : i == 0)
			return strtoull(text, NULL, 10) <= ARENA_LONGEST_SAMPLE >> units[i].shift;
	return false;
}

/* ---- paths ---- */

/* The shim's options are separated by colons, the linker's list by colons and spaces. */
static bool is_passable(const char *path, const char *separators)
{
	return strpbrk(path, separators) == NULL && strlen(path) < ARENA_PATH_MAX;
}

static int find_library(struct run *run)
{
	static const char *const places[] = {"libseep.so", "../lib/libseep.so", "../lib/x86_64-linux-gnu/libseep.so"};
	char own[PATH_MAX], path[2 * PATH_MAX], *found = NULL;
	ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);

	own[length > 0 ? length : 0] = '\0';
	snprintf(run->recorder, sizeof(run->recorder), "%s", own);
	own[strrchr(own, '/') ? strrchr(own, '/') - own : 0] = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !found; i++) {
		snprintf(path, sizeof(path), "%s/%s", own, places[i]);
		found = realpath(path, NULL);
	}
	if (!found)
		return run_refuse(SEEP_EXIT_UNKNOWN,
				  "libseep.so is neither beside %s/seep nor in %s/../lib; install both", own, own);
	snprintf(run->library, sizeof(run->library), "%s", found);
	free(found);
	if (!is_passable(run->library, ": "))
		return run_refuse(SEEP_EXIT_UNKNOWN,
				  "the linker cannot preload %s: move it where the path has no colon and no space",
				  run->library);
	return SEEP_EXIT_OK;
}

static int absolute_path(const char *path, char *out)
{
	char directory[ARENA_PATH_MAX], joined[2 * ARENA_PATH_MAX];

	if (path[0] == '/')
		snprintf(joined, sizeof(joined), "%s", path);
	else if (getcwd(directory, sizeof(directory)))
		snprintf(joined, sizeof(joined), "%s/%s", directory, path);
	else
		return run_refuse(SEEP_EXIT_UNKNOWN, "the working directory has no name; give -o an absolute path");
	if (!is_passable(joined, ":"))
		return run_refuse(SEEP_EXIT_USAGE, "%s has a colon or is too long; name another file with -o", joined);
	strcpy(out, joined);
	return SEEP_EXIT_OK;
}

/* ---- the recording's file ---- */

static bool is_live(const char *path)
{
	struct store *store;
	char *state;
	bool live;

	if (store_open(path, &store, NULL))
		return false;
	state = store_read_meta(store, "state");
	live = state && strcmp(state, "live") == 0;
	free(state);
	store_close(store);
	return live;
}

/* An earlier recording of the name is moved aside; anything else is not touched. */
static int clear_out(const char *path)
{
	char old[ARENA_PATH_MAX + 8];
	struct error error = {""};
	struct store *store;
	int code;

	if (access(path, F_OK) < 0)
		return SEEP_EXIT_OK;
	code = store_open(path, &store, &error);
	if (code == SEEP_ERR_NOT_OURS)
		return run_refuse(SEEP_EXIT_USAGE, "%s exists, and is not a recording; name another file", path);
	if (code)
		return run_refuse(error_exit_code(code), "%s", error.text);
	store_close(store);
	if (is_live(path))
		return run_refuse(
			SEEP_EXIT_USAGE,
			"%s is a recording that is not finished (`seep record` goes on with it, if nobody does); "
			"name another file",
			path);
	snprintf(old, sizeof(old), "%s.old", path);
	if (rename(path, old) < 0)
		return run_refuse(SEEP_EXIT_UNKNOWN, "cannot rename the earlier %s: %s; name another file", path,
				  strerror(errno));
	fprintf(stderr, "seep run: the earlier recording is kept as %s\n", old);
	return SEEP_EXIT_OK;
}

static int choose_recording(struct run *run, const char *out)
{
	const char *slash = strrchr(run->program[0], '/');
	char name[NAME_MAX];
	int code;

	if (out) {
		code = absolute_path(out, run->recording);
		return code ? code : clear_out(run->recording);
	}
	/* its process's number comes behind it: see run_recording_of() */
	snprintf(name, sizeof(name), "seep.%.200s", slash ? slash + 1 : run->program[0]);
	run->has_default_name = true;
	return absolute_path(name, run->recording);
}

/* ---- the arena's place ---- */

static bool directory_is_ours(const char *path)
{
	struct stat status;

	mkdir(path, 0700);
	return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
	       (status.st_mode & 077) == 0;
}

/*
 * As the shim chooses it: /dev/shm, unless that is small or not ours, or the kernel will kill the recorder together
 * with this process (a container's first one): then the figures have to lie where the recording lies.
 */
static int choose_arena(struct run *run)
{
	char directory[64];
	struct statfs status;
	uint64_t number = 0;
	const char *slash;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number))
		number = (uint64_t)getpid() << 32 ^ (uint64_t)(uintptr_t)&number;
	snprintf(directory, sizeof(directory), "/dev/shm/seep-%u", (unsigned)geteuid());
	if (getpid() != 1 && statfs("/dev/shm", &status) == 0 &&
	    (uint64_t)status.f_bavail * (uint64_t)status.f_bsize >= LEAST_SHM_BYTES && directory_is_ours(directory)) {
		snprintf(run->arena, sizeof(run->arena), "%s/%016llx.arena", directory, (unsigned long long)number);
		return SEEP_EXIT_OK;
	}
	slash = strrchr(run->recording, '/');
	if (slash - run->recording > ARENA_PATH_MAX - 32)
		return run_refuse(SEEP_EXIT_USAGE, "%s is too long; name another file with -o", run->recording);
	snprintf(run->arena, sizeof(run->arena), "%.*s/%016llx.arena", (int)(slash - run->recording), run->recording,
		 (unsigned long long)number);
	return SEEP_EXIT_OK;
}

/* ---- all ---- */

int run_prepare(struct run *run, const char *out)
{
	int code = find_library(run);

	if (!code)
		code = choose_recording(run, out);
	return code ? code : choose_arena(run);
}
