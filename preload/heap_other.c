/* SPDX-License-Identifier: MIT */
/*
 * heap_other.c - the own interfaces of jemalloc (mallocx ...), mimalloc (mi_*) and tcmalloc (tc_*).
 *
 * A program may look whether such a function exists (a weak symbol) and finds ours although the library is not there:
 * then each falls back to the C library's function of the same meaning.
 */
#include "heap.h"

#include <string.h>

/* ---- the allocation shapes ---- */

/* A new block: X(name, parameters, arguments, bytes, fallback) */
#define ACQUIRES(X)                                                                                                   \
	X(mallocx, (size_t size, int flags), (size, flags), size, flagged_allocate(size, flags))                      \
	X(mi_malloc, (size_t size), (size), size, REAL(malloc)(size))                                                 \
	X(mi_malloc_small, (size_t size), (size), size, REAL(malloc)(size))                                           \
	X(mi_calloc, (size_t count, size_t size), (count, size), count *size, REAL(calloc)(count, size))              \
	X(mi_mallocn, (size_t count, size_t size), (count, size), count *size, REAL(reallocarray)(NULL, count, size)) \
	X(mi_zalloc, (size_t size), (size), size, REAL(calloc)(1, size))                                              \
	X(mi_zalloc_small, (size_t size), (size), size, REAL(calloc)(1, size))                                        \
	X(mi_malloc_aligned, (size_t size, size_t alignment), (size, alignment), size,                                \
	  REAL(memalign)(alignment, size))                                                                            \
	X(tc_malloc, (size_t size), (size), size, REAL(malloc)(size))                                                 \
	X(tc_malloc_skip_new_handler, (size_t size), (size), size, REAL(malloc)(size))                                \
	X(tc_calloc, (size_t count, size_t size), (count, size), count *size, REAL(calloc)(count, size))              \
	X(tc_memalign, (size_t alignment, size_t size), (alignment, size), size, REAL(memalign)(alignment, size))     \
	X(tc_valloc, (size_t size), (size), size, REAL(valloc)(size))                                                 \
	X(tc_pvalloc, (size_t size), (size), size, REAL(pvalloc)(size))

/* A moved block: X(name, parameters, arguments, bytes, fallback) */
#define MOVES(X)                                                                                   \
	X(mi_realloc, (void *pointer, size_t size), (pointer, size), REAL(realloc)(pointer, size)) \
	X(tc_realloc, (void *pointer, size_t size), (pointer, size), REAL(realloc)(pointer, size))

/* A block given back: X(name, parameters, arguments) */
#define RELEASES(X)                                                                  \
	X(dallocx, (void *pointer, int flags), (pointer, flags))                     \
	X(sdallocx, (void *pointer, size_t size, int flags), (pointer, size, flags)) \
	X(mi_free, (void *pointer), (pointer))                                       \
	X(tc_free, (void *pointer), (pointer))                                       \
	X(tc_cfree, (void *pointer), (pointer))                                      \
	X(tc_free_sized, (void *pointer, size_t size), (pointer, size))

/* jemalloc's flags: the low six bits are log2 of the alignment, bit 6 asks for zeroes (jemalloc(3)). */
static COLD void *flagged_allocate(size_t size, int flags)
{
	size_t alignment = (size_t)1 << (flags & 63);
	void *pointer = alignment > 16 ? REAL(memalign)(alignment, size) : REAL(malloc)(size);

	if (pointer && (flags & 64))
		memset(pointer, 0, size);
	return pointer;
}

#define X(name, parameters, arguments, bytes, fallback)          \
	HEAP_REAL(void *, name, parameters, arguments, fallback) \
	HOOK void *name parameters                               \
	{                                                        \
		const struct hook_frame *frame = HERE;           \
		void *pointer;                                   \
                                                                 \
		if (allocator_is_inside(frame))                  \
			return name##_real arguments;            \
		allocator_enter(frame);                          \
		pointer = name##_real arguments;                 \
		allocator_leave();                               \
		heap_acquired(frame, pointer, bytes);            \
		return pointer;                                  \
	}
ACQUIRES(X)
#undef X

#define X(name, parameters, arguments, fallback)                          \
	HEAP_REAL(void *, name, parameters, arguments, fallback)          \
	HOOK void *name parameters                                        \
	{                                                                 \
		const struct hook_frame *frame = HERE;                    \
		struct live_block old;                                    \
		void *result;                                             \
                                                                          \
		if (allocator_is_inside(frame))                           \
			return name##_real arguments;                     \
		old = heap_moving(pointer);                               \
		allocator_enter(frame);                                   \
		result = name##_real arguments;                           \
		allocator_leave();                                        \
		heap_moved(frame, old, pointer, result, size, size != 0); \
		return result;                                            \
	}
MOVES(X)
#undef X

#define X(name, parameters, arguments) HEAP_RELEASE_HOOK(name, parameters, arguments)
RELEASES(X)
#undef X

/* ---- the ones with a shape of their own ---- */

HOOK void *rallocx(void *pointer, size_t size, int flags)
{
	const struct hook_frame *frame = HERE;
	__typeof__(&rallocx) real = REAL(rallocx);
	struct live_block old;
	void *result;

	if (allocator_is_inside(frame))
		return real ? real(pointer, size, flags) : REAL(realloc)(pointer, size);
	old = heap_moving(pointer);
	allocator_enter(frame);
	result = real ? real(pointer, size, flags) : REAL(realloc)(pointer, size);
	allocator_leave();
	heap_moved(frame, old, pointer, result, size, true);
	return result;
}

/* Resizes in place and returns the real size: if that reaches `size` the block has it now. */
HOOK size_t xallocx(void *pointer, size_t size, size_t extra, int flags)
{
	const struct hook_frame *frame = HERE;
	__typeof__(&xallocx) real = REAL(xallocx);
	struct live_block old;
	size_t result;

	if (!real)
		return malloc_usable_size(pointer);
	if (allocator_is_inside(frame))
		return real(pointer, size, extra, flags);
	old = heap_moving(pointer);
	allocator_enter(frame);
	result = real(pointer, size, extra, flags);
	allocator_leave();
	heap_moved(frame, old, pointer, result >= size ? pointer : NULL, size, true);
	return result;
}

/* Like realloc, but a block that cannot be moved is freed. */
HOOK void *mi_reallocf(void *pointer, size_t size)
{
	const struct hook_frame *frame = HERE;
	__typeof__(&mi_reallocf) real = REAL(mi_reallocf);
	struct live_block old;
	void *result;

	if (real && allocator_is_inside(frame))
		return real(pointer, size);
	old = heap_moving(pointer);
	allocator_enter(frame);
	result = real ? real(pointer, size) : REAL(realloc)(pointer, size);
	if (!real && !result)
		REAL(free)(pointer);
	allocator_leave();
	heap_moved(frame, old, pointer, result, size, false);
	return result;
}

HOOK int tc_posix_memalign(void **out, size_t alignment, size_t size)
{
	const struct hook_frame *frame = HERE;
	__typeof__(&tc_posix_memalign) real = REAL(tc_posix_memalign);
	int result;

	if (!real)
		real = REAL(posix_memalign);
	if (allocator_is_inside(frame))
		return real(out, alignment, size);
	allocator_enter(frame);
	result = real(out, alignment, size);
	allocator_leave();
	if (result == 0)
		heap_acquired(frame, *out, size);
	return result;
}
