/* SPDX-License-Identifier: MIT */
/* Whose private memory is, from /proc's lines and what the shim tells; and the limits of a process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs the ones above */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../analyzer/record/limits.h"
#include "../../analyzer/record/owners.h"

/* ---- owners ---- */

#define MOST 16

struct case_of {
	const char *maps;
	struct owned ranges[MOST];
	uint64_t threads[MOST];
	bool is_incomplete;
	struct owned expected[MOST];
};

static size_t ranges_in(const struct owned *ranges)
{
	size_t count = 0;

	while (count < MOST && ranges[count].end)
		count++;
	return count;
}

static void check(const struct case_of *wanted)
{
	struct case_of given = *wanted;
	struct told told = {given.ranges, ranges_in(given.ranges), given.threads, 0, !given.is_incomplete};
	struct owned *owned;
	size_t count;

	while (told.thread_count < MOST && given.threads[told.thread_count])
		told.thread_count++;
	owned = owners_of_maps(given.maps, &told, &count);
	assert_non_null(owned);
	assert_int_equal(count, ranges_in(wanted->expected));
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(owned[i].start, wanted->expected[i].start);
		assert_int_equal(owned[i].end, wanted->expected[i].end);
		assert_int_equal(owned[i].owner, wanted->expected[i].owner);
	}
	free(owned);
}

static void a_program_s_own_parts_are_told_by_their_names(void **state)
{
	(void)state;
	check(&(struct case_of){
		.maps = "555500000000-555500001000 r-xp 00000000 08:01 42   /bin/server\n"
			"555500001000-555500002000 rw-p 00001000 08:01 42   /bin/server\n"
			"555500010000-555500020000 rw-p 00000000 00:00 0    [heap]\n"
			"7fff00000000-7fff00021000 rw-p 00000000 00:00 0    [stack]\n"
			"7fff00030000-7fff00031000 r-xp 00000000 00:00 0    [vdso]\n"
			"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0    [vsyscall]\n",
		.expected = {{0x555500000000, 0x555500001000, OWNER_FILE},
			     {0x555500001000, 0x555500002000, OWNER_FILE},
			     {0x555500010000, 0x555500020000, OWNER_HEAP},
			     {0x7fff00000000, 0x7fff00021000, OWNER_STACK}},
	});
}

static void shared_memory_and_closed_mappings_are_not_private_memory(void **state)
{
	(void)state;
	check(&(struct case_of){
		.maps = "7f0000000000-7f0000100000 rw-s 00000000 00:01 99   /dev/zero (deleted)\n"
			"7f0000200000-7f0000300000 ---p 00000000 00:00 0 \n",
	});
}

static void neighbours_of_different_owners_are_told_apart(void **state)
{
	(void)state;
	check(&(struct case_of){
		.maps = "7f0000000000-7f0000400000 rw-p 00000000 00:00 0 \n",
		.ranges = {{0x7f0000200000, 0x7f0000280000, OWNER_SEEP},
			   {0x7f0000100000, 0x7f0000200000, OWNER_MAPPING}},
		.expected = {{0x7f0000000000, 0x7f0000100000, OWNER_ANONYMOUS},
			     {0x7f0000100000, 0x7f0000200000, OWNER_MAPPING},
			     {0x7f0000200000, 0x7f0000280000, OWNER_SEEP},
			     {0x7f0000280000, 0x7f0000400000, OWNER_ANONYMOUS}},
	});
}

static void an_arena_is_aligned_and_its_end_is_closed(void **state)
{
	(void)state;
	check(&(struct case_of){
		.maps = "7f0010000000-7f0010021000 rw-p 00000000 00:00 0 \n"
			"7f0010021000-7f0014000000 ---p 00000000 00:00 0 \n"
			/* two, of which the first is full */
			"7f0018000000-7f001c021000 rw-p 00000000 00:00 0 \n"
			"7f001c021000-7f0020000000 ---p 00000000 00:00 0 \n"
			/* aligned alone is no arena */
			"7f0030000000-7f0030040000 rw-p 00000000 00:00 0 \n",
		.expected = {{0x7f0010000000, 0x7f0010021000, OWNER_HEAP},
			     {0x7f0018000000, 0x7f001c021000, OWNER_HEAP},
			     {0x7f0030000000, 0x7f0030040000, OWNER_ANONYMOUS}},
	});
}

