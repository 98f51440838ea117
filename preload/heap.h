/* SPDX-License-Identifier: MIT */
/*
 * heap.h - what every allocation hook is made of, whichever interface it belongs to.
 *
 * Only the outermost hook of a thread records: operator new that calls malloc, an allocator that calls its own
 * mmap or malloc through the PLT, count once. Being inside is known by the frame address of the hook that called
 * the real function, so that a jump out of it (an exception, longjmp) is noticed by the next hook higher up the stack.
 */
#ifndef SEEP_HEAP_H
#define SEEP_HEAP_H

#include "cost.h"
#include "hooks.h"
#include "live.h"
#include "sampling.h"

static inline bool allocator_is_inside(const struct hook_frame *frame)
{
	return UNLIKELY(local.allocator_frame != 0) && (uintptr_t)frame < local.allocator_frame;
}

/* Brackets the real call. allocator_leave() runs by the cleanup attribute too when an exception passes. */
static inline void allocator_enter(const struct hook_frame *frame)
{
	local.allocator_frame = (uintptr_t)frame;
}
static inline void allocator_leave(void)
{
	local.allocator_frame = 0;
}

/*
 * After the real function has returned a block (NULL is fine). Keep errno. What is inline is all that most events of
 * the sampled mode take; the rest looks again whether the event is to be timed.
 */
void heap_acquired_rest(const struct hook_frame *frame, void *pointer, size_t size);
static inline void heap_acquired(const struct hook_frame *frame, void *pointer, size_t size)
{
	if (UNLIKELY(!pointer) || (LIKELY(!cost_is_due()) && sampling_skips(size)))
		return;
	heap_acquired_rest(frame, pointer, size);
}

/* Before the real function is given it (NULL is fine). */
void heap_released_rest(void *pointer);
static inline void heap_released(void *pointer)
{
	if (!pointer || (LIKELY(!cost_is_due()) && sampling_never_saw((uintptr_t)pointer)))
		return;
	heap_released_rest(pointer);
}
/*
 * realloc: heap_moving() before the real call takes the block out of the map; heap_moved() after it enters the new
 * block, or, if result is NULL and the block was kept, puts the old one back.
 */
struct live_block heap_moving(void *pointer);
void heap_moved(const struct hook_frame *frame, struct live_block old, void *old_pointer, void *result, size_t size,
		bool was_kept);

/* The hooks that heap_quick.c jumps to: their frames are those of malloc and free. */
#define RECORDED_HOOK __attribute__((noinline, used))
void *malloc_recorded(size_t size);
void free_recorded(void *pointer);

/* The next definition of a function, or what stands for it where there is none. */
#define HEAP_REAL(type, name, parameters, arguments, fallback) \
	static type name##_real parameters                     \
	{                                                      \
		__typeof__(&name) real = REAL(name);           \
                                                               \
		return real ? real arguments : (fallback);     \
	}

/* A hook that gives a block back. */
#define HEAP_RELEASE_HOOK(name, parameters, arguments)                    \
	HEAP_REAL(void, name, parameters, arguments, REAL(free)(pointer)) \
	HOOK void name parameters                                         \
	{                                                                 \
		const struct hook_frame *frame = HERE;                    \
                                                                          \
		if (UNLIKELY(bootstrap_owns(pointer)))                    \
			return;                                           \
		if (allocator_is_inside(frame)) {                         \
			name##_real arguments;                            \
			return;                                           \
		}                                                         \
		heap_released(pointer);                                   \
		allocator_enter(frame);                                   \
		name##_real arguments;                                    \
		allocator_leave();                                        \
	}

/* real.c: memory handed out while dlsym() is still resolving; recognised for ever by its address. */
void *bootstrap_allocate(size_t alignment, size_t size);
enum { BOOTSTRAP_BYTES = 64 * 1024 };
extern char bootstrap_memory[BOOTSTRAP_BYTES];
static inline bool bootstrap_owns(const void *pointer)
{
	return (uintptr_t)pointer - (uintptr_t)bootstrap_memory < BOOTSTRAP_BYTES;
}
size_t bootstrap_size(const void *pointer);

#endif
