/* SPDX-License-Identifier: MIT */
/* The ages of what lives, read from tables that this program fills as a process does, or as no process would. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../analyzer/arena/live_reader.h"
#include "../../preload/live_layout.h"

enum { NOW = 100000, SITES = 16, REGIONS = 1 << REGIONS_BITS, REGION_WORDS = 8, MEMORY_TOP = 7, MEMORY_REGION = 3 };

/* The memory that the map speaks of; it need not be there. */
static const uint64_t memory = (uint64_t)MEMORY_TOP << 32 | MEMORY_REGION << REGION_BITS;

struct test {
	struct live_roots *roots;
	uint64_t *heap, *handles, *descriptors;
	uint64_t (*regions)[REGION_WORDS];
	uint64_t *ranges_at;
	uint32_t *range_count;
	struct live_range *ranges;
	uint64_t intervals[SITES];
	struct live_process process;
	struct ages ages;
};

static void *pages(size_t bytes)
{
	void *made = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(made, MAP_FAILED);
	return made;
}

static uint64_t place(const void *memory_of_test)
{
	return (uint64_t)(uintptr_t)memory_of_test;
}

static int set_up(void **state)
{
	struct test *test = calloc(1, sizeof(*test));

	test->roots = pages(ARENA_PAGE);
	test->heap = pages(LIVE_TOP_COUNT * sizeof(uint64_t));
	test->regions = pages(REGIONS * sizeof(*test->regions));
	test->handles = pages(ARENA_PAGE);
	test->descriptors = pages(LIVE_DESCRIPTOR_CHUNKS * sizeof(uint64_t));
	test->ranges = pages(LIVE_RANGES_MOST * sizeof(*test->ranges));
	test->ranges_at = (uint64_t *)(test->roots + 1);
	test->range_count = (uint32_t *)(test->ranges_at + 1);
	test->heap[MEMORY_TOP] = place(test->regions);
	*test->ranges_at = place(test->ranges);
	*test->roots = (struct live_roots){
		.magic = LIVE_ROOTS_MAGIC,
		.heap = place(test->heap),
		.handles = place(test->handles),
		.descriptors = place(test->descriptors),
		.ranges = place(test->ranges_at),
		.range_count = place(test->range_count),
	};
	test->process = (struct live_process){.pid = (uint32_t)getpid(),
					      .roots = place(test->roots),
					      .epoch = NOW,
					      .site_count = SITES,
					      .intervals = test->intervals,
					      .most_bytes = 64 << 20};
	*state = test;
	return 0;
}

/* Its pages go with the program. */
static int tear_down(void **state)
{
	struct test *test = *state;

	ages_release(&test->ages);
	free(test);
	return 0;
}

static const uint8_t shifts[LIVE_LEVELS] = LIVE_SHIFTS;

/* The word of an address, its leaf made if there is none. */
static uint64_t *word_at(struct test *test, uint64_t address, enum live_level level)
{
	uint64_t *leaf = &test->regions[address >> REGION_BITS & (REGIONS - 1)][level];

	if (!*leaf)
		*leaf = place(pages((sizeof(uint64_t) << REGION_BITS) >> shifts[level]));
	return (uint64_t *)(uintptr_t)*leaf + ((address & ((1 << REGION_BITS) - 1)) >> shifts[level]);
}

static void put(struct test *test, uint64_t address, enum live_level level, uint32_t site, uint32_t age, uint64_t size)
{
	uint64_t low = size < SIZE_LARGE ? size : SIZE_LARGE | size >> SITE_AT;

	*word_at(test, address, level) =
		(uint64_t)site << SITE_AT | (uint64_t)((NOW - age) & ((1u << LIVE_EPOCH_BITS) - 1)) << EPOCH_AT | low;
	if (size >= SIZE_LARGE)
		*word_at(test, address + 512, LEVEL_512) = size & LARGE_LOW_MASK;
}

