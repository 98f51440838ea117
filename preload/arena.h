/* SPDX-License-Identifier: MIT */
/*
 * arena.h - the layout of the shared file between the shim and the recorder.
 *
 * One file, mapped MAP_SHARED by every recorded process before its main(). The counters live in the
 * file itself, so whatever ends a process (SIGKILL, _exit, a crash) loses nothing: whoever reads the
 * file next finds the final figures.
 *
 *   0                      struct arena_header                       one page
 *   ARENA_PAGE             struct arena_entry[slot_count]            the directory of slots
 *   slots_offset           slot 0 | slot 1 | ...                     slot_size bytes each
 *
 *   slot:  0               struct slot_header                        one page
 *          events_offset   struct arena_events[ARENA_EVENT_LINES]    one page, right behind it
 *          modules_offset  struct arena_module[module_capacity]
 *          nodes_offset    struct arena_node[node_capacity]          the calling-context tree
 *          sites_offset    struct arena_site[site_capacity]          site = tree node + kind + interval
 *          misuse_offset   struct arena_misuse[misuse_capacity]
 *          fds_offset      struct arena_fd[fd_capacity]              filled once, at the first EMFILE
 *          mark_names_offset struct arena_mark_name[ARENA_MARKS]     both are taken with the first mark
 *          marks_offset    struct arena_marks[shard_count]
 *          releases_offset struct arena_release[release_capacity]    a hash table
 *          mappings_offset struct arena_range[mapping_capacity]      what the program has mapped; empty ones are free
 *          stacks_offset   uint64_t[stack_capacity]                  pthread_t of threads, newer ones over older ones
 *          estimates_offset struct arena_estimates[site_capacity]    touched by sampled sites only
 *          counters_offset struct arena_counters[shard_count][site_capacity]
 *
 * Invariants
 *  - The file is sparse. A writer takes pages with MADV_POPULATE_WRITE before it stores into them.
 *  - modules, nodes and sites are append-only while a slot is owned; entry i is complete when its
 *    `ready` word is non-zero, and does not change afterwards (a module's base may).
 *  - A counter only grows, except birth_sum. Sum the shards; live = inherited + acquired - released.
 *  - One process owns a slot. It is claimed by compare-and-swap of entry.state from FREE; only the
 *    recorder sets FREE again, after the owner has gone and its last figures are stored.
 *  - Readers treat every byte as hostile: no value of the file is an index or a length unchecked.
 *
 * Units: bytes, counts, and epochs (whole seconds since arena_header.created_boottime_ns, plus 1).
 */
#ifndef SEEP_ARENA_H
#define SEEP_ARENA_H

#include <assert.h>
#include <stdint.h>

#include "kinds.h"

#define ARENA_MAGIC UINT64_C(0x314e524150454553) /* "SEEPARN1", little endian */
#define ARENA_VERSION 3u
#define ARENA_PAGE 4096u
#define ARENA_PATH_MAX 1024u

