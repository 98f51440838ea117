/* SPDX-License-Identifier: MIT */
#include "live.h"

#include <link.h>
#include <string.h>

#include "hooks.h"
#include "live_leaf.h"
#include "reserve.h"
#include "sys.h"

const uint8_t live_shifts[LIVE_LEVELS] = LIVE_SHIFTS;

/* For any allocator, until glibc's is known to be the only one. */
struct live_sizes live_sizes = {
	.levels = {LEVEL_16, LEVEL_32, LEVEL_64, LEVEL_64, LEVEL_64, LEVEL_64, LEVEL_64, LEVEL_64, LEVEL_64, LEVEL_64,
		   LEVEL_64, LEVEL_64, LEVEL_64, LEVEL_64, LEVEL_64, LEVEL_64, LEVEL_512},
};

live_top live_heap;
uint8_t live_hints[1 << LIVE_HINT_BITS];
_Atomic(struct live_region *) live_regions;

_Atomic(_Atomic(struct live_region *) *) live_handle_tops[LIVE_MAPS];
/* The level that each of the other maps keeps to. */
static const uint8_t handle_levels[LIVE_MAPS] = {
	[LIVE_HANDLES] = LEVEL_64,
	[LIVE_TIMERS] = LEVEL_64,
	[LIVE_WATCHES] = LEVEL_16,
	[LIVE_THREADS] = LEVEL_512,
};

/* ---- what the allocator allows ---- */

static bool is_known_sparse(const void *function)
{
	const struct link_map *library = real_library(function);
	const char *name = library ? strrchr(library->l_name, '/') : NULL;

	return real_is_libcs(function) ||
	       (name && strcmp(name, "/libstdc++.so.6") == 0); /* its operator new calls malloc */
}

/* Blocks entered so far stay where they are: a take looks at every level. */
void live_allocator_seen(const void *function)
{
	if (!live_sizes.reads_chunks || is_known_sparse(function))
		return;
	live_sizes.reads_chunks = false;
	live_sizes.slack = 0;
	live_sizes.levels[0] = LEVEL_16;
}

bool live_init(void)
{
	if (!REAL(malloc))
		return true;
	live_sizes.levels[0] = LEVEL_32;
	live_sizes.slack = 23; /* 8 for the header, 15 to round up */
	live_sizes.reads_chunks = true;
	for (int hook = 0; hook < HEAP_HOOK_END; hook++)
		if (real_functions[hook])
			live_allocator_seen(real_functions[hook]);
	return true;
}

/* ---- the radix ---- */

/* Memory for one leaf that a thread took and another was quicker to put in place; 0 none. */
static _Atomic(intptr_t) spares[LIVE_LEVELS];

static intptr_t leaf_memory(enum live_level level)
{
	intptr_t spare = atomic_exchange(&spares[level], 0);

	return spare ? spare : (intptr_t)reserve_take(leaf_bytes(level));
}

static COLD void region_list(struct live_region *region)
{
	if (atomic_exchange(&region->is_listed, 1))
		return;
	region->next = atomic_load(&live_regions);
	while (!atomic_compare_exchange_weak(&live_regions, &region->next, region))
		;
}

/* The leaf of a level in use, made or taken back; 0 if there is no memory for it. */
static COLD intptr_t leaf_use(struct live_region *region, enum live_level level)
{
	intptr_t leaf = atomic_load_explicit(&region->leaves[level], memory_order_acquire);

	while (leaf <= 0) {
		bool is_there = leaf && leaf_state(leaf) != LEAF_DISCARDING;
		intptr_t wanted = is_there ? leaf_address(leaf) : leaf_memory(level), none = 0;

		if (!wanted)
			return 0;
		if (atomic_compare_exchange_strong(&region->leaves[level], &leaf, wanted))
			return wanted;
		if (!is_there)
			atomic_compare_exchange_strong(&spares[level], &none, wanted);
	}
	return leaf;
}

static COLD struct live_region *regions_make(_Atomic(struct live_region *) *place)
{
	struct live_region *fresh = reserve_take(sizeof(*fresh) << REGIONS_BITS), *standing = NULL;

	if (!fresh)
		return NULL;
	return atomic_compare_exchange_strong(place, &standing, fresh) ? fresh : standing;
}

/* The word to write: its leaf is in use. NULL: no memory, or no such address. */
static live_word *word_to_put(_Atomic(struct live_region *) *top, uintptr_t address, enum live_level level)
{
	struct live_region *region = live_region(top, address);
	intptr_t leaf;

	if (UNLIKELY(!region)) {
		if (address >> ADDRESS_BITS || !regions_make(&top[address >> (REGION_BITS + REGIONS_BITS)]))
			return NULL;
		region = live_region(top, address);
	}
	leaf = atomic_load_explicit(&region->leaves[level], memory_order_acquire);
	if (UNLIKELY(leaf <= 0)) {
		leaf = leaf_use(region, level);
		if (top == live_heap)
			region_list(region);
	}
	return leaf ? live_word_in(leaf, level, address) : NULL;
}

/* The word to look at; NULL: there is nothing. */
static live_word *word_to_take(_Atomic(struct live_region *) *top, uintptr_t address, enum live_level level)
{
	struct live_region *region = live_region(top, address);
	intptr_t leaf;

	if (!region)
		return NULL;
	leaf = atomic_load_explicit(&region->leaves[level], memory_order_acquire);
	if (UNLIKELY(leaf < 0))
		leaf = leaf_state(leaf) == LEAF_RETIRING ? leaf_address(leaf) : 0;
	return leaf ? live_word_in(leaf, level, address) : NULL;
}

