/* SPDX-License-Identifier: MIT */
/*
 * timers.c - POSIX timers, and those of libevent and libuv where the process has these libraries.
 *
 * REAL() is NULL for a library that the process lacks: then a caller that found our name gets the library's
 * own failure. (timerfd is a descriptor: descriptors.c.)
 */
#include <errno.h>
#include <stdatomic.h>

#include "hooks.h"

/* ---- POSIX ---- */

HOOK int timer_create(clockid_t clock, struct sigevent *restrict event, timer_t *restrict timer)
{
	int result = REAL(timer_create)(clock, event, timer);

	if (result == 0)
		handle_acquired(HERE, SEEP_KIND_TIMER, (uintptr_t)*timer);
	return result;
}

HOOK int timer_delete(timer_t timer)
{
	bool released = handle_released(SEEP_KIND_TIMER, (uintptr_t)timer, false);
	int result = REAL(timer_delete)(timer);

	if (result != 0 && released)
		handle_restored(SEEP_KIND_TIMER, (uintptr_t)timer);
	return result;
}

/* ---- libevent ---- */

HOOK struct event *event_new(struct event_base *base, int fd, short what, void (*callback)(int, short, void *),
			     void *argument)
{
	if (!REAL(event_new))
		return NULL;
	struct event *event = REAL(event_new)(base, fd, what, callback, argument);
	if (event)
		handle_acquired(HERE, SEEP_KIND_EVENT, (uintptr_t)event);
	return event;
}

HOOK void event_free(struct event *event)
{
	if (!REAL(event_free))
		return;
	handle_released(SEEP_KIND_EVENT, (uintptr_t)event, false);
	REAL(event_free)(event);
}

/*
 * event_base_once() gives nothing to know the event by, and it ends when its callback runs: libevent gets a callback of
 * ours with one of these. The caller of event_base_once() and the callback (perhaps on another thread, perhaps
 * before the former has returned to us) each hold one of two shares; the last gives the struct back.
 * An event whose base is freed before it ran stays counted.
 */
struct once {
	void (*callback)(int, short, void *);
	void *argument;
	_Atomic uint32_t shares;
	_Atomic uint32_t next;  /* in the free list: number, 0 ends it */
} __attribute__((aligned(64))); /* as far apart as keys of LIVE_HANDLES */

/* A free list with a version beside its head, so that a number that was taken and came back is not mistaken. */
#define ONCE_MAX 65536u
static struct {
	_Atomic(struct once *) all; /* number n is all[n - 1] */
	_Atomic uint64_t head;      /* number, version << 32 */
	_Atomic uint32_t used;      /* numbers ever taken */
} once_pool;

static struct once *once_all(void)
{
	struct once *all = atomic_load(&once_pool.all);

	if (all)
		return all;
	struct once *fresh = pages_map(ONCE_MAX * sizeof(*fresh));
	return fresh && atomic_compare_exchange_strong(&once_pool.all, &all, fresh) ? fresh : all;
}

/* NULL when ONCE_MAX are pending or memory is refused. */
static struct once *once_take(void)
{
	struct once *all = once_all();
	uint64_t head = atomic_load(&once_pool.head);

	if (!all)
		return NULL;
	while ((uint32_t)head) {
		struct once *once = &all[(uint32_t)head - 1];
		uint64_t next = ((head >> 32) + 1) << 32 | atomic_load(&once->next);

		if (atomic_compare_exchange_weak(&once_pool.head, &head, next))
			return once;
	}
	uint32_t used = atomic_load(&once_pool.used);
	while (used < ONCE_MAX)
		if (atomic_compare_exchange_weak(&once_pool.used, &used, used + 1))
			return &all[used];
	return NULL;
}

static void once_give_back(struct once *once)
{
	uint32_t number = (uint32_t)(once - atomic_load(&once_pool.all)) + 1;
	uint64_t head = atomic_load(&once_pool.head);

	do
		atomic_store(&once->next, (uint32_t)head);
	while (!atomic_compare_exchange_weak(&once_pool.head, &head, ((head >> 32) + 1) << 32 | number));
}

static void once_drop_share(struct once *once)
{
	if (atomic_fetch_sub(&once->shares, 1) == 1)
		once_give_back(once);
}

static void once_ran(int fd, short what, void *argument)
{
	struct once *once = argument;
	void (*callback)(int, short, void *) = once->callback;
	void *callback_argument = once->argument;

	handle_released(SEEP_KIND_EVENT, (uintptr_t)once, true);
	once_drop_share(once);
	callback(fd, what, callback_argument);
}

HOOK int event_base_once(struct event_base *base, int fd, short what, void (*callback)(int, short, void *),
			 void *argument, const struct timeval *timeout)
{
	if (!REAL(event_base_once))
		return -1;
	if (!callback || !shim_active(true))
		return REAL(event_base_once)(base, fd, what, callback, argument, timeout);
	struct once *once = once_take();
	if (!once) {
		trust_add(TRUST_DROPPED_EVENTS, 1);
		return REAL(event_base_once)(base, fd, what, callback, argument, timeout);
	}

	once->callback = callback;
	once->argument = argument;
	atomic_store(&once->shares, 2);
	int result = REAL(event_base_once)(base, fd, what, once_ran, once, timeout);
	if (result == 0) {
		handle_acquired(HERE, SEEP_KIND_EVENT, (uintptr_t)once);
		once_drop_share(once);
	} else {
		once_give_back(once);
	}
	return result;
}

/* ---- libuv ---- */

HOOK int uv_timer_init(struct uv_loop_s *loop, struct uv_timer_s *timer)
{
	if (!REAL(uv_timer_init))
		return -ENOSYS; /* UV_ENOSYS */
	int result = REAL(uv_timer_init)(loop, timer);
	if (result != 0)
		return result;
	/* once more on a live one: still the same timer, of the same callsite */
	if (handle_released(SEEP_KIND_UVTIMER, (uintptr_t)timer, false))
		handle_restored(SEEP_KIND_UVTIMER, (uintptr_t)timer);
	else
		handle_acquired(HERE, SEEP_KIND_UVTIMER, (uintptr_t)timer);
	return result;
}

/* Of whatever kind: those that uv_timer_init() did not make are not known, and nothing happens. */
HOOK void uv_close(struct uv_handle_s *handle, void (*callback)(struct uv_handle_s *))
{
	if (!REAL(uv_close))
		return;
	handle_released(SEEP_KIND_UVTIMER, (uintptr_t)handle, false);
	REAL(uv_close)(handle, callback);
}