struct arena_header {
	uint64_t magic;
	uint32_t version;
	uint32_t slot_count;
	uint64_t file_size;
	uint64_t slots_offset;
	uint64_t slot_size;
	/* offsets below count from the start of a slot */
	uint32_t modules_offset, module_capacity;
	uint32_t nodes_offset, node_capacity;
	uint32_t sites_offset, site_capacity;
	uint32_t misuse_offset, misuse_capacity;
	uint32_t fds_offset, fd_capacity;
	uint32_t counters_offset, shard_count;
	uint64_t created_realtime_ns;
	uint64_t created_boottime_ns; /* CLOCK_BOOTTIME */
	uint32_t creator_pid;
	uint32_t interval_ms;         /* how often the recorder reads */
	uint32_t unslotted_processes; /* ran unrecorded: no slot was free, or no page for one */
	uint32_t ready;               /* set last by the creator */
	uint64_t pid_namespace;       /* st_ino of /proc/self/ns/pid; 0 unknown: ids of another one mean nothing here */
	uint32_t estimates_offset;
	uint32_t events_offset, mark_names_offset, marks_offset;
	uint32_t releases_offset, release_capacity; /* a power of 2 */
	uint32_t mappings_offset, mapping_capacity;
	uint32_t stacks_offset, stack_capacity;
	uint32_t ages_wanted; /* grows when somebody wants to know the ages of what lives now */
	uint8_t reserved[76];
	char recording_path[ARENA_PATH_MAX]; /* absolute, NUL-terminated */
	uint32_t max_overhead; /* limit on the hooks' part of the CPU time, in thousandths of a percent; 0: none */
	uint8_t reserved2[2756];
	/* its own cache line: read by every hook, written by the recorder (the epoch once a second) */
	uint32_t epoch;
	uint32_t reserved_word;
	uint64_t sample_interval; /* heap: mean bytes between sampled allocations; 0: every one is recorded */
	uint8_t reserved3[48];
};
static_assert(sizeof(struct arena_header) == ARENA_PAGE, "one page");

enum arena_slot_state {
	SLOT_FREE = 0,
	SLOT_CLAIMED = 1, /* being filled; may be read, may be incomplete */
	SLOT_LIVE = 2,
	SLOT_EXECED = 3, /* the owner called exec: its figures are final though the pid lives on */
};

/* The directory: small, always populated, all that a scan for live processes has to read. */
struct arena_entry {
	uint32_t state;       /* enum arena_slot_state */
	uint32_t pid;         /* in the pid namespace of the process */
	uint32_t generation;  /* counts the owners of this slot */
	uint32_t parent_slot; /* UINT32_MAX: not forked from a recorded process */
	uint32_t parent_generation;
	uint32_t attention; /* grows when something should be looked at before the next interval */
	uint64_t claimed_realtime_ns;
	uint8_t reserved[32];
};
static_assert(sizeof(struct arena_entry) == 64, "one cache line");

/*
 * What the reports' trust line is made of: events that are not, or not fully, in the record.
 * X(identifier, name in the recording, sentence part)
 */
#define ARENA_TRUST(X)                                                                                              \
	X(DROPPED_EVENTS, "dropped_events", "events not recorded")                                                  \
	X(TRUNCATED_STACKS, "truncated_stacks", "stacks cut at the depth limit")                                    \
	X(MISSING_STACKS, "missing_stacks", "events without a stack (arena full)")                                  \
	X(BROKEN_STACKS, "broken_stacks", "stacks that ended before the thread's start")                            \
	X(GUESSED_FRAMES, "guessed_frames", "stacks with frames followed along rbp, without CFI")                   \
	X(UNSEEN_FREES, "unseen_frees", "frees of blocks not seen acquired")                                        \
	X(OVERWRITTEN_BLOCKS, "overwritten_blocks", "blocks or descriptors acquired again, their release not seen") \
	X(UNSEEN_CLOSES, "unseen_closes", "descriptors closed that were not seen opened")                           \
	X(UNSEEN_UNMAPS, "unseen_unmaps", "bytes unmapped that were not seen mapped")                               \
	X(LOST_ENTRIES, "lost_entries", "blocks that the live map had no memory for")                               \
	X(FORK_TIMEOUTS, "fork_timeouts", "forks that did not wait for every thread's event")                       \
	X(VERIFY_CAPTURES, "verify_captures", "stacks compared with libunwind's")                                   \
	X(VERIFY_DIFFERENCES, "verify_differences", "stacks that differ from libunwind's")                          \
	X(DROPPED_MARKS, "dropped_marks", "marks (seep_mark) of names beyond the first 64")

enum arena_trust {
#define X(id, name, text) TRUST_##id,
	ARENA_TRUST(X)
#undef X
		TRUST_COUNT
};

