/* SPDX-License-Identifier: MIT */
/*
 * state.h - the shim's one state struct, its threads, and its slot in the arena. Core files only.
 *
 * Life of the state
 *   UNSTARTED --first event--> STARTING --arena mapped, slot claimed--> ACTIVE
 *                                       \-anything refused------------> OFF (the process runs unrecorded)
 * A fork()ed child goes on ACTIVE in a slot that its parent prepared (fork.c). A child that came by a raw clone finds
 * its guard page wiped (MADV_WIPEONFORK) at its first event and takes a slot then.
 *
 * Ownership: everything here lives as long as the process. Slot memory is shared with the recorder; all else is
 * private, so that fork's copy-on-write gives a child tables that match its heap.
 */
#ifndef SEEP_STATE_H
#define SEEP_STATE_H

#include <stdatomic.h>
#include <sys/types.h>

#include "counters_x86_64.h"
#include "releases.h"
#include "shim.h"

/* ---- regions: the parts of a slot, made writable as they fill ---- */

struct region {
	char *base;
	size_t limit;           /* bytes reserved */
	_Atomic(size_t) ready;  /* bytes that may be written */
	uint32_t refused_epoch; /* when pages were last refused: not asked for again in that second */
};

/* True if [0, end) of the region may be written; takes pages if not yet. Lock-free, keeps errno. */
bool region_grow(struct region *region, size_t end);
static inline bool region_ensure(struct region *region, size_t end)
{
	return LIKELY(end <= atomic_load_explicit(&region->ready, memory_order_acquire)) || region_grow(region, end);
}

/* ---- the slot ---- */

enum { SHARDS = 8, SHARED_SHARD = SHARDS - 1 };
enum { MARKS_BYTES = ARENA_MARKS * sizeof(struct arena_mark_name) + SHARDS * sizeof(struct arena_marks) };

struct slot {
	uint32_t index;
	struct slot_header *header;
	struct arena_events *events; /* always writable, as the header is */
	struct arena_module *modules;
	struct arena_node *nodes;
	struct arena_site *sites;
	struct region modules_region, nodes_region, sites_region, misuse_region, fds_region, releases_region;
	struct region mappings_region, stacks_region;
	struct region counters_region[SHARDS];
	struct region estimates_region;
	struct region marks_region; /* names, then a line for each shard */
};

static inline struct arena_counters *slot_counters(struct slot *slot, uint32_t shard, uint32_t site)
{
	return (struct arena_counters *)slot->counters_region[shard].base + site;
}

/* ---- threads ---- */

/*
 * One a thread, from a private pool; taken at a thread's first event and given back when its last
 * destructor has run. Threads that have no own one (after that, or no memory) share the fallback, whose counters
 * are added with locked instructions.
 */
enum { CAPTURE_FRAMES = 512, CAPTURE_LEVELS = 2 };
struct trail; /* trail.h */

struct thread {
	_Atomic(uint32_t) owned;
	bool is_shared;                  /* the fallback: what it counts, others count at the same time */
	_Atomic(uint32_t) in_section;    /* nesting depth: a signal handler may record inside a section */
	_Atomic(uint32_t) stuck;         /* depth left behind by a handler that jumped out; fork does not wait for it */
	uint32_t shard;                  /* SHARED_SHARD, or one that only this thread writes */
	uint32_t event_line;             /* of slot.events: the shard, or one of those that several threads write */
	uint32_t capture_level;          /* captures under way: a signal may come in the middle of one */
	uint32_t rounds;                 /* of destructors seen at the thread's end */
	uintptr_t stack_low, stack_high; /* addresses known to be readable */
	uintptr_t newest;                /* the block recorded last; for temporary_count */
	int64_t newest_left;             /* local.sample_left then: the same if nothing was acquired since */
	uint32_t captures, captured_frames;     /* since they were last added to the slot's */
	uintptr_t level_frames[CAPTURE_LEVELS]; /* the hook's frame of each capture under way */
	uintptr_t *frames[CAPTURE_LEVELS];      /* CAPTURE_FRAMES each, NULL until needed */
	const struct hook_frame *noting;        /* of a stack under way that is no event's (node_noted()) */
	struct trail *trail;                    /* the last capture, NULL until needed */
} __attribute__((aligned(128))); /* no line that two threads write, nor a pair of lines that is fetched together */