static struct model_age held(const struct test *test, uint32_t site, unsigned at)
{
	for (size_t i = 0; i < test->ages.count; i++)
		if (test->ages.sites[i].site == site)
			return test->ages.sites[i].ages[at];
	return (struct model_age){0, 0};
}

static void expect_held(const struct test *test, uint32_t site, unsigned at, double count, double bytes)
{
	assert_true(held(test, site, at).count == count);
	assert_true(held(test, site, at).bytes == bytes);
}

static void ages_double_from_place_to_place(void **state)
{
	const struct {
		uint32_t seconds;
		unsigned place;
	} rows[] = {{0, 0},        {1, 1},          {2, 2}, {3, 2}, {4, 3}, {7, 3}, {8, 4}, {(1 << 24) - 1, 24},
		    {1 << 24, 25}, {UINT32_MAX, 25}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(age_place(rows[i].seconds), rows[i].place);
}

static void every_table_is_counted_by_site_and_age(void **state)
{
	struct test *test = *state;
	uint64_t *top = pages(LIVE_TOP_COUNT * sizeof(uint64_t));
	uint64_t *chunk = pages(LIVE_DESCRIPTORS_EACH_CHUNK * LIVE_DESCRIPTOR_SIZE);

	put(test, memory, LEVEL_32, 1, 0, 40);
	put(test, memory + 32, LEVEL_32, 1, 1, 50);
	put(test, memory + (1 << REGION_BITS) - 32, LEVEL_32, 1, 3, 60);
	put(test, memory + 4096, LEVEL_64, 2, 4, 100);
	put(test, memory + 8192, LEVEL_16, 3, 7, 8);
	put(test, memory + 8200, LEVEL_ODD, 3, 8, 8);
	put(test, memory + (1 << REGION_BITS) + 512, LEVEL_512, 2, 4, 16000);
	put(test, memory, LEVEL_64, LIVE_MARK, 0, 0);
	test->handles[LIVE_WATCHES] = place(top);
	top[MEMORY_TOP] = place(test->regions); /* the same words, seen once more */
	chunk[0] = 4 | (uint64_t)(NOW - 20) << 32;
	chunk[3 * 1000] = 4 | (uint64_t)(NOW - 40) << 32;
	chunk[3 * 1000 + 1] = 4; /* what is no entry's beginning */
	test->descriptors[1] = place(chunk);
	test->ranges[0] = (struct live_range){.start = 1 << 20, .end = 3 << 20, .site = 5, .birth_epoch = NOW - 2};
	test->ranges[1] = test->ranges[0];
	test->ranges[2] = (struct live_range){.start = 4 << 20, .end = 5 << 20, .site = 5, .birth_epoch = NOW + 9};
	*test->range_count = 3;
	assert_int_equal(live_read(&test->process, &test->ages), LIVE_READ);
	expect_held(test, 1, 0, 2, 80);
	expect_held(test, 1, 1, 2, 100);
	expect_held(test, 1, 2, 2, 120);
	expect_held(test, 2, 3, 4, 2 * (100 + 16000));
	expect_held(test, 3, 3, 2, 16);
	expect_held(test, 3, 4, 2, 16);
	expect_held(test, 4, 5, 1, 0);
	expect_held(test, 4, 6, 1, 0);
	expect_held(test, 5, 2, 1, 2 << 20);
	expect_held(test, 5, 0, 1, 1 << 20);
	assert_int_equal(test->ages.count, 5);
	assert_int_equal(test->ages.strangers, 0);
}

static void large_sizes_are_whole_also_across_leaves(void **state)
{
	struct test *test = *state;

	put(test, memory, LEVEL_512, 1, 0, SIZE_LARGE - 1);
	put(test, memory + 65536, LEVEL_512, 2, 0, SIZE_LARGE);
	put(test, memory + (1 << REGION_BITS) - 512, LEVEL_512, 3, 0, (UINT64_C(5) << SITE_AT) + 12345);
	put(test, memory + 512 * 511, LEVEL_512, 4, 0, 70000); /* its next word is of another page */
	assert_int_equal(live_read(&test->process, &test->ages), LIVE_READ);
	expect_held(test, 1, 0, 1, (double)SIZE_LARGE - 1);
	expect_held(test, 2, 0, 1, (double)SIZE_LARGE);
	expect_held(test, 3, 0, 1, (double)((UINT64_C(5) << SITE_AT) + 12345));
	expect_held(test, 4, 0, 1, 70000);
}

static void epochs_are_the_youngest_that_can_be(void **state)
{
	struct test *test = *state;

	test->process.epoch = (1 << 24) + 5;
	*word_at(test, memory, LEVEL_32) = UINT64_C(1) << SITE_AT | UINT64_C(3) << EPOCH_AT | 40;
	*word_at(test, memory + 32, LEVEL_32) = UINT64_C(1) << SITE_AT | UINT64_C(6) << EPOCH_AT | 40;
	assert_int_equal(live_read(&test->process, &test->ages), LIVE_READ);
	expect_held(test, 1, 2, 1, 40);
	expect_held(test, 1, 24, 1, 40); /* 2^24 - 1 seconds */
}

static void sampled_blocks_have_their_weight(void **state)
{
	struct test *test = *state;

	test->intervals[1] = 1024; /* p = 1 - exp(-1) */
	put(test, memory, LEVEL_512, 1, 0, 1024);
	assert_int_equal(live_read(&test->process, &test->ages), LIVE_READ);
	assert_float_equal(held(test, 1, 0).count, 1.5819767, 1e-5);
	assert_float_equal(held(test, 1, 0).bytes, 1024 * 1.5819767, 1e-2);
}

static void leaves_on_their_way_back_are_read_while_they_hold_words(void **state)
{
	struct test *test = *state;
	uint64_t *leaf;

	put(test, memory, LEVEL_32, 1, 0, 40);
	put(test, memory + (1 << REGION_BITS), LEVEL_32, 2, 0, 40);
	leaf = &test->regions[MEMORY_REGION][LEVEL_32];
	*leaf |= (uint64_t)INT64_MIN | LEAF_RETIRING;
	leaf = &test->regions[MEMORY_REGION + 1][LEVEL_32];
	*leaf |= (uint64_t)INT64_MIN | LEAF_IDLE;
	assert_int_equal(live_read(&test->process, &test->ages), LIVE_READ);
	expect_held(test, 1, 0, 1, 40);
	expect_held(test, 2, 0, 0, 0);
}

static void sites_that_there_are_not_are_counted_apart(void **state)
{
	struct test *test = *state;

	put(test, memory, LEVEL_32, SITES, 0, 40);
	put(test, memory + 32, LEVEL_32, SITES - 1, 0, 40);
	assert_int_equal(live_read(&test->process, &test->ages), LIVE_READ);
	assert_int_equal(test->ages.strangers, 1);
	assert_int_equal(test->ages.count, 1);
}

static void pages_that_are_not_there_stay_so(void **state)
{
	struct test *test = *state;
	unsigned char resident[64];
	void *leaf = pages(64 * ARENA_PAGE);

	test->regions[MEMORY_REGION][LEVEL_32] = place(leaf);
	assert_int_equal(live_read(&test->process, &test->ages), LIVE_READ);
	assert_int_equal(mincore(leaf, sizeof(resident) * ARENA_PAGE, resident), 0);
	for (size_t i = 0; i < sizeof(resident); i++)
		assert_int_equal(resident[i] & 1, 0);
}

static void what_cannot_be_is_refused(void **state)
{
	struct test *test = *state;
	const uint64_t nowhere[] = {1,
				    8,
				    4097,
				    UINT64_C(1) << 46,
				    UINT64_C(1) << 47,
				    UINT64_MAX,
				    UINT64_MAX - 7,
				    UINT64_C(1) << 63,
				    (UINT64_C(1) << 47) - 8};

	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		uint64_t *const places[] = {&test->process.roots,     &test->roots->heap,
					    &test->roots->handles,    &test->roots->descriptors,
					    &test->roots->ranges,     &test->roots->range_count,
					    &test->heap[MEMORY_TOP],  &test->handles[LIVE_TIMERS],
					    &test->descriptors[1023], &test->heap[LIVE_TOP_COUNT - 1]};

		for (size_t at = 0; at < sizeof(places) / sizeof(places[0]); at++) {
			uint64_t right = *places[at];
			enum live_reading read;

			*places[at] = nowhere[i];
			read = live_read(&test->process, &test->ages);
			*places[at] = right;
			/* a table of no page is an empty one */
			assert_true(read == LIVE_UNREADABLE || (read == LIVE_READ && nowhere[i] == UINT64_C(1) << 46));
			ages_release(&test->ages);
		}
	}
	test->roots->magic++;
	assert_int_equal(live_read(&test->process, &test->ages), LIVE_UNREADABLE);
	assert_null(test->ages.sites);
}

