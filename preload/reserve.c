/* SPDX-License-Identifier: MIT */
#include "reserve.h"

#include "state.h"
#include "sys.h"

enum { RESERVATION_LEAST = 2 << 20 };

/* At the start of each reservation, in a page of its own. */
struct reservation {
	size_t size;
	_Atomic(size_t) used;
};

static _Atomic(struct reservation *) newest;
static _Atomic(size_t) reserved;
static _Atomic(uint32_t) refused_epoch;

static struct reservation *reservation_map(size_t bytes)
{
	struct reservation *fresh =
		sys_mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (sys_failed(fresh))
		return NULL;
	/* huge pages would make a table that is touched here and there as large as its reservation */
	sys_madvise(fresh, bytes, MADV_NOHUGEPAGE);
	sys_madvise(fresh, bytes, MADV_DONTDUMP);
	if (sys_mprotect(fresh, ARENA_PAGE, PROT_READ | PROT_WRITE) < 0) {
		sys_munmap(fresh, bytes);
		return NULL;
	}
	fresh->size = bytes;
	atomic_store_explicit(&fresh->used, ARENA_PAGE, memory_order_relaxed);
	return fresh;
}

/* Under a tight limit on address space the least that serves. What is left of the full one stays unused. */
static bool reservation_add(struct reservation *full, size_t need)
{
	size_t eighth = (atomic_load_explicit(&reserved, memory_order_relaxed) / 8) & ~(size_t)(ARENA_PAGE - 1);
	size_t bytes = eighth > RESERVATION_LEAST ? eighth : RESERVATION_LEAST;
	struct reservation *fresh = reservation_map(bytes);

	if (!fresh)
		fresh = reservation_map(bytes = need + ARENA_PAGE);
	if (!fresh)
		return false;
	if (!atomic_compare_exchange_strong(&newest, &full, fresh)) {
		sys_munmap(fresh, bytes);
		return true;
	}
	atomic_fetch_add_explicit(&reserved, bytes, memory_order_relaxed);
	private_range_add((uintptr_t)fresh, bytes);
	return true;
}

/* The next `bytes` of a reservation; NULL: it has no room. */
static char *piece_take(struct reservation *from, size_t bytes)
{
	size_t used = atomic_load_explicit(&from->used, memory_order_relaxed);

	while (used + bytes <= from->size)
		if (atomic_compare_exchange_weak_explicit(&from->used, &used, used + bytes, memory_order_relaxed,
							  memory_order_relaxed))
			return (char *)from + used;
	return NULL;
}

static COLD void piece_give_back(struct reservation *to, const char *piece, size_t bytes)
{
	size_t end = (size_t)(piece - (char *)to) + bytes;

	atomic_compare_exchange_strong(&to->used, &end, end - bytes);
	atomic_store(&refused_epoch, epoch_now());
}

COLD void *reserve_take(size_t bytes)
{
	struct reservation *from = atomic_load_explicit(&newest, memory_order_acquire);
	char *piece = NULL;

	if (atomic_load_explicit(&refused_epoch, memory_order_relaxed) == epoch_now())
		return NULL;
	while (!from || !(piece = piece_take(from, bytes))) {
		if (!reservation_add(from, bytes)) {
			atomic_store(&refused_epoch, epoch_now());
			return NULL;
		}
		from = atomic_load_explicit(&newest, memory_order_acquire);
	}
	if (sys_mprotect(piece, bytes, PROT_READ | PROT_WRITE) == 0)
		return piece;
	piece_give_back(from, piece, bytes);
	return NULL;
}