/* What every hook reads comes first, in one cache line. */
struct thread_local_state {
	struct thread *thread;                  /* NULL: no event yet */
	uintptr_t allocator_frame;              /* frame of the hook that is inside the real allocator; 0 none */
	int64_t sample_left;                    /* sampling.h: bytes until the next sampled block; 0: look */
	int32_t cost_left;                      /* events until one is timed (cost.h) */
	uint32_t cost_random;                   /* 0: the choice has not begun in this thread */
	uint8_t live_level;                     /* of the block released last (live.h) */
	uint32_t resolving;                     /* inside dlsym for our own table */
	uint32_t forking;                       /* between our prepare handler and its end */
	uint32_t released_site, released_epoch; /* of the last handle_released(), for handle_restored() */
	uint64_t sample_interval;               /* that this gap was drawn with; 0: every block is recorded */
	uint64_t sample_random;                 /* state of the generator; 0: not seeded */
} __attribute__((aligned(64)));
extern __thread struct thread_local_state local;
/* Set by the child of vfork(), cleared by its parent, which sleeps in between: they share this memory. */
extern __thread uint32_t shim_in_vfork_child;

struct thread *thread_start(void); /* the slow path of thread_self */
static inline struct thread *thread_self(void)
{
	return LIKELY(local.thread != NULL) ? local.thread : thread_start();
}

/* ---- the state ---- */

enum shim_mode { MODE_UNSTARTED, MODE_STARTING, MODE_ACTIVE, MODE_OFF };

struct shim {
	_Atomic(int) mode;
	_Atomic(uint32_t) *guard; /* a page of its own: 1 in the process that set it, 0 in a child of it */
	struct slot slot;
	struct arena_header *arena; /* the header page; then the directory */
	struct arena_entry *directory;
	char *slots;                     /* those of the arena that are mapped: all, */
	uint32_t slot_first, slot_count; /* or what a limited address space allows */
	_Atomic(uint32_t) gate;          /* a thread is about to fork: no new sections */
	bool has_membarrier;
	bool wants_verify;  /* asked for by an option */
	bool verify_unwind; /* and possible */
	struct thread fallback;
	_Atomic(uint32_t) shards_taken; /* bit set */
	_Atomic(uint32_t) unloading;    /* dlclose under way: unwind rules are not cached */
	_Atomic(uint32_t) code_generation;
	_Atomic(bool) was_sampled; /* some blocks of this process may not have been recorded */
	bool is_quick;             /* the filter is there, and the allocator is the C library's: heap_quick.c */
	bool has_filter;           /* and that from its start: sampling.h */
	char exe[1024];
	char arena_path[1024];
};
extern struct shim shim;

/* ---- what every event does: shim.h's functions of the same meaning, inline, for the hottest hooks ---- */

/* shim_active(true), once the process records. */
static inline bool shim_records(void)
{
	return LIKELY(atomic_load_explicit(&shim.mode, memory_order_acquire) == MODE_ACTIVE) &&
	       LIKELY(atomic_load_explicit(shim.guard, memory_order_relaxed) != 0);
}

/* site_here() for SEEP_KIND_HEAP, sampled with that interval. stacks.c */
struct site_id heap_site_here(const struct hook_frame *frame, struct thread *thread, uint64_t interval);

static inline uint32_t epoch_read(void) /* epoch_now() */
{
	return __atomic_load_n(&shim.arena->epoch, __ATOMIC_RELAXED);
}

void section_enter_slowly(struct thread *thread);

static inline void section_enter(struct thread *thread)
{
	if (UNLIKELY(thread->is_shared)) {
		section_enter_slowly(thread);
		return;
	}
	atomic_store_explicit(&thread->in_section, atomic_load_explicit(&thread->in_section, memory_order_relaxed) + 1,
			      memory_order_release);
	atomic_signal_fence(memory_order_seq_cst); /* the forking thread's membarrier() makes it a real one */
	if (UNLIKELY(atomic_load_explicit(&shim.gate, memory_order_relaxed)))
		section_enter_slowly(thread);
}

