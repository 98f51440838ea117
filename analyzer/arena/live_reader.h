/* SPDX-License-Identifier: MIT */
/*
 * live_reader.h - how old is what a process holds: its tables of what lives (preload/live_layout.h), read from outside.
 *
 * They are private memory of the process, which goes on meanwhile and is trusted no more than the arena: every address
 * and length is checked, and what is read in all is limited. Read through /proc/PID/mem, which stays with the program
 * that was there at the opening; only pages that exist, so that nothing is put into the process's memory (but what
 * is in swap comes back).
 *
 * What it gives is exact for a process at rest, to the epoch (a second). In one that works, what came or went during
 * the reading may be in it or not. Of sampled blocks each counts with its weight (preload/weights.h).
 */
#ifndef SEEP_LIVE_READER_H
#define SEEP_LIVE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/model.h"

struct age_site {
	uint32_t site; /* the arena's */
	struct model_age ages[MODEL_AGES];
};

/* Zeroed is valid and empty; release with ages_release(). */
struct ages {
	struct age_site *sites; /* those that hold something */
	size_t count, capacity;
	uint32_t *index;    /* by site: its place in `sites` + 1, 0 none */
	uint64_t strangers; /* entries of sites that there are not */
	uint64_t bytes_read;
};
void ages_release(struct ages *ages);

struct live_process {
	uint32_t pid;
	uint64_t roots; /* slot_header.live_roots */
	uint32_t epoch; /* now */
	uint32_t site_count;
	const uint64_t *intervals; /* by site: what its blocks are sampled with, 0 not; NULL: none is sampled */
	uint64_t most_bytes;       /* read no more than that */
};

enum live_reading {
	LIVE_READ = 0,
	LIVE_NOT_PERMITTED, /* to look into that process */
	LIVE_TOO_LARGE,     /* for most_bytes */
	LIVE_UNREADABLE,    /* it has ended, or became another program; or its tables cannot be what they say */
	LIVE_NO_MEMORY,     /* here */
};

/* Anything but LIVE_READ leaves *out empty. */
enum live_reading live_read(const struct live_process *process, struct ages *out);

/* The place of an age in `ages`: 0 is less than a second, i > 0 is [2^(i - 1), 2^i) seconds. */
unsigned age_place(uint32_t seconds);

#endif
