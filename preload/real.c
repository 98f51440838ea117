/* SPDX-License-Identifier: MIT */
/* real.c - the next definition of each hooked function, and memory for the time until the allocator's is known. */
#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stdatomic.h>
#include <string.h>

#include "heap.h"
#include "state.h"

void *real_functions[HOOK_COUNT];

static const char *const names[HOOK_COUNT] = {
#define X(name) #name,
	SEEP_HOOKS(X)
#undef X
};

/* ---- bootstrap memory ---- */

/* A bump allocator: what the dynamic linker asks for while dlsym() runs is little and mostly kept. */
char bootstrap_memory[BOOTSTRAP_BYTES] __attribute__((aligned(16)));
static _Atomic(size_t) bootstrap_used;

struct bootstrap_header {
	size_t size, padding;
};

size_t bootstrap_size(const void *pointer)
{
	return ((const struct bootstrap_header *)pointer)[-1].size;
}

void *bootstrap_allocate(size_t alignment, size_t size)
{
	size_t need = ((size + 15) & ~(size_t)15) + sizeof(struct bootstrap_header) + alignment;
	size_t start = atomic_fetch_add(&bootstrap_used, need);
	char *block;

	if (size > sizeof(bootstrap_memory) || start + need > sizeof(bootstrap_memory))
		return NULL;
	block = bootstrap_memory + start + sizeof(struct bootstrap_header);
	block = (char *)(((uintptr_t)block + alignment - 1) & ~(uintptr_t)(alignment - 1));
	((struct bootstrap_header *)block)[-1].size = size;
	filter_enter((uintptr_t)block); /* for ever: heap_quick.c need not ask whether a block is one of these */
	return block;
}

static void *bootstrap_malloc(size_t size)
{
	return bootstrap_allocate(16, size);
}

static void *bootstrap_calloc(size_t count, size_t size)
{
	return bootstrap_allocate(16, count * size); /* fresh memory is zeroed */
}

static void *bootstrap_realloc(void *pointer, size_t size)
{
	void *moved = bootstrap_allocate(16, size);

	if (moved && pointer && bootstrap_owns(pointer))
		memcpy(moved, pointer, bootstrap_size(pointer) < size ? bootstrap_size(pointer) : size);
	return moved;
}

static void bootstrap_free(void *pointer)
{
	(void)pointer;
}

/* What a hook gets while its own thread is resolving. */
static void *bootstrap_function(enum hook hook)
{
	switch (hook) {
	case HOOK_malloc:
		return bootstrap_malloc;
	case HOOK_calloc:
		return bootstrap_calloc;
	case HOOK_realloc:
		return bootstrap_realloc;
	case HOOK_free:
		return bootstrap_free;
	case HOOK_aligned_alloc:
	case HOOK_memalign:
		return bootstrap_allocate;
	default:
		return NULL;
	}
}

/* ---- resolution ---- */

/* Libraries that may have been loaded with RTLD_LOCAL, where RTLD_NEXT does not look. */
static const char *const local_libraries[] = {
	"libstdc++.so.6", "libevent-2.1.so.7", "libevent_core-2.1.so.7", "libuv.so.1", "libjemalloc.so.2",
};

static bool is_of_library(enum hook hook)
{
	/* clang-format off */
	switch (hook) {
#define X(name) case HOOK_##name:
	CXX_HOOKS(X) OTHER_HEAP_HOOKS(X)
	X(event_new) X(event_free) X(event_base_once) X(uv_timer_init) X(uv_close)
#undef X
		return true;
	default:
		return false;
	}
	/* clang-format on */
}

static void *find_local(const char *name)
{
	for (size_t i = 0; i < sizeof(local_libraries) / sizeof(local_libraries[0]); i++) {
		void *library = dlopen(local_libraries[i], RTLD_LAZY | RTLD_NOLOAD);
		void *function;

		if (!library)
			continue;
		function = dlsym(library, name);
		REAL(dlclose)(library);
		if (function && function != dlsym(RTLD_DEFAULT, name))
			return function;
	}
	return NULL;
}

COLD void *real_resolve(enum hook hook)
{
	uintptr_t allocator_frame = local.allocator_frame;
	void *function;

	if (local.resolving)
		return bootstrap_function(hook);
	local.resolving = 1;
	local.allocator_frame = UINTPTR_MAX; /* what dlsym() acquires for itself is not recorded */
	function = dlsym(RTLD_NEXT, names[hook]);
	local.resolving = 0;
	if (!function && is_of_library(hook))
		function = find_local(names[hook]);
	local.allocator_frame = allocator_frame;
	__atomic_store_n(&real_functions[hook], function, __ATOMIC_SEQ_CST);
	if (hook < HEAP_HOOK_END && function) {
		live_allocator_seen(function);
		quick_resolved(hook, function);
	}
	return function;
}

const struct link_map *real_library(const void *function)
{
	struct dl_find_object object;

	return _dl_find_object((void *)(uintptr_t)function, &object) == 0 ? object.dlfo_link_map : NULL;
}

bool real_is_libcs(const void *function)
{
	const struct link_map *library = real_library(function);

	return library && library == real_library(gnu_get_libc_version);
}

/* What every process has is resolved before it can matter that dlsym() is not to be called in a signal handler. */
void real_init(void)
{
	/* clang-format off */
	static const enum hook always[] = {
#define X(name) HOOK_##name,
		X(malloc) X(free) X(calloc) X(realloc) X(posix_memalign) X(aligned_alloc) X(memalign) X(valloc) X(pvalloc)
		MAPPING_HOOKS(X) DESCRIPTOR_HOOKS(X) IO_HOOKS(X) STREAM_HOOKS(X) X(timer_create) X(timer_delete)
		THREAD_HOOKS(X) X(fork) X(_Fork) X(dlclose)
#undef X
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (!real_functions[always[i]])
			real_resolve(always[i]);
}
