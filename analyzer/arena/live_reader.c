/* SPDX-License-Identifier: MIT */
#include "live_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../preload/live_layout.h"
#include "../../preload/weights.h"

enum { REGIONS = 1 << REGIONS_BITS, PAGES_AT_ONCE = 32, WORDS_EACH_PAGE = ARENA_PAGE / sizeof(uint64_t) };
#define PAGE_EXISTS (UINT64_C(3) << 62) /* in memory, or in swap (Documentation/admin-guide/mm/pagemap.rst) */
#define MOST_SITES (1u << 24)
enum { LEAST_CHARGE = 512, RANGES_AT_ONCE = 64 };

static const uint8_t shifts[LIVE_LEVELS] = LIVE_SHIFTS;

/* As the process has it. */
struct region {
	int64_t leaves[LIVE_LEVELS];
	uint64_t others[3];
};
static_assert(sizeof(struct region) == 64, "as live_layout.h says");

struct reader {
	const struct live_process *process;
	struct ages *ages;
	int memory, pagemap; /* of /proc/PID */
	enum live_reading state;
	uint64_t top[LIVE_TOP_COUNT]; /* of the map at hand */
	struct region regions[REGIONS];
	uint64_t words[PAGES_AT_ONCE * WORDS_EACH_PAGE];
};

/* ---- ages ---- */

unsigned age_place(uint32_t seconds)
{
	unsigned place = seconds ? 32 - (unsigned)__builtin_clz(seconds) : 0;

	return place < MODEL_AGES ? place : MODEL_AGES - 1;
}

void ages_release(struct ages *ages)
{
	free(ages->sites);
	free(ages->index);
	*ages = (struct ages){0};
}

static struct age_site *site_of(struct reader *reader, uint32_t site)
{
	struct ages *ages = reader->ages;
	size_t larger = ages->capacity ? 2 * ages->capacity : 64;
	struct age_site *grown;

	if (ages->index[site])
		return &ages->sites[ages->index[site] - 1];
	if (ages->count == ages->capacity) {
		grown = realloc(ages->sites, larger * sizeof(*grown));
		if (!grown) {
			reader->state = LIVE_NO_MEMORY;
			return NULL;
		}
		ages->sites = grown;
		ages->capacity = larger;
	}
	ages->sites[ages->count] = (struct age_site){.site = site};
	ages->index[site] = (uint32_t)++ages->count;
	return &ages->sites[ages->count - 1];
}

static void add(struct reader *reader, uint32_t site, uint32_t birth_epoch, uint64_t size)
{
	const struct live_process *process = reader->process;
	uint32_t age = process->epoch > birth_epoch ? process->epoch - birth_epoch : 0;
	struct age_site *entry;
	double weight = 1;

	if (!site || site >= process->site_count) {
		reader->ages->strangers++;
		return;
	}
	entry = site_of(reader, site);
	if (!entry)
		return;
	if (process->intervals && process->intervals[site])
		weight += weights_unseen(size, process->intervals[site]);
	entry->ages[age_place(age)].count += weight;
	entry->ages[age_place(age)].bytes += weight * (double)size;
}

/* ---- the process's memory ---- */

/* What takes as long as a few hundred bytes counts as them. */
static bool charge(struct reader *reader, size_t bytes)
{
	reader->ages->bytes_read += bytes > LEAST_CHARGE ? bytes : LEAST_CHARGE;
	if (reader->state == LIVE_READ && reader->ages->bytes_read > reader->process->most_bytes)
		reader->state = LIVE_TOO_LARGE;
	return reader->state == LIVE_READ;
}

