/* SPDX-License-Identifier: MIT */
#include "paths.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_part(const char *part, size_t length, const char *name)
{
	return strlen(name) == length && !memcmp(part, name, length);
}

/* Where the last part of out[0..end) begins, or `end` if that part is "..", or there is none. */
static size_t last_part(const char *out, size_t start, size_t end)
{
	size_t at = end;

	while (at > start && out[at - 1] != '/')
		at--;
	return is_part(out + at, end - at, "..") ? end : at;
}

void path_clean(char *path)
{
	bool absolute = path[0] == '/';
	size_t start = absolute, end = start;

	for (const char *in = path; *in;) {
		size_t length = strcspn(in, "/");
		const char *part = in;

		in += length;
		in += strspn(in, "/");
		if (!length || is_part(part, length, "."))
			continue;
		if (is_part(part, length, "..")) {
			size_t parent = last_part(path, start, end);

			if (parent < end) {
				end = parent > start ? parent - 1 : start;
				continue;
			}
			if (absolute)
				continue;
		}
		if (end > start)
			path[end++] = '/';
		memmove(path + end, part, length);
		end += length;
	}
	if (!end && path[0])
		path[end++] = '.';
	path[end] = '\0';
}
