/* SPDX-License-Identifier: MIT */
/*
 * threads.c - threads that were created, and neither joined nor detached: their stack stays mapped after their end.
 *
 * The key is the pthread_t. It is free for another thread as soon as a join has succeeded, so a join is recorded before
 * the real call and restored if that fails, or if the joining thread is cancelled in it. A new thread may be joined or
 * detach itself before its pthread_create() has returned to us: such a release comes early, and is
 * remembered. Nothing is put between a new thread and its start routine.
 * These functions return their error and leave errno alone; so do we.
 */
#include "events.h"
#include "hooks.h"
#include "index.h"
#include "state.h"

static bool is_detached(const pthread_attr_t *attributes)
{
	int state = PTHREAD_CREATE_JOINABLE;

	return attributes && pthread_attr_getdetachstate(attributes, &state) == 0 && state == PTHREAD_CREATE_DETACHED;
}

/* ---- whose stack it is ---- */

enum { STACK_PROBES = 8 };

/* Puts a number into one of a few places; over one that was there before, if all are taken. */
static void stack_note(uint64_t *stacks, uint32_t capacity, uint64_t thread)
{
	uint64_t *first = NULL;

	for (uint32_t i = 0; i < STACK_PROBES; i++) {
		uint64_t *place = &stacks[((index_spread(thread) >> 32) + i) % capacity];
		uint64_t standing = 0;

		if (__atomic_compare_exchange_n(place, &standing, thread, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
		    standing == thread)
			return;
		first = first ? first : place;
	}
	__atomic_store_n(first, thread, __ATOMIC_RELAXED);
}

/*
 * The recorder finds the stack below the thread's descriptor, which is what pthread_t points to. It is not taken out
 * again: the C library keeps stacks of ended threads for new ones.
 */
static void thread_noted(pthread_t thread)
{
	struct region *region = &shim.slot.stacks_region;

	if (shim_active(true) && region_ensure(region, region->limit))
		stack_note((uint64_t *)region->base, shim.arena->stack_capacity, (uint64_t)thread);
}

/* Its pthread_t may be another's by now: counted without an entry. */
static void detached_created(const struct hook_frame *frame)
{
	if (!shim_active(true))
		return;
	struct site_id site = site_here(frame, SEEP_KIND_THREAD);
	uint32_t epoch = epoch_now();
	struct section section = section_begin();

	count_acquire(site, 1, 0, epoch);
	count_release(site, 1, 0, epoch);
	section_end(section);
}

HOOK int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes, void *(*start)(void *),
			void *restrict argument)
{
	/* asked now: the attributes may be gone when the thread runs */
	bool detached = is_detached(attributes);
	int error = REAL(pthread_create)(thread, attributes, start, argument);

	if (error == 0) {
		event_add(EVENT_THREADS, 1);
		thread_noted(*thread);
	}
	if (error == 0 && detached)
		detached_created(HERE);
	else if (error == 0)
		handle_acquired(HERE, SEEP_KIND_THREAD, (uintptr_t)*thread);
	return error;
}

/* A join under way; joining_end() runs at the end of its scope, also when the joining thread is cancelled. */
struct joining {
	pthread_t thread;
	bool done;
};

static struct joining joining_begin(pthread_t thread)
{
	handle_released(SEEP_KIND_THREAD, (uintptr_t)thread, true);
	return (struct joining){.thread = thread};
}

static void joining_end(struct joining *joining)
{
	if (!joining->done)
		handle_restored(SEEP_KIND_THREAD, (uintptr_t)joining->thread);
}
#define JOINING(thread) __attribute__((cleanup(joining_end))) struct joining joining = joining_begin(thread)

HOOK int pthread_join(pthread_t thread, void **result)
{
	JOINING(thread);
	int error = REAL(pthread_join)(thread, result);

	joining.done = error == 0;
	return error;
}

HOOK int pthread_tryjoin_np(pthread_t thread, void **result)
{
	JOINING(thread);
	int error = REAL(pthread_tryjoin_np)(thread, result);

	joining.done = error == 0;
	return error;
}

HOOK int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *until)
{
	JOINING(thread);
	int error = REAL(pthread_timedjoin_np)(thread, result, until);

	joining.done = error == 0;
	return error;
}

HOOK int pthread_clockjoin_np(pthread_t thread, void **result, clockid_t clock, const struct timespec *until)
{
	JOINING(thread);
	int error = REAL(pthread_clockjoin_np)(thread, result, clock, until);

	joining.done = error == 0;
	return error;
}

HOOK int pthread_detach(pthread_t thread)
{
	JOINING(thread);
	int error = REAL(pthread_detach)(thread);

	joining.done = error == 0;
	return error;
}

/* ---- the same by the names of C11: thrd_t is pthread_t ---- */

HOOK int thrd_create(thrd_t *thread, thrd_start_t start, void *argument)
{
	int result = REAL(thrd_create)(thread, start, argument);

	if (result == thrd_success) {
		event_add(EVENT_THREADS, 1);
		thread_noted(*thread);
		handle_acquired(HERE, SEEP_KIND_THREAD, (uintptr_t)*thread);
	}
	return result;
}

HOOK int thrd_join(thrd_t thread, int *status)
{
	JOINING(thread);
	int result = REAL(thrd_join)(thread, status);

	joining.done = result == thrd_success;
	return result;
}

HOOK int thrd_detach(thrd_t thread)
{
	JOINING(thread);
	int result = REAL(thrd_detach)(thread);

	joining.done = result == thrd_success;
	return result;
}
