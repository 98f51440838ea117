/* SPDX-License-Identifier: MIT */
/* state.c - the slot's memory, threads, counters, sections. */
#include "state.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <string.h>

#include "cost.h"
#include "index.h"
#include "slot.h"
#include "sys.h"

enum { CHUNK = 32 * 1024 };

/* How long a fork waits for other threads' events, and they for the fork. */
enum { SECTIONS_WAIT_NS = 500000000, GATE_WAIT_NS = 900000000 };

struct shim shim;
__thread struct thread_local_state local;
__thread uint32_t shim_in_vfork_child;

/* ---- regions ---- */

/*
 * PROT_NONE until used: mlockall() must not fill the reserve, and strict overcommit must not count it.
 * MADV_POPULATE_WRITE reports a full tmpfs as an error where a plain store would be SIGBUS.
 * Two threads may do the same chunk: both calls are idempotent.
 */
COLD bool region_grow(struct region *region, size_t end)
{
	size_t ready = atomic_load_explicit(&region->ready, memory_order_acquire);

	if (end > region->limit || !region->base || region->refused_epoch == epoch_now())
		return false;
	end = (end + CHUNK - 1) & ~(size_t)(CHUNK - 1);
	if (end > region->limit)
		end = region->limit;
	if (sys_mprotect(region->base + ready, end - ready, PROT_READ | PROT_WRITE) < 0 ||
	    sys_madvise(region->base + ready, end - ready, MADV_POPULATE_WRITE) < 0) {
		region->refused_epoch = epoch_now();
		return false;
	}
	while (ready < end && !atomic_compare_exchange_weak_explicit(&region->ready, &ready, end, memory_order_acq_rel,
								     memory_order_acquire))
		;
	return true;
}

