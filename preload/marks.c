/* SPDX-License-Identifier: MIT */
/*
 * marks.c - events that the program counts itself: seep_mark() of seep.h.
 *
 * A place in the program keeps the number of its name. The number is entered in a section, so that a fork finds
 * either both name and number or neither: the child's slot gets the names, its memory has the numbers.
 */
#include <string.h>

#include "events.h"
#include "seep.h"

enum { MARK_REFUSED = UINT32_MAX };

/* Printable as far as a byte can tell, and cut where a character of UTF-8 begins. */
static void name_copy(char to[ARENA_MARK_NAME], const char *name)
{
	size_t length = strnlen(name, ARENA_MARK_NAME);

	if (length == ARENA_MARK_NAME) {
		length--;
		while (length && (name[length] & 0xc0) == 0x80)
			length--;
	}
	for (size_t i = 0; i < length; i++)
		to[i] = (unsigned char)name[i] < ' ' || name[i] == 0x7f ? '?' : name[i];
	to[length] = '\0';
}

static struct arena_mark_name *mark_name(uint32_t index)
{
	return (struct arena_mark_name *)shim.slot.marks_region.base + index;
}

static uint32_t marks_used(void)
{
	uint32_t used = __atomic_load_n(&shim.slot.header->marks_used, __ATOMIC_ACQUIRE);

	return used < ARENA_MARKS ? used : ARENA_MARKS;
}

/* Its number, from 1 on; two threads that enter one name at the same moment give it two. */
static uint32_t name_enter(const char name[ARENA_MARK_NAME])
{
	uint32_t used = marks_used(), index;

	if (!name[0])
		return MARK_REFUSED;
	for (index = 0; index < used; index++)
		if (__atomic_load_n(&mark_name(index)->ready, __ATOMIC_ACQUIRE) &&
		    strcmp(mark_name(index)->name, name) == 0)
			return index + 1;
	if (used == ARENA_MARKS)
		return MARK_REFUSED;
	index = __atomic_fetch_add(&shim.slot.header->marks_used, 1, __ATOMIC_ACQ_REL);
	if (index >= ARENA_MARKS)
		return MARK_REFUSED;
	memcpy(mark_name(index)->name, name, ARENA_MARK_NAME);
	__atomic_store_n(&mark_name(index)->ready, 1, __ATOMIC_RELEASE);
	return index + 1;
}

static COLD uint32_t number_find(unsigned int *slot, const char *name)
{
	char copy[ARENA_MARK_NAME];
	uint32_t number = 0;
	struct section section;

	name_copy(copy, name);
	section = section_begin();
	/* no pages: asked for again at the next mark */
	if (region_ensure(&shim.slot.marks_region, MARKS_BYTES)) {
		number = name_enter(copy);
		__atomic_store_n(slot, number, __ATOMIC_RELAXED);
	}
	section_end(section);
	return number;
}

HOOK void seep_mark_event(unsigned int *slot, const char *name)
{
	const struct thread *thread;
	struct arena_marks *marks;
	uint32_t number;

	if (!events_are_counted())
		return;
	number = __atomic_load_n(slot, __ATOMIC_RELAXED);
	if (UNLIKELY(!number))
		number = number_find(slot, name);
	if (UNLIKELY(number - 1 >= ARENA_MARKS)) {
		trust_add(TRUST_DROPPED_MARKS, 1);
		return;
	}
	thread = thread_self();
	marks = (struct arena_marks *)(mark_name(ARENA_MARKS)) + thread->shard;
	counter_add(&marks->count[number - 1], 1, thread->shard != SHARED_SHARD);
}
