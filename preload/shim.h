/* SPDX-License-Identifier: MIT */
/*
 * shim.h - what every hook of libseep.so works with.
 *
 * Rules of a hook (they are what makes Seep a guest)
 *  - no call of a hooked function: syscalls through sys.h, memory through pages_map();
 *  - async-signal-safe and lock-free, so that a signal handler may allocate inside a hook;
 *  - errno as the real function left it (the functions below keep it);
 *  - no lock and no open section across the real call;
 *  - a release is recorded before the real call, an acquisition after it: what the address or the number
 *    stands for belongs to the caller in between, and nobody else writes its entry.
 *
 * A hook reads:
 *
 *	HOOK int socket(int domain, int type, int protocol)
 *	{
 *		int fd = REAL(socket)(domain, type, protocol);
 *
 *		if (fd >= 0)
 *			descriptor_acquired(HERE, fd, SEEP_KIND_SOCKET);
 *		return fd;
 *	}
 */
#ifndef SEEP_SHIM_H
#define SEEP_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"

#define HOOK __attribute__((visibility("default"), noinline, used))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define COLD __attribute__((cold, noinline))

/* The hook's own frame: [rbp] is the caller's rbp, [rbp + 8] the return address into the caller. */
#define HERE ((const struct hook_frame *)__builtin_frame_address(0))
struct hook_frame {
	uintptr_t rbp;
	uintptr_t return_address;
};

/* Typed ids, so that they cannot be mixed up. 0 is none in both. */
struct node_id {
	uint32_t n;
};
struct site_id {
	uint32_t n;
};

/*
 * True when events are to be recorded: the arena is there, this is not a vfork child (whose descriptors are
 * its own while its memory is the parent's: pass `memory` true for heap and mappings), and the process
 * still owns its slot (a raw clone is noticed here, and gets a slot of its own). First call initialises.
 */
bool shim_active(bool memory);

/* ---- stacks and sites ---- */

/* The callsite of a hook for a kind. Never fails: at worst the kind's "[stack missing]" site. Keeps errno. */
struct site_id site_here(const struct hook_frame *frame, enum seep_kind kind);
/* The tree node alone (misuse, marks). */
struct node_id node_here(const struct hook_frame *frame);
/* The same for a stack that is no event's: what it lacks is not counted in the trust line. */
struct node_id node_noted(const struct hook_frame *frame);
/* The site of a pseudo frame, e.g. PSEUDO_AT_START. */
struct site_id site_pseudo(enum arena_pseudo pseudo, enum seep_kind kind);
enum seep_kind site_kind(struct site_id site);

/* ---- counters ---- */

uint32_t epoch_now(void); /* seconds; never 0 */

void count_acquire(struct site_id site, uint64_t count, uint64_t bytes, uint32_t epoch);
/* True if this was among the first releases of the callsite (releases.h). */
bool count_release(struct site_id site, uint64_t count, uint64_t bytes, uint32_t birth_epoch);
void trust_add(enum arena_trust what, uint64_t count);

/*
 * A section is the time in which a live map and the counters disagree: bracket "map entry + counter" with it,
 * nothing else (no real call, no capture). fork() waits until no thread is inside, so that a child's
 * copy of the maps and of the counters is of one moment.
 */
struct section {
	void *thread;
};
struct section section_begin(void);
void section_end(struct section section);

/* ---- private memory ---- */

/*
 * Zeroed private memory for the shim's tables, never given back; left out of core dumps. NULL if the system
 * refuses: count it in trust and go on. `bytes` is rounded up to pages. Reserve large, it is touched lazily.
 */
void *pages_map(size_t bytes);

/* ---- handles known by a pointer or an opaque number: streams, threads, timers ---- */

/*
 * handle_acquired: after a successful acquisition. handle_released: before the release; false if the
 * key was not known. Keys of different kinds never collide. A release that overtakes its acquisition (a thread
 * that detaches itself before pthread_create has returned) is remembered when `may_come_early`.
 */
void handle_acquired(const struct hook_frame *frame, enum seep_kind kind, uintptr_t key);
bool handle_released(enum seep_kind kind, uintptr_t key, bool may_come_early);
/* Undoes the thread's last handle_released(), whatever that returned, after the real call failed: the entry as it was.
 */
void handle_restored(enum seep_kind kind, uintptr_t key);

/* ---- descriptors (descriptors.c) ---- */

void descriptors_init(void); /* marks what is open at start; before main */
void descriptor_acquired(const struct hook_frame *frame, int fd, enum seep_kind kind);

#endif
