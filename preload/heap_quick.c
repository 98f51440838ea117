/* SPDX-License-Identifier: MIT */
/*
 * heap_quick.c - the hooks of sampled mode, as nearly all of their calls go.
 *
 * A block that is not sampled, and a release of one that was not, leave nothing but a count: they jump to the real
 * function, without a frame of their own. All others jump to the hooks in heap.c and heap_cxx.c, whose caller is then
 * this function's. Only where the allocator is the C library's: others may call hooked functions, which have to know
 * that they are inside.
 *
 * operator new only looks whether the block would be sampled, and operator delete whether it was: libstdc++'s call
 * malloc and free, which count. So this is done where these are our malloc and libstdc++'s operators.
 *
 * Built without frame pointers and with sibling calls (Makefile). No call may be left in the machine code: there would
 * be a frame in the stacks that it is not in when every block is recorded.
 */
#include <dlfcn.h>
#include <link.h>
#include <string.h>

#include "heap.h"

void *quick_functions[HOOK_COUNT];

#define QUICK(name) ((__typeof__(&name))quick_functions[HOOK_##name])

/* The size may be any number, of a call that will fail: compared without a sign. */
static inline bool is_between_points(size_t size)
{
	return weights_charge(size) < (uint64_t)local.sample_left;
}

/* True if the block is neither sampled nor timed; it is counted then. */
static inline bool acquire_passes(size_t size)
{
	if (!is_between_points(size) || local.allocator_frame || --local.cost_left < 0)
		return false;
	local.sample_left -= (int64_t)weights_charge(size);
	return true;
}

static inline bool is_unseen(const void *pointer)
{
	return __atomic_load_n(sampling_place((uintptr_t)pointer), __ATOMIC_RELAXED) == 0;
}

HOOK void *malloc(size_t size)
{
	if (QUICK(malloc) && acquire_passes(size))
		return QUICK(malloc)(size);
	return malloc_recorded(size);
}

HOOK void free(void *pointer)
{
	if (QUICK(free) && is_unseen(pointer) && --local.cost_left >= 0)
		QUICK(free)(pointer);
	else
		free_recorded(pointer);
}

HOOK void *calloc(size_t count, size_t size)
{
	size_t bytes;

	if (QUICK(calloc) && !__builtin_mul_overflow(count, size, &bytes) && acquire_passes(bytes))
		return QUICK(calloc)(count, size);
	return calloc_recorded(count, size);
}

/* Two events, if there is an old block: both are counted. realloc(p, 0) is a free. */
HOOK void *realloc(void *pointer, size_t size)
{
	if (QUICK(realloc) && size && is_unseen(pointer) && acquire_passes(size)) {
		local.cost_left -= pointer != NULL;
		return QUICK(realloc)(pointer, size);
	}
	return realloc_recorded(pointer, size);
}

#define X(name, parameters, arguments, may_fail)                                                             \
	HOOK void *name parameters                                                                           \
	{                                                                                                    \
		if (QUICK(name) && is_between_points(size) && !local.allocator_frame && local.cost_left > 0) \
			return QUICK(name) arguments;                                                        \
		return name##_recorded arguments;                                                            \
	}
QUICK_NEWS(X)
#undef X

#define X(name, parameters, arguments)                 \
	HOOK void name parameters                      \
	{                                              \
		if (QUICK(name) && is_unseen(pointer)) \
			QUICK(name) arguments;         \
		else                                   \
			name##_recorded arguments;     \
	}
QUICK_DELETES(X)
#undef X

/* ---- which there are ---- */

static bool is_libstdcxx(const struct link_map *library)
{
	const char *name = library ? strrchr(library->l_name, '/') : NULL;

	return name && strncmp(name, "/libstdc++.so", strlen("/libstdc++.so")) == 0;
}

/* An executable may have a malloc or an operator new of its own, which libstdc++ calls then. */
static bool operators_call_us(const void *function)
{
	const struct link_map *here = real_library(quick_functions);

	return is_libstdcxx(real_library(function)) && real_library(malloc) == here && real_library(_Znwm) == here;
}

void quick_resolved(enum hook hook, void *function)
{
	bool is_quick;

	if (!shim.is_quick)
		return;
	switch (hook) {
	case HOOK_malloc:
	case HOOK_free:
	case HOOK_calloc:
	case HOOK_realloc:
		is_quick = true;
		break;
#define X(name, ...) case HOOK_##name:
		QUICK_NEWS(X)
		QUICK_DELETES(X)
#undef X
		is_quick = operators_call_us(function);
		break;
	default:
		is_quick = false;
		break;
	}
	if (is_quick)
		__atomic_store_n(&quick_functions[hook], function, __ATOMIC_RELAXED);
}

void quick_start(void)
{
	shim.is_quick = true;
	for (int hook = 0; hook < HEAP_HOOK_END; hook++)
		if (real_functions[hook])
			quick_resolved((enum hook)hook, real_functions[hook]);
}
