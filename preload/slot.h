/* SPDX-License-Identifier: MIT */
/*
 * slot.h - the parts of the own slot that a hook fills directly: the tables of misuse, releases and
 * descriptors.
 *
 * The core (state.c) owns the slot; what is returned here is borrowed and stays valid as long as this process owns
 * the slot, that is, until fork's child takes one of its own: ask anew in each hook, keep no pointer.
 * All of them are async-signal-safe and keep errno.
 */
#ifndef SEEP_SLOT_H
#define SEEP_SLOT_H

#include <stdint.h>

#include "arena.h"

/* NULL when nothing is recorded. */
struct slot_header *arena_slot(void);

/* The misuse table, its pages taken. NULL when nothing is recorded or the arena's file system is full. */
struct arena_misuse *arena_misuse_table(uint32_t *capacity);

/* The table of releases, its pages taken. NULL as above. */
struct arena_release *arena_release_table(uint32_t *capacity);

/* The descriptor table of the first EMFILE, its pages taken by this call. NULL as above. */
struct arena_fd *arena_fd_table(uint32_t *capacity);

/* Tells the recorder not to wait for its next interval. */
void arena_attention(void);

#endif
