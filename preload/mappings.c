/* SPDX-License-Identifier: MIT */
/*
 * mappings.c - mmap, munmap, mremap.
 *
 * The table is a sorted array of ranges under a spin lock: mappings come rarely and as ranges, which no shadow fits.
 * The lock is held for a few stores, inside a section (so never at a fork) and never across a real call; a signal
 * handler that maps while its own thread holds it is counted as dropped. A range that munmap() cuts in two counts as
 * two from then on, as it does for the kernel.
 *
 * The recorder sees the ranges in a table of the slot, where each keeps the entry that it got at first: /proc/PID tells
 * what of them is in memory, but not whose a mapping is.
 *
 * What an allocator maps for itself is the allocator's: it is seen as blocks, and here only added up.
 */
#include <link.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "cost.h"
#include "heap.h"
#include "live_roots.h"
#include "sys.h"

struct range {
	uintptr_t start, end;
	struct site_id site;
	uint32_t birth_epoch;
	uint32_t entry; /* of the slot's table, from 1; 0: none */
};

enum { RANGES_MAX = LIVE_RANGES_MOST, FREE_ENTRIES_MAX = 1 << 12 };
/* what pages_map() gives: the ranges, and the table's free entries */
enum { RANGES_BYTES = RANGES_MAX * sizeof(struct range) + FREE_ENTRIES_MAX * sizeof(uint32_t) };

static struct range *ranges;
static uint32_t range_count;
static uint32_t free_entry_count;
static _Atomic(struct thread *) ranges_owner;

static uintptr_t allocator_start, allocator_end;

static_assert(sizeof(struct range) == sizeof(struct live_range) &&
		      offsetof(struct range, site) == offsetof(struct live_range, site) &&
		      offsetof(struct range, birth_epoch) == offsetof(struct live_range, birth_epoch),
	      "as live_layout.h says");

void mappings_describe(struct live_roots *roots)
{
	roots->ranges = (uintptr_t)&ranges;
	roots->range_count = (uintptr_t)&range_count;
}

/* ---- the lock ---- */

static bool ranges_lock(struct section *section)
{
	struct thread *nobody = NULL;

	*section = section_begin();
	while (!atomic_compare_exchange_weak_explicit(&ranges_owner, &nobody, section->thread, memory_order_acquire,
						      memory_order_relaxed)) {
		if (nobody == section->thread) {
			section_end(*section);
			trust_add(TRUST_DROPPED_EVENTS, 1);
			return false;
		}
		nobody = NULL;
		__builtin_ia32_pause();
	}
	return true;
}

static void ranges_unlock(struct section section)
{
	atomic_store_explicit(&ranges_owner, NULL, memory_order_release);
	section_end(section);
}

void mappings_after_fork(void)
{
	atomic_store(&ranges_owner, NULL);
}

/* ---- the slot's table ---- */

static uint32_t *free_entries(void)
{
	return (uint32_t *)(ranges + RANGES_MAX);
}

static uint32_t entry_take(void)
{
	struct slot_header *header = shim.slot.header;
	uint32_t entry = header->mappings_used;

	if (free_entry_count)
		return free_entries()[--free_entry_count];
	if (entry == shim.arena->mapping_capacity ||
	    !region_ensure(&shim.slot.mappings_region, (entry + 1) * sizeof(struct arena_range)))
		return 0;
	__atomic_store_n(&header->mappings_used, entry + 1, __ATOMIC_RELEASE);
	return entry + 1;
}

/* NULL: the entry is in a part of the table that a fork's child has no pages for. */
static struct arena_range *entry_at(uint32_t entry)
{
	struct region *region = &shim.slot.mappings_region;

	if (!entry || entry * sizeof(struct arena_range) > atomic_load_explicit(&region->ready, memory_order_acquire))
		return NULL;
	return (struct arena_range *)region->base + entry - 1;
}

static void range_tell(const struct range *range)
{
	struct arena_range *told = entry_at(range->entry);

	if (!told)
		return;
	told->start = range->start;
	told->end = range->end;
}

