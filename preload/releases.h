/* SPDX-License-Identifier: MIT */
/*
 * releases.h - where the things that a callsite acquired are given back: a sample, in the slot's table of releases.
 *
 * For a callsite of which some things are kept for ever, this tells where the others go ("freed in conn_close"), so
 * that the path which forgets stands out. Noted are
 *  - the first RELEASES_FIRST releases of a callsite in each shard of counters: a rare callsite is seen as well;
 *  - of the rest the heap blocks whose release is timed (cost.h): about one in ARENA_COST_EVERY, at random;
 *  - every closed descriptor and every unmapped mapping, which are system calls and take a stack anyway.
 * So `noted` says what is common and what is rare at one callsite, and is no count of releases. Pairs that find no room
 * in the table are left out. Nothing is noted of a block that realloc moves, nor of what an exit frees.
 *
 * Async-signal-safe, without lock, keeps errno. Outside of sections only: it takes a stack.
 */
#ifndef SEEP_RELEASES_H
#define SEEP_RELEASES_H

#include "shim.h"

enum { RELEASES_FIRST = 16 };

/* By the stack of the caller: the shim's own innermost frames are part of it. */
void release_note(struct site_id site);
/* By a stack that is known already. */
void release_note_at(struct site_id site, struct node_id node);

#endif