static void a_stack_lies_between_its_guard_and_its_descriptor(void **state)
{
	(void)state;
	check(&(struct case_of){
		.maps = "7f0000000000-7f0000001000 ---p 00000000 00:00 0 \n"
			"7f0000001000-7f0000a01000 rw-p 00000000 00:00 0 \n"
			"7f0001000000-7f0001800000 rw-p 00000000 00:00 0 \n",
		/* the second is of a stack that is no more; the third has no guard below */
		.threads = {0x7f00008006c0, 0x7f00009006c0, 0x7f00017ff6c0},
		.expected = {{0x7f0000001000, 0x7f0000801000, OWNER_STACK},
			     {0x7f0000801000, 0x7f0000a01000, OWNER_ANONYMOUS},
			     {0x7f0001000000, 0x7f0001800000, OWNER_ANONYMOUS}},
	});
}

static void a_stack_in_memory_of_the_program_is_the_program_s(void **state)
{
	(void)state;
	check(&(struct case_of){
		.maps = "7f0000000000-7f0000001000 ---p 00000000 00:00 0 \n"
			"7f0000001000-7f0000801000 rw-p 00000000 00:00 0 \n",
		.ranges = {{0x7f0000000000, 0x7f0000801000, OWNER_MAPPING}},
		.threads = {0x7f00008006c0},
		.expected = {{0x7f0000001000, 0x7f0000801000, OWNER_MAPPING}},
	});
}

static void variables_that_begin_as_zero_are_the_file_s(void **state)
{
	(void)state;
	check(&(struct case_of){
		.maps = "00404000-00405000 rw-p 00003000 08:01 42   /bin/fixed\n"
			"00405000-02405000 rw-p 00000000 00:00 0 \n"
			"7f0000000000-7f0000001000 rw-p 00003000 08:01 43   /lib/a.so\n"
			/* of the library, and of who came to lie beside it */
			"7f0000001000-7f0000201000 rw-p 00000000 00:00 0 \n",
		.ranges = {{0x7f0000000000, 0x7f0000101000, OWNER_FILE}},
		.expected = {{0x404000, 0x405000, OWNER_FILE},
			     {0x405000, 0x2405000, OWNER_FILE},
			     {0x7f0000000000, 0x7f0000001000, OWNER_FILE},
			     {0x7f0000001000, 0x7f0000101000, OWNER_FILE},
			     {0x7f0000101000, 0x7f0000201000, OWNER_ANONYMOUS}},
	});
}

static void what_is_small_or_not_told_is_nobody_s(void **state)
{
	(void)state;
	check(&(struct case_of){
		.maps = "7f0000000000-7f0000003000 rw-p 00000000 00:00 0 \n",
		.expected = {{0x7f0000000000, 0x7f0000003000, OWNER_OTHER}},
	});
	check(&(struct case_of){
		.maps = "7f0000000000-7f0000400000 rw-p 00000000 00:00 0 \n",
		.is_incomplete = true,
		.expected = {{0x7f0000000000, 0x7f0000400000, OWNER_OTHER}},
	});
}

static uint64_t next_random(uint64_t *random)
{
	*random = *random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return *random >> 33;
}

