/* SPDX-License-Identifier: MIT */
/*
 * reserve.h - private memory for the shim, piece by piece out of larger reservations.
 *
 * For tables that grow with the server. A mapping for each piece would run into vm.max_map_count and fill the slot's
 * list of private ranges; a large writable mapping would be charged whole by vm.overcommit_memory=2 and filled whole by
 * mlockall(). So addresses are reserved PROT_NONE, each time an eighth of what there is, and pieces made writable as
 * they are taken: address space and mappings grow slowly, charged and locked is what is used.
 */
#ifndef SEEP_RESERVE_H
#define SEEP_RESERVE_H

#include <stddef.h>

/*
 * Zeroed memory, page-aligned, never given back; NULL if the system refuses, which is then not asked again in the same
 * second. `bytes` is a multiple of the page size. Lock-free, async-signal-safe. After the arena is mapped.
 */
void *reserve_take(size_t bytes);

#endif
