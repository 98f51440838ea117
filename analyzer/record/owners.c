/* SPDX-License-Identifier: MIT */
#include "owners.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"

/* glibc: HEAP_MAX_SIZE, and the least that mallopt's M_MMAP_THRESHOLD begins with. */
#define ARENA_BYTES (UINT64_C(64) << 20)
#define LEAST_BLOCK_BYTES (128u << 10)
/* A program that is linked for fixed addresses, its variables included, lies below. */
#define FIXED_PROGRAM_END (UINT64_C(4) << 30)
#define PAGE ((uint64_t)ARENA_PAGE)

enum { MOST_MAPS_BYTES = 64 << 20, PAGES_AT_ONCE = 4096 };

/* ---- /proc/PID/maps ---- */

struct mapping {
	uint64_t start, end;
	bool is_private, is_closed; /* closed: no right at all */
	bool is_file, is_heap, is_stack, is_kernels;
};

static uint64_t take_hex(const char **at)
{
	uint64_t value = 0;

	for (;; (*at)++) {
		char c = **at;

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return value;
	}
}

static const char *after_fields(const char *at, const char *end, int count)
{
	while (count-- && at < end) {
		while (at < end && *at != ' ')
			at++;
		while (at < end && *at == ' ')
			at++;
	}
	return at;
}

static bool has_name(const char *name, const char *end, const char *wanted)
{
	size_t length = strlen(wanted);

	return (size_t)(end - name) >= length && memcmp(name, wanted, length) == 0;
}

/* "55d0-55d1 rw-p 00000000 00:00 0    [heap]" */
static bool take_mapping(const char *line, const char *end, struct mapping *out)
{
	const char *at = line, *inode, *name;

	*out = (struct mapping){.start = take_hex(&at)};
	if (*at++ != '-')
		return false;
	out->end = take_hex(&at);
	if (end - at < 6 || out->end <= out->start || (out->start | out->end) % PAGE)
		return false;
	out->is_closed = memcmp(at + 1, "---", 3) == 0;
	out->is_private = at[4] == 'p';
	inode = after_fields(at + 1, end, 3);
	name = after_fields(inode, end, 1);
	out->is_file = inode < end && *inode >= '1' && *inode <= '9';
	out->is_heap = has_name(name, end, "[heap]");
	out->is_stack = has_name(name, end, "[stack]");
	out->is_kernels = has_name(name, end, "[v");
	return true;
}

static struct mapping *take_mappings(const char *maps, size_t *count)
{
	size_t capacity = 0;
	struct mapping *mappings;

	for (const char *at = maps; (at = strchr(at, '\n')); at++)
		capacity++;
	mappings = calloc(capacity + 1, sizeof(*mappings));
	*count = 0;
	for (const char *line = maps, *end; mappings && (end = strchr(line, '\n')); line = end + 1)
		*count += take_mapping(line, end, &mappings[*count]);
	return mappings;
}

/* ---- whose ---- */

struct survey {
	const struct mapping *mappings;
	size_t count;
	struct told *told;
	size_t next_range, next_thread; /* those before end below the mapping at hand */
	struct owned *out;
	size_t out_count;
};

static int by_start(const void *a, const void *b)
{
	const struct owned *left = a, *right = b;

	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	return (left->end > right->end) - (left->end < right->end);
}