static void a_map_that_never_ends_is_given_up(void **state)
{
	struct test *test = *state;
	uint64_t *leaf = pages(65536 * sizeof(uint64_t));
	clock_t began = clock();

	memset(leaf, 0xff, 65536 * sizeof(uint64_t));
	for (int i = 0; i < LIVE_TOP_COUNT; i++)
		test->heap[i] = place(test->regions);
	for (int i = 0; i < REGIONS; i++)
		for (int level = 0; level < LIVE_LEVELS; level++)
			test->regions[i][level] = place(leaf);
	assert_int_equal(live_read(&test->process, &test->ages), LIVE_TOO_LARGE);
	/* and one of which no page exists, which costs nothing but the looking */
	madvise(leaf, 65536 * sizeof(uint64_t), MADV_DONTNEED);
	assert_int_equal(live_read(&test->process, &test->ages), LIVE_TOO_LARGE);
	assert_true((clock() - began) / CLOCKS_PER_SEC < 5);
}

static void a_count_without_measure_is_limited(void **state)
{
	struct test *test = *state;

	*test->range_count = UINT32_MAX;
	test->ranges[0] = (struct live_range){.start = 4096, .end = UINT64_MAX, .site = 1};
	test->ranges[1] = (struct live_range){.start = 8192, .end = 4096, .site = 1};
	assert_int_equal(live_read(&test->process, &test->ages), LIVE_READ);
	assert_int_equal(test->ages.count, 0);
}

