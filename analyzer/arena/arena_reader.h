/* SPDX-License-Identifier: MIT */
/*
 * arena_reader.h - the recorder's side of the shared file (its layout: preload/arena.h).
 *
 * The file is written by the processes that are watched: every byte is hostile. It is read with pread() only (never
 * mapped: a file that shrinks cannot kill the reader, and holes stay holes). What these functions hand out is checked:
 * counts are within the capacities of the header, which are within the file; text ends with a NUL; a node's parent is
 * before it; kinds, modules and nodes are ones that can exist. An entry that is not complete, or impossible, says so by
 * its status.
 *
 * Ownership: the reader holds the file and the recorder's lock on it. Buffers are the caller's.
 */
#ifndef SEEP_ARENA_READER_H
#define SEEP_ARENA_READER_H

#include <stdbool.h>

#include "../../preload/arena.h"
#include "../base/error.h"

struct arena_reader;

/*
 * Opens an arena of this user. SEEP_ERR_NOT_FOUND there is none, NOT_OURS no arena or another user's, NEWER, DAMAGED
 * impossible dimensions, or not complete (its creator is still at it, or died).
 */
int arena_open(const char *path, struct arena_reader **out, struct error *error);
void arena_close(struct arena_reader *reader); /* NULL is fine; gives the lock back */

const char *arena_path(const struct arena_reader *reader);
/* A copy taken at the opening, checked. */
const struct arena_header *arena_head(const struct arena_reader *reader);

/* Becomes the arena's one recorder; false if there is one that lives. */
bool arena_lock(struct arena_reader *reader);
/* False once the file has become shorter than its header says. */
bool arena_is_whole(const struct arena_reader *reader);
/* False once somebody has removed or replaced the file under its name. */
bool arena_is_in_place(const struct arena_reader *reader);

/* ---- reading ---- */

/* The directory, slot_count entries. */
int arena_read_directory(struct arena_reader *reader, struct arena_entry *entries, struct error *error);
/* Processes that ran unrecorded because every slot was taken. */
uint32_t arena_unslotted(struct arena_reader *reader);
/* The sampling interval in force, bytes; 0: every heap block is recorded. */
uint64_t arena_sample_interval(struct arena_reader *reader);
/* Grows when somebody wants to know the ages of what lives. */
uint32_t arena_ages_wanted(struct arena_reader *reader);
/* The recording that the arena is read into; a recorder that had to choose another place notes it here. */
int arena_read_recording_path(struct arena_reader *reader, char path[ARENA_PATH_MAX]);

/* The *_used fields are limited to the capacities. */
int arena_read_slot(struct arena_reader *reader, uint32_t slot, struct slot_header *out, struct error *error);

enum arena_status {
	ARENA_ENTRY_OK = 0,
	ARENA_ENTRY_INCOMPLETE, /* being written, or its writer died over it */
	ARENA_ENTRY_IMPOSSIBLE, /* complete, and contradicts the format */
};

/* Up to `count` entries from `first`; returns how many were read (less only at the capacity, or when the file fails).
 */
uint32_t arena_read_modules(struct arena_reader *reader, uint32_t slot, uint32_t first, struct arena_module *out,
			    uint32_t count);
uint32_t arena_read_nodes(struct arena_reader *reader, uint32_t slot, uint32_t first, struct arena_node *out,
			  uint32_t count);
uint32_t arena_read_sites(struct arena_reader *reader, uint32_t slot, uint32_t first, struct arena_site *out,
			  uint32_t count);
uint32_t arena_read_misuse(struct arena_reader *reader, uint32_t slot, struct arena_misuse *out, uint32_t count);
uint32_t arena_read_releases(struct arena_reader *reader, uint32_t slot, struct arena_release *out, uint32_t count);
uint32_t arena_read_fds(struct arena_reader *reader, uint32_t slot, struct arena_fd *out, uint32_t count);
/* Ranges and pthread_t may be anything; free entries are 0. */
uint32_t arena_read_mappings(struct arena_reader *reader, uint32_t slot, struct arena_range *out, uint32_t count);
uint32_t arena_read_stacks(struct arena_reader *reader, uint32_t slot, uint64_t *out, uint32_t count);
/* Counters of sites [first, first + count), summed over the shards. */
uint32_t arena_read_counters(struct arena_reader *reader, uint32_t slot, uint32_t first, struct arena_counters *out,
			     uint32_t count);
/* Of sites [first, first + count). Their doubles may be anything. */
uint32_t arena_read_estimates(struct arena_reader *reader, uint32_t slot, uint32_t first, struct arena_estimates *out,
			      uint32_t count);

/* By enum arena_event, summed over the threads. False if the file fails. */
bool arena_read_events(struct arena_reader *reader, uint32_t slot, uint64_t counts[EVENT_COUNT]);
/*
 * Of the names [0, used): the sum of each name's counts, at its first place; names are printable UTF-8. What is not
 * complete, has no name or stands there twice has the count 0. Returns how many were read: 0 if the file fails.
 */
struct arena_mark {
	char name[ARENA_MARK_NAME];
	uint64_t count;
};
uint32_t arena_read_marks(struct arena_reader *reader, uint32_t slot, uint32_t used,
			  struct arena_mark out[ARENA_MARKS]);

/* Checks of one entry, as read; `index` is its own. Pure. */
enum arena_status arena_module_status(struct arena_module *module); /* ends its path with a NUL */
enum arena_status arena_node_status(const struct arena_header *head, const struct arena_node *node, uint32_t index);
enum arena_status arena_site_status(const struct arena_header *head, const struct arena_site *site);
enum arena_status arena_release_status(const struct arena_header *head, const struct arena_release *release);
enum arena_status arena_misuse_status(const struct arena_header *head, const struct arena_misuse *misuse);
enum arena_status arena_fd_status(const struct arena_header *head, const struct arena_fd *fd);

/* Parts of a node that arena_node_status() found to be OK. */
static inline uint32_t arena_node_module(const struct arena_node *node)
{
	return (node->module_and_flags & ARENA_NODE_MODULE_MASK) - 1;
}

/* Bytes of memory or disk that the file takes; -1 unknown. */
int64_t arena_allocated_bytes(const struct arena_reader *reader);

/* ---- writing: the recorder's four rights ---- */

/* The clock of the hooks. */
int arena_set_epoch(struct arena_reader *reader, uint32_t epoch);
/* How much of the heap's events they record from now on: mean bytes between blocks, 0 all. */
int arena_set_sample_interval(struct arena_reader *reader, uint64_t interval);
int arena_set_recording_path(struct arena_reader *reader, const char *path);
/* Gives the slot's memory back, then its entry to the next process. Its owner must have gone. */
int arena_release_slot(struct arena_reader *reader, uint32_t slot);
int arena_unlink(struct arena_reader *reader);

/* ---- writing: what anybody may who can open it ---- */

/* Asks the recorder for the ages of what lives; *wanted is what it says when it has answered. */
int arena_want_ages(struct arena_reader *reader, uint32_t *wanted);

#endif
