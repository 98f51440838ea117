/* SPDX-License-Identifier: MIT */
/*
 * heap_cxx.c - operator new and delete.
 *
 * An allocator preloaded behind us defines its own, which never pass malloc's PLT entry; libstdc++'s call malloc.
 * Either way the outermost hook records. They throw through these frames: compiled with -fexceptions.
 */
#include "heap.h"

static void allocator_leave_cleanup(const struct hook_frame *const *frame)
{
	(void)frame;
	allocator_leave();
}

/* libstdc++ is not to be found, so nobody could catch what it would throw: as with an uncaught bad_alloc. */
static COLD void *new_without_library(size_t alignment, size_t size, bool may_fail)
{
	void *pointer = alignment ? REAL(aligned_alloc)(alignment, (size + alignment - 1) & ~(alignment - 1))
				  : REAL(malloc)(size ? size : 1);

	if (!pointer && !may_fail)
		abort();
	return pointer;
}

/* The frame of `hook` is the operator's, by whatever name it is called here. */
#define NEW_HOOK(attributes, hook, name, parameters, arguments, alignment_or_0, may_fail)                          \
	HEAP_REAL(void *, name, parameters, arguments, new_without_library(alignment_or_0, size, may_fail))        \
	attributes void *hook parameters                                                                           \
	{                                                                                                          \
		const struct hook_frame *frame = HERE;                                                             \
		void *pointer;                                                                                     \
                                                                                                                   \
		if (allocator_is_inside(frame))                                                                    \
			return name##_real arguments;                                                              \
		{                                                                                                  \
			const struct hook_frame *inside __attribute__((cleanup(allocator_leave_cleanup))) = frame; \
                                                                                                                   \
			allocator_enter(inside);                                                                   \
			pointer = name##_real arguments;                                                           \
		}                                                                                                  \
		heap_acquired(frame, pointer, size);                                                               \
		return pointer;                                                                                    \
	}

#define X(name, parameters, arguments, may_fail) \
	NEW_HOOK(RECORDED_HOOK, name##_recorded, name, parameters, arguments, 0, may_fail)
QUICK_NEWS(X)
#undef X

/* X(name, parameters, arguments, may return NULL) */
#define ALIGNED_NEWS(X)                                                                             \
	X(_ZnwmSt11align_val_t, (size_t size, size_t alignment), (size, alignment), false)          \
	X(_ZnamSt11align_val_t, (size_t size, size_t alignment), (size, alignment), false)          \
	X(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t size, size_t alignment, const void *nothrow), \
	  (size, alignment, nothrow), true)                                                         \
	X(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t size, size_t alignment, const void *nothrow), \
	  (size, alignment, nothrow), true)
#define X(name, parameters, arguments, may_fail) NEW_HOOK(HOOK, name, name, parameters, arguments, alignment, may_fail)
ALIGNED_NEWS(X)
#undef X

#define X(name, parameters, arguments) HEAP_RELEASE_HOOK_AS(RECORDED_HOOK, name##_recorded, name, parameters, arguments)
QUICK_DELETES(X)
#undef X

/* X(name, parameters, arguments) */
#define ALIGNED_DELETES(X)                                                                                    \
	X(_ZdlPvSt11align_val_t, (void *pointer, size_t alignment), (pointer, alignment))                     \
	X(_ZdaPvSt11align_val_t, (void *pointer, size_t alignment), (pointer, alignment))                     \
	X(_ZdlPvmSt11align_val_t, (void *pointer, size_t size, size_t alignment), (pointer, size, alignment)) \
	X(_ZdaPvmSt11align_val_t, (void *pointer, size_t size, size_t alignment), (pointer, size, alignment)) \
	X(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void *pointer, size_t alignment, const void *nothrow),        \
	  (pointer, alignment, nothrow))                                                                      \
	X(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void *pointer, size_t alignment, const void *nothrow),        \
	  (pointer, alignment, nothrow))
#define X(name, parameters, arguments) HEAP_RELEASE_HOOK(name, parameters, arguments)
ALIGNED_DELETES(X)
#undef X