/*
 * What the hooks cost, by timing about one event in ARENA_COST_EVERY (preload/cost.h has the estimator): the events
 * together take ARENA_COST_EVERY * (the sum of cycles), in cycles of the time-stamp counter. Sums modulo 2^64.
 */
#define ARENA_COST_EVERY 256
#define ARENA_COST_CLIP 16384
enum arena_cost_part { COST_ACQUISITION, COST_RELEASE, COST_PARTS };
struct arena_cost {
	uint64_t timed[COST_PARTS];  /* events */
	uint64_t cycles[COST_PARTS]; /* they took */
	uint64_t squares;            /* sum of their squares */
	uint64_t clipped;            /* took longer, and are in the sums with ARENA_COST_CLIP cycles */
	uint64_t reserved[2];
};
static_assert(sizeof(struct arena_cost) == 64, "one cache line");

struct arena_range {
	uint64_t start, end;
};
#define ARENA_PRIVATE_RANGES 128u

struct slot_header {
	uint32_t pid;
	uint32_t ppid;
	uint32_t modules_used, nodes_used, sites_used; /* may exceed the capacity: the rest was refused */
	uint32_t misuse_used;
	uint32_t fds_used; /* entries of the descriptor table below, complete when fd_mark is set */
	uint32_t fd_mark;  /* non-zero: the first EMFILE (24) or ENFILE (23) was met, and this is it */
	uint32_t fd_mark_epoch;
	uint32_t fd_mark_node; /* the callsite that met it */
	uint32_t fork_count;
	uint32_t forked_epoch;  /* 0: not forked from a recorded process */
	uint64_t private_bytes; /* reserved by the shim for itself; what of it is resident: see private_ranges */
	uint64_t allocator_mapped_bytes;    /* mmap by the allocator for itself, */
	uint64_t allocator_unmapped_bytes;  /* and given back */
	uint64_t captures, captured_frames; /* stacks taken, and frames in all of them (statistics) */
	uint64_t rule_misses;               /* unwind rules that had to be computed from .eh_frame */
	uint64_t trust[32];                 /* by enum arena_trust */
	char exe[1024];                     /* NUL-terminated */
	char allocator[256];                /* path of the module that malloc is chained to */
	/* where the shim's own private memory lies (more ranges than fit are left out): /proc/PID/pagemap tells what is
	 * resident */
	uint32_t private_range_count;
	uint32_t marks_used; /* of mark_names; may exceed ARENA_MARKS, the rest was refused */
	struct arena_range private_ranges[ARENA_PRIVATE_RANGES];
	uint32_t mappings_used;   /* entries of that table, free ones among them */
	uint32_t mappings_untold; /* that found no room in it */
	uint8_t reserved[16];
	struct arena_cost cost; /* a cache line of its own */
	uint32_t releases_used; /* entries of the table of releases that are taken */
	uint32_t reserved_word2;
	uint64_t live_roots; /* where in the process's own memory its tables of what lives begin (live_layout.h) */
	uint8_t reserved2[304];
};
static_assert(sizeof(struct slot_header) == ARENA_PAGE, "one page");
static_assert(TRUST_COUNT <= 32, "trust[] has room");

/*
 * A loaded object. Identity is (path, build-id, size): the same library loaded again, at whatever
 * address, is the same module, so that stacks through it stay the same.
 * Module 0 stands for code that belongs to no file (JIT): offset = address.
 */
#define ARENA_MODULE_PATH 440u
struct arena_module {
	uint32_t ready;
	uint32_t build_id_size; /* 0: the object has none */
	uint8_t build_id[32];
	uint64_t base;           /* load bias: address = base + offset; UINT64_MAX while unloaded */
	uint64_t size;           /* extent of the mapping, bytes */
	uint32_t path_truncated; /* the path is longer; its tail is kept */
	uint32_t generation;     /* times it was loaded */
	uint64_t reserved;
	char path[ARENA_MODULE_PATH]; /* NUL-terminated, as the dynamic linker has it; "" the program */
};
static_assert(sizeof(struct arena_module) == 512, "fixed");
#define ARENA_MODULE_ANONYMOUS 0u