static void range_tell_new(struct range *range)
{
	range->entry = entry_take();
	if (!range->entry)
		shim.slot.header->mappings_untold++;
	range_tell(range);
}

static void range_untell(const struct range *range)
{
	struct arena_range *told = entry_at(range->entry);

	if (told)
		*told = (struct arena_range){0, 0};
	if (!range->entry && shim.slot.header->mappings_untold)
		shim.slot.header->mappings_untold--;
	else if (range->entry && free_entry_count < FREE_ENTRIES_MAX)
		free_entries()[free_entry_count++] = range->entry;
}

/* ---- the table ---- */

/* The first range that ends above an address. */
static uint32_t range_find(uintptr_t address)
{
	uint32_t low = 0, high = range_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (ranges[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool range_insert(uint32_t at, struct range range)
{
	if (range_count == RANGES_MAX) {
		trust_add(TRUST_LOST_ENTRIES, 1);
		return false;
	}
	memmove(&ranges[at + 1], &ranges[at], (range_count - at) * sizeof(*ranges));
	ranges[at] = range;
	range_tell_new(&ranges[at]);
	range_count++;
	return true;
}

static void range_remove(uint32_t at)
{
	range_untell(&ranges[at]);
	range_count--;
	memmove(&ranges[at], &ranges[at + 1], (range_count - at) * sizeof(*ranges));
}

/* Takes [start, end) out of the range at an index that overlaps it; returns the bytes taken. */
static uint64_t range_cut(uint32_t at, uintptr_t start, uintptr_t end)
{
	struct range range = ranges[at];
	uintptr_t from = range.start > start ? range.start : start, to = range.end < end ? range.end : end;
	bool keeps_head = range.start < from, keeps_tail = to < range.end;

	count_release(range.site, keeps_head || keeps_tail ? 0 : 1, to - from, range.birth_epoch);
	if (keeps_head && keeps_tail) {
		struct range tail = {to, range.end, range.site, range.birth_epoch, 0};

		ranges[at].end = from;
		range_tell(&ranges[at]);
		if (range_insert(at + 1, tail))
			count_acquire(range.site, 1, 0, range.birth_epoch);
	} else if (keeps_head) {
		ranges[at].end = from;
		range_tell(&ranges[at]);
	} else if (keeps_tail) {
		ranges[at].start = to;
		range_tell(&ranges[at]);
	} else {
		range_remove(at);
	}
	return to - from;
}

/* Everything tracked in [start, end) is released; returns how many bytes that were. */
static uint64_t ranges_cut(uintptr_t start, uintptr_t end)
{
	uint64_t bytes = 0;
	uint32_t at;

	while ((at = range_find(start)) < range_count && ranges[at].start < end)
		bytes += range_cut(at, start, end);
	return bytes;
}

/* ---- recording ---- */

static bool mappings_ready(void)
{
	struct range *fresh, *standing = NULL;
	struct dl_find_object object;

	if (LIKELY(__atomic_load_n(&ranges, __ATOMIC_ACQUIRE) != NULL))
		return true;
	fresh = pages_map(RANGES_BYTES);
	if (!fresh)
		return false;
	/* only an allocator in a library of its own has mmap calls that can be told from the program's */
	if (_dl_find_object((void *)REAL(malloc), &object) == 0 && object.dlfo_link_map->l_name[0] &&
	    !strstr(object.dlfo_link_map->l_name, "/libc.so") && !strstr(object.dlfo_link_map->l_name, "/libc-")) {
		allocator_start = (uintptr_t)object.dlfo_map_start;
		allocator_end = (uintptr_t)object.dlfo_map_end;
	}
	if (!__atomic_compare_exchange_n(&ranges, &standing, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		sys_munmap(fresh, RANGES_BYTES);
	return true;
}

static bool is_allocators(const struct hook_frame *frame)
{
	return allocator_is_inside(frame) ||
	       (frame->return_address >= allocator_start && frame->return_address < allocator_end);
}

static size_t pages_round(size_t size)
{
	return (size + ARENA_PAGE - 1) & ~(size_t)(ARENA_PAGE - 1);
}

static void mapping_acquired(const struct hook_frame *frame, void *address, size_t size)
{
	struct range range = {.start = (uintptr_t)address, .end = (uintptr_t)address + pages_round(size)};
	struct section section;

	if (UNLIKELY(cost_is_due())) {
		COST_TIMED(COST_ACQUISITION, mapping_acquired(frame, address, size));
		return;
	}
	if (!shim_active(true) || !mappings_ready())
		return;
	if (is_allocators(frame)) {
		__atomic_fetch_add(&shim.slot.header->allocator_mapped_bytes, pages_round(size), __ATOMIC_RELAXED);
		return;
	}
	range.site = site_here(frame, SEEP_KIND_MAPPING);
	range.birth_epoch = epoch_now();
	if (!ranges_lock(&section))
		return;
	ranges_cut(range.start, range.end); /* MAP_FIXED over something */
	if (range_insert(range_find(range.start), range))
		count_acquire(range.site, 1, range.end - range.start, range.birth_epoch);
	ranges_unlock(section);
}

/* Whose the first mapping of the range was; .n 0: nobody knows. */
static struct site_id mapping_released(const struct hook_frame *frame, void *address, size_t size)
{
	uintptr_t start = (uintptr_t)address, end = start + pages_round(size);
	struct site_id site = {0};
	struct section section;
	uint64_t bytes;
	uint32_t at;

	if (UNLIKELY(cost_is_due())) {
		COST_TIMED(COST_RELEASE, site = mapping_released(frame, address, size));
		return site;
	}
	if (!shim_active(true) || !mappings_ready())
		return site;
	if (is_allocators(frame)) {
		__atomic_fetch_add(&shim.slot.header->allocator_unmapped_bytes, pages_round(size), __ATOMIC_RELAXED);
		return site;
	}
	if (!ranges_lock(&section))
		return site;
	if ((at = range_find(start)) < range_count && ranges[at].start < end)
		site = ranges[at].site;
	bytes = ranges_cut(start, end);
	ranges_unlock(section);
	if (bytes < end - start)
		trust_add(TRUST_UNSEEN_UNMAPS, end - start - bytes);
	return site;
}

/* ---- the hooks ---- */

HOOK void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	void *result = REAL(mmap)(address, size, protection, flags, fd, offset);

	if (result != MAP_FAILED)
		mapping_acquired(HERE, result, size);
	return result;
}

HOOK void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t offset)
{
	void *result = REAL(mmap64)(address, size, protection, flags, fd, offset);

	if (result != MAP_FAILED)
		mapping_acquired(HERE, result, size);
	return result;
}

/*
 * munmap() and mremap() fail only for arguments that could never be right, or when the kernel lacks memory for a split;
 * so the range is taken out first (another thread may be given the address at once), unless the call is
 * sure to fail.
 */
static bool is_page_range(const void *address, size_t size)
{
	return size && ((uintptr_t)address & (ARENA_PAGE - 1)) == 0;
}

HOOK int munmap(void *address, size_t size)
{
	if (is_page_range(address, size))
		release_note(mapping_released(HERE, address, size));
	return REAL(munmap)(address, size);
}

HOOK void *mremap(void *address, size_t old_size, size_t size, int flags, ...)
{
	const struct hook_frame *frame = HERE;
	void *result, *fixed = NULL;

	if (flags & MREMAP_FIXED) {
		va_list arguments;

		va_start(arguments, flags);
		fixed = va_arg(arguments, void *);
		va_end(arguments);
	}
	if (is_page_range(address, old_size) && size)
		mapping_released(frame, address, old_size);
	result = REAL(mremap)(address, old_size, size, flags, fixed);
	if (result != MAP_FAILED)
		mapping_acquired(frame, result, size);
	else if (is_page_range(address, old_size) && size)
		mapping_acquired(frame, address, old_size);
	return result;
}
