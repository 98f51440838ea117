/* SPDX-License-Identifier: MIT */
/*
 * live.h - the live map: address of a block -> site, size, birth epoch.
 *
 * A shadow of the address space, found by shifts and loads: no hash, no lock, because a block's word belongs to whoever
 * owns the block. A word is written after the real malloc has returned and cleared before the real free is called.
 * Private memory, so that a forked child's map is that of its heap. Called inside a section (shim.h) only.
 *
 *	regions of 4 GB -> region of 1 MB -> its leaf of a level -> word of a granule
 *
 *	level   granule   blocks there (requested size)    of the memory they span
 *	512     512       512 and more                     1.6 %
 *	64      64        64 to 511                        12.5 %
 *	32      32        32 to 63                         25 %
 *	16      16        less than 32, at 0 modulo 16     50 %
 *	odd     16        less than 32, at 8 modulo 16     50 %
 *
 * glibc's chunk for n bytes is n + 8, rounded up to 16, at least 32 (malloc/malloc.c, "checked_request2size";
 * since 2.26, on x86-64): with its malloc the chunk's size chooses the level, and 32 is the lowest.
 *
 * Why two live blocks never want the same word: blocks do not overlap, so of two that begin in one granule the lower
 * would end in it too; but a block is at least as large as a granule of its level. This holds for any alignment, and
 * for a block that realloc shrinks, because that takes it out first. At the two lowest levels blocks may be smaller
 * than a granule; there the addresses suffice, as no allocator hands out less than 8 bytes of alignment.
 *
 * A free does not know the size: it looks for the word whose offset within 512 bytes is the block's, at one level after
 * the other; at most one level can have it. With glibc the chunk's header, which its free() reads as well, tells
 * where to look first.
 *
 * A release that was not seen leaves a word behind. Whoever enters another block into that granule finds it, and
 * gets it as *previous; that is when it is counted. An address entered again at another level leaves the older
 * word until then. An invalid free that two threads do at once may be counted twice: words are not exchanged
 * atomically.
 *
 * A size of 16,376 bytes or more stands in the word of the next granule of level 512, all of which the block covers.
 */
#ifndef SEEP_LIVE_H
#define SEEP_LIVE_H

#include "live_layout.h"
#include "state.h"

struct live_block {
	struct site_id site; /* .n 0: unknown */
	uint32_t birth_epoch;
	uint64_t size;
};

/* What had a word that another block takes: at its address, or beginning in the same granule. */
struct live_previous {
	struct live_block block;
	uintptr_t address;
};

/*
 * Enters a block; *previous gets what stood there (its release was not seen). False: no memory for that part of the
 * map. live_take() removes and returns the entry. Both are wait-free but for the mapping of new memory.
 */
static inline bool live_put(enum live_map map, uintptr_t address, struct live_block block,
			    struct live_previous *previous);
static inline struct live_block live_take(enum live_map map, uintptr_t address);

/* After the arena is mapped. False: no memory at all. */
bool live_init(void);

/*
 * Before a block is entered, outside of sections: once a second (`epoch`) gives memory of the map back that is not
 * needed any more. live_after_fork(): in the child, where the thread that did so is not.
 */
static inline void live_tick(uint32_t epoch);
void live_after_fork(void);

/* What the next definition of an allocation function is: blocks may lie closer than glibc's. */
void live_allocator_seen(const void *function);

/* ---- how: the part that the hottest hooks inline ---- */

typedef _Atomic(uint64_t) live_word;

/* Its leaves are as live_layout.h has them. */
struct live_region {
	_Atomic(intptr_t) leaves[LIVE_LEVELS];
	struct live_region *next; /* in the list of all that have leaves */
	_Atomic(uint32_t) is_listed;
	uint16_t seen[LIVE_LEVELS]; /* live_sweep.c: a word that was in use */
} __attribute__((aligned(64)));

typedef _Atomic(struct live_region *) live_top[LIVE_TOP_COUNT];
extern live_top live_heap;

/* Which level a size goes to, as the allocator in use allows. */
struct live_sizes {
	uint32_t slack;     /* a block of n bytes takes n + slack, less what rounding down to 16 takes off */
	bool reads_chunks;  /* glibc's: the word before a block is the size of its chunk, with three flags */
	uint8_t levels[17]; /* enum live_level by (size + slack) / 32, at most 16 */
};
extern struct live_sizes live_sizes;

extern const uint8_t live_shifts[LIVE_LEVELS];

static inline enum live_level live_level_of(uint64_t size)
{
	return (enum live_level)live_sizes.levels[(size < 512 ? size : 512) / 32];
}

/* Any address gets a region: those beyond 2^47 are refused by the slow paths, and are not there to be found. */
static inline struct live_region *live_region(live_top top, uintptr_t address)
{
	struct live_region *regions;

	if (UNLIKELY(address >> ADDRESS_BITS))
		return NULL;
	regions = atomic_load_explicit(&top[address >> (REGION_BITS + REGIONS_BITS)], memory_order_acquire);
	return LIKELY(regions != NULL) ? &regions[address >> REGION_BITS & ((1 << REGIONS_BITS) - 1)] : NULL;
}

