/* SPDX-License-Identifier: MIT */
#include "live_roots.h"

#include <stddef.h>

#include "descriptor_table.h"
#include "live_leaf.h"

static_assert(sizeof(struct live_region) == 64 && offsetof(struct live_region, leaves) == 0, "as live_layout.h says");
static_assert(sizeof(struct descriptor) == LIVE_DESCRIPTOR_SIZE && offsetof(struct descriptor, held) == 0 &&
		      DESCRIPTORS_EACH_CHUNK == LIVE_DESCRIPTORS_EACH_CHUNK &&
		      DESCRIPTORS_MAX == LIVE_DESCRIPTOR_CHUNKS * LIVE_DESCRIPTORS_EACH_CHUNK,
	      "as live_layout.h says");

static struct live_roots roots;

void live_roots_tell(void)
{
	roots = (struct live_roots){
		.magic = LIVE_ROOTS_MAGIC,
		.heap = (uintptr_t)&live_heap,
		.handles = (uintptr_t)&live_handle_tops,
		.descriptors = (uintptr_t)&descriptor_chunks,
	};
	mappings_describe(&roots);
	__atomic_store_n(&shim.slot.header->live_roots, (uintptr_t)&roots, __ATOMIC_RELEASE);
}
