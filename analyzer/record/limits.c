/* SPDX-License-Identifier: MIT */
#include "limits.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUPS "/sys/fs/cgroup"
/* What v1 says for no limit: the largest number of whole pages. */
#define LEAST_UNLIMITED (INT64_MAX - 65536)

static bool read_text(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 0;
	size_t length = 0;

	while (fd >= 0 && length < size - 1 && (got = read(fd, out + length, size - 1 - length)) > 0)
		length += (size_t)got;
	if (fd >= 0)
		close(fd);
	out[length] = '\0';
	return fd >= 0 && got >= 0 && length > 0;
}

/* ---- /proc/PID/limits ---- */

/* The soft limit of "Max open files            1024                 4096                 files". */
static int64_t limit_of(const char *text, const char *name)
{
	const char *line = strstr(text, name);
	unsigned long long value;

	if (!line)
		return -1;
	line += strlen(name);
	line += strspn(line, " ");
	if (strncmp(line, "unlimited", strlen("unlimited")) == 0)
		return INT64_MAX;
	if (*line < '0' || *line > '9')
		return -1;
	value = strtoull(line, NULL, 10);
	return value < (unsigned long long)INT64_MAX ? (int64_t)value : INT64_MAX;
}

void limits_parse(const char *text, struct model_limits *out)
{
	out->descriptors = limit_of(text, "Max open files");
	out->signals = limit_of(text, "Max pending signals");
	out->address_space = limit_of(text, "Max address space");
}

int64_t limits_signals_parse(const char *status)
{
	const char *line = strstr(status, "\nSigQ:\t");

	return line ? strtoll(line + strlen("\nSigQ:\t"), NULL, 10) : -1;
}

/* ---- control groups ---- */

/* "memory" among "cpu,memory". */
static bool names_memory(const char *names, const char *end)
{
	const char *at = names;

	while (at < end) {
		size_t length = strcspn(at, ",:");

		if (length == strlen("memory") && memcmp(at, "memory", length) == 0)
			return true;
		at += length + 1;
	}
	return false;
}

/* "0::/a.slice/b" or "4:memory:/a/b"; v1's memory controller hides v2's group, which then has none. */
bool limits_group_parse(const char *text, struct limits_group *out)
{
	bool is_found = false;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *names = line + strcspn(line, ":\n");
		const char *path = *names == ':' ? names + 1 + strcspn(names + 1, ":\n") : names;
		bool is_first_version = path > names + 1;
		size_t length;

		if (*path != ':' || (is_first_version ? !names_memory(names + 1, path) : *line != '0' || is_found))
			continue;
		length = strcspn(++path, "\n");
		if (length == 0 || *path != '/' || length >= sizeof(out->path))
			continue;
		memcpy(out->path, path, length);
		out->path[length] = '\0';
		/* a group outside of what this namespace shows */
		if (strstr(out->path, "/.."))
			strcpy(out->path, "/");
		out->is_first_version = is_first_version;
		is_found = true;
	}
	return is_found;
}

struct names {
	const char *mount, *limit, *used, *idle;
};
static const struct names first_version = {"/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
					   "\ntotal_inactive_file "};
static const struct names second_version = {"", "memory.max", "memory.current", "\ninactive_file "};

static bool group_file(const char *root, const struct names *names, const char *path, const char *file, char *out,
		       size_t size)
{
	char name[2048];

	snprintf(name, sizeof(name), "%s%s%s/%s", root, names->mount, path, file);
	return read_text(name, out, size);
}

/* A number of one of the group's files; "max" and v1's largest are INT64_MAX; -1 unknown. */
static int64_t group_number(const char *root, const struct names *names, const char *path, const char *file)
{
	char text[64];
	int64_t value;

	if (!group_file(root, names, path, file, text, sizeof(text)))
		return -1;
	if (strncmp(text, "max", 3) == 0)
		return INT64_MAX;
	value = *text >= '0' && *text <= '9' ? strtoll(text, NULL, 10) : -1;
	return value >= LEAST_UNLIMITED ? INT64_MAX : value;
}

static int64_t group_used(const char *root, const struct names *names, const char *path)
{
	int64_t used = group_number(root, names, path, names->used), idle = 0;
	char text[8192];
	const char *line;

	if (used < 0)
		return -1;
	if (group_file(root, names, path, "memory.stat", text, sizeof(text)) && (line = strstr(text, names->idle)))
		idle = strtoll(line + strlen(names->idle), NULL, 10);
	return idle > 0 && idle <= used ? used - idle : used;
}

/* What a limit leaves; a use that is not known leaves all. */
static int64_t left_of(int64_t limit, int64_t used)
{
	return limit - (used > 0 ? used : 0);
}

void limits_group_read(const char *root, const struct limits_group *group, int64_t *limit, int64_t *used)
{
	const struct names *names = group->is_first_version ? &first_version : &second_version;
	char path[sizeof(group->path)];
	bool is_root = false;

	*limit = *used = -1;
	snprintf(path, sizeof(path), "%s", strcmp(group->path, "/") == 0 ? "" : group->path);
	while (!is_root) {
		int64_t here = group_number(root, names, path, names->limit);
		int64_t here_used = here >= 0 ? group_used(root, names, path) : -1;
		char *slash = strrchr(path, '/');

		if (here >= 0 && (*limit < 0 || left_of(here, here_used) < left_of(*limit, *used))) {
			*limit = here;
			*used = here_used;
		}
		is_root = slash == NULL;
		if (slash)
			*slash = '\0';
	}
}

/* ---- a process ---- */

static bool read_proc(uint32_t pid, const char *name, char *out, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	return read_text(path, out, size);
}

void limits_read(uint32_t pid, struct model_limits *limits, struct model_look *out)
{
	struct limits_group group;
	char text[4096];

	*limits = (struct model_limits){-1, -1, -1, -1};
	out->cgroup_bytes = out->signals = -1;
	if (read_proc(pid, "limits", text, sizeof(text)))
		limits_parse(text, limits);
	if (read_proc(pid, "status", text, sizeof(text)))
		out->signals = limits_signals_parse(text);
	if (read_proc(pid, "cgroup", text, sizeof(text)) && limits_group_parse(text, &group))
		limits_group_read(GROUPS, &group, &limits->memory, &out->cgroup_bytes);
}
