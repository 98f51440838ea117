/* SPDX-License-Identifier: MIT */
/*
 * ranges.h - address ranges flattened into sorted, disjoint segments, so that every look-up is one binary search.
 *
 * Fill with ranges_add(), seal with ranges_seal(), then ask with ranges_find(). Where ranges overlap, the
 * one with the higher priority wins, then the one that starts later, then the one added first: nested scopes
 * added with their depth as priority give the innermost. Pure: no ELF, no DWARF, no I/O.
 * Zeroed is valid and empty; release with ranges_release().
 */
#ifndef SEEP_RANGES_H
#define SEEP_RANGES_H

#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t start, end; /* [start, end) */
	uint32_t value;
	uint32_t priority;
};

struct ranges {
	struct range *items; /* before the seal as added; after it sorted and disjoint */
	size_t count, capacity;
};

#define RANGES_NONE UINT32_MAX

/* An empty range is ignored. 0 or SEEP_ERR_MEMORY. */
int ranges_add(struct ranges *ranges, uint64_t start, uint64_t end, uint32_t value, uint32_t priority);

/* Flattens what was added. On SEEP_ERR_MEMORY the set is left empty. */
int ranges_seal(struct ranges *ranges);

/* The value at an address, or RANGES_NONE. */
uint32_t ranges_find(const struct ranges *ranges, uint64_t address);

void ranges_release(struct ranges *ranges);

#endif
