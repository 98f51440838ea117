/* SPDX-License-Identifier: MIT */
/*
 * reentrant_plugin.c - an allocator that a signal handler may call at any moment, even out of itself.
 *
 * Preloaded behind Seep, it makes "a handler that allocates" a fair test: with the C library's malloc the handler
 * would deadlock without Seep as well. Blocks of one size from a fixed pool, on a lock-free stack of
 * indices with a tag against ABA; what is larger is a mapping of its own.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The plugins that are loaded and unloaded keep what they allocate: 5 MB a second. Addresses only, until used. */
enum { BLOCK = 2048, BLOCKS = 1 << 22 };

union pool_block {
	uint32_t next; /* while free: index + 1 of the next free one, 0 none */
	char bytes[BLOCK];
};
struct mapping_head {
	size_t mapped, size, pad[2];
};

static _Atomic(union pool_block *) pool;
static _Atomic uint32_t pool_used;
static _Atomic uint64_t free_top; /* tag << 32 | index + 1 */

/* Not mmap(): Seep would see it, as the allocator's own. */
static void *map(size_t size)
{
	long address = syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return address == -1 ? NULL : (void *)address;
}

static union pool_block *pool_get(void)
{
	union pool_block *now = atomic_load(&pool), *fresh;

	if (now)
		return now;
	fresh = map(sizeof(union pool_block) * BLOCKS);
	if (fresh && !atomic_compare_exchange_strong(&pool, &now, fresh)) {
		syscall(SYS_munmap, fresh, sizeof(union pool_block) * BLOCKS);
		return now;
	}
	return fresh;
}

static void *pool_take(void)
{
	union pool_block *blocks = pool_get();
	uint64_t top = atomic_load(&free_top);
	uint32_t fresh;

	while ((uint32_t)top) {
		/* may be stale, then the tag differs and the exchange fails */
		uint32_t next = *(volatile uint32_t *)&blocks[(uint32_t)top - 1].next;

		if (atomic_compare_exchange_weak(&free_top, &top, ((top >> 32) + 1) << 32 | next))
			return &blocks[(uint32_t)top - 1];
	}
	fresh = atomic_fetch_add(&pool_used, 1);
	return blocks && fresh < BLOCKS ? &blocks[fresh] : NULL;
}

static void pool_give(void *pointer)
{
	union pool_block *blocks = atomic_load(&pool), *block = pointer;
	uint64_t top = atomic_load(&free_top), mine = (uint64_t)(block - blocks) + 1;

	do
		*(volatile uint32_t *)&block->next = (uint32_t)top;
	while (!atomic_compare_exchange_weak(&free_top, &top, ((top >> 32) + 1) << 32 | mine));
}

static int is_pool(const void *pointer)
{
	const union pool_block *blocks = atomic_load(&pool);

	return blocks && (const union pool_block *)pointer >= blocks &&
	       (const union pool_block *)pointer < blocks + BLOCKS;
}

static struct mapping_head *mapping_of(void *pointer)
{
	return (struct mapping_head *)pointer - 1;
}

void *malloc(size_t size)
{
	struct mapping_head *head;
	void *block = NULL;

	if (size <= BLOCK)
		block = pool_take();
	else if (size < PTRDIFF_MAX && (head = map(size + sizeof(*head)))) {
		*head = (struct mapping_head){.mapped = size + sizeof(*head), .size = size};
		block = head + 1;
	}
	if (!block)
		errno = ENOMEM;
	return block;
}

void free(void *pointer)
{
	if (!pointer)
		return;
	if (is_pool(pointer))
		pool_give(pointer);
	else
		syscall(SYS_munmap, mapping_of(pointer), mapping_of(pointer)->mapped);
}

void *calloc(size_t count, size_t size)
{
	size_t bytes;
	void *block = __builtin_mul_overflow(count, size, &bytes) ? NULL : malloc(bytes);

	return block ? memset(block, 0, bytes) : NULL;
}

void *realloc(void *pointer, size_t size)
{
	size_t room = !pointer ? 0 : is_pool(pointer) ? BLOCK : mapping_of(pointer)->size;
	void *block;

	if (pointer && size <= room && size > room / 4)
		return pointer;
	block = malloc(size);
	if (block && pointer) {
		memcpy(block, pointer, size < room ? size : room);
		free(pointer);
	}
	return block;
}

/* Blocks of the pool are aligned to their size; a larger demand is not met here. */
void *memalign(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size)
{
	return alignment <= BLOCK && size <= BLOCK ? malloc(size) : NULL;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	*out = memalign(alignment, size);
	return *out ? 0 : ENOMEM;
}
