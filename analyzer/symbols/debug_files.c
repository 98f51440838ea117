/* SPDX-License-Identifier: MIT */
#include "debug_files.h"

#include <elfutils/libdwelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "../base/error.h"

/* Calls `attempt` with each directory of a colon-separated list until it finds something. */
static int each_directory(const char *list, int (*attempt)(const char *directory, void *context), void *context)
{
	while (*list) {
		size_t length = strcspn(list, ":");
		char directory[PATH_MAX];

		if (length > 0 && length < sizeof(directory)) {
			memcpy(directory, list, length);
			directory[length] = '\0';
			if (attempt(directory, context) == SEEP_OK)
				return SEEP_OK;
		}
		list += length + (list[length] == ':');
	}
	return SEEP_ERR_NOT_FOUND;
}

/* Opens path if it is an ELF file of that build-id. */
static int open_identified(const char *path, const char *build_id, struct elf_file *out)
{
	int result = elf_file_open(out, path);

	if (result || !strcmp(out->build_id, build_id))
		return result;
	elf_file_close(out);
	return SEEP_ERR_NOT_FOUND;
}

/* ---- by build-id ---- */

/* With out NULL only whether there is a file of the name. */
struct build_id_attempt {
	const char *build_id;
	struct elf_file *out;
};

static int is_there(const char *path)
{
	return access(path, F_OK) ? SEEP_ERR_NOT_FOUND : SEEP_OK;
}

static int attempt_build_id(const char *directory, void *context)
{
	const struct build_id_attempt *attempt = context;
	char path[PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s/.build-id/%.2s/%s.debug", directory, attempt->build_id,
			      attempt->build_id + 2);

	if (length >= (int)sizeof(path))
		return SEEP_ERR_NOT_FOUND;
	return attempt->out ? open_identified(path, attempt->build_id, attempt->out) : is_there(path);
}

int debug_file_by_build_id(const struct debug_search *search, const char *build_id, struct elf_file *out)
{
	struct build_id_attempt attempt = {.build_id = build_id, .out = out};

	if (strlen(build_id) < 4)
		return SEEP_ERR_NOT_FOUND;
	if (!each_directory(search->path, attempt_build_id, &attempt))
		return SEEP_OK;
	return search->use_debuginfod ? debuginfod_fetch(build_id, out) : SEEP_ERR_NOT_FOUND;
}

/* ---- by debuglink ---- */

static int file_crc(int fd, uint32_t *crc)
{
	unsigned char buffer[64 * 1024];
	uLong sum = crc32(0, NULL, 0);
	off_t at = 0;
	ssize_t got;

	while ((got = pread(fd, buffer, sizeof(buffer), at)) > 0) {
		sum = crc32(sum, buffer, (uInt)got);
		at += got;
	}
	*crc = (uint32_t)sum;
	return got < 0 ? SEEP_ERR_IO : SEEP_OK;
}

/* With out NULL only whether there is a file of the name. */
struct link_attempt {
	const struct elf_file *file;
	const char *name, *file_directory;
	uint32_t crc;
	struct elf_file *out;
};

static int attempt_link_path(const char *path, const struct link_attempt *attempt)
{
	uint32_t crc;

	if (!attempt->out)
		return is_there(path);
	if (elf_file_open(attempt->out, path))
		return SEEP_ERR_NOT_FOUND;
	/* Both have a build-id and they differ: right or wrong, a CRC of 32 bits does not outweigh that. */
	if (!(attempt->out->build_id[0] && attempt->file->build_id[0] &&
	      strcmp(attempt->out->build_id, attempt->file->build_id) != 0) &&
	    !file_crc(attempt->out->fd, &crc) && crc == attempt->crc)
		return SEEP_OK;
	elf_file_close(attempt->out);
	return SEEP_ERR_NOT_FOUND;
}

static int attempt_link_in(const char *directory, const char *below, const struct link_attempt *attempt)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s%s/%s", directory, below, attempt->name) >= (int)sizeof(path))
		return SEEP_ERR_NOT_FOUND;
	return attempt_link_path(path, attempt);
}

static int attempt_link(const char *directory, void *context)
{
	const struct link_attempt *attempt = context;

	if (!attempt_link_in(directory, attempt->file_directory, attempt))
		return SEEP_OK;
	return attempt_link_in(directory, "", attempt);
}

static int search_link(const struct debug_search *search, const char *path, struct link_attempt attempt)
{
	char resolved[PATH_MAX];

	if (!attempt.name || strchr(attempt.name, '/') || !path || !realpath(path, resolved))
		return SEEP_ERR_NOT_FOUND;
	*strrchr(resolved, '/') = '\0';
	attempt.file_directory = resolved;
	if (!attempt_link_in(resolved, "", &attempt) || !attempt_link_in(resolved, "/.debug", &attempt))
		return SEEP_OK;
	return each_directory(search->path, attempt_link, &attempt);
}

int debug_file_by_link(const struct debug_search *search, const struct elf_file *file, struct elf_file *out)
{
	struct link_attempt attempt = {.file = file, .out = out};

	attempt.name = dwelf_elf_gnu_debuglink(file->elf, &attempt.crc);
	return search_link(search, file->path, attempt);
}

bool debug_file_may_be_there(const struct debug_search *search, const char *build_id, const char *path,
			     const char *link)
{
	struct build_id_attempt by_build_id = {.build_id = build_id};
	struct link_attempt by_link = {.name = link[0] ? link : NULL};

	return (strlen(build_id) >= 4 && !each_directory(search->path, attempt_build_id, &by_build_id)) ||
	       !search_link(search, path, by_link);
}

/* ---- the supplementary file ---- */

int debug_file_supplementary(const struct debug_search *search, const struct elf_file *referrer, const char *name,
			     const char *build_id, struct elf_file *out)
{
	char path[PATH_MAX], resolved[PATH_MAX];

	if (!debug_file_by_build_id(search, build_id, out))
		return SEEP_OK;
	if (name[0] == '/')
		return open_identified(name, build_id, out);
	if (!referrer->path || !realpath(referrer->path, resolved))
		return SEEP_ERR_NOT_FOUND;
	*strrchr(resolved, '/') = '\0';
	if (snprintf(path, sizeof(path), "%s/%s", resolved, name) >= (int)sizeof(path))
		return SEEP_ERR_NOT_FOUND;
	return open_identified(path, build_id, out);
}