/* Whatever the shim's part says, each page has one owner, and lies in one mapping. */
static void parts_never_overlap(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct owned ranges[40], *owned;
		uint64_t threads[20];
		struct told told = {ranges, 40, threads, 20, true};
		char maps[4096];
		size_t length = 0, count;
		uint64_t at = 0x7f0000000000;

		for (int i = 0; i < 30; i++) {
			uint64_t end = at + (1 + next_random(&random) % 64) * 4096;

			length += (size_t)sprintf(maps + length, "%llx-%llx %s 00000000 00:00 0 \n",
						  (unsigned long long)at, (unsigned long long)end,
						  next_random(&random) % 4 ? "rw-p" : "---p");
			at = end + next_random(&random) % 2 * 8192;
		}
		for (int i = 0; i < 40; i++) {
			uint64_t start = 0x7f0000000000 + next_random(&random) % 2000 * 4096;

			ranges[i] = (struct owned){start, start + next_random(&random) % 300 * 4096, OWNER_MAPPING};
		}
		for (int i = 0; i < 20; i++)
			threads[i] = 0x7f0000000000 + next_random(&random) % (2000 * 4096);
		owned = owners_of_maps(maps, &told, &count);
		assert_non_null(owned);
		for (size_t i = 0; i < count; i++) {
			assert_true(owned[i].start < owned[i].end);
			assert_true(i == 0 || owned[i - 1].end <= owned[i].start);
		}
		free(owned);
	}
}

static void broken_lines_are_skipped(void **state)
{
	(void)state;
	check(&(struct case_of){.maps = ""});
	check(&(struct case_of){.maps = "\n7f00-\nrubbish\n-\n7f0000000000-7f0000400000\n"
					"7f0000400000-7f0000000000 rw-p 0 0 0\n7f0000000000-7f0000400000 rw-p"});
}

static void pages_of_zeros_are_counted_as_far_as_the_kernel_s_sum_allows(void **state)
{
	struct owner_pages pages[OWNER_COUNT] = {{0}};
	struct model_look look = {0};

	(void)state;
	pages[OWNER_HEAP] = (struct owner_pages){.certain = 100, .address_space = 4096000};
	pages[OWNER_MAPPING] = (struct owner_pages){.certain = 10, .possible = 300};
	pages[OWNER_STACK] = (struct owner_pages){.possible = 100};
	owners_sum(pages, 110 * 4096, &look); /* they were only read */
	assert_int_equal(look.heap, 100 * 4096);
	assert_int_equal(look.heap_size, 4096000);
	assert_int_equal(look.mapping, 10 * 4096);
	assert_int_equal(look.stack, 0);
	owners_sum(pages, 510 * 4096, &look); /* they are shared with a parent */
	assert_int_equal(look.mapping, 310 * 4096);
	assert_int_equal(look.stack, 100 * 4096);
	owners_sum(pages, 310 * 4096, &look);
	assert_int_equal(look.mapping, 160 * 4096);
	assert_int_equal(look.stack, 50 * 4096);
	owners_sum(pages, 0, &look); /* less than what was seen */
	assert_int_equal(look.mapping, 10 * 4096);
	assert_int_equal(look.stack, 0);
}

/* ---- limits ---- */

static void limits_are_numbers_unlimited_or_unknown(void **state)
{
	struct model_limits limits;

	(void)state;
	limits_parse("Limit                     Soft Limit           Hard Limit           Units     \n"
		     "Max open files            1024                 4096                 files     \n"
		     "Max address space         unlimited            unlimited            bytes     \n",
		     &limits);
	assert_int_equal(limits.descriptors, 1024);
	assert_true(limits.address_space == INT64_MAX);
	assert_int_equal(limits.signals, -1);
	limits_parse("Max pending signals       18446744073709551615 1 signals\nMax open files", &limits);
	assert_true(limits.signals == INT64_MAX);
	assert_int_equal(limits.descriptors, -1);
	assert_int_equal(limits_signals_parse("Name:\ta\nSigQ:\t17/96104\n"), 17);
	assert_int_equal(limits_signals_parse("Name:\ta\n"), -1);
}

static void the_memory_controller_s_group_is_found_in_both_versions(void **state)
{
	struct limits_group group;

	(void)state;
	assert_true(limits_group_parse("0::/system.slice/a.service\n", &group));
	assert_string_equal(group.path, "/system.slice/a.service");
	assert_false(group.is_first_version);
	assert_true(limits_group_parse("5:cpu,memory:/docker/a:b\n1:name=systemd:/x\n0::/y\n", &group));
	assert_string_equal(group.path, "/docker/a:b");
	assert_true(group.is_first_version);
	assert_true(limits_group_parse("0::/y\n4:memory:/m\n", &group));
	assert_string_equal(group.path, "/m");
	assert_true(limits_group_parse("0::/../../outside\n", &group));
	assert_string_equal(group.path, "/");
	assert_false(limits_group_parse("1:name=systemd:/x\n3:memoryx:/x\n", &group));
	assert_false(limits_group_parse("", &group));
	assert_false(limits_group_parse("0::\n:\n::\n0:", &group));
}

