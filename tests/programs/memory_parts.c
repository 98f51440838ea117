/* SPDX-License-Identifier: MIT */
/*
 * A process whose private memory has one kind of owner in each mode, and that says itself what it has: one
 * "name bytes" a line, then it stays as it is until its standard input ends.
 *
 *   memory_parts blocks         64 MB in small heap blocks
 *   memory_parts kept           the same, all but the last one given back: the allocator keeps free pages
 *   memory_parts holes          the same, every other one given back: what is free lies between live blocks
 *   memory_parts untouched      one heap block of 256 MB, of which 16 MB are touched
 *   memory_parts mapping        64 MB of mmap(), the half of it touched, in parts beside heap blocks of that size
 *   memory_parts read           64 MB of mmap() that were only read
 *   memory_parts stacks         12 threads, each with 1 MB of its stack in use, and 4 more that have ended
 *   memory_parts forked         a mapping and stacks as above, in a child of the process that made them
 *   memory_parts many           5,000 mappings, a page of each touched
 *   memory_parts more-blocks    256 kB more in small heap blocks, ten times a second; until standard input ends, as
 *   memory_parts more-mapping   a mapping of 256 kB more, and
 *   memory_parts more-stacks    a thread more that uses 256 kB of its stack
 *   memory_parts variables      16 MB of variables that begin as zero, half of it touched
 */
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MB ((size_t)1 << 20)
enum { BLOCK = 200, BLOCKS = 64 * (1 << 20) / BLOCK, THREADS = 12, ENDED = 4 };

static char *blocks[BLOCKS];
static char variables[16 * MB];

static void say(const char *name, size_t bytes)
{
	printf("%s %zu\n", name, bytes);
}

static void require(int holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	exit(99);
}

static void fill(void)
{
	/* whatever is at the top of the heap would go back to the system */
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(BLOCK);
		require(blocks[i] != NULL, "malloc");
		memset(blocks[i], 1, BLOCK);
	}
}

static void blocks_mode(void)
{
	fill();
	say("live", (size_t)BLOCKS * BLOCK);
}

static void kept_mode(void)
{
	fill();
	for (int i = 0; i < BLOCKS - 1; i++)
		free(blocks[i]);
	say("live", BLOCK);
}

static void holes_mode(void)
{
	fill();
	for (int i = 0; i < BLOCKS; i += 2)
		free(blocks[i]);
	say("live", (size_t)BLOCKS / 2 * BLOCK);
}

static void untouched_mode(void)
{
	char *block = malloc(256 * MB);

	require(block != NULL, "malloc");
	memset(block, 1, 16 * MB);
	say("live", 256 * MB);
	say("untouched", 240 * MB);
}

static char *map(size_t bytes)
{
	char *address = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(address != MAP_FAILED, "mmap");
	return address;
}

/* The kernel makes one mapping of such neighbours. */
static void mapping_mode(void)
{
	for (int i = 0; i < 16; i++) {
		char *block = malloc(MB);

		require(block != NULL, "malloc");
		memset(block, 1, MB);
		memset(map(4 * MB), 1, 2 * MB);
	}
	say("live", 16 * MB);
	say("mapping", 32 * MB);
}

static void read_mode(void)
{
	volatile const char *address = map(64 * MB);
	size_t sum = 0;

	for (size_t at = 0; at < 64 * MB; at += 4096)
		sum += (size_t)address[at];
	require(sum == 0, "zeros");
	say("mapping", 0);
}

static pthread_barrier_t deep;

static void *use_stack(void *hold)
{
	volatile char local[MB];

	for (size_t at = 0; at < sizeof(local); at += 4096)
		local[at] = 1;
	pthread_barrier_wait(&deep);
	if (hold)
		pause();
	return NULL;
}

static void stacks_mode(void)
{
	pthread_t threads[THREADS + ENDED];
	pthread_attr_t attributes;

	pthread_barrier_init(&deep, NULL, THREADS + ENDED + 1);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 4 * MB);
	for (int i = 0; i < THREADS + ENDED; i++)
		require(pthread_create(&threads[i], &attributes, use_stack, i < THREADS ? &deep : NULL) == 0, "thread");
	pthread_barrier_wait(&deep);
	for (int i = THREADS; i < THREADS + ENDED; i++)
		pthread_join(threads[i], NULL);
	say("stack", THREADS * MB);
}

static void forked_mode(void)
{
	pid_t child;

	memset(map(32 * MB), 1, 32 * MB);
	say("mapping", 32 * MB);
	stacks_mode();
	child = fork();
	require(child >= 0, "fork");
	if (child == 0)
		return;
	waitpid(child, NULL, 0);
	exit(0);
}

static void many_mode(void)
{
	for (int i = 0; i < 5000; i++)
		map(64 << 10)[0] = 1;
	say("mapping", 5000 * 4096);
}

/* False: standard input has ended. */
static int goes_on(void)
{
	struct pollfd input = {.fd = 0, .events = POLLIN};

	return poll(&input, 1, 100) == 0;
}

static void more_blocks_mode(void)
{
	while (goes_on())
		for (int i = 0; i < (256 << 10) / BLOCK; i++) {
			char *block = malloc(BLOCK);

			require(block != NULL, "malloc");
			memset(block, 1, BLOCK);
		}
}

static void more_mapping_mode(void)
{
	while (goes_on())
		memset(map(256 << 10), 1, 256 << 10);
}

static void *use_some_stack(void *argument)
{
	volatile char local[256 << 10];

	for (size_t at = 0; at < sizeof(local); at += 4096)
		local[at] = 1;
	pause();
	return argument;
}

static void more_stacks_mode(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, MB);
	while (goes_on())
		require(pthread_create(&thread, &attributes, use_some_stack, NULL) == 0, "thread");
}

static void variables_mode(void)
{
	memset(variables, 1, sizeof(variables) / 2);
	say("file", sizeof(variables) / 2);
}

static void say_kernels_sum(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "re");
	char line[256];
	size_t kb, sum = 0;

	require(file != NULL, "smaps_rollup");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Anonymous: %zu", &kb) == 1 || sscanf(line, "Swap: %zu", &kb) == 1)
			sum += kb * 1024;
	fclose(file);
	say("sum", sum);
}

static void say_allocators_view(void)
{
	struct mallinfo2 info = mallinfo2();

	say("heap_size", info.arena);
	say("large_blocks", info.hblkhd);
	say("used", info.uordblks);
	say("free", info.fordblks);
}

static const struct {
	const char *name;
	void (*run)(void);
} modes[] = {
	{"blocks", blocks_mode},
	{"kept", kept_mode},
	{"holes", holes_mode},
	{"untouched", untouched_mode},
	{"mapping", mapping_mode},
	{"read", read_mode},
	{"stacks", stacks_mode},
	{"forked", forked_mode},
	{"many", many_mode},
	{"variables", variables_mode},
	{"more-blocks", more_blocks_mode},
	{"more-mapping", more_mapping_mode},
	{"more-stacks", more_stacks_mode},
};

int main(int argc, char **argv)
{
	char end;

	setvbuf(stdout, NULL, _IOLBF, 1024);
	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(argv[1], modes[i].name) == 0)
			modes[i].run();
	say_allocators_view();
	say_kernels_sum();
	say("ready", 1);
	while (read(0, &end, 1) > 0)
		;
	return 0;
}
