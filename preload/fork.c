/* SPDX-License-Identifier: MIT */
/*
 * fork.c - children.
 *
 * The live map is private memory, so fork() gives the child one that matches its heap; the counters are shared, so the
 * child needs counters of its own that match that map. Our prepare handler, which runs last, takes a free
 * slot, copies the tree into it, waits until no thread is inside an event (the gate keeps new ones out
 * until the fork is over), and stores what is live as the child's inheritance. The child only has to adopt it: no path,
 * no descriptor, one page protection, no matter what chroot, setuid or seccomp has taken away.
 *
 * A raw clone() passes no handler. Its child finds the guard page wiped at its first event, and does the same then
 * from the parent's running counters: what other threads do in between may be missed, and is counted in trust.
 *
 * A vfork() child shares the parent's memory: its heap calls are the parent's, its descriptors are not looked at.
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <string.h>

#include "events.h"
#include "hooks.h"
#include "live.h"
#include "sampling.h"
#include "sys.h"
#include "tree.h"

/* The slot that the prepare handler has made, by thread, since two may fork at once; index UINT32_MAX: none. */
static __thread struct slot pending;
static __thread bool pending_is_certain; /* no other thread was in the middle of an event */

/* ---- making the child's slot ---- */

static uint32_t entries_used(const uint32_t *used, uint32_t capacity)
{
	uint32_t count = __atomic_load_n(used, __ATOMIC_ACQUIRE);

	return count < capacity ? count : capacity;
}

static bool table_copy(struct region *to, const struct region *from, uint32_t first, uint32_t count, size_t size)
{
	if (!region_ensure(to, count * size))
		return false;
	memcpy(to->base + first * size, from->base + first * size, (count - first) * size);
	return true;
}

struct copied {
	uint32_t modules, nodes, sites;
};

/* Copies what the tables have beyond what was copied before. */
static bool slot_copy(struct slot *to, struct slot *from, struct copied *copied)
{
	struct copied now = {entries_used(&from->header->modules_used, shim.arena->module_capacity),
			     entries_used(&from->header->nodes_used, shim.arena->node_capacity),
			     entries_used(&from->header->sites_used, shim.arena->site_capacity)};

	if (!table_copy(&to->modules_region, &from->modules_region, copied->modules, now.modules,
			sizeof(struct arena_module)) ||
	    !table_copy(&to->nodes_region, &from->nodes_region, copied->nodes, now.nodes, sizeof(struct arena_node)) ||
	    !table_copy(&to->sites_region, &from->sites_region, copied->sites, now.sites, sizeof(struct arena_site)) ||
	    !region_ensure(&to->counters_region[SHARED_SHARD], now.sites * sizeof(struct arena_counters)) ||
	    !region_ensure(&to->marks_region, atomic_load(&from->marks_region.ready)) ||
	    !region_ensure(&to->estimates_region, sampling_was_on() ? now.sites * sizeof(struct arena_estimates) : 0))
		return false;
	to->header->modules_used = now.modules;
	to->header->nodes_used = now.nodes;
	to->header->sites_used = now.sites;
	*copied = now;
	return true;
}

static void site_inherit(struct arena_site *to, const struct arena_site *site, struct slot *from, uint32_t id)
{
	/* a child has no thread but the one that forked, and no POSIX timers */
	if (site->kind == SEEP_KIND_THREAD || site->kind == SEEP_KIND_TIMER)
		return;
	to->inherited_count = site->inherited_count;
	to->inherited_bytes = site->inherited_bytes;
	to->inherited_birth_sum = site->inherited_birth_sum;
	for (uint32_t shard = 0; shard < SHARDS; shard++) {
		const struct arena_counters *counters = slot_counters(from, shard, id);

		if ((id + 1) * sizeof(*counters) > atomic_load(&from->counters_region[shard].ready))
			continue;
		to->inherited_count += counters->acquired_count - counters->released_count;
		to->inherited_bytes += counters->acquired_bytes - counters->released_bytes;
		to->inherited_birth_sum += counters->birth_sum;
	}
}