static char root[] = "/tmp/seep-limits-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void make(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void read_group(const char *path, bool is_first_version, int64_t *limit, int64_t *used)
{
	struct limits_group group = {.is_first_version = is_first_version};

	snprintf(group.path, sizeof(group.path), "%s", path);
	limits_group_read(root, &group, limit, used);
}

static void the_group_with_the_least_left_counts(void **state)
{
	int64_t limit, used;

	(void)state;
	assert_non_null(mkdtemp(root));
	make("a");
	make("a/b");
	read_group("/a/b", false, &limit, &used);
	assert_int_equal(limit, -1); /* nothing can be read */
	assert_int_equal(used, -1);
	put("a/b/memory.max", "max\n");
	put("a/b/memory.current", "500\n");
	read_group("/a/b", false, &limit, &used);
	assert_true(limit == INT64_MAX);
	put("a/memory.max", "1000\n");
	put("a/memory.current", "900\n");
	put("a/memory.stat", "anon 1\ninactive_anon 7\ninactive_file 300\n");
	read_group("/a/b", false, &limit, &used);
	assert_int_equal(limit, 1000);
	assert_int_equal(used, 600);
	put("a/b/memory.max", "700\n");
	read_group("/a/b", false, &limit, &used);
	assert_int_equal(limit, 700);
	assert_int_equal(used, 500);
	/* a container that sees its own group as the root, and the host's name of it */
	make("memory");
	put("memory/memory.limit_in_bytes", "4096\n");
	put("memory/memory.usage_in_bytes", "4000\n");
	put("memory/memory.stat", "cache 1\ntotal_inactive_file 1000\n");
	read_group("/docker/1234", true, &limit, &used);
	assert_int_equal(limit, 4096);
	assert_int_equal(used, 3000);
	put("memory/memory.limit_in_bytes", "9223372036854771712\n");
	read_group("/", true, &limit, &used);
	assert_true(limit == INT64_MAX);
}

static int remove_root(void **state)
{
	static const char *const files[] = {"a/b/memory.max",
					    "a/b/memory.current",
					    "a/memory.max",
					    "a/memory.current",
					    "a/memory.stat",
					    "memory/memory.limit_in_bytes",
					    "memory/memory.usage_in_bytes",
					    "memory/memory.stat"};
	static const char *const directories[] = {"a/b", "a", "memory", ""};
	char path[256];

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, files[i]);
		unlink(path);
	}
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, directories[i]);
		rmdir(path);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_s_own_parts_are_told_by_their_names),
		cmocka_unit_test(shared_memory_and_closed_mappings_are_not_private_memory),
		cmocka_unit_test(neighbours_of_different_owners_are_told_apart),
		cmocka_unit_test(an_arena_is_aligned_and_its_end_is_closed),
		cmocka_unit_test(a_stack_lies_between_its_guard_and_its_descriptor),
		cmocka_unit_test(a_stack_in_memory_of_the_program_is_the_program_s),
		cmocka_unit_test(variables_that_begin_as_zero_are_the_file_s),
		cmocka_unit_test(what_is_small_or_not_told_is_nobody_s),
		cmocka_unit_test(parts_never_overlap),
		cmocka_unit_test(broken_lines_are_skipped),
		cmocka_unit_test(pages_of_zeros_are_counted_as_far_as_the_kernel_s_sum_allows),
		cmocka_unit_test(limits_are_numbers_unlimited_or_unknown),
		cmocka_unit_test(the_memory_controller_s_group_is_found_in_both_versions),
		cmocka_unit_test_teardown(the_group_with_the_least_left_counts, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
