/* SPDX-License-Identifier: MIT */
/*
 * live_sweep.c - what the live map used for memory that the server has given back goes back as well.
 *
 * Once a second the first thread that acquires a block looks at some leaves, going round, for at most SWEEP_NS. Those
 * without a word are retired: from now on a put takes its leaf back first. Then all other threads are seen outside
 * their sections once (sections_passed()), so none is still about to write to a leaf that it found in use before. A
 * leaf that is retired and empty even now has no writer, and one more compare-and-swap makes sure that it gets none
 * while its pages go. Nobody waits for this, and a thread that is stopped in the middle of it holds up nobody.
 *
 * The addresses stay, for the same part of the server's memory. Not done where the kernel has no membarrier().
 */
#include "live_leaf.h"
#include "sys.h"

enum { SWEEP_NS = 5000000, LOOK_NS = 1000000, PASS_NS = 1000000, BATCH = 16 };
enum { LEAF_PAGES_MOST = (sizeof(live_word) << (REGION_BITS - 4)) / ARENA_PAGE };

_Atomic(uint32_t) live_swept_epoch;
static _Atomic(uint32_t) is_sweeping;

/* Below: of the one thread that sweeps. */
static struct live_region *hand;
static struct candidate {
	_Atomic(intptr_t) *place;
	intptr_t address;
	size_t bytes;
} candidates[BATCH];

/* The first word of a page that is not zero, or -1. */
static int page_used_at(const live_word *page)
{
	for (int i = 0; i < (int)(ARENA_PAGE / sizeof(*page)); i++)
		if (atomic_load_explicit(&page[i], memory_order_relaxed))
			return i;
	return -1;
}

enum leaf_look { LOOK_USED, LOOK_EMPTY, LOOK_UNTOUCHED };

/* Pages that are not there are not read: that would put them there. `seen` is a word that was in use when last looked
 * at. */
static enum leaf_look leaf_look(intptr_t address, size_t bytes, uint16_t *seen)
{
	const live_word *words = (const live_word *)address;
	unsigned char resident[LEAF_PAGES_MOST];
	enum leaf_look found = LOOK_UNTOUCHED;

	if (atomic_load_explicit(&words[*seen], memory_order_relaxed))
		return LOOK_USED;
	if (sys_call3(SYS_mincore, address, (long)bytes, (long)resident) < 0)
		return LOOK_USED;
	for (size_t page = 0; page < bytes / ARENA_PAGE; page++) {
		size_t first = page * (ARENA_PAGE / sizeof(*words));
		int used = resident[page] & 1 ? page_used_at(&words[first]) : -1;

		if (used >= 0) {
			*seen = (uint16_t)(first + (size_t)used);
			return LOOK_USED;
		}
		if (resident[page] & 1)
			found = LOOK_EMPTY;
	}
	return found;
}

/* Adds the empty leaves of a region to the candidates; the number of these afterwards. */
static int region_look(struct live_region *region, int count)
{
	for (int level = 0; level < LIVE_LEVELS && count < BATCH; level++) {
		intptr_t leaf = atomic_load_explicit(&region->leaves[level], memory_order_acquire);
		size_t bytes = leaf_bytes((enum live_level)level);

		if (leaf > 0 && leaf_look(leaf, bytes, &region->seen[level]) == LOOK_EMPTY)
			candidates[count++] = (struct candidate){&region->leaves[level], leaf, bytes};
	}
	return count;
}

/* Goes on round the regions until it has a batch, has been everywhere (*is_round), or the time is up. */
static int candidates_find(int64_t until_ns, bool *is_round)
{
	struct live_region *start = hand;
	int count = 0;

	do {
		hand = hand ? hand->next : atomic_load(&live_regions);
		if (hand)
			count = region_look(hand, count);
	} while (count < BATCH && hand != start && sys_clock_ns(CLOCK_MONOTONIC) < until_ns);
	*is_round = hand == start;
	return count;
}

static void leaf_step(const struct candidate *candidate, intptr_t from, intptr_t to)
{
	atomic_compare_exchange_strong(candidate->place, &from, to);
}

static void leaf_discard(const struct candidate *candidate)
{
	intptr_t retiring = leaf_in(LEAF_RETIRING, candidate->address);
	intptr_t discarding = leaf_in(LEAF_DISCARDING, candidate->address);
	uint16_t seen = 0;

	if (leaf_look(candidate->address, candidate->bytes, &seen) == LOOK_USED) {
		leaf_step(candidate, retiring, candidate->address);
		return;
	}
	if (!atomic_compare_exchange_strong(candidate->place, &retiring, discarding))
		return;
	if (sys_madvise((void *)candidate->address, candidate->bytes, MADV_DONTNEED_LOCKED) < 0)
		sys_madvise((void *)candidate->address, candidate->bytes, MADV_DONTNEED);
	leaf_step(candidate, discarding, leaf_in(LEAF_IDLE, candidate->address));
}

static void batch_give_back(int count, int64_t until_ns)
{
	bool has_passed;

	for (int i = 0; i < count; i++)
		leaf_step(&candidates[i], candidates[i].address, leaf_in(LEAF_RETIRING, candidates[i].address));
	has_passed = sections_passed(PASS_NS);
	for (int i = 0; i < count; i++) {
		if (has_passed && sys_clock_ns(CLOCK_MONOTONIC) < until_ns)
			leaf_discard(&candidates[i]);
		else
			leaf_step(&candidates[i], leaf_in(LEAF_RETIRING, candidates[i].address), candidates[i].address);
	}
}

/* A signal handler that jumped out of this would leave is_sweeping set for ever. */
static void sweep(void)
{
	uint64_t all = ~UINT64_C(0), old;
	int64_t start_ns = sys_clock_ns(CLOCK_MONOTONIC);
	bool is_round;
	int count;

	sys_rt_sigprocmask(SIG_SETMASK, &all, &old);
	do { /* a look may find nothing because a leaf that is not in the cache takes its time to read */
		count = candidates_find(sys_clock_ns(CLOCK_MONOTONIC) + LOOK_NS, &is_round);
		if (count)
			batch_give_back(count, start_ns + SWEEP_NS);
	} while ((count || !is_round) && sys_clock_ns(CLOCK_MONOTONIC) < start_ns + SWEEP_NS);
	sys_rt_sigprocmask(SIG_SETMASK, &old, NULL);
}

COLD void live_sweep(uint32_t epoch)
{
	uint32_t swept = atomic_load(&live_swept_epoch);

	if (swept == epoch || !atomic_compare_exchange_strong(&live_swept_epoch, &swept, epoch))
		return;
	if (!sections_can_pass() || atomic_exchange(&is_sweeping, 1))
		return;
	sweep();
	atomic_store(&is_sweeping, 0);
}

void live_after_fork(void)
{
	atomic_store(&is_sweeping, 0);
}
