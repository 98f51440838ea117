/* SPDX-License-Identifier: MIT */
/*
 * heap_quick.c - malloc and free of sampled mode, as nearly all of their calls go.
 *
 * A block that is not sampled, and a free of one that was not, leave nothing but a count: they jump to the real
 * function, without a frame of their own. All others jump to the hooks in heap.c, whose caller is then this function's.
 * Only where the allocator is the C library's: others may call hooked functions, which have to know that they are
 * inside.
 *
 * Built without frame pointers and with sibling calls (Makefile).
 */
#include "heap.h"

HOOK void *malloc(size_t size)
{
	int64_t left = local.sample_left - (int64_t)weights_charge(size);

	if (left <= 0 || local.allocator_frame || !shim.is_quick || --local.cost_left < 0)
		return malloc_recorded(size);
	local.sample_left = left;
	return REAL(malloc)(size);
}

HOOK void free(void *pointer)
{
	if (!shim.is_quick || local.allocator_frame || bootstrap_owns(pointer) || *sampling_place((uintptr_t)pointer) ||
	    --local.cost_left < 0) {
		free_recorded(pointer);
		return;
	}
	REAL(free)(pointer);
}