/* New mappings usually lie right below the last one, whose range then grows. */
void private_range_add(uintptr_t start, size_t bytes)
{
	struct slot_header *header = shim.slot.header;
	uint64_t end = start + bytes;
	uint32_t count;

	if (!header)
		return;
	__atomic_fetch_add(&header->private_bytes, bytes, __ATOMIC_RELAXED);
	count = __atomic_load_n(&header->private_range_count, __ATOMIC_ACQUIRE);
	if (count && count <= ARENA_PRIVATE_RANGES &&
	    __atomic_compare_exchange_n(&header->private_ranges[count - 1].start, &end, start, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		return;
	count = __atomic_fetch_add(&header->private_range_count, 1, __ATOMIC_ACQ_REL);
	if (count < ARENA_PRIVATE_RANGES) {
		header->private_ranges[count].end = start + bytes;
		header->private_ranges[count].start = start;
	}
}

void *pages_map(size_t bytes)
{
	void *pages;

	bytes = (bytes + ARENA_PAGE - 1) & ~(size_t)(ARENA_PAGE - 1);
	pages = sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (sys_failed(pages))
		return NULL;
	sys_madvise(pages, bytes, MADV_DONTDUMP);
	private_range_add((uintptr_t)pages, bytes);
	return pages;
}

/* ---- the slot ---- */

static void region_set(struct region *region, char *base, size_t limit)
{
	region->base = base;
	region->limit = limit;
	region->refused_epoch = 0;
	atomic_store_explicit(&region->ready, 0, memory_order_release);
}

bool slot_map(struct slot *slot, uint32_t index)
{
	const struct arena_header *arena = shim.arena;
	char *base = shim.slots + (index - shim.slot_first) * arena->slot_size;
	size_t shard_bytes = (size_t)arena->site_capacity * sizeof(struct arena_counters);
	struct region header_region;

	region_set(&header_region, base, 2 * ARENA_PAGE);
	if (!region_grow(&header_region, 2 * ARENA_PAGE))
		return false;
	slot->index = index;
	slot->header = (struct slot_header *)base;
	slot->events = (struct arena_events *)(base + arena->events_offset);
	slot->modules = (struct arena_module *)(base + arena->modules_offset);
	slot->nodes = (struct arena_node *)(base + arena->nodes_offset);
	slot->sites = (struct arena_site *)(base + arena->sites_offset);
	region_set(&slot->modules_region, (char *)slot->modules, arena->module_capacity * sizeof(struct arena_module));
	region_set(&slot->nodes_region, (char *)slot->nodes, (size_t)arena->node_capacity * sizeof(struct arena_node));
	region_set(&slot->sites_region, (char *)slot->sites, (size_t)arena->site_capacity * sizeof(struct arena_site));
	region_set(&slot->misuse_region, base + arena->misuse_offset,
		   arena->misuse_capacity * sizeof(struct arena_misuse));
	region_set(&slot->fds_region, base + arena->fds_offset, (size_t)arena->fd_capacity * sizeof(struct arena_fd));
	region_set(&slot->releases_region, base + arena->releases_offset,
		   arena->release_capacity * sizeof(struct arena_release));
	region_set(&slot->mappings_region, base + arena->mappings_offset,
		   arena->mapping_capacity * sizeof(struct arena_range));
	region_set(&slot->stacks_region, base + arena->stacks_offset, arena->stack_capacity * sizeof(uint64_t));
	for (uint32_t shard = 0; shard < SHARDS; shard++)
		region_set(&slot->counters_region[shard], base + arena->counters_offset + shard * shard_bytes,
			   shard_bytes);
	region_set(&slot->marks_region, base + arena->mark_names_offset, MARKS_BYTES);
	region_set(&slot->estimates_region, base + arena->estimates_offset,
		   (size_t)arena->site_capacity * sizeof(struct arena_estimates));
	return true;
}

uint32_t slot_claim(uint32_t first, uint32_t pid, uint32_t parent_slot)
{
	uint32_t count = shim.slot_count, start = first > shim.slot_first ? first - shim.slot_first : 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t index = shim.slot_first + (start + i) % count;
		struct arena_entry *entry = &shim.directory[index];
		uint32_t state = SLOT_FREE;

		if (!__atomic_compare_exchange_n(&entry->state, &state, SLOT_CLAIMED, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_RELAXED))
			continue;
		entry->claimed_realtime_ns = (uint64_t)sys_clock_ns(CLOCK_REALTIME);
		entry->generation++;
		entry->parent_slot = parent_slot;
		entry->parent_generation = parent_slot == UINT32_MAX ? 0 : shim.directory[parent_slot].generation;
		__atomic_store_n(&entry->pid, pid, __ATOMIC_RELEASE);
		return index;
	}
	__atomic_fetch_add(&shim.arena->unslotted_processes, 1, __ATOMIC_RELAXED);
	return UINT32_MAX;
}

void slot_unclaim(uint32_t index)
{
	__atomic_fetch_add(&shim.arena->unslotted_processes, 1, __ATOMIC_RELAXED);
	shim.directory[index].pid = 0;
	__atomic_store_n(&shim.directory[index].state, SLOT_FREE, __ATOMIC_RELEASE);
}

static bool slot_fill_sites(struct slot *slot)
{
	if (!region_ensure(&slot->sites_region, (SEEP_KIND_COUNT + 1) * sizeof(struct arena_site)) ||
	    !region_ensure(&slot->counters_region[SHARED_SHARD], (SEEP_KIND_COUNT + 1) * sizeof(struct arena_counters)))
		return false;
	for (uint32_t kind = 0; kind < SEEP_KIND_COUNT; kind++) {
		struct arena_site *site = &slot->sites[kind + 1];

		site->node = PSEUDO_MISSING;
		site->kind = (uint16_t)kind;
		__atomic_store_n(&site->ready, 1, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&slot->header->sites_used, SEEP_KIND_COUNT + 1, __ATOMIC_RELEASE);
	return true;
}

bool slot_fill(struct slot *slot)
{
	if (!region_ensure(&slot->modules_region, sizeof(struct arena_module)) ||
	    !region_ensure(&slot->nodes_region, PSEUDO_COUNT * sizeof(struct arena_node)))
		return false;
	__atomic_store_n(&slot->modules[ARENA_MODULE_ANONYMOUS].ready, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&slot->header->modules_used, 1, __ATOMIC_RELEASE);
	for (uint32_t pseudo = 1; pseudo < PSEUDO_COUNT; pseudo++) {
		slot->nodes[pseudo].offset = pseudo;
		__atomic_store_n(&slot->nodes[pseudo].module_and_flags, ARENA_MODULE_PSEUDO + 1, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&slot->header->nodes_used, PSEUDO_COUNT, __ATOMIC_RELEASE);
	return slot_fill_sites(slot);
}

struct slot_header *arena_slot(void)
{
	return shim_active(true) ? shim.slot.header : NULL;
}

struct arena_misuse *arena_misuse_table(uint32_t *capacity)
{
	if (!shim_active(true) || !region_ensure(&shim.slot.misuse_region, shim.slot.misuse_region.limit))
		return NULL;
	*capacity = shim.arena->misuse_capacity;
	return (struct arena_misuse *)shim.slot.misuse_region.base;
}

struct arena_release *arena_release_table(uint32_t *capacity)
{
	if (!shim_active(true) || !region_ensure(&shim.slot.releases_region, shim.slot.releases_region.limit))
		return NULL;
	*capacity = shim.arena->release_capacity;
	return (struct arena_release *)shim.slot.releases_region.base;
}

struct arena_fd *arena_fd_table(uint32_t *capacity)
{
	if (!shim_active(true) || !region_ensure(&shim.slot.fds_region, shim.slot.fds_region.limit))
		return NULL;
	*capacity = shim.arena->fd_capacity;
	return (struct arena_fd *)shim.slot.fds_region.base;
}

void arena_attention(void)
{
	if (shim_active(true))
		__atomic_fetch_add(&shim.directory[shim.slot.index].attention, 1, __ATOMIC_RELEASE);
}

bool shim_active(bool memory)
{
	if (UNLIKELY(atomic_load_explicit(&shim.mode, memory_order_acquire) != MODE_ACTIVE))
		return shim_start() && (memory || !shim_in_vfork_child);
	if (UNLIKELY(!memory && shim_in_vfork_child))
		return false;
	if (UNLIKELY(atomic_load_explicit(shim.guard, memory_order_relaxed) == 0))
		return shim_adopt();
	return true;
}

/* ---- threads ---- */

enum { POOL_THREADS = 256 };

struct thread_pool {
	struct thread threads[POOL_THREADS];
	struct thread_pool *next;
};
static _Atomic(struct thread_pool *) thread_pools;
static pthread_key_t thread_key;
static _Atomic(bool) thread_key_made;

/* A shard that only one thread writes is added to without the lock prefix. */
static uint32_t shard_take(void)
{
	uint32_t taken = atomic_load_explicit(&shim.shards_taken, memory_order_relaxed);

	while (taken != (1u << SHARED_SHARD) - 1) {
		uint32_t free_bit = ~taken & (taken + 1);

		if (atomic_compare_exchange_weak_explicit(&shim.shards_taken, &taken, taken | free_bit,
							  memory_order_acq_rel, memory_order_relaxed))
			return (uint32_t)__builtin_ctz(free_bit);
	}
	return SHARED_SHARD;
}

/* Threads that share a shard are spread over the lines that no thread has to itself. */
static uint32_t event_line_of(const struct thread *thread)
{
	if (thread->shard != SHARED_SHARD)
		return thread->shard;
	return SHARED_SHARD + (uint32_t)((index_spread((uintptr_t)thread) >> 32) % (ARENA_EVENT_LINES - SHARED_SHARD));
}

/*
 * glibc calls a key's destructor again, up to four rounds, while it is set again. The state is given back in
 * the last, so that what other destructors free is still counted by an own state.
 */
static void thread_end(void *pointer)
{
	struct thread *thread = pointer;

	if (++thread->rounds < 4) {
		pthread_setspecific(thread_key, thread);
		return;
	}
	local.thread = &shim.fallback;
	if (thread->shard != SHARED_SHARD)
		atomic_fetch_and_explicit(&shim.shards_taken, ~(1u << thread->shard), memory_order_acq_rel);
	atomic_store_explicit(&thread->in_section, 0, memory_order_relaxed);
	atomic_store_explicit(&thread->owned, 0, memory_order_release);
}

static struct thread *thread_take(void)
{
	struct thread_pool *pool = atomic_load_explicit(&thread_pools, memory_order_acquire);
	struct thread_pool *fresh;

	for (; pool; pool = pool->next)
		for (int i = 0; i < POOL_THREADS; i++) {
			uint32_t owned = 0;

			if (atomic_load_explicit(&pool->threads[i].owned, memory_order_relaxed) == 0 &&
			    atomic_compare_exchange_strong(&pool->threads[i].owned, &owned, 1))
				return &pool->threads[i];
		}
	fresh = pages_map(sizeof(*fresh));
	if (!fresh)
		return NULL;
	atomic_store(&fresh->threads[0].owned, 1);
	fresh->next = atomic_load(&thread_pools);
	while (!atomic_compare_exchange_weak(&thread_pools, &fresh->next, fresh))
		;
	return &fresh->threads[0];
}

COLD struct thread *thread_start(void)
{
	struct thread *thread = thread_take();

	if (!thread) {
		local.thread = &shim.fallback;
		return local.thread;
	}
	thread->shard = shard_take();
	thread->event_line = event_line_of(thread);
	thread->capture_level = 0;
	thread->rounds = 0;
	thread->newest = 0;
	thread->stack_low = thread->stack_high = 0;
	atomic_store(&thread->stuck, 0);
	atomic_store(&thread->in_section, 0);
	local.thread = thread;
	if (atomic_load_explicit(&thread_key_made, memory_order_acquire))
		pthread_setspecific(thread_key, thread);
	return thread;
}

static __attribute__((constructor(101))) void threads_init(void)
{
	if (pthread_key_create(&thread_key, thread_end) != 0)
		return;
	atomic_store_explicit(&thread_key_made, true, memory_order_release);
	if (local.thread && local.thread != &shim.fallback)
		pthread_setspecific(thread_key, local.thread);
}

void threads_after_fork(void)
{
	struct thread_pool *pool = atomic_load(&thread_pools);

	cost_after_fork();
	for (; pool; pool = pool->next)
		for (int i = 0; i < POOL_THREADS; i++) {
			struct thread *thread = &pool->threads[i];

			if (thread == local.thread)
				continue;
			atomic_store(&thread->in_section, 0);
			atomic_store(&thread->owned, 0);
		}
	atomic_store(&shim.fallback.in_section, 0);
	atomic_store(&shim.shards_taken,
		     local.thread && local.thread->shard != SHARED_SHARD ? 1u << local.thread->shard : 0);
}

/* ---- sections ---- */

/*
 * Bounded: another library's fork handler may wait for a lock that a thread waiting here holds. Who has waited that
 * long opens the gate for all: a fork that takes longer costs exactness (it is counted), and must not cost every event
 * the same wait.
 */
static COLD void gate_wait(void)
{
	int64_t start_ns = sys_clock_ns(CLOCK_MONOTONIC), waited_ns = 0;

	while (atomic_load_explicit(&shim.gate, memory_order_acquire) && waited_ns < GATE_WAIT_NS) {
		sys_sched_yield();
		waited_ns = sys_clock_ns(CLOCK_MONOTONIC) - start_ns;
	}
	if (waited_ns >= GATE_WAIT_NS && atomic_exchange(&shim.gate, 0))
		trust_add(TRUST_FORK_TIMEOUTS, 1);
}

COLD void section_enter_slowly(struct thread *thread)
{
	if (thread->is_shared)
		atomic_fetch_add(&thread->in_section, 1);
	if (!atomic_load_explicit(&shim.gate, memory_order_relaxed) || local.forking ||
	    atomic_load_explicit(&thread->in_section, memory_order_relaxed) != 1)
		return;
	section_leave(thread);
	gate_wait();
	atomic_fetch_add(&thread->in_section, 1);
}

struct section section_begin(void)
{
	struct thread *thread = thread_self();

	section_enter(thread);
	return (struct section){thread};
}

void section_end(struct section section)
{
	section_leave(section.thread);
}

static bool thread_is_inside(struct thread *thread)
{
	return atomic_load_explicit(&thread->in_section, memory_order_acquire) >
	       atomic_load_explicit(&thread->stuck, memory_order_relaxed);
}

static struct thread *thread_inside(void)
{
	struct thread_pool *pool = atomic_load(&thread_pools);

	for (; pool; pool = pool->next)
		for (int i = 0; i < POOL_THREADS; i++) {
			struct thread *thread = &pool->threads[i];

			if (thread != local.thread && atomic_load_explicit(&thread->owned, memory_order_relaxed) &&
			    thread_is_inside(thread))
				return thread;
		}
	return thread_is_inside(&shim.fallback) && local.thread != &shim.fallback ? &shim.fallback : NULL;
}

/*
 * Waits until no other thread is in a section; false after half a second: a handler has jumped out of one, and what it
 * left behind is not waited for again. (A thread in a section runs or waits for a core: on a crowded machine that takes
 * long.)
 */
bool sections_wait(void)
{
	int64_t until_ns = sys_clock_ns(CLOCK_MONOTONIC) + SECTIONS_WAIT_NS;
	struct thread *thread;

	while ((thread = thread_inside())) {
		sys_sched_yield();
		if (sys_clock_ns(CLOCK_MONOTONIC) < until_ns)
			continue;
		while ((thread = thread_inside()))
			atomic_store(&thread->stuck, atomic_load(&thread->in_section));
		return false;
	}
	return true;
}

bool sections_can_pass(void)
{
	struct thread *thread = thread_self();

	return shim.has_membarrier && !shim_in_vfork_child && !local.forking && !thread->is_shared &&
	       atomic_load_explicit(&thread->in_section, memory_order_relaxed) == 0;
}

/* Stricter than for a fork: one that a handler jumped out of never passes. */
static bool section_passed(struct thread *thread, int64_t until_ns)
{
	while (atomic_load_explicit(&thread->in_section, memory_order_acquire)) {
		sys_sched_yield();
		if (sys_clock_ns(CLOCK_MONOTONIC) > until_ns)
			return false;
	}
	return true;
}

bool sections_passed(int64_t wait_ns)
{
	int64_t until_ns = sys_clock_ns(CLOCK_MONOTONIC) + wait_ns;
	struct thread_pool *pool;

	if (sys_membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0) < 0)
		return false;
	for (pool = atomic_load(&thread_pools); pool; pool = pool->next)
		for (int i = 0; i < POOL_THREADS; i++)
			if (&pool->threads[i] != local.thread && !section_passed(&pool->threads[i], until_ns))
				return false;
	return section_passed(&shim.fallback, until_ns);
}

/* ---- counters ---- */

uint32_t epoch_now(void)
{
	return epoch_read();
}

/* The counters a thread adds to for a site; the missing site's shared ones if there are no pages. */
static struct arena_counters *counters_of(const struct thread *thread, struct site_id site, bool *exclusive)
{
	uint32_t shard = thread->shard;
	size_t end = (site.n + 1) * sizeof(struct arena_counters);

	*exclusive = shard != SHARED_SHARD;
	if (LIKELY(region_ensure(&shim.slot.counters_region[shard], end)))
		return slot_counters(&shim.slot, shard, site.n);
	*exclusive = false;
	if (region_ensure(&shim.slot.counters_region[SHARED_SHARD], end))
		return slot_counters(&shim.slot, SHARED_SHARD, site.n);
	return NULL;
}

void count_acquire(struct site_id site, uint64_t count, uint64_t bytes, uint32_t epoch)
{
	bool exclusive;
	struct arena_counters *counters = counters_of(thread_self(), site, &exclusive);

	if (UNLIKELY(!counters)) {
		trust_add(TRUST_DROPPED_EVENTS, count);
		return;
	}
	counter_add(&counters->acquired_count, count, exclusive);
	counter_add(&counters->acquired_bytes, bytes, exclusive);
	counter_add(&counters->birth_sum, count * epoch, exclusive);
}

bool count_release(struct site_id site, uint64_t count, uint64_t bytes, uint32_t birth_epoch)
{
	bool exclusive;
	struct arena_counters *counters = counters_of(thread_self(), site, &exclusive);

	if (UNLIKELY(!counters)) {
		trust_add(TRUST_DROPPED_EVENTS, count);
		return false;
	}
	counter_add(&counters->released_count, count, exclusive);
	counter_add(&counters->released_bytes, bytes, exclusive);
	counter_add(&counters->birth_sum, -(count * birth_epoch), exclusive);
	return __atomic_load_n(&counters->released_count, __ATOMIC_RELAXED) <= RELEASES_FIRST;
}

void count_temporary(struct site_id site)
{
	bool exclusive;
	struct arena_counters *counters = counters_of(thread_self(), site, &exclusive);

	if (counters)
		counter_add(&counters->temporary_count, 1, exclusive);
}

void trust_add(enum arena_trust what, uint64_t count)
{
	if (atomic_load_explicit(&shim.mode, memory_order_acquire) == MODE_ACTIVE)
		__atomic_fetch_add(&shim.slot.header->trust[what], count, __ATOMIC_RELAXED);
}
