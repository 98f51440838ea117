/* SPDX-License-Identifier: MIT */
#include "place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_NAMES = 1000 };
enum { ID_SIZE = 64 };

static void identity(const struct arena_header *head, char id[ID_SIZE])
{
	snprintf(id, ID_SIZE, "%llu-%llu-%u", (unsigned long long)head->created_realtime_ns,
		 (unsigned long long)head->created_boottime_ns, head->creator_pid);
}

void place_numbered(const char *path, unsigned number, char *out, size_t size)
{
	size_t stem = strlen(path);

	if (stem > 3 && strcmp(path + stem - 3, ".db") == 0)
		stem -= 3;
	snprintf(out, size, "%.*s.%u%s", (int)stem, path, number, path + stem);
}

/* ---- a recording that is there ---- */

/* Is it this arena's? Read with a connection of its own, so that another's recording is not written to. */
static bool is_of_arena(const char *path, const char *id)
{
	struct store *store;
	bool is_ours;
	char *found;

	if (store_open(path, &store, NULL))
		return false;
	found = store_read_meta(store, "arena_id");
	is_ours = found && strcmp(found, id) == 0;
	free(found);
	store_close(store);
	return is_ours;
}

/* ---- a directory ---- */

struct request {
	struct arena_reader *arena;
	struct store_options options;
};

/* The first name of the series that is this arena's recording, or free. SEEP_ERR_USAGE: every name is taken. */
static int open_in_series(const struct request *request, const char *path, char *chosen, struct placed *out,
			  struct error *error)
{
	for (unsigned number = 1; number <= MOST_NAMES; number++) {
		int code;

		if (number == 1)
			snprintf(chosen, ARENA_PATH_MAX, "%s", path);
		else
			place_numbered(path, number, chosen, ARENA_PATH_MAX);
		if (access(chosen, F_OK) == 0) {
			if (!is_of_arena(chosen, request->options.arena_id))
				continue;
			out->is_resumed = true;
			return store_resume(chosen, &out->store, error);
		}
		error->text[0] = '\0';
		code = store_create(chosen, &request->options, &out->store, error);
		if (code != SEEP_ERR_USAGE)
			return code;
	}
	return error_set(error, SEEP_ERR_USAGE, "%s and a thousand names like it are taken; move some away", path);
}

static bool directory_is_ours(const char *path)
{
	struct stat status;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return false;
	return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
	       (status.st_mode & 022) == 0;
}

static int open_in_temporary(const struct request *request, const char *temporary, const char *path, char *chosen,
			     struct placed *out, struct error *error)
{
	const char *slash = strrchr(path, '/');
	char directory[ARENA_PATH_MAX], name[2 * ARENA_PATH_MAX];

	snprintf(directory, sizeof(directory), "%s/seep-%u", temporary, (unsigned)geteuid());
	if (!directory_is_ours(directory))
		return error_set(error, SEEP_ERR_IO, "%s is not a directory of this user alone; remove it", directory);
	snprintf(name, sizeof(name), "%s/%s", directory, slash ? slash + 1 : path);
	if (strlen(name) >= ARENA_PATH_MAX)
		return error_set(error, SEEP_ERR_IO, "%s is too long a name; set TMPDIR to a shorter one", name);
	return open_in_series(request, name, chosen, out, error);
}

/* ---- the place ---- */

static void note_place(const struct request *request, const char *path, const char *chosen, const struct error *why,
		       struct placed *out)
{
	if (strcmp(path, chosen) == 0)
		return;
	arena_set_recording_path(request->arena, chosen);
	if (out->is_resumed)
		return;
	out->is_elsewhere = true;
	if (why->text[0])
		error_set(&out->because, SEEP_OK, "%s; the recording is %s", why->text, chosen);
	else
		error_set(&out->because, SEEP_OK, "%s is another recording, which is kept; this one is %s", path,
			  chosen);
}

int place_open(struct arena_reader *arena, struct placed *out, struct error *error)
{
	const char *temporary = getenv("TMPDIR");
	const struct arena_header *head = arena_head(arena);
	char id[ID_SIZE], path[ARENA_PATH_MAX], chosen[ARENA_PATH_MAX];
	struct request request = {.arena = arena,
				  .options = {.arena_path = arena_path(arena),
					      .arena_id = id,
					      .created_ns = (int64_t)head->created_realtime_ns,
					      .interval_ms = head->interval_ms}};
	struct error refusal = {""}, other = {""};
	int code;

	memset(out, 0, sizeof(*out));
	identity(head, id);
	snprintf(path, sizeof(path), "%s", head->recording_path);
	code = open_in_series(&request, path, chosen, out, &refusal);
	if (code == SEEP_OK)
		refusal.text[0] = '\0';
	if (code && temporary && temporary[0] == '/')
		code = open_in_temporary(&request, temporary, path, chosen, out, &other);
	if (code)
		code = open_in_temporary(&request, "/tmp", path, chosen, out, &other);
	if (code)
		return error_set(error, code, "%s", refusal.text);
	note_place(&request, path, chosen, &refusal, out);
	return SEEP_OK;
}