/* ---- words ---- */

static live_word *second_to_take(uintptr_t address)
{
	return word_to_take(live_heap, address + 512, LEVEL_512);
}

/* What the word at an address says, and the rest of its size, which is taken out. */
static struct live_block block_take(uintptr_t address, uint64_t value)
{
	struct live_block block = live_block_of(value);
	live_word *second;
	uint64_t low;

	if (block.size < SIZE_LARGE)
		return block;
	second = second_to_take(address);
	low = second ? atomic_load_explicit(second, memory_order_relaxed) : 0;
	block.size = live_large_size(block.size, low);
	if (low)
		atomic_store_explicit(second, 0, memory_order_relaxed);
	return block;
}

/* A block whose word another one takes: its address is given by the granule and the offset. */
static struct live_previous block_displace(uintptr_t address, uint64_t value)
{
	uintptr_t offset = (value >> OFFSET_AT & ((1 << OFFSET_BITS) - 1)) << 3;
	struct live_previous previous = {.block = {.size = 0}, .address = (address & ~(uintptr_t)511) | offset};

	if (!(value >> SITE_AT) || (value >> SITE_AT == LIVE_MARK && !live_word_is_of(value, address)))
		return previous;
	previous.block = block_take(previous.address, value);
	return previous;
}

/* ---- blocks ---- */

/* Stores the size and leaves in block->size what the word holds of it. */
static bool size_put(uintptr_t address, struct live_block *block, struct live_previous *previous)
{
	live_word *second = word_to_put(live_heap, address + 512, LEVEL_512);
	uint64_t value;

	if (!second)
		return false;
	value = atomic_load_explicit(second, memory_order_relaxed);
	if (UNLIKELY(value >> SITE_AT) && !previous->block.site.n)
		*previous = block_displace(address + 512, value);
	atomic_store_explicit(second, block->size & LARGE_LOW_MASK, memory_order_relaxed);
	block->size = SIZE_LARGE | block->size >> SITE_AT;
	return true;
}

bool live_heap_put(uintptr_t address, struct live_block block, struct live_previous *previous)
{
	enum live_level level = live_level_of(block.size + live_sizes.slack);
	live_word *word;

	previous->block.site.n = 0;
	if (UNLIKELY(address & 8) && level == LEVEL_16)
		level = LEVEL_ODD;
	word = word_to_put(live_heap, address, level);
	if (UNLIKELY(!word))
		return false;
	*previous = block_displace(address, atomic_load_explicit(word, memory_order_relaxed));
	if (block.size >= SIZE_LARGE && !size_put(address, &block, previous))
		return false;
	atomic_store_explicit(word, live_word_make(address, block), memory_order_relaxed);
	return true;
}

struct live_block live_heap_take(uintptr_t address)
{
	static const uint8_t order[] = {LEVEL_64, LEVEL_32, LEVEL_512};

	for (size_t i = 0; i <= sizeof(order); i++) {
		enum live_level lowest = address & 8 ? LEVEL_ODD : LEVEL_16;
		live_word *word = word_to_take(live_heap, address, i < sizeof(order) ? order[i] : lowest);
		uint64_t value = word ? atomic_load_explicit(word, memory_order_relaxed) : 0;

		if (!live_word_is_of(value, address))
			continue;
		atomic_store_explicit(word, 0, memory_order_relaxed);
		return block_take(address, value);
	}
	return (struct live_block){.size = 0};
}

/* ---- handles ---- */

static COLD _Atomic(struct live_region *) *handle_top_make(enum live_map map)
{
	_Atomic(struct live_region *) *fresh = pages_map(sizeof(live_top)), *standing = NULL;

	if (!fresh)
		return NULL;
	/* the kernel empties it in a child, however that is made; what hangs on it is the child's loss */
	if (map == LIVE_TIMERS || map == LIVE_THREADS)
		sys_madvise(fresh, sizeof(live_top), MADV_WIPEONFORK);
	if (atomic_compare_exchange_strong(&live_handle_tops[map], &standing, fresh))
		return fresh;
	sys_munmap(fresh, sizeof(live_top));
	return standing;
}

bool live_handle_put(enum live_map map, uintptr_t key, struct live_block block, struct live_previous *previous)
{
	_Atomic(struct live_region *) *top = atomic_load_explicit(&live_handle_tops[map], memory_order_acquire);
	live_word *word;

	previous->block.site.n = 0;
	if (UNLIKELY(!top))
		top = handle_top_make(map);
	word = top ? word_to_put(top, key, (enum live_level)handle_levels[map]) : NULL;
	if (!word)
		return false;
	*previous = block_displace(key, atomic_load_explicit(word, memory_order_relaxed));
	atomic_store_explicit(word, live_word_make(key, block), memory_order_relaxed);
	return true;
}

struct live_block live_handle_take(enum live_map map, uintptr_t key)
{
	_Atomic(struct live_region *) *top = atomic_load_explicit(&live_handle_tops[map], memory_order_acquire);
	live_word *word = top ? word_to_take(top, key, (enum live_level)handle_levels[map]) : NULL;
	uint64_t value = word ? atomic_load_explicit(word, memory_order_relaxed) : 0;

	if (!live_word_is_of(value, key))
		return (struct live_block){.size = 0};
	atomic_store_explicit(word, 0, memory_order_relaxed);
	return live_block_of(value);
}
