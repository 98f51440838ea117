/* SPDX-License-Identifier: MIT */
/*
 * live_layout.h - how the tables of what lives lie in a process's memory: the live map (live.h says why so), the
 * descriptors, the mappings. For the shim, which fills them, and for the recorder, which reads them from outside to
 * tell the ages of what lives.
 *
 *	slot_header.live_roots -> struct live_roots -> the tables
 *
 *	top of a map    LIVE_TOP_COUNT addresses of 1 << REGIONS_BITS regions each (4 GB), 0 none
 *	region          64 bytes for 1 MB: the leaf of each level, and more that is the shim's alone
 *	leaf            a word for each granule of its level, 0 none
 *	word            site << SITE_AT | epoch << EPOCH_AT | offset << OFFSET_AT | size
 *
 * The addresses stay as they are while the process lives, and are the same in a forked child.
 */
#ifndef SEEP_LIVE_LAYOUT_H
#define SEEP_LIVE_LAYOUT_H

#include <assert.h>
#include <stdint.h>

/*
 * Handles are known by addresses that may be heap blocks' as well, or by numbers: maps of their own, without sizes.
 * What two keys must differ by: HANDLES and TIMERS 64, THREADS 512, WATCHES 16; keys are below 2^47.
 * Those of threads and POSIX timers are empty in a forked child, as the child has none of either.
 */
enum live_map { LIVE_HEAP, LIVE_HANDLES, LIVE_TIMERS, LIVE_WATCHES, LIVE_THREADS, LIVE_MAPS };

/* Not a site: a mark that the shim may leave at an address. Dropped when another address gets its granule. */
enum { LIVE_MARK = (1 << 20) - 1 };

enum live_level { LEVEL_512, LEVEL_64, LEVEL_32, LEVEL_16, LEVEL_ODD, LIVE_LEVELS };
/* By level: the granule's bytes, as a power of 2. */
#define LIVE_SHIFTS                                                                              \
	{                                                                                        \
		[LEVEL_512] = 9, [LEVEL_64] = 6, [LEVEL_32] = 5, [LEVEL_16] = 4, [LEVEL_ODD] = 4 \
	}

enum { REGION_BITS = 20, REGIONS_BITS = 12, ADDRESS_BITS = 47 };
enum { LIVE_TOP_COUNT = 1 << (ADDRESS_BITS - REGION_BITS - REGIONS_BITS) };
enum { SIZE_BITS = 14, OFFSET_BITS = 6, LIVE_EPOCH_BITS = 24, OFFSET_AT = SIZE_BITS, EPOCH_AT = 20, SITE_AT = 44 };

/* A word's size from here on has bits 44 to 46 of the size; the others are the word of the next granule. */
#define SIZE_LARGE ((UINT64_C(1) << SIZE_BITS) - 8)
#define LARGE_LOW_MASK ((UINT64_C(1) << SITE_AT) - 1)
#define LARGE_HIGH_MASK UINT64_C(7)

static inline uint64_t live_large_size(uint64_t size_of_word, uint64_t next_word)
{
	return (size_of_word & LARGE_HIGH_MASK) << SITE_AT | (next_word & LARGE_LOW_MASK);
}

/* The full birth epoch of a word: the youngest one not after now that has these low bits. */
static inline uint32_t live_epoch_of(uint64_t word, uint32_t now)
{
	return now - ((now - (uint32_t)(word >> EPOCH_AT)) & ((1u << LIVE_EPOCH_BITS) - 1));
}

/* A leaf as its region has it: 0 none, positive its address, negative: on its way back to the system (live_leaf.h). */
enum leaf_state { LEAF_RETIRING, LEAF_DISCARDING, LEAF_IDLE };

static inline intptr_t leaf_address(intptr_t leaf)
{
	return leaf & INTPTR_MAX & ~(intptr_t)3;
}

/* Of a negative one. */
static inline enum leaf_state leaf_state(intptr_t leaf)
{
	return (enum leaf_state)(leaf & 3);
}

/* An open descriptor begins with its site and, from bit 32 on, its birth epoch; 0: not open. */
enum { LIVE_DESCRIPTOR_SIZE = 24, LIVE_DESCRIPTORS_EACH_CHUNK = 1024, LIVE_DESCRIPTOR_CHUNKS = 1024 };

struct live_range {
	uint64_t start, end;
	uint32_t site, birth_epoch;
	uint64_t reserved;
};
static_assert(sizeof(struct live_range) == 32, "fixed");
enum { LIVE_RANGES_MOST = 1 << 16 };

#define LIVE_ROOTS_MAGIC UINT64_C(0x31544f4f5245564c) /* "LVEROOT1", little endian */
struct live_roots {
	uint64_t magic;
	uint64_t heap;        /* the top of its map */
	uint64_t handles;     /* addresses of tops by enum live_map, 0 none; LIVE_HEAP has none */
	uint64_t descriptors; /* LIVE_DESCRIPTOR_CHUNKS addresses of chunks, 0 none */
	uint64_t ranges;      /* the address of the address of the first range, */
	uint64_t range_count; /* and that of their number, 32 bits */
};

#endif
