/* SPDX-License-Identifier: MIT */
/*
 * release_paths COUNT - things of one callsite that are given back in different functions, or forgotten.
 *
 * Of COUNT records three of four are freed in record_close, one of eight in record_abort, and the rest nowhere. Then
 * one descriptor, stream, mapping and thread, each given back in a function named for it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

static __attribute__((noinline)) void *record_new(void)
{
	void *record = malloc(48);

	__asm__ volatile("" : "+r"(record)); /* no tail call, here and below */
	return record;
}

static __attribute__((noinline)) void record_close(void *record)
{
	free(record);
	__asm__ volatile("");
}

static __attribute__((noinline)) void record_abort(void *record)
{
	free(record);
	__asm__ volatile("nop"); /* not the same function to the compiler */
}

static __attribute__((noinline)) void descriptor_drop(int fd)
{
	close(fd);
	__asm__ volatile("");
}

static __attribute__((noinline)) void stream_drop(FILE *stream)
{
	fclose(stream);
	__asm__ volatile("");
}

static __attribute__((noinline)) void mapping_drop(void *mapping)
{
	munmap(mapping, 8192);
	__asm__ volatile("");
}

static __attribute__((noinline)) void thread_drop(pthread_t thread)
{
	pthread_join(thread, NULL);
	__asm__ volatile("");
}

static void *thread_main(void *nothing)
{
	return nothing;
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? strtol(argv[1], NULL, 10) : 8;
	pthread_t thread;

	for (long i = 0; i < count; i++) {
		void *record = record_new();

		if (i % 4)
			record_close(record);
		else if (i % 8)
			record_abort(record);
	}
	descriptor_drop(eventfd(0, 0));
	stream_drop(fopen("/dev/null", "r"));
	mapping_drop(mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	if (pthread_create(&thread, NULL, thread_main, NULL) == 0)
		thread_drop(thread);
	return 0;
}
