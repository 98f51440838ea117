/* SPDX-License-Identifier: MIT */
#include "heap.h"

#include <errno.h>
#include <string.h>

/* ---- recording ---- */

/* What else a block in and out of the map means where blocks are sampled; inside a section. */
static COLD void sampled_in(struct live_block block, void *pointer)
{
	sampling_enter((uintptr_t)pointer);
	estimate_acquire(block);
}

static COLD void sampled_out(struct live_block block, void *pointer, bool is_temporary)
{
	sampling_forget((uintptr_t)pointer);
	estimate_release(block, 1);
	if (is_temporary)
		estimate_temporary(block);
}

static COLD void previous_released(const struct live_previous *previous)
{
	trust_add(TRUST_OVERWRITTEN_BLOCKS, 1);
	count_release(previous->block.site, 1, previous->block.size, previous->block.birth_epoch);
	if (sampling_was_on())
		sampled_out(previous->block, (void *)previous->address, false);
}

static inline void block_enter(struct thread *thread, struct site_id site, void *pointer, size_t size)
{
	struct live_block block = {site, epoch_read(), size};
	struct live_previous previous;

	live_tick(block.birth_epoch);
	section_enter(thread);
	if (LIKELY(live_put(LIVE_HEAP, (uintptr_t)pointer, block, &previous))) {
		if (UNLIKELY(previous.block.site.n))
			previous_released(&previous);
		block_acquired(thread, site, size, block.birth_epoch);
		if (UNLIKELY(sampling_was_on()))
			sampled_in(block, pointer);
	} else {
		trust_add(TRUST_LOST_ENTRIES, 1);
	}
	section_leave(thread);
}

/* The block is out of the map and in the counters; .site.n 0: it was not there. */
static inline struct live_block block_leave(struct thread *thread, void *pointer, bool is_temporary, bool *is_first)
{
	struct live_block block;

	section_enter(thread);
	block = live_take(LIVE_HEAP, (uintptr_t)pointer);
	if (LIKELY(block.site.n)) {
		*is_first = block_released(thread, block.site, block.size, block.birth_epoch, is_temporary);
		if (UNLIKELY(sampling_was_on()))
			sampled_out(block, pointer, is_temporary);
	}
	section_leave(thread);
	return block;
}

static COLD void acquired_timed(const struct hook_frame *frame, void *pointer, size_t size)
{
	COST_TIMED(COST_ACQUISITION, heap_acquired(frame, pointer, size));
}

void heap_acquired_rest(const struct hook_frame *frame, void *pointer, size_t size)
{
	struct thread *thread;
	uint64_t interval;

	if (UNLIKELY(local.cost_left < 0)) {
		acquired_timed(frame, pointer, size);
		return;
	}
	if ((UNLIKELY(!shim_records()) && !shim_active(true)) || UNLIKELY(!sampling_records(size, &interval)))
		return;
	thread = thread_self();
	block_enter(thread, heap_site_here(frame, thread, interval), pointer, size);
	thread->newest = (uintptr_t)pointer;
	thread->newest_left = local.sample_left;
}

static COLD struct site_id released_timed(void *pointer)
{
	struct site_id site;

	COST_TIMED(COST_RELEASE, site = heap_released(pointer));
	release_note(site);
	return site;
}

static COLD void block_was_unseen(void)
{
	if (!sampling_was_on())
		trust_add(TRUST_UNSEEN_FREES, 1);
}

struct site_id heap_released_rest(void *pointer)
{
	struct live_block block = {.size = 0};
	bool is_temporary, is_first = false;
	struct thread *thread;

	if (UNLIKELY(local.cost_left < 0))
		return released_timed(pointer);
	if (UNLIKELY(!shim_records()) && !shim_active(true))
		return block.site;
	thread = thread_self();
	is_temporary = thread->newest == (uintptr_t)pointer && thread->newest_left == local.sample_left;
	if (is_temporary)
		thread->newest = 0;
	block = block_leave(thread, pointer, is_temporary, &is_first);
	if (UNLIKELY(!block.site.n))
		block_was_unseen();
	if (LIKELY(!is_first))
		return block.site;
	release_note(block.site);
	return (struct site_id){0};
}

/*
 * The block leaves the map and the counters before the real call: once that has freed the old address, another
 * thread may be given it.
 */
struct live_block heap_moving(void *pointer)
{
	struct live_block block = {.size = 0};
	bool is_first;

	if (!pointer)
		return block;
	if (UNLIKELY(cost_is_due())) {
		COST_TIMED(COST_RELEASE, block = heap_moving(pointer));
		return block;
	}
	if (sampling_never_saw((uintptr_t)pointer) || UNLIKELY(!shim_active(true)))
		return block;
	return block_leave(thread_self(), pointer, false, &is_first);
}

static COLD void move_undo(struct live_block old, void *old_pointer)
{
	struct live_previous previous;
	struct section section;

	if (!old.site.n)
		return;
	section = section_begin();
	if (sampling_was_on()) {
		sampling_enter((uintptr_t)old_pointer);
		estimate_release(old, -1);
	}
	live_put(LIVE_HEAP, (uintptr_t)old_pointer, old, &previous);
	count_release(old.site, (uint64_t)-1, -old.size, old.birth_epoch);
	section_end(section);
}

