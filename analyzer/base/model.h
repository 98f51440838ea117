/* SPDX-License-Identifier: MIT */
/*
 * model.h - a recording in memory: what the store reads and what analysis and render work on.
 *
 * Plain data. Ids are those of the recording's tables; they are dense but may have gaps, so each array
 * is indexed by id (entry 0 unused, entries of a gap zeroed) and `*_count` is the highest id + 1.
 * Ownership: `struct recording` owns everything below it; recording_release() frees it. Strings are
 * NUL-terminated UTF-8 and never NULL unless said.
 */
#ifndef SEEP_MODEL_H
#define SEEP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../preload/arena.h"

struct model_process {
	uint32_t id, pid, ppid, parent_id; /* 0: none */
	char *exe, *command, *allocator;   /* command, allocator: "" unknown */
	int64_t started_ns, ended_ns;      /* ended_ns 0: still runs */
	bool exec_ended;                   /* went on as another program */
	uint64_t trust[TRUST_COUNT];
	uint64_t private_bytes; /* Seep's own memory in the process */
};

struct model_module {
	uint32_t id;
	char *path, *build_id; /* path "": code of no file */
	uint64_t size;
	char *symbol_status; /* "": not tried */
};

/* One function at a location; inlined callees first. */
struct model_symbol {
	char *function;
	char *file; /* NULL unknown */
	uint32_t line, start_line;
};

struct model_location {
	uint32_t id, module_id;
	uint64_t offset;
	bool exact;    /* offset is a pc and not a return address: look up offset, otherwise offset - 1 */
	bool resolved; /* symbols are final */
	char *pseudo;  /* NULL: a code address */
	struct model_symbol *symbols; /* symbols[0] innermost */
	size_t symbol_count;
};

struct model_node {
	uint32_t id, parent_id, location_id; /* parent_id 0: the root */
	bool guessed;
};

struct model_site {
	uint32_t id, node_id;
	enum seep_kind kind;
};

/*
 * The estimated part of a figure: what is thought to have been missed by sampling (the figure has it in it), the
 * variance of that, and the weight of the heaviest block that may be missing. Zeroed: the figure is exact.
 */
struct model_part {
	double unseen, variance, weight;
};

/* Of one quantity, objects or bytes. */
struct model_parts {
	struct model_part live, acquired, released;
};

/* A site's figures at a moment, summed over the chosen processes. */
struct model_total {
	uint32_t site_id;
	int64_t live_count, live_bytes;
	uint64_t acquired_count, acquired_bytes;
	uint64_t released_count, released_bytes;
	uint64_t temporary_count;
	double mean_age_s; /* of what lives; 0 if nothing does */
	struct model_parts count_parts, byte_parts;
};

/* How old is what a site holds: ages[0] less than a second, ages[i] from 2^(i - 1) to less than 2^i seconds. */
enum { MODEL_AGES = 26 };
struct model_age {
	double count, bytes;
};
struct model_ages {
	uint32_t site_id;
	struct model_age ages[MODEL_AGES];
};

struct model_misuse {
	uint32_t process_id;
	enum arena_misuse_kind kind;
	uint32_t node_id, previous_node_id;
	uint64_t count;
	int32_t last_fd;
};

struct model_unseen {
	uint32_t process_id;
	char *target;
	uint64_t count;
};

/*
 * Who a process's private memory belonged to at a moment, in bytes that are resident or swapped out; -1 unknown. The
 * parts heap to other are disjoint, and differ from rss_anon + swap only by what changed while they were read.
 */
struct model_look {
	int64_t time;
	int64_t rss_anon, swap;
	int64_t live_bytes, live_count; /* heap blocks as tracked: requested sizes, whether touched or not */
	int64_t large_bytes;            /* of these, of callsites whose blocks are 128 kB or more on average */
	int64_t heap, heap_size;        /* [heap] and the C library's arenas; and their address space */
	int64_t anonymous,
		anonymous_size;      /* mappings that nobody is known to own: large heap blocks, allocators' pools */
	int64_t mapping;             /* that the program made with mmap() */
	int64_t stack, seep;         /* of threads; Seep's own */
	int64_t file;                /* variables of programs and libraries, changed pages of private file mappings */
	int64_t other;               /* small ones of unknown owner, and the kernel's */
	int64_t cgroup_bytes;        /* charged to the group whose limit is the nearest, less idle file cache */
	int64_t descriptors, timers; /* of the process: open; of POSIX */
	int64_t signals;             /* queued for the user, all POSIX timers among them */
};

/* What a process may take; INT64_MAX no limit, -1 unknown. */
struct model_limits {
	int64_t memory; /* bytes, of its control group or one above */
	int64_t descriptors, signals, address_space;
};

/* From a moment on heap blocks were recorded with that interval; 0: every one. */
struct model_sampling {
	int64_t time_ns;
	uint64_t interval;
};

struct recording {
	char *path;
	int64_t created_ns, ended_ns; /* ended_ns 0: live */
	int64_t newest_ns;            /* time of the newest figures */
	uint32_t interval_ms;
	uint64_t file_bytes;
	struct model_process *processes;
	struct model_module *modules;
	struct model_location *locations;
	struct model_node *nodes;
	struct model_site *sites;
	size_t process_count, module_count, location_count, node_count, site_count;
	struct model_misuse *misuses;
	size_t misuse_count;
	struct model_unseen *unseen;
	size_t unseen_count;
	struct model_sampling *samplings; /* by time; none: every block was recorded all the time */
	size_t sampling_count;
};

void recording_release(struct recording *recording);

/* The name of a kind ("heap", "socket"), and back: -1 if unknown. */
const char *kind_name(enum seep_kind kind);
int kind_by_name(const char *name);

#endif