static double real_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static uint64_t bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static void estimates_inherit(struct slot *to, struct slot *from, uint32_t id)
{
	const struct arena_estimates *old = (struct arena_estimates *)from->estimates_region.base + id;
	struct arena_estimates *new = (struct arena_estimates *)to->estimates_region.base + id;

	if ((id + 1) * sizeof(*old) > atomic_load(&from->estimates_region.ready))
		return;
	new->least_charge = old->least_charge;
	new->largest_charge = old->largest_charge;
	new->inherited_count = old->inherited_count + old->acquired_count - old->released_count;
	new->inherited_bytes = old->inherited_bytes + old->acquired_bytes - old->released_bytes;
	new->inherited_birth_sum = old->inherited_birth_sum + old->birth_sum;
	new->inherited_count_variance =
		bits_of(real_of(old->inherited_count_variance) + real_of(old->acquired_count_variance) -
			real_of(old->released_count_variance));
	new->inherited_bytes_variance =
		bits_of(real_of(old->inherited_bytes_variance) + real_of(old->acquired_bytes_variance) -
			real_of(old->released_bytes_variance));
}

/* The names, for the program's copy has their numbers in it (seep.h); the child counts from 0. */
static void marks_inherit(struct slot *to, const struct slot *from)
{
	if (!atomic_load(&to->marks_region.ready))
		return;
	memcpy(to->marks_region.base, from->marks_region.base, ARENA_MARKS * sizeof(struct arena_mark_name));
	to->header->marks_used = from->header->marks_used;
}

/* Whose the child's memory is, which is the parent's: of stacks, too. Without pages it is not known. */
static void owners_inherit(struct slot *to, struct slot *from)
{
	uint32_t used = from->header->mappings_used;
	size_t stack_bytes = atomic_load(&from->stacks_region.ready);

	if (table_copy(&to->mappings_region, &from->mappings_region, 0, used, sizeof(struct arena_range))) {
		to->header->mappings_used = used;
		to->header->mappings_untold = from->header->mappings_untold;
	} else {
		to->header->mappings_untold = 1;
	}
	table_copy(&to->stacks_region, &from->stacks_region, 0, (uint32_t)stack_bytes, 1);
}

static void slot_inherit(struct slot *to, struct slot *from, const struct copied *copied)
{
	for (uint32_t id = 1; id < copied->sites; id++) {
		site_inherit(&to->sites[id], &from->sites[id], from, id);
		if (from->sites[id].interval)
			estimates_inherit(to, from, id);
	}
	marks_inherit(to, from);
	to->header->forked_epoch = epoch_now();
	memcpy(to->header->exe, from->header->exe, sizeof(to->header->exe));
	memcpy(to->header->allocator, from->header->allocator, sizeof(to->header->allocator));
	to->header->live_roots = from->header->live_roots;
	to->header->private_bytes = from->header->private_bytes;
	to->header->private_range_count = from->header->private_range_count;
	memcpy(to->header->private_ranges, from->header->private_ranges, sizeof(to->header->private_ranges));
	owners_inherit(to, from);
}

static bool slot_take(struct slot *slot, uint32_t pid)
{
	uint32_t index = slot_claim(shim.slot.index + 1, pid, shim.slot.index);

	if (index == UINT32_MAX)
		return false;
	if (slot_map(slot, index))
		return true;
	slot_unclaim(index);
	return false;
}

/* ---- fork ---- */

/*
 * Keeps other threads out of new sections. `forking` is set before the gate closes and cleared after it opens: a signal
 * handler that comes to this thread in between must not wait for what only this thread can do. False: another thread
 * forks for longer than is waited for.
 */
static bool gate_close(void)
{
	bool is_closed = false;

	local.forking = 1;
	for (int tries = 0; tries < 10000 && !is_closed; tries++) {
		uint32_t open = 0;

		is_closed = atomic_compare_exchange_strong(&shim.gate, &open, 1);
		if (!is_closed)
			sys_sched_yield();
	}
	if (is_closed && shim.has_membarrier)
		sys_membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0);
	local.forking = is_closed;
	return is_closed;
}