void heap_moved(const struct hook_frame *frame, struct live_block old, void *old_pointer, void *result, size_t size,
		bool was_kept)
{
	if (result)
		heap_acquired(frame, result, size);
	else if (was_kept)
		move_undo(old, old_pointer);
	if ((result || !was_kept) && old_pointer && !old.site.n && shim_active(true))
		block_was_unseen();
}

/* ---- the hooks ---- */

RECORDED_HOOK void *malloc_recorded(size_t size)
{
	const struct hook_frame *frame = HERE;
	void *pointer;

	if (allocator_is_inside(frame))
		return REAL(malloc)(size);
	allocator_enter(frame);
	pointer = REAL(malloc)(size);
	allocator_leave();
	heap_acquired(frame, pointer, size);
	return pointer;
}

RECORDED_HOOK void free_recorded(void *pointer)
{
	const struct hook_frame *frame = HERE;

	if (UNLIKELY(bootstrap_owns(pointer)))
		return;
	if (allocator_is_inside(frame)) {
		REAL(free)(pointer);
		return;
	}
	heap_released(pointer);
	allocator_enter(frame);
	REAL(free)(pointer);
	allocator_leave();
}

RECORDED_HOOK void *calloc_recorded(size_t count, size_t size)
{
	const struct hook_frame *frame = HERE;
	void *pointer;

	if (allocator_is_inside(frame))
		return REAL(calloc)(count, size);
	allocator_enter(frame);
	pointer = REAL(calloc)(count, size);
	allocator_leave();
	heap_acquired(frame, pointer, count * size); /* a product that overflows gave NULL */
	return pointer;
}

/* The block of the time before the allocator was known: its contents move to a real one. */
static COLD void *bootstrap_move(const struct hook_frame *frame, void *pointer, size_t size)
{
	size_t old_size = bootstrap_size(pointer);
	void *moved;

	allocator_enter(frame);
	moved = REAL(malloc)(size);
	allocator_leave();
	if (moved)
		memcpy(moved, pointer, old_size < size ? old_size : size);
	heap_acquired(frame, moved, size);
	return moved;
}

static inline void *realloc_at(const struct hook_frame *frame, void *pointer, size_t size)
{
	struct live_block old;
	void *result;

	if (UNLIKELY(bootstrap_owns(pointer)))
		return bootstrap_move(frame, pointer, size);
	if (allocator_is_inside(frame))
		return REAL(realloc)(pointer, size);
	old = heap_moving(pointer);
	allocator_enter(frame);
	result = REAL(realloc)(pointer, size);
	allocator_leave();
	heap_moved(frame, old, pointer, result, size, size != 0); /* realloc(p, 0) that gives NULL has freed p */
	return result;
}

RECORDED_HOOK void *realloc_recorded(void *pointer, size_t size)
{
	return realloc_at(HERE, pointer, size);
}

/* glibc's would call the realloc above and show a frame of its own; the product is all there is to it. */
HOOK void *reallocarray(void *pointer, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc_at(HERE, pointer, bytes);
}

HOOK int posix_memalign(void **out, size_t alignment, size_t size)
{
	const struct hook_frame *frame = HERE;
	int result;

	if (allocator_is_inside(frame))
		return REAL(posix_memalign)(out, alignment, size);
	allocator_enter(frame);
	result = REAL(posix_memalign)(out, alignment, size);
	allocator_leave();
	if (result == 0)
		heap_acquired(frame, *out, size);
	return result;
}

/* Functions of one aligned or page-aligned block. X(name, parameters, arguments) */
#define ALIGNED(X)                                                           \
	X(aligned_alloc, (size_t alignment, size_t size), (alignment, size)) \
	X(memalign, (size_t alignment, size_t size), (alignment, size))      \
	X(valloc, (size_t size), (size))                                     \
	X(pvalloc, (size_t size), (size))
#define X(name, parameters, arguments)                 \
	HOOK void *name parameters                     \
	{                                              \
		const struct hook_frame *frame = HERE; \
		void *pointer;                         \
                                                       \
		if (allocator_is_inside(frame))        \
			return REAL(name) arguments;   \
		allocator_enter(frame);                \
		pointer = REAL(name) arguments;        \
		allocator_leave();                     \
		heap_acquired(frame, pointer, size);   \
		return pointer;                        \
	}
ALIGNED(X)
#undef X

/*
 * cfree left glibc in 2.26, and the C23 forms come after 2.36: where the next library lacks them they are free().
 */
#define FREES(X)                                                     \
	X(cfree, (void *pointer), (pointer))                         \
	X(free_sized, (void *pointer, size_t size), (pointer, size)) \
	X(free_aligned_sized, (void *pointer, size_t alignment, size_t size), (pointer, alignment, size))
#define X(name, parameters, arguments) HEAP_RELEASE_HOOK(name, parameters, arguments)
FREES(X)
#undef X