static void processes_that_are_gone_or_not_ours_are_told_apart(void **state)
{
	struct test *test = *state;
	uint32_t own = test->process.pid;
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(99);
		/* to look into the first process takes rights that nobody has */
		test->process.pid = geteuid() == 65534 ? own : 1;
		_exit(live_read(&test->process, &test->ages) == LIVE_NOT_PERMITTED ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	test->process.pid = (uint32_t)child;
	assert_int_equal(live_read(&test->process, &test->ages), LIVE_UNREADABLE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ages_double_from_place_to_place),
		TEST(every_table_is_counted_by_site_and_age),
		TEST(large_sizes_are_whole_also_across_leaves),
		TEST(epochs_are_the_youngest_that_can_be),
		TEST(sampled_blocks_have_their_weight),
		TEST(leaves_on_their_way_back_are_read_while_they_hold_words),
		TEST(sites_that_there_are_not_are_counted_apart),
		TEST(pages_that_are_not_there_stay_so),
		TEST(what_cannot_be_is_refused),
		TEST(a_map_that_never_ends_is_given_up),
		TEST(a_count_without_measure_is_limited),
		TEST(processes_that_are_gone_or_not_ours_are_told_apart),
	};

	return cmocka_run_group_tests_name("live_reader", tests, NULL, NULL);
}