static void gate_open(void)
{
	if (local.forking)
		atomic_store_explicit(&shim.gate, 0, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	local.forking = 0;
}

static void before_fork(void)
{
	struct copied copied = {0, 0, 0};
	bool was_quiet, is_complete;

	pending.index = UINT32_MAX;
	if (!shim_active(false) || !slot_take(&pending, shim.slot.header->pid))
		return;
	is_complete = slot_copy(&pending, &shim.slot, &copied);
	was_quiet = gate_close();
	was_quiet = sections_wait() && was_quiet;
	is_complete = is_complete && slot_copy(&pending, &shim.slot, &copied);
	if (!is_complete) {
		slot_unclaim(pending.index);
		pending.index = UINT32_MAX;
		return;
	}
	slot_inherit(&pending, &shim.slot, &copied);
	pending_is_certain = was_quiet;
	if (!was_quiet)
		pending.header->trust[TRUST_FORK_TIMEOUTS]++;
}

static void after_fork_in_parent(void)
{
	gate_open();
	if (pending.index != UINT32_MAX && atomic_load(&shim.mode) == MODE_ACTIVE)
		__atomic_fetch_add(&shim.slot.header->fork_count, 1, __ATOMIC_RELAXED);
}

/* The claim stands unless the recorder took the slot back because this child was long in coming. */
static bool slot_adopt(struct slot *slot)
{
	struct arena_entry *entry = &shim.directory[slot->index];
	uint32_t claimed = SLOT_CLAIMED, pid = (uint32_t)sys_getpid();

	slot->header->ppid = shim.slot.header->pid;
	slot->header->pid = pid;
	__atomic_store_n(&entry->pid, pid, __ATOMIC_RELEASE);
	shim.slot = *slot;
	return __atomic_compare_exchange_n(&entry->state, &claimed, SLOT_LIVE, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

static void after_fork_in_child(void)
{
	if (atomic_load(&shim.mode) != MODE_ACTIVE)
		return;
	atomic_store(shim.guard, 1);
	atomic_store(&shim.gate, 0);
	threads_after_fork();
	sampling_after_fork();
	mappings_after_fork();
	live_after_fork();
	if (!pending_is_certain)
		tree_caches_void();
	if (pending.index == UINT32_MAX || !slot_adopt(&pending))
		atomic_store(&shim.mode, MODE_OFF);
	pending.index = UINT32_MAX;
	local.forking = 0;
}

COLD bool shim_adopt(void)
{
	struct copied copied = {0, 0, 0};
	struct slot slot;

	atomic_store(shim.guard, 1);
	threads_after_fork();
	sampling_after_fork();
	mappings_after_fork();
	live_after_fork();
	tree_caches_void();
	atomic_store(&shim.gate, 0);
	if (!slot_take(&slot, (uint32_t)sys_getpid()) || !slot_copy(&slot, &shim.slot, &copied)) {
		atomic_store(&shim.mode, MODE_OFF);
		return false;
	}
	slot_inherit(&slot, &shim.slot, &copied);
	slot.header->trust[TRUST_FORK_TIMEOUTS]++;
	if (!slot_adopt(&slot))
		atomic_store(&shim.mode, MODE_OFF);
	return atomic_load(&shim.mode) == MODE_ACTIVE;
}

bool fork_init(void)
{
	shim.guard = pages_map(ARENA_PAGE);
	if (!shim.guard)
		return false;
	sys_madvise(shim.guard, ARENA_PAGE, MADV_WIPEONFORK);
	atomic_store(shim.guard, 1);
	shim.has_membarrier = sys_membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0) == 0;
	return pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0;
}

/* ---- the hooks ---- */

static pid_t forked(pid_t pid)
{
	if (pid > 0)
		event_add(EVENT_FORKS, 1);
	return pid;
}

/* It runs the handlers. */
HOOK pid_t fork(void)
{
	return forked(REAL(fork)());
}

/* By definition it does not. */
HOOK pid_t _Fork(void)
{
	pid_t pid;

	before_fork();
	pid = REAL(_Fork)();
	if (pid == 0)
		after_fork_in_child();
	else
		after_fork_in_parent();
	return forked(pid);
}

/* In the parent of a vfork(), after its child. vfork_x86_64.S */
__attribute__((visibility("hidden"))) pid_t vforked(pid_t pid);
pid_t vforked(pid_t pid)
{
	return forked(pid);
}
