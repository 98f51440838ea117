/* SPDX-License-Identifier: MIT */
#include "live.h"

#include "sys.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

/*
 * The word: site 20 bits, birth epoch 24 bits (modulo 2^24 seconds, 194 days), size 20 bits.
 * LARGE in the size field: the size is in the next granule's word, with its lowest bit set, so that it is not zero.
 */
enum { SITE_BITS = 20, EPOCH_BITS = 24, SIZE_BITS = 20, GRANULE_BITS = 4, LEAF_BITS = 26, ADDRESS_BITS = 47 };
#define SIZE_LARGE ((UINT64_C(1) << SIZE_BITS) - 1)
#define EPOCH_MASK ((UINT32_C(1) << EPOCH_BITS) - 1)
#define LEAF_ENTRIES (UINT64_C(1) << (LEAF_BITS - GRANULE_BITS))
#define ROOT_ENTRIES (UINT64_C(1) << (ADDRESS_BITS - LEAF_BITS))

typedef _Atomic(uint64_t) entry;

struct shadow {
	_Atomic(entry *) *leaves; /* ROOT_ENTRIES, each NULL or LEAF_ENTRIES entries */
};

/* One for each enum live_map, and one more for heap blocks at 8 modulo 16. */
enum { SHADOW_ODD = LIVE_THREADS + 1, SHADOW_COUNT };
static struct shadow shadows[SHADOW_COUNT];

static bool shadow_init(struct shadow *shadow)
{
	shadow->leaves = pages_map(ROOT_ENTRIES * sizeof(*shadow->leaves));
	return shadow->leaves != NULL;
}

/* The kernel empties it in a child, however that is made; the leaves are the child's loss. */
static void shadow_end_at_fork(struct shadow *shadow)
{
	sys_madvise(shadow->leaves, ROOT_ENTRIES * sizeof(*shadow->leaves), MADV_WIPEONFORK);
}

bool live_init(void)
{
	for (int i = 0; i < SHADOW_COUNT; i++)
		if (!shadow_init(&shadows[i]))
			return false;
	shadow_end_at_fork(&shadows[LIVE_THREADS]);
	shadow_end_at_fork(&shadows[LIVE_TIMERS]);
	return true;
}

static COLD entry *leaf_create(_Atomic(entry *) *place)
{
	entry *fresh = pages_map(LEAF_ENTRIES * sizeof(entry));
	entry *standing = NULL;

	if (!fresh)
		return NULL;
	if (atomic_compare_exchange_strong(place, &standing, fresh))
		return fresh;
	sys_munmap(fresh, LEAF_ENTRIES * sizeof(entry));
	return standing;
}

static inline entry *entry_of(struct shadow *shadow, uintptr_t address, bool create)
{
	_Atomic(entry *) *place;
	entry *leaf;

	if (UNLIKELY(address >> ADDRESS_BITS))
		return NULL;
	place = &shadow->leaves[address >> LEAF_BITS];
	leaf = atomic_load_explicit(place, memory_order_acquire);
	if (UNLIKELY(!leaf)) {
		if (!create || !(leaf = leaf_create(place)))
			return NULL;
	}
	return &leaf[(address >> GRANULE_BITS) & (LEAF_ENTRIES - 1)];
}

/* The full birth epoch: the youngest one not after now that has these low bits. */
static uint32_t epoch_expand(uint32_t low)
{
	uint32_t now = epoch_now();

	return now - ((now - low) & EPOCH_MASK);
}

static struct live_block block_of(struct shadow *shadow, uintptr_t address, uint64_t word)
{
	struct live_block block = {.site = {(uint32_t)(word >> (EPOCH_BITS + SIZE_BITS))}, .size = word & SIZE_LARGE};
	entry *second;

	if (block.site.n == 0)
		return block;
	block.birth_epoch = epoch_expand((uint32_t)(word >> SIZE_BITS) & EPOCH_MASK);
	if (UNLIKELY(block.size == SIZE_LARGE)) {
		second = entry_of(shadow, address + (1 << GRANULE_BITS), false);
		block.size = second ? atomic_exchange_explicit(second, 0, memory_order_relaxed) >> 1 : 0;
	}
	return block;
}

static bool shadow_put(struct shadow *shadow, uintptr_t address, struct live_block block, struct live_block *previous)
{
	entry *place = entry_of(shadow, address, true);
	uint64_t size = block.size, word;
	entry *second;

	*previous = (struct live_block){.size = 0};
	if (UNLIKELY(!place))
		return false;
	word = atomic_load_explicit(place, memory_order_relaxed);
	if (UNLIKELY(word))
		*previous = block_of(shadow, address, word);
	if (UNLIKELY(size >= SIZE_LARGE)) {
		second = entry_of(shadow, address + (1 << GRANULE_BITS), true);
		if (!second)
			return false;
		atomic_store_explicit(second, size << 1 | 1, memory_order_relaxed);
		size = SIZE_LARGE;
	}
	atomic_store_explicit(place,
			      (uint64_t)block.site.n << (EPOCH_BITS + SIZE_BITS) |
				      (uint64_t)(block.birth_epoch & EPOCH_MASK) << SIZE_BITS | size,
			      memory_order_relaxed);
	return true;
}

static struct live_block shadow_take(struct shadow *shadow, uintptr_t address)
{
	entry *place = entry_of(shadow, address, false);
	uint64_t word;

	if (!place || atomic_load_explicit(place, memory_order_relaxed) == 0)
		return (struct live_block){.size = 0};
	word = atomic_exchange_explicit(place, 0, memory_order_relaxed);
	return block_of(shadow, address, word);
}

static inline struct shadow *shadow_of(enum live_map map, uintptr_t address)
{
	return &shadows[UNLIKELY(address & 8) ? SHADOW_ODD : map];
}

bool live_put(enum live_map map, uintptr_t address, struct live_block block, struct live_block *previous)
{
	return shadow_put(shadow_of(map, address), address, block, previous);
}

struct live_block live_take(enum live_map map, uintptr_t address)
{
	return shadow_take(shadow_of(map, address), address);
}