static inline void section_leave(struct thread *thread)
{
	if (UNLIKELY(thread->is_shared))
		atomic_fetch_sub_explicit(&thread->in_section, 1, memory_order_acq_rel);
	else
		atomic_store_explicit(&thread->in_section,
				      atomic_load_explicit(&thread->in_section, memory_order_relaxed) - 1,
				      memory_order_release);
}

void count_temporary(struct site_id site);

/* The counters of a site that this thread alone writes; NULL: there are none, or no pages for them yet. */
static inline struct arena_counters *counters_own(const struct thread *thread, struct site_id site)
{
	struct region *region = &shim.slot.counters_region[thread->shard];

	if (UNLIKELY(thread->shard == SHARED_SHARD) ||
	    UNLIKELY((site.n + 1) * sizeof(struct arena_counters) >
		     atomic_load_explicit(&region->ready, memory_order_acquire)))
		return NULL;
	return (struct arena_counters *)region->base + site.n;
}

static inline void block_acquired(const struct thread *thread, struct site_id site, uint64_t bytes, uint32_t epoch)
{
	struct arena_counters *counters = counters_own(thread, site);

	if (UNLIKELY(!counters)) {
		count_acquire(site, 1, bytes, epoch);
		return;
	}
	counter_add(&counters->acquired_count, 1, true);
	counter_add(&counters->acquired_bytes, bytes, true);
	counter_add(&counters->birth_sum, epoch, true);
}

/* True if it was among the first releases of the callsite (releases.h). */
static inline bool block_released(const struct thread *thread, struct site_id site, uint64_t bytes, uint32_t epoch,
				  bool is_temporary)
{
	struct arena_counters *counters = counters_own(thread, site);

	if (UNLIKELY(!counters)) {
		if (is_temporary)
			count_temporary(site);
		return count_release(site, 1, bytes, epoch);
	}
	counter_add(&counters->released_count, 1, true);
	counter_add(&counters->released_bytes, bytes, true);
	counter_add(&counters->birth_sum, -(uint64_t)epoch, true);
	if (is_temporary)
		counter_add(&counters->temporary_count, 1, true);
	return counters->released_count <= RELEASES_FIRST;
}

/* ---- the parts ---- */

/* Starts recording at the first event; true when ACTIVE. init.c */
bool shim_start(void);
/* A child without our prepare handler: takes a slot. fork.c */
bool shim_adopt(void);

/* Points `slot` at slot `index`, a mapped one, and takes its first pages. False if it cannot. */
bool slot_map(struct slot *slot, uint32_t index);
/* Claims a free entry of the directory, of those whose slots are mapped, for `pid`; UINT32_MAX if there is none. */
uint32_t slot_claim(uint32_t first, uint32_t pid, uint32_t parent_slot);
/* For want of pages: gives the slot back and counts a process that runs unrecorded. */
void slot_unclaim(uint32_t index);
/* Fills a mapped, empty slot with what each has from the start: pseudo modules, nodes and sites. */
bool slot_fill(struct slot *slot);

/* Tells the recorder of private memory that pages_map() did not give. */
void private_range_add(uintptr_t start, size_t bytes);

/* state.c, for fork.c: see section_begin() */
bool sections_wait(void);
/*
 * True when every other thread has been outside of sections at some moment since the call; false if that takes longer
 * than wait_ns. Only where sections_can_pass(): the caller is outside itself, and the kernel has membarrier().
 */
bool sections_can_pass(void);
bool sections_passed(int64_t wait_ns);
void threads_after_fork(void);
/* mappings.c: no other thread that could hold the lock is in the child */
void mappings_after_fork(void);

/* Registers the fork handlers and makes the guard page; false if that page cannot be had. fork.c */
bool fork_init(void);
bool tree_init(void);
void real_init(void);

#endif