/*
 * A frame in its context. Node 0 is the root (above every thread's first frame).
 * `offset` is the return address (the call is before it), or for MODULE_PSEUDO an enum arena_pseudo.
 * A frame that a signal interrupted has ARENA_FRAME_EXACT set: its offset is the instruction itself.
 */
struct arena_node {
	uint32_t parent;
	uint32_t module_and_flags; /* module + 1 in the low 24 bits; 0: not ready */
	uint64_t offset;
};
static_assert(sizeof(struct arena_node) == 16, "fixed");
#define ARENA_NODE_MODULE_MASK 0x00ffffffu
#define ARENA_FRAME_EXACT 0x80000000u   /* offset is a pc, not a return address */
#define ARENA_FRAME_GUESSED 0x40000000u /* found along rbp, not by unwind information */
#define ARENA_MODULE_PSEUDO 0x00fffffeu

/* Nodes 1..PSEUDO_COUNT-1 of every slot are these, children of the root. */
#define ARENA_PSEUDO(X)                              \
	X(MISSING, 1, "[stack missing: arena full]") \
	X(TRUNCATED, 2, "[outer frames cut]")        \
	X(AT_START, 3, "[open at start]")            \
	X(UNSEEN, 4, "[not seen acquired]")
enum arena_pseudo {
#define X(id, number, text) PSEUDO_##id = number,
	ARENA_PSEUDO(X)
#undef X
		PSEUDO_COUNT = 5
};

/*
 * What reports show: a tree node and a kind. Heap blocks that were sampled have a site for each sampling interval, so
 * that the weight of a block follows from its site and its size, and is the same at its release as at its acquisition.
 * Sites 1..SEEP_KIND_COUNT are (node MISSING, kind i - 1, 0), there from the start, so that an event always has a site
 * to be counted at. Site 0 is none.
 */
struct arena_site {
	uint32_t node;
	uint16_t kind;
	uint16_t ready;
	/* held since before the fork, copied from the parent's figures; 0 if the process was not forked */
	uint64_t inherited_count;
	uint64_t inherited_bytes;
	uint64_t inherited_birth_sum;
	uint64_t interval; /* mean bytes between samples; 0: every event is counted */
	uint64_t reserved[3];
};
static_assert(sizeof(struct arena_site) == 64, "one cache line");

struct arena_counters {
	uint64_t acquired_count;
	uint64_t acquired_bytes; /* requested sizes */
	uint64_t released_count;
	uint64_t released_bytes;
	uint64_t birth_sum;       /* modulo 2^64: += epoch on acquire, -= the block's birth epoch on release */
	uint64_t temporary_count; /* released by the same thread, which acquired nothing in between */
	uint64_t reserved[2];
};
static_assert(sizeof(struct arena_counters) == 64, "one cache line");

/*
 * Of a site with an interval: how much its counters, which count sampled blocks only, are thought to have missed. A
 * block of `size` adds unseen = 1 / p - 1 objects and size * unseen bytes (preload/weights.h). Objects are in units of
 * 1 / ARENA_COUNT_UNIT: 36 million a second at one callsite for a year. Bytes are in units of 1 / ARENA_BYTES_UNIT: 36
 * GB a second for a year. The variances are doubles (their bits), in objects^2 and bytes^2.
 */