/*
 * With other allocators than glibc's: the level of the block entered last in each page, by the page's lowest bits. Most
 * of them give a page to blocks of one size. A wrong one costs a look at the other levels.
 */
enum { LIVE_HINT_BITS = 16 };
extern uint8_t live_hints[1 << LIVE_HINT_BITS];

static inline uint8_t *live_hint(uintptr_t address)
{
	return &live_hints[address >> 12 & ((1 << LIVE_HINT_BITS) - 1)];
}

static inline live_word *live_word_in(intptr_t leaf, enum live_level level, uintptr_t address)
{
	return (live_word *)leaf + ((address & ((1 << REGION_BITS) - 1)) >> live_shifts[level]);
}

static inline uint64_t live_offset_bits(uintptr_t address)
{
	return (address >> 3 & ((1 << OFFSET_BITS) - 1)) << OFFSET_AT;
}

static inline bool live_word_is_of(uint64_t word, uintptr_t address)
{
	return word >> SITE_AT && ((word ^ live_offset_bits(address)) & live_offset_bits(UINTPTR_MAX)) == 0;
}

static inline struct live_block live_block_of(uint64_t word)
{
	return (struct live_block){.site = {(uint32_t)(word >> SITE_AT)},
				   .birth_epoch = live_epoch_of(word, epoch_read()),
				   .size = word & ((1u << SIZE_BITS) - 1)};
}

bool live_heap_put(uintptr_t address, struct live_block block, struct live_previous *previous);
struct live_block live_heap_take(uintptr_t address);
bool live_handle_put(enum live_map map, uintptr_t key, struct live_block block, struct live_previous *previous);
struct live_block live_handle_take(enum live_map map, uintptr_t key);

static inline uint64_t live_word_make(uintptr_t address, struct live_block block)
{
	return (uint64_t)block.site.n << SITE_AT |
	       (uint64_t)(block.birth_epoch & ((1u << LIVE_EPOCH_BITS) - 1)) << EPOCH_AT | live_offset_bits(address) |
	       block.size;
}

static inline __attribute__((always_inline)) bool live_put(enum live_map map, uintptr_t address,
							   struct live_block block, struct live_previous *previous)
{
	struct live_region *region;
	enum live_level level;
	live_word *word;
	intptr_t leaf;

	if (map != LIVE_HEAP)
		return live_handle_put(map, address, block, previous);
	region = live_region(live_heap, address);
	level = live_level_of(block.size + live_sizes.slack);
	if (UNLIKELY(!region || block.size >= SIZE_LARGE || (address & 8)))
		return live_heap_put(address, block, previous);
	leaf = atomic_load_explicit(&region->leaves[level], memory_order_acquire);
	if (UNLIKELY(leaf <= 0))
		return live_heap_put(address, block, previous);
	word = live_word_in(leaf, level, address);
	if (UNLIKELY(atomic_load_explicit(word, memory_order_relaxed)))
		return live_heap_put(address, block, previous);
	if (UNLIKELY(!live_sizes.reads_chunks) && *live_hint(address) != level)
		*live_hint(address) = (uint8_t)level;
	previous->block.site.n = 0;
	atomic_store_explicit(word, live_word_make(address, block), memory_order_relaxed);
	return true;
}

static inline __attribute__((always_inline)) struct live_block live_take(enum live_map map, uintptr_t address)
{
	struct live_region *region;
	struct live_block block;
	enum live_level level;
	live_word *word;
	uint64_t value;
	intptr_t leaf;

	if (map != LIVE_HEAP)
		return live_handle_take(map, address);
	region = live_region(live_heap, address);
	if (UNLIKELY(!region))
		return live_heap_take(address);
	if (LIKELY(live_sizes.reads_chunks)) {
		/* the chunk's header may have to come from memory: the word that the level of before leads to comes too
		 */
		leaf = atomic_load_explicit(&region->leaves[local.live_level], memory_order_relaxed);
		if (LIKELY(leaf > 0))
			__builtin_prefetch((const void *)live_word_in(leaf, (enum live_level)local.live_level, address),
					   1);
		level = live_level_of(((const uint64_t *)address)[-1] & ~UINT64_C(7));
		local.live_level = (uint8_t)level;
	} else {
		level = (enum live_level) * live_hint(address);
	}
	leaf = atomic_load_explicit(&region->leaves[level], memory_order_acquire);
	if (UNLIKELY(leaf <= 0))
		return live_heap_take(address);
	word = live_word_in(leaf, level, address);
	value = atomic_load_explicit(word, memory_order_relaxed);
	block = live_block_of(value);
	if (UNLIKELY(!live_word_is_of(value, address) || block.size >= SIZE_LARGE))
		return live_heap_take(address);
	atomic_store_explicit(word, 0, memory_order_relaxed);
	return block;
}

extern _Atomic(uint32_t) live_swept_epoch;
void live_sweep(uint32_t epoch);

static inline void live_tick(uint32_t epoch)
{
	if (UNLIKELY(atomic_load_explicit(&live_swept_epoch, memory_order_relaxed) != epoch))
		live_sweep(epoch);
}

#endif
