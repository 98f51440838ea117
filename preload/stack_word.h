/* SPDX-License-Identifier: MIT */
/*
 * stack_word.h - loads from a stack that may end anywhere.
 *
 * A thread remembers one range of pages that were found readable; a load outside it asks the kernel first, page by
 * page, and the range grows or begins anew. Nothing is ever read that was not found readable. Keeps errno.
 */
#ifndef SEEP_STACK_WORD_H
#define SEEP_STACK_WORD_H

#include "state.h"

/* Adds the page of `address` to the thread's range, or lets the range begin anew there; false if it is not readable. */
bool stack_page_check(struct thread *thread, uintptr_t address);

/* False if the address is not a multiple of 8 or cannot be read. */
static inline bool stack_word(struct thread *thread, uintptr_t address, uintptr_t *value)
{
	if (UNLIKELY(address & 7))
		return false;
	if (UNLIKELY(address < thread->stack_low || address >= thread->stack_high) &&
	    !stack_page_check(thread, address))
		return false;
	*value = *(const uintptr_t *)address;
	return true;
}

#endif
