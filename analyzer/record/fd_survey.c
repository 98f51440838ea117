/* SPDX-License-Identifier: MIT */
#include "fd_survey.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How the kernel names what is no file: beginning of the target, kind, what reports call it. Files come last. */
static const struct {
	const char *beginning;
	enum seep_kind kind;
	const char *name;
} targets[] = {
	{"socket:", SEEP_KIND_SOCKET, "socket"},
	{"pipe:", SEEP_KIND_PIPE, "pipe"},
	{"anon_inode:[eventpoll]", SEEP_KIND_EPOLL, "anon_inode:[eventpoll]"},
	{"anon_inode:[eventfd]", SEEP_KIND_EVENTFD, "anon_inode:[eventfd]"},
	{"anon_inode:[signalfd]", SEEP_KIND_SIGNALFD, "anon_inode:[signalfd]"},
	{"anon_inode:inotify", SEEP_KIND_INOTIFY, "anon_inode:inotify"},
	{"anon_inode:[timerfd]", SEEP_KIND_TIMERFD, "anon_inode:[timerfd]"},
	{"anon_inode:[pidfd]", SEEP_KIND_PIDFD, "anon_inode:[pidfd]"},
	{"pidfd:", SEEP_KIND_PIDFD, "anon_inode:[pidfd]"},
	{"/memfd:", SEEP_KIND_MEMFD, "memfd"},
	{"anon_inode:", SEEP_KIND_OTHERFD, "anon_inode"},
	{"", SEEP_KIND_FILE, "file"},
};
enum { TARGET_COUNT = sizeof(targets) / sizeof(targets[0]) };

enum seep_kind fd_kind_of_target(const char *target)
{
	size_t i = 0;

	while (strncmp(target, targets[i].beginning, strlen(targets[i].beginning)) != 0)
		i++;
	return targets[i].kind;
}

/* ---- reading ---- */

static struct fd_entry *entry_add(struct fd_survey *survey)
{
	size_t capacity = survey->capacity ? survey->capacity * 2 : 64;
	struct fd_entry *grown;

	if (survey->count < survey->capacity)
		return &survey->entries[survey->count++];
	grown = realloc(survey->entries, capacity * sizeof(*grown));
	if (!grown)
		return NULL;
	survey->entries = grown;
	survey->capacity = capacity;
	return &survey->entries[survey->count++];
}

/* False when memory is short. A descriptor that was closed meanwhile is none. */
static bool read_entry(struct fd_survey *survey, int directory, const char *name)
{
	struct fd_entry *entry = entry_add(survey);
	ssize_t length;

	if (!entry)
		return false;
	length = readlinkat(directory, name, entry->target, sizeof(entry->target) - 1);
	if (length < 0) {
		survey->count--;
		return true;
	}
	entry->target[length] = '\0';
	entry->fd = atoi(name);
	entry->kind = fd_kind_of_target(entry->target);
	entry->socket_inode = 0;
	if (entry->kind == SEEP_KIND_SOCKET)
		entry->socket_inode = strtoull(entry->target + strlen("socket:["), NULL, 10);
	return true;
}

static int compare_descriptors(const void *a, const void *b)
{
	int32_t left = ((const struct fd_entry *)a)->fd;
	int32_t right = ((const struct fd_entry *)b)->fd;

	return (left > right) - (left < right);
}

bool fd_survey_read(struct fd_survey *survey, uint32_t pid)
{
	const struct dirent *item;
	char path[64];
	DIR *directory;
	bool complete = true;

	snprintf(path, sizeof(path), "/proc/%u/fd", pid);
	directory = opendir(path);
	if (!directory)
		return false;
	while (complete && (item = readdir(directory))) {
		if (item->d_name[0] != '.')
			complete = read_entry(survey, dirfd(directory), item->d_name);
	}
	closedir(directory);
	if (survey->count)
		qsort(survey->entries, survey->count, sizeof(survey->entries[0]), compare_descriptors);
	return complete;
}

const struct fd_entry *fd_survey_find(const struct fd_survey *survey, int32_t fd)
{
	struct fd_entry key = {.fd = fd};

	if (!survey->count)
		return NULL;
	return bsearch(&key, survey->entries, survey->count, sizeof(key), compare_descriptors);
}

void fd_survey_release(struct fd_survey *survey)
{
	free(survey->entries);
	*survey = (struct fd_survey){0};
}

/* ---- what the shim did not see ---- */

struct fd_counts fd_survey_counts(const struct fd_survey *survey)
{
	struct fd_counts counts = {{0}};

	for (size_t i = 0; i < survey->count; i++)
		counts.by_kind[survey->entries[i].kind]++;
	return counts;
}

static bool is_descriptor_kind(int kind)
{
	return kind >= SEEP_KIND_SOCKET && kind <= SEEP_KIND_OTHERFD;
}

int64_t fd_counts_sum(const struct fd_counts *counts)
{
	int64_t sum = 0;

	for (int kind = 0; kind < SEEP_KIND_COUNT; kind++)
		sum += is_descriptor_kind(kind) ? counts->by_kind[kind] : 0;
	return sum;
}

static const char *name_of_kind(enum seep_kind kind)
{
	size_t i = 0;

	while (i < TARGET_COUNT - 1 && targets[i].kind != kind)
		i++;
	return targets[i].name;
}

struct unseen_list fd_unseen(const struct fd_counts *in_proc, const struct fd_counts *in_shim)
{
	struct unseen_list list = {.count = 0};
	int64_t spare = 0;

	for (int kind = 0; kind < SEEP_KIND_COUNT; kind++) {
		if (is_descriptor_kind(kind) && in_shim->by_kind[kind] > in_proc->by_kind[kind])
			spare += in_shim->by_kind[kind] - in_proc->by_kind[kind];
	}
	for (int kind = SEEP_KIND_COUNT - 1; kind >= 0; kind--) {
		int64_t surplus = is_descriptor_kind(kind) ? in_proc->by_kind[kind] - in_shim->by_kind[kind] : 0;
		int64_t explained = surplus < spare ? surplus : spare;

		if (surplus <= 0)
			continue;
		spare -= explained;
		if (surplus > explained && list.count < UNSEEN_MOST)
			list.entries[list.count++] =
				(struct model_unseen){.target = (char *)name_of_kind((enum seep_kind)kind),
						      .count = (uint64_t)(surplus - explained)};
	}
	return list;
}

struct unseen_list unseen_in_both(const struct unseen_list *a, const struct unseen_list *b)
{
	struct unseen_list both = {.count = 0};

	for (size_t i = 0; i < a->count; i++) {
		for (size_t j = 0; j < b->count; j++) {
			if (strcmp(a->entries[i].target, b->entries[j].target) != 0)
				continue;
			both.entries[both.count] = a->entries[i];
			if (b->entries[j].count < a->entries[i].count)
				both.entries[both.count].count = b->entries[j].count;
			both.count++;
		}
	}
	return both;
}
