/* SPDX-License-Identifier: MIT */
/*
 * owners.h - who a process's private memory belongs to: the C library's heaps, the program's own mappings, threads'
 * stacks, Seep, files.
 *
 * From /proc/PID/maps and /proc/PID/pagemap, which need no privilege beyond that of reading one's own processes. Not
 * from smaps: neighbouring mappings of different owners are one to the kernel, and it holds the lock on the address
 * space for as long as the largest mapping takes (10 ms a GB), while pagemap holds it for 2 MB at a time. The cost is
 * the same for memory in use (8 ms a GB; 1 us a mapping), and goes with the address space where that is sparse: of
 * more than OWNERS_MOST_BYTES the rest is not looked through.
 *
 * What decides, in this order:
 *  - the ranges that the shim has told: Seep's own memory, what the program mapped, and programs and libraries from
 *    their first to their last variable;
 *  - [heap], [stack], and the C library's arenas: aligned to 64 MB, the unused rest without any right;
 *  - the stack of a thread, whose descriptor (pthread_t) the shim has told: from the guard below it to that descriptor,
 *    which lies at its top. A mapping has one stack at most, because each has its guard: that of the lowest;
 *  - private mappings of files;
 *  - other anonymous mappings, by size: below 128 kB (the C library's least threshold for blocks of their own) they are
 *    the loader's and other small ones.
 *
 * The page of zeros that is shared by all that was only ever read is told from memory by the kernel's own sum: pages
 * that no other process maps are certain; of the others only so many are taken as the sum allows.
 */
#ifndef SEEP_OWNERS_H
#define SEEP_OWNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../preload/arena.h"
#include "../base/model.h"

#define OWNERS_MOST_BYTES (UINT64_C(256) << 30)

enum owner {
	OWNER_HEAP,
	OWNER_ANONYMOUS,
	OWNER_MAPPING,
	OWNER_STACK,
	OWNER_SEEP,
	OWNER_FILE,
	OWNER_OTHER,
	OWNER_COUNT,
};

/* Part of an address space with one owner. */
struct owned {
	uint64_t start, end;
	enum owner owner;
};

/* What the shim has told. Borrowed; sorted in place; hostile. Of ranges that overlap the first one counts. */
struct told {
	struct owned *ranges; /* OWNER_SEEP, OWNER_MAPPING, OWNER_FILE; empty ones are skipped */
	size_t range_count;
	uint64_t *threads; /* pthread_t of threads that are, or were; 0 is skipped */
	size_t thread_count;
	bool is_complete; /* false: there are mappings of the program beside these */
};

/*
 * The private memory that a text of /proc/PID/maps lists, by owner, in order of address. Pure. Returns an array to be
 * freed, NULL when out of memory; *count of it.
 */
struct owned *owners_of_maps(const char *maps, struct told *told, size_t *count);

/* Pages of one owner: certain, and those that may be the page of zeros. */
struct owner_pages {
	uint64_t certain, possible;
	uint64_t address_space;
};
/* The look's parts from pages, and from the kernel's sum of all. Pure. */
void owners_sum(const struct owner_pages pages[OWNER_COUNT], int64_t total_bytes, struct model_look *out);

/*
 * Fills rss_anon, swap and the parts; what cannot be read is -1. The rest of `out` is left alone. False if there is no
 * such process, or it may not be looked at.
 */
bool owners_read(uint32_t pid, struct told *told, struct model_look *out);

#endif
