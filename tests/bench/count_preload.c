/* SPDX-License-Identifier: MIT */
/*
 * count_preload.c - LD_PRELOAD shim that only counts: what any shim costs that sees each call, the lower bound of the
 * comparison.
 *
 * Hooks malloc, calloc, realloc and free, counts calls by thread without atomic operations, and passes on to the next
 * library, whatever allocator that is. With COUNT_OUT=FILE each process appends "PID allocations frees" at its end.
 * Threads from the 1025th on share one counter and may lose some.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS_MAX = 1024, EARLY_BYTES = 65536 };

struct counter {
	_Alignas(64) uint64_t allocations;
	uint64_t frees;
};

static struct counter counters[THREADS_MAX];
static _Atomic uint32_t threads;
static const char *report_path; /* of the start: nginx clears its environment */
static _Thread_local struct counter *own __attribute__((tls_model("initial-exec")));

static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static void (*next_free)(void *);

/* What dlsym itself may allocate while the real functions are looked up; never given back. */
static _Alignas(16) char early[EARLY_BYTES];
static size_t early_used;
static int resolving;

static void *early_alloc(size_t size)
{
	void *memory = early + early_used;

	early_used += (size + 15) & ~(size_t)15;
	if (early_used > sizeof early)
		abort();
	return memory;
}

static int is_early(const void *memory)
{
	return (const char *)memory >= early && (const char *)memory < early + sizeof early;
}

static __attribute__((noinline)) void resolve(void)
{
	resolving = 1;
	next_malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
	next_calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
	next_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
	next_free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
	resolving = 0;
}

static __attribute__((noinline)) struct counter *counter_claim(void)
{
	uint32_t thread = atomic_fetch_add(&threads, 1);

	return own = &counters[thread < THREADS_MAX ? thread : THREADS_MAX - 1];
}

static inline struct counter *counter(void)
{
	return __builtin_expect(own != NULL, 1) ? own : counter_claim();
}

/* Whether the call has to be served here. */
static inline int is_too_early(void)
{
	if (__builtin_expect(next_free != NULL, 1))
		return 0;
	if (resolving)
		return 1;
	resolve();
	return 0;
}

void *malloc(size_t size)
{
	if (is_too_early())
		return early_alloc(size);
	counter()->allocations++;
	return next_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	if (is_too_early())
		return early_alloc(count * size);
	counter()->allocations++;
	return next_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	if (is_too_early())
		abort();
	if (__builtin_expect(is_early(memory), 0)) {
		size_t left = (size_t)(early + sizeof early - (char *)memory);
		void *moved = next_malloc(size);

		return moved == NULL ? NULL : memcpy(moved, memory, size < left ? size : left);
	}
	counter()->allocations++;
	counter()->frees += memory != NULL;
	return next_realloc(memory, size);
}

void free(void *memory)
{
	if (is_early(memory) || is_too_early())
		return;
	counter()->frees += memory != NULL;
	next_free(memory);
}

static __attribute__((constructor)) void report_prepare(void)
{
	const char *path = getenv("COUNT_OUT");

	report_path = path == NULL ? NULL : strdup(path);
}

static __attribute__((destructor)) void report(void)
{
	uint64_t allocations = 0, frees = 0;
	int file = report_path == NULL ? -1 : open(report_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);

	if (file < 0)
		return;
	for (int i = 0; i < THREADS_MAX; i++) {
		allocations += counters[i].allocations;
		frees += counters[i].frees;
	}
	dprintf(file, "%d %llu %llu\n", (int)getpid(), (unsigned long long)allocations, (unsigned long long)frees);
	close(file);
}
