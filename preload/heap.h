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

/* Before the real function is given it (NULL is fine). Whose it was; .n 0: nobody knows, or its release is noted. */
struct site_id heap_released_rest(void *pointer);
static inline struct site_id heap_released(void *pointer)
{
	if (!pointer || (LIKELY(!cost_is_due()) && sampling_never_saw((uintptr_t)pointer)))
		return (struct site_id){0};
	return heap_released_rest(pointer);
}
/*
 * realloc: heap_moving() before the real call takes the block out of the map; heap_moved() after it enters the new
 * block, or, if result is NULL and the block was kept, puts the old one back.
 */
struct live_block heap_moving(void *pointer);
void heap_moved(const struct hook_frame *frame, struct live_block old, void *old_pointer, void *result, size_t size,
		bool was_kept);

/*
 * heap_quick.c: the hooks that nearly all calls of the sampled mode jump through, to the real functions. All others
 * jump to NAME_recorded, whose frame is then the hook's. X(name, parameters, arguments, may return NULL)
 */
#define QUICK_NEWS(X)                                                                     \
	X(_Znwm, (size_t size), (size), false)                                            \
	X(_Znam, (size_t size), (size), false)                                            \
	X(_ZnwmRKSt9nothrow_t, (size_t size, const void *nothrow), (size, nothrow), true) \
	X(_ZnamRKSt9nothrow_t, (size_t size, const void *nothrow), (size, nothrow), true)
#define QUICK_DELETES(X)                                                                  \
	X(_ZdlPv, (void *pointer), (pointer))                                             \
	X(_ZdaPv, (void *pointer), (pointer))                                             \
	X(_ZdlPvm, (void *pointer, size_t size), (pointer, size))                         \
	X(_ZdaPvm, (void *pointer, size_t size), (pointer, size))                         \
	X(_ZdlPvRKSt9nothrow_t, (void *pointer, const void *nothrow), (pointer, nothrow)) \
	X(_ZdaPvRKSt9nothrow_t, (void *pointer, const void *nothrow), (pointer, nothrow))

#define RECORDED_HOOK __attribute__((noinline, used))
void *malloc_recorded(size_t size);
void free_recorded(void *pointer);
void *calloc_recorded(size_t count, size_t size);
void *realloc_recorded(void *pointer, size_t size);
#define X(name, parameters, arguments, may_fail) void *name##_recorded parameters;
QUICK_NEWS(X)
#undef X
#define X(name, parameters, arguments) void name##_recorded parameters;
QUICK_DELETES(X)
#undef X

/* The real functions to jump to; NULL: not to be done in this process, or not known yet. */
extern void *quick_functions[HOOK_COUNT] __attribute__((aligned(64)));
/* Before main, in a process where it may be done; from then on, what the hook's real function is found to be. */
void quick_start(void);
void quick_resolved(enum hook hook, void *function);

/* The next definition of a function, or what stands for it where there is none. */
#define HEAP_REAL(type, name, parameters, arguments, fallback) \
	static type name##_real parameters                     \
	{                                                      \
		__typeof__(&name) real = REAL(name);           \
                                                               \
		return real ? real arguments : (fallback);     \
	}

/* A hook that gives a block back; `hook` is what it is called here. */
#define HEAP_RELEASE_HOOK(name, parameters, arguments) HEAP_RELEASE_HOOK_AS(HOOK, name, name, parameters, arguments)
#define HEAP_RELEASE_HOOK_AS(attributes, hook, name, parameters, arguments) \
	HEAP_REAL(void, name, parameters, arguments, REAL(free)(pointer))   \
	attributes void hook parameters                                     \
	{                                                                   \
		const struct hook_frame *frame = HERE;                      \
                                                                            \
		if (UNLIKELY(bootstrap_owns(pointer)))                      \
			return;                                             \
		if (allocator_is_inside(frame)) {                           \
			name##_real arguments;                              \
			return;                                             \
		}                                                           \
		heap_released(pointer);                                     \
		allocator_enter(frame);                                     \
		name##_real arguments;                                      \
		allocator_leave();                                          \
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