static int by_number(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static bool touch(const struct mapping *low, const struct mapping *high)
{
	return low->end == high->start;
}

/* An arena's heap, or several in a row: the end of the last one is closed, unless it is full. */
static bool is_arena(const struct survey *survey, size_t index)
{
	const struct mapping *mapping = &survey->mappings[index], *next = mapping + 1;
	uint64_t border = (mapping->end + ARENA_BYTES - 1) / ARENA_BYTES * ARENA_BYTES;

	if (mapping->start % ARENA_BYTES)
		return false;
	return border == mapping->end ||
	       (index + 1 < survey->count && next->is_closed && touch(mapping, next) && next->end >= border);
}

/* The end of the thread's stack that the mapping begins with; its start if there is none. */
static uint64_t stack_end(struct survey *survey, size_t index)
{
	const struct mapping *mapping = &survey->mappings[index];
	const struct told *told = survey->told;

	while (survey->next_thread < told->thread_count && told->threads[survey->next_thread] < mapping->start)
		survey->next_thread++;
	if (index == 0 || !mapping[-1].is_closed || !touch(&mapping[-1], mapping) || mapping->is_file ||
	    mapping->is_heap || is_arena(survey, index))
		return mapping->start;
	if (survey->next_thread == told->thread_count || told->threads[survey->next_thread] >= mapping->end)
		return mapping->start;
	return (told->threads[survey->next_thread] / PAGE + 1) * PAGE;
}

static enum owner owner_of_rest(const struct survey *survey, size_t index, uint64_t bytes)
{
	const struct mapping *mapping = &survey->mappings[index];

	if (mapping->is_heap || is_arena(survey, index))
		return OWNER_HEAP;
	if (mapping->is_stack)
		return OWNER_STACK;
	if (mapping->is_file || mapping->end <= FIXED_PROGRAM_END)
		return OWNER_FILE;
	return bytes >= LEAST_BLOCK_BYTES && survey->told->is_complete ? OWNER_ANONYMOUS : OWNER_OTHER;
}

static void add(struct survey *survey, uint64_t start, uint64_t end, enum owner owner)
{
	if (start < end)
		survey->out[survey->out_count++] = (struct owned){start, end, owner};
}

/* What nobody has claimed of a mapping: its stack first. */
static void add_rest(struct survey *survey, size_t index, uint64_t start, uint64_t end, uint64_t stack)
{
	uint64_t border = stack > start ? (stack < end ? stack : end) : start;

	if (start >= end)
		return;
	add(survey, start, border, OWNER_STACK);
	add(survey, border, end, owner_of_rest(survey, index, end - border));
}

static void survey_mapping(struct survey *survey, size_t index)
{
	const struct mapping *mapping = &survey->mappings[index];
	const struct told *told = survey->told;
	uint64_t at = mapping->start, stack;

	if (!mapping->is_private || mapping->is_closed || mapping->is_kernels)
		return;
	stack = stack_end(survey, index);
	while (survey->next_range < told->range_count && told->ranges[survey->next_range].end <= mapping->start)
		survey->next_range++;
	for (size_t i = survey->next_range; i < told->range_count && told->ranges[i].start < mapping->end; i++) {
		uint64_t start = told->ranges[i].start > at ? told->ranges[i].start : at;
		uint64_t end = told->ranges[i].end < mapping->end ? told->ranges[i].end : mapping->end;

		if (at == mapping->end)
			break;
		if (start >= end)
			continue;
		add_rest(survey, index, at, start, stack);
		add(survey, start, end, told->ranges[i].owner);
		at = end;
	}
	add_rest(survey, index, at, mapping->end, stack);
}

struct owned *owners_of_maps(const char *maps, struct told *told, size_t *count)
{
	struct survey survey = {.told = told};
	struct mapping *mappings = take_mappings(maps, &survey.count);

	survey.mappings = mappings;
	/* Parts of ranges: each ends a range or a mapping. Each is followed by a rest, and each mapping begins with one
	 * and has one stack, which cuts a rest in two. */
	survey.out = calloc(2 * (2 * survey.count + told->range_count), sizeof(*survey.out));
	if (!mappings || !survey.out) {
		free(mappings);
		free(survey.out);
		return NULL;
	}
	qsort(told->ranges, told->range_count, sizeof(told->ranges[0]), by_start);
	qsort(told->threads, told->thread_count, sizeof(told->threads[0]), by_number);
	for (size_t i = 0; i < survey.count; i++)
		survey_mapping(&survey, i);
	free(mappings);
	*count = survey.out_count;
	return survey.out;
}

/* ---- /proc/PID/pagemap ---- */

/* Bits of a word of pagemap. */
#define PAGE_IN_USE (UINT64_C(3) << 62) /* resident, or swapped out */
#define PAGE_SWAPPED (UINT64_C(1) << 62)
#define PAGE_OF_FILE (UINT64_C(1) << 61)
#define PAGE_EXCLUSIVE (UINT64_C(1) << 56)

/* What was unmapped since the maps were read has no pages. */
static void count_pages(int fd, const struct owned *owned, struct owner_pages *pages)
{
	uint64_t words[PAGES_AT_ONCE];
	uint64_t first = owned->start / PAGE, count = (owned->end - owned->start) / PAGE;

	while (count) {
		size_t piece = count < PAGES_AT_ONCE ? (size_t)count : PAGES_AT_ONCE;
		ssize_t got = pread(fd, words, piece * sizeof(words[0]), (off_t)(first * sizeof(words[0])));

		if (got < (ssize_t)sizeof(words[0]))
			return;
		piece = (size_t)got / sizeof(words[0]);
		for (size_t i = 0; i < piece; i++) {
			bool is_private = (words[i] & PAGE_IN_USE) && !(words[i] & PAGE_OF_FILE);
			bool is_certain = (words[i] & (PAGE_SWAPPED | PAGE_EXCLUSIVE)) != 0;

			pages->certain += is_private && is_certain;
			pages->possible += is_private && !is_certain;
		}
		first += piece;
		count -= piece;
	}
}

static void count_owned(int fd, const struct owned *owned, size_t count, struct owner_pages *pages)
{
	uint64_t left = OWNERS_MOST_BYTES;

	for (size_t i = 0; i < count; i++) {
		uint64_t bytes = owned[i].end - owned[i].start;

		pages[owned[i].owner].address_space += bytes;
		if (bytes > left)
			continue;
		left -= bytes;
		count_pages(fd, &owned[i], &pages[owned[i].owner]);
	}
}

static int64_t share(uint64_t possible, uint64_t all, int64_t budget)
{
	if (budget <= 0 || !all)
		return 0;
	if ((uint64_t)budget >= all)
		return (int64_t)possible;
	return (int64_t)((double)possible * (double)budget / (double)all);
}

void owners_sum(const struct owner_pages pages[OWNER_COUNT], int64_t total_bytes, struct model_look *out)
{
	uint64_t certain = 0, possible = 0;
	int64_t bytes[OWNER_COUNT], budget;

	for (int i = 0; i < OWNER_COUNT; i++) {
		certain += pages[i].certain;
		possible += pages[i].possible;
	}
	budget = total_bytes / (int64_t)PAGE - (int64_t)certain;
	for (int i = 0; i < OWNER_COUNT; i++)
		bytes[i] = ((int64_t)pages[i].certain + share(pages[i].possible, possible, budget)) * (int64_t)PAGE;
	out->heap = bytes[OWNER_HEAP];
	out->heap_size = (int64_t)pages[OWNER_HEAP].address_space;
	out->anonymous = bytes[OWNER_ANONYMOUS];
	out->anonymous_size = (int64_t)pages[OWNER_ANONYMOUS].address_space;
	out->mapping = bytes[OWNER_MAPPING];
	out->stack = bytes[OWNER_STACK];
	out->seep = bytes[OWNER_SEEP];
	out->file = bytes[OWNER_FILE];
	out->other = bytes[OWNER_OTHER];
}

/* ---- a process ---- */

static int open_proc(uint32_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* All of a file, to be freed; NULL if it cannot be read, or is too long. */
static char *read_all(int fd)
{
	size_t length = 0, capacity = 64 << 10;
	char *text = malloc(capacity), *grown;
	ssize_t got = 0;

	while (text && (got = read(fd, text + length, capacity - 1 - length)) > 0) {
		length += (size_t)got;
		if (capacity - 1 - length >= PAGE)
			continue;
		grown = capacity < MOST_MAPS_BYTES ? realloc(text, capacity *= 2) : NULL;
		if (!grown)
			free(text);
		text = grown;
	}
	if (text && got == 0 && length) {
		text[length] = '\0';
		return text;
	}
	free(text);
	return NULL;
}

static struct owned *read_owned(uint32_t pid, struct told *told, size_t *count)
{
	int fd = open_proc(pid, "maps");
	char *maps = fd < 0 ? NULL : read_all(fd);
	struct owned *owned = maps ? owners_of_maps(maps, told, count) : NULL;

	if (fd >= 0)
		close(fd);
	free(maps);
	return owned;
}

static void forget_parts(struct model_look *look)
{
	look->rss_anon = look->swap = -1;
	look->heap = look->heap_size = look->anonymous = look->anonymous_size = -1;
	look->mapping = look->stack = look->seep = look->file = look->other = -1;
}

bool owners_read(uint32_t pid, struct told *told, struct model_look *out)
{
	struct owner_pages pages[OWNER_COUNT] = {{0}};
	struct proc_memory memory;
	struct owned *owned;
	size_t count;
	int fd = open_proc(pid, "pagemap");

	forget_parts(out);
	owned = fd < 0 ? NULL : read_owned(pid, told, &count);
	if (owned)
		count_owned(fd, owned, count, pages);
	if (fd >= 0)
		close(fd);
	if (proc_memory_read(pid, &memory)) {
		out->rss_anon = memory.rss_anon;
		out->swap = memory.swap;
	}
	if (owned && out->rss_anon >= 0 && out->swap >= 0)
		owners_sum(pages, out->rss_anon + out->swap, out);
	free(owned);
	return owned != NULL;
}