static bool read_memory(struct reader *reader, uint64_t address, void *to, size_t size)
{
	size_t done = 0;

	if (reader->state != LIVE_READ)
		return false;
	if (address % sizeof(uint32_t) || address < ARENA_PAGE || address >> ADDRESS_BITS) {
		reader->state = LIVE_UNREADABLE;
		return false;
	}
	if (!charge(reader, size))
		return false;
	while (done < size) {
		ssize_t got = pread(reader->memory, (char *)to + done, size - done, (off_t)(address + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			reader->state = LIVE_UNREADABLE;
			return false;
		}
		done += (size_t)got;
	}
	return true;
}

typedef void piece_function(struct reader *reader, uint64_t address, const uint64_t *words, size_t count,
			    void *context);

/* Of pages next to each other which exist. */
static bool read_existence(struct reader *reader, uint64_t address, size_t pages, uint64_t exists[PAGES_AT_ONCE])
{
	size_t size = pages * sizeof(exists[0]);

	if (!charge(reader, ARENA_PAGE))
		return false;
	if (pread(reader->pagemap, exists, size, (off_t)(address / ARENA_PAGE * sizeof(exists[0]))) != (ssize_t)size)
		reader->state = LIVE_UNREADABLE;
	for (size_t i = 0; i < pages; i++)
		exists[i] = (exists[i] & PAGE_EXISTS) != 0;
	return reader->state == LIVE_READ;
}

/* Calls `each` for the runs of pages that exist, of [address, address + bytes), whole pages. */
static void each_piece(struct reader *reader, uint64_t address, size_t bytes, piece_function *each, void *context)
{
	uint64_t exists[PAGES_AT_ONCE];
	size_t pages;

	if (address % ARENA_PAGE)
		reader->state = LIVE_UNREADABLE;
	for (size_t left = bytes / ARENA_PAGE; left && reader->state == LIVE_READ; left -= pages) {
		pages = left < PAGES_AT_ONCE ? left : PAGES_AT_ONCE;
		if (!read_existence(reader, address, pages, exists))
			return;
		for (size_t first = 0, past; first < pages; first = past) {
			for (past = first + 1; past < pages && exists[past] == exists[first];)
				past++;
			if (!exists[first])
				continue;
			if (!read_memory(reader, address + first * ARENA_PAGE, reader->words,
					 (past - first) * ARENA_PAGE))
				return;
			each(reader, address + first * ARENA_PAGE, reader->words, (past - first) * WORDS_EACH_PAGE,
			     context);
		}
		address += pages * ARENA_PAGE;
	}
}

struct copy {
	uint64_t from;
	char *to;
	size_t size;
};

static void copy_piece(struct reader *reader, uint64_t address, const uint64_t *words, size_t count, void *context)
{
	const struct copy *copy = context;
	uint64_t start = address > copy->from ? address : copy->from;
	uint64_t end = address + count * sizeof(*words), copy_end = copy->from + copy->size;

	(void)reader;
	end = end < copy_end ? end : copy_end;
	if (start < end)
		memcpy(copy->to + (start - copy->from), (const char *)words + (start - address), end - start);
}

/* A table of which few pages exist; the others are zeros. */
static bool read_sparse(struct reader *reader, uint64_t address, void *to, size_t size)
{
	struct copy copy = {address, to, size};
	uint64_t start = address / ARENA_PAGE * ARENA_PAGE;
	uint64_t end = (address + size + ARENA_PAGE - 1) / ARENA_PAGE * ARENA_PAGE;

	memset(to, 0, size);
	if (address % sizeof(uint64_t) || address < ARENA_PAGE || address >> ADDRESS_BITS)
		reader->state = LIVE_UNREADABLE;
	if (reader->state == LIVE_READ)
		each_piece(reader, start, end - start, copy_piece, &copy);
	return reader->state == LIVE_READ;
}

/* ---- words ---- */

struct leaf {
	uint64_t memory;  /* of the process, that it speaks of */
	uint64_t address; /* its own */
	enum live_level level;
};

/* The address of a leaf that holds words, 0 none. */
static uint64_t leaf_in_use(int64_t leaf)
{
	if (leaf > 0)
		return (uint64_t)leaf;
	return leaf && leaf_state(leaf) == LEAF_RETIRING ? (uint64_t)leaf_address(leaf) : 0;
}

/* A word of level 512 that is not in the leaf at hand; 0 if there is none. */
static uint64_t word_elsewhere(struct reader *reader, uint64_t memory)
{
	uint64_t regions = memory >> ADDRESS_BITS ? 0 : reader->top[memory >> (REGION_BITS + REGIONS_BITS)];
	struct region region;
	uint64_t leaf, word;

	if (!regions || !read_memory(reader, regions + (memory >> REGION_BITS & (REGIONS - 1)) * sizeof(region),
				     &region, sizeof(region)))
		return 0;
	leaf = leaf_in_use(region.leaves[LEVEL_512]);
	if (!leaf ||
	    !read_memory(reader, leaf + ((memory & ((1 << REGION_BITS) - 1)) >> 9) * sizeof(word), &word, sizeof(word)))
		return 0;
	return word;
}

static void add_words(struct reader *reader, uint64_t address, const uint64_t *words, size_t count, void *context)
{
	const struct leaf *leaf = context;
	uint64_t memory = leaf->memory + ((address - leaf->address) / sizeof(*words) << shifts[leaf->level]);

	for (size_t i = 0; i < count && reader->state == LIVE_READ; i++) {
		uint64_t word = words[i], size = word & ((1u << SIZE_BITS) - 1);
		uint32_t site = (uint32_t)(word >> SITE_AT);

		if (!site || site == LIVE_MARK)
			continue;
		if (size >= SIZE_LARGE && leaf->level == LEVEL_512)
			size = live_large_size(size, i + 1 < count ? words[i + 1]
								   : word_elsewhere(reader, memory + ((i + 1) << 9)));
		add(reader, site, live_epoch_of(word, reader->process->epoch), size);
	}
}

static void read_leaf(struct reader *reader, struct leaf leaf)
{
	each_piece(reader, leaf.address, (sizeof(uint64_t) << REGION_BITS) >> shifts[leaf.level], add_words, &leaf);
}

static void read_map(struct reader *reader, uint64_t top)
{
	if (!top || !read_sparse(reader, top, reader->top, sizeof(reader->top)))
		return;
	for (uint64_t i = 0; i < LIVE_TOP_COUNT && reader->state == LIVE_READ; i++) {
		if (!reader->top[i] || !read_sparse(reader, reader->top[i], reader->regions, sizeof(reader->regions)))
			continue;
		for (uint64_t at = 0; at < REGIONS * (uint64_t)LIVE_LEVELS && reader->state == LIVE_READ; at++) {
			uint64_t region = at / LIVE_LEVELS;
			struct leaf leaf = {.memory = (i << REGIONS_BITS | region) << REGION_BITS,
					    .address = leaf_in_use(reader->regions[region].leaves[at % LIVE_LEVELS]),
					    .level = (enum live_level)(at % LIVE_LEVELS)};

			if (leaf.address)
				read_leaf(reader, leaf);
		}
	}
}

/* ---- the other tables ---- */

static void add_descriptors(struct reader *reader, uint64_t address, const uint64_t *words, size_t count, void *context)
{
	const uint64_t *chunk = context;

	/* entries lie across pages: whether one begins here is told by its distance from the start */
	for (size_t i = 0; i < count; i++)
		if ((address - *chunk + i * sizeof(*words)) % LIVE_DESCRIPTOR_SIZE == 0 && words[i])
			add(reader, (uint32_t)words[i], (uint32_t)(words[i] >> 32), 0);
}

static void read_descriptors(struct reader *reader, uint64_t table)
{
	uint64_t chunks[LIVE_DESCRIPTOR_CHUNKS];

	if (!read_sparse(reader, table, chunks, sizeof(chunks)))
		return;
	for (size_t i = 0; i < LIVE_DESCRIPTOR_CHUNKS && reader->state == LIVE_READ; i++)
		if (chunks[i])
			each_piece(reader, chunks[i], LIVE_DESCRIPTORS_EACH_CHUNK * LIVE_DESCRIPTOR_SIZE,
				   add_descriptors, &chunks[i]);
}

static void read_ranges(struct reader *reader, const struct live_roots *roots)
{
	struct live_range ranges[RANGES_AT_ONCE];
	uint64_t table, last_end = 0;
	uint32_t count;

	if (!read_memory(reader, roots->ranges, &table, sizeof(table)) ||
	    !read_memory(reader, roots->range_count, &count, sizeof(count)) || !table)
		return;
	count = count < LIVE_RANGES_MOST ? count : LIVE_RANGES_MOST;
	for (uint32_t i = 0; i < count; i++) {
		const struct live_range *range = &ranges[i % RANGES_AT_ONCE];
		uint32_t part = count - i < RANGES_AT_ONCE ? count - i : RANGES_AT_ONCE;

		if (i % RANGES_AT_ONCE == 0 &&
		    !read_memory(reader, table + i * sizeof(*range), ranges, part * sizeof(*range)))
			return;
		/* sorted and apart; one that is being moved may be seen twice */
		if (range->start < last_end || range->end <= range->start || range->end >> ADDRESS_BITS)
			continue;
		add(reader, range->site, range->birth_epoch, range->end - range->start);
		last_end = range->end;
	}
}

static void read_all(struct reader *reader)
{
	uint64_t tops[LIVE_MAPS];
	struct live_roots roots;

	if (!read_memory(reader, reader->process->roots, &roots, sizeof(roots)))
		return;
	if (roots.magic != LIVE_ROOTS_MAGIC) {
		reader->state = LIVE_UNREADABLE;
		return;
	}
	read_map(reader, roots.heap);
	if (read_memory(reader, roots.handles, tops, sizeof(tops)))
		for (int map = LIVE_HEAP + 1; map < LIVE_MAPS; map++)
			read_map(reader, tops[map]);
	read_descriptors(reader, roots.descriptors);
	read_ranges(reader, &roots);
}

/* ---- opening ---- */

static int open_part(uint32_t pid, const char *part)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, part);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static enum live_reading state_of(int cause)
{
	return cause == EACCES || cause == EPERM ? LIVE_NOT_PERMITTED : LIVE_UNREADABLE;
}

static enum live_reading open_and_read(struct reader *reader)
{
	reader->memory = open_part(reader->process->pid, "mem");
	if (reader->memory < 0)
		return state_of(errno);
	reader->pagemap = open_part(reader->process->pid, "pagemap");
	if (reader->pagemap < 0)
		return state_of(errno);
	read_all(reader);
	return reader->state;
}

enum live_reading live_read(const struct live_process *process, struct ages *out)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	enum live_reading state = LIVE_NO_MEMORY;

	*out = (struct ages){0};
	if (process->site_count < MOST_SITES)
		out->index = calloc((size_t)process->site_count + 1, sizeof(*out->index));
	if (reader && out->index) {
		reader->process = process;
		reader->ages = out;
		reader->memory = reader->pagemap = -1;
		state = open_and_read(reader);
		if (reader->memory >= 0)
			close(reader->memory);
		if (reader->pagemap >= 0)
			close(reader->pagemap);
	}
	free(reader);
	if (state != LIVE_READ)
		ages_release(out);
	return state;
}
