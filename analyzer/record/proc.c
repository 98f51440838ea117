/* SPDX-License-Identifier: MIT */
#include "proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"

/* More address space than this is not looked through for one process. */
#define MOST_RANGE_BYTES (UINT64_C(64) << 30)

static size_t read_text(uint32_t pid, const char *name, char *out, size_t size)
{
	char path[64];
	size_t length = 0;
	ssize_t got;
	int fd;

	out[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while (length < size - 1 && (got = read(fd, out + length, size - 1 - length)) > 0)
		length += (size_t)got;
	close(fd);
	out[length] = '\0';
	return length;
}

/* ---- stat ---- */

/* Field numbers of proc(5), of those after the command, which may hold anything. */
enum {
	FIELD_STATE = 3,
	FIELD_PPID = 4,
	FIELD_USER = 14,
	FIELD_SYSTEM = 15,
	FIELD_THREADS = 20,
	FIELD_START = 22,
	FIELD_STACK = 28
};

static int64_t ticks_to_ns(uint64_t ticks)
{
	return (int64_t)(ticks * (uint64_t)(NS_PER_S / sysconf(_SC_CLK_TCK)));
}

static void take_field(struct proc_stat *out, int field, const char *text)
{
	uint64_t value = strtoull(text, NULL, 10);

	switch (field) {
	case FIELD_STATE:
		out->state = *text;
		break;
	case FIELD_PPID:
		out->ppid = (int64_t)value;
		break;
	case FIELD_USER:
		out->user_ns = ticks_to_ns(value);
		break;
	case FIELD_SYSTEM:
		out->system_ns = ticks_to_ns(value);
		break;
	case FIELD_THREADS:
		out->threads = (int64_t)value;
		break;
	case FIELD_START:
		out->started_ns = ticks_to_ns(value);
		break;
	case FIELD_STACK:
		out->stack_start = (int64_t)value;
		break;
	default:
		break;
	}
}

bool proc_stat_parse(const char *text, struct proc_stat *out)
{
	const char *at = strrchr(text, ')');
	int field = FIELD_STATE;

	*out = (struct proc_stat){0, -1, -1, -1, -1, -1, -1};
	if (!at || at[1] != ' ')
		return false;
	for (at += 2; *at && field <= FIELD_STACK; field++) {
		take_field(out, field, at);
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	return out->started_ns >= 0;
}

bool proc_stat_read(uint32_t pid, struct proc_stat *out)
{
	char text[1024];

	return read_text(pid, "stat", text, sizeof(text)) && proc_stat_parse(text, out);
}

/* A main thread that has ended before the others is a zombie, too: then the process is not. */
bool proc_has_ended(const struct proc_stat *stat)
{
	return (stat->state == 'Z' || stat->state == 'X') && stat->threads <= 1;
}

/* ---- status ---- */

static int64_t field_bytes(const char *text, const char *name)
{
	const char *line = strstr(text, name);

	return line ? strtoll(line + strlen(name), NULL, 10) * 1024 : -1;
}

void proc_memory_parse(const char *text, struct proc_memory *out)
{
	*out = (struct proc_memory){
		.rss_anon = field_bytes(text, "\nRssAnon:"),
		.rss_file = field_bytes(text, "\nRssFile:"),
		.rss_shmem = field_bytes(text, "\nRssShmem:"),
		.swap = field_bytes(text, "\nVmSwap:"),
		.vm_size = field_bytes(text, "\nVmSize:"),
		.vm_hwm = field_bytes(text, "\nVmHWM:"),
	};
}

bool proc_memory_read(uint32_t pid, struct proc_memory *out)
{
	char text[4096];
	size_t length = read_text(pid, "status", text, sizeof(text));

	proc_memory_parse(text, out);
	return length > 0;
}

/* ---- names ---- */

void proc_command_read(uint32_t pid, char *out, size_t size)
{
	size_t length = read_text(pid, "cmdline", out, size);

	while (length && out[length - 1] == '\0')
		length--;
	for (size_t i = 0; i < length; i++) {
		if (out[i] == '\0')
			out[i] = ' ';
	}
}

void proc_link_read(uint32_t pid, const char *name, char *out, size_t size)
{
	char path[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	length = readlink(path, out, size - 1);
	out[length > 0 ? length : 0] = '\0';
}

/* ---- mappings ---- */

/* The last part of the path, which " (deleted)" may follow. */
static bool path_has_name(const char *path, const char *name)
{
	static const char deleted[] = " (deleted)";
	size_t length = strcspn(path, "\n"), name_length = strlen(name);

	if (length > strlen(deleted) && strncmp(path + length - strlen(deleted), deleted, strlen(deleted)) == 0)
		length -= strlen(deleted);
	return name_length && length > name_length && path[length - name_length - 1] == '/' &&
	       strncmp(path + length - name_length, name, name_length) == 0;
}

bool proc_maps_line(const char *line, const struct proc_file *file)
{
	unsigned device_major, device_minor;
	unsigned long long inode;
	int end = 0;

	if (sscanf(line, "%*s %*s %*s %x:%x %llu%n", &device_major, &device_minor, &inode, &end) != 3 || !inode)
		return false;
	if (inode == file->inode && device_major == file->device_major && device_minor == file->device_minor)
		return true;
	return path_has_name(line + end, file->name);
}

enum proc_maps proc_maps_file(uint32_t pid, const struct proc_file *file)
{
	enum proc_maps result = PROC_MAPS_NOT;
	char *line = NULL;
	size_t capacity = 0;
	char path[64];
	FILE *lines;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	lines = fopen(path, "re");
	if (!lines)
		return PROC_MAPS_UNKNOWN;
	while (result == PROC_MAPS_NOT && getline(&line, &capacity, lines) > 0) {
		if (proc_maps_line(line, file))
			result = PROC_MAPS_IT;
	}
	if (result == PROC_MAPS_NOT && ferror(lines))
		result = PROC_MAPS_UNKNOWN;
	free(line);
	fclose(lines);
	return result;
}

/* ---- other namespaces ---- */

/* "NSpid:	4321	7": from ours to the innermost. */
uint32_t proc_inner_pid_parse(const char *status)
{
	const char *at = strstr(status, "\nNSpid:\t");
	const char *first = at ? at + strlen("\nNSpid:\t") : NULL;
	const char *end = first ? strchr(first, '\n') : NULL;
	const char *last = end ? memrchr(first, '\t', (size_t)(end - first)) : NULL;

	return last ? (uint32_t)strtoul(last + 1, NULL, 10) : 0;
}

static void inner_add(struct proc_inner *inner, uint32_t inner_pid, uint32_t pid)
{
	struct proc_inner_pid *grown = realloc(inner->entries, (inner->count + 1) * sizeof(*grown));

	if (!grown)
		return;
	inner->entries = grown;
	grown[inner->count++] = (struct proc_inner_pid){inner_pid, pid};
}

void proc_inner_read(struct proc_inner *inner, const struct proc_file *mapped)
{
	DIR *directory = opendir("/proc");
	const struct dirent *item;
	char status[4096];

	inner->count = 0;
	while (directory && (item = readdir(directory))) {
		uint32_t pid = (uint32_t)strtoul(item->d_name, NULL, 10);
		uint32_t inner_pid = 0;

		if (pid && read_text(pid, "status", status, sizeof(status)))
			inner_pid = proc_inner_pid_parse(status);
		if (inner_pid && proc_maps_file(pid, mapped) == PROC_MAPS_IT)
			inner_add(inner, inner_pid, pid);
	}
	if (directory)
		closedir(directory);
}

uint32_t proc_inner_find(const struct proc_inner *inner, uint32_t inner_pid)
{
	for (size_t i = 0; i < inner->count; i++) {
		if (inner->entries[i].inner_pid == inner_pid)
			return inner->entries[i].pid;
	}
	return 0;
}

void proc_inner_release(struct proc_inner *inner)
{
	free(inner->entries);
	*inner = (struct proc_inner){0};
}

/* "0.00 0.01 0.05 1/123 4567" */
uint32_t proc_newest_pid(void)
{
	FILE *file = fopen("/proc/loadavg", "re");
	unsigned pid = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%*s %*s %*s %*s %u", &pid) != 1)
		pid = 0;
	fclose(file);
	return pid;
}

/* ---- pages ---- */

/* A word a page: bit 63 resident, bit 62 swapped out. Both are told without privilege. */
static int64_t count_pages(int fd, uint64_t first, uint64_t count)
{
	uint64_t words[4096];
	int64_t pages = 0;

	while (count) {
		size_t piece = count < 4096 ? (size_t)count : 4096;
		ssize_t got = pread(fd, words, piece * sizeof(words[0]), (off_t)(first * sizeof(words[0])));

		if (got <= 0)
			return -1;
		for (size_t i = 0; i < (size_t)got / sizeof(words[0]); i++)
			pages += (words[i] >> 62) != 0;
		first += (uint64_t)got / sizeof(words[0]);
		count -= (uint64_t)got / sizeof(words[0]);
	}
	return pages;
}

static bool ranges_are_possible(const struct arena_range *ranges, size_t count)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < count; i++) {
		if (ranges[i].end < ranges[i].start || ranges[i].end - ranges[i].start > MOST_RANGE_BYTES)
			return false;
		bytes += ranges[i].end - ranges[i].start;
	}
	return bytes <= MOST_RANGE_BYTES;
}

int64_t proc_resident_bytes(uint32_t pid, const struct arena_range *ranges, size_t count)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	int64_t pages = 0;
	char path[64];
	int fd;

	if (!ranges_are_possible(ranges, count))
		return -1;
	snprintf(path, sizeof(path), "/proc/%u/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	for (size_t i = 0; i < count && pages >= 0; i++) {
		uint64_t first = ranges[i].start / page;
		int64_t found = count_pages(fd, first, (ranges[i].end + page - 1) / page - first);

		pages = found < 0 ? -1 : pages + found;
	}
	close(fd);
	return pages < 0 ? -1 : pages * (int64_t)page;
}