#define ARENA_LONGEST_SAMPLE (UINT64_C(1) << 40)
#define ARENA_LEAST_CHARGE UINT64_C(256) /* a block counts in sampling with its size, but with no less than this */
#define ARENA_COUNT_UNIT 16384u
#define ARENA_BYTES_UNIT 16u
#define ARENA_BIRTH_UNIT 16u
struct arena_estimates {
	uint64_t acquired_count, acquired_bytes;
	uint64_t released_count, released_bytes;
	uint64_t temporary_count;
	uint64_t birth_sum; /* modulo 2^64: unseen objects, in units of 1 / ARENA_BIRTH_UNIT, times epoch */
	uint64_t acquired_count_variance, acquired_bytes_variance;
	uint64_t released_count_variance, released_bytes_variance;
	uint32_t least_charge,
		largest_charge; /* of the sampled blocks: max(size, 256), at most UINT32_MAX; 0: none yet */
	/* of what is held since before the fork */
	uint64_t inherited_count, inherited_bytes, inherited_birth_sum;
	uint64_t inherited_count_variance, inherited_bytes_variance;
};
static_assert(sizeof(struct arena_estimates) == 128, "two cache lines");

/*
 * What happened to the process since its start, beside what it acquired: the growth of a site is held against these.
 * A forked child begins at 0. Bytes and calls are those of calls that moved data. X(identifier, name in the recording)
 */
#define ARENA_EVENTS(X)                           \
	X(ACCEPTED, "accepted")                   \
	X(CONNECTED, "connected")                 \
	X(RESET, "reset")                         \
	X(READ_CALLS, "read_calls")               \
	X(READ_BYTES, "read_bytes")               \
	X(WRITE_CALLS, "write_calls")             \
	X(WRITE_BYTES, "write_bytes")             \
	X(TIMER_EXPIRATIONS, "timer_expirations") \
	X(FORKS, "forks")                         \
	X(THREADS, "threads")

enum arena_event {
#define X(id, name) EVENT_##id,
	ARENA_EVENTS(X)
#undef X
		EVENT_COUNT
};

/*
 * The sum over the lines counts. The first shard_count - 1 belong to one thread each, as shards do; all further threads
 * are spread over the rest.
 */
#define ARENA_EVENT_LINES 32u
struct arena_events {
	uint64_t count[16]; /* by enum arena_event */
};
static_assert(sizeof(struct arena_events) * ARENA_EVENT_LINES == ARENA_PAGE, "one page");
static_assert(EVENT_COUNT <= 16, "count[] has room");

/* Events that the program counts itself (seep.h). The same name may stand there twice: the sum of both counts. */
#define ARENA_MARKS 64u
#define ARENA_MARK_NAME 60u
struct arena_mark_name {
	uint32_t ready;             /* set last */
	char name[ARENA_MARK_NAME]; /* NUL-terminated */
};
static_assert(sizeof(struct arena_mark_name) == 64, "one cache line");
struct arena_marks {
	uint64_t count[ARENA_MARKS];
};

/* Wrong use of a descriptor, by callsite. */
enum arena_misuse_kind {
	MISUSE_NONE = 0,
	MISUSE_DOUBLE_CLOSE = 1, /* closed here, and closed before at previous_node */
	MISUSE_NEVER_OPENED = 2, /* close() of a number that was not open, nor ever seen open */
};
struct arena_misuse {
	uint32_t kind; /* enum arena_misuse_kind; set last */
	uint32_t node;
	uint32_t previous_node;
	uint32_t last_fd;
	uint64_t count;
	uint32_t first_epoch, last_epoch;
};
static_assert(sizeof(struct arena_misuse) == 32, "fixed");

struct arena_fd {
	int32_t fd;
	uint32_t site;
	uint32_t birth_epoch;
	uint32_t kind; /* enum seep_kind */
};
static_assert(sizeof(struct arena_fd) == 16, "fixed");

/*
 * Where the things of a callsite are given back, a sample of it (preload/releases.h). Open addressing by key; entries
 * only come and grow.
 */
struct arena_release {
	uint64_t key; /* site << 32 | tree node of the stack that released; 0: free */
	uint64_t noted;
};
static_assert(sizeof(struct arena_release) == 16, "fixed");

/* Environment: how an exec'd program finds the arena, and the options (key=value:key=value). */
#define ARENA_ENV "SEEP_ARENA"
#define ARENA_OPTIONS_ENV "SEEP_OPTIONS"

#endif
