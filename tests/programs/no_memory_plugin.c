/* SPDX-License-Identifier: MIT */
/* no_memory_plugin.c - preloaded: from SIGUSR1 on there is no memory, for any thread. */
#include <signal.h>
#include <stddef.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);

static volatile sig_atomic_t is_out;

static void on_signal(int number)
{
	(void)number;
	is_out = 1;
}

__attribute__((constructor)) static void start(void)
{
	signal(SIGUSR1, on_signal);
}

void *malloc(size_t size)
{
	return is_out ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return is_out ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
	return is_out ? NULL : __libc_realloc(block, size);
}
