/* SPDX-License-Identifier: MIT */
/* The arena's reader: exact on a sound arena, and unmoved by any other. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h> /* needs the ones above */

#include "../../analyzer/arena/arena_reader.h"
#include "arena_fixture.h"

static struct arena_fixture arena;
static struct error error;

static int set_up(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "/dev/shm/seep-arena-test-%d", (int)getpid());
	unlink(path);
	fixture_create(&arena, path, "/tmp/x.db");
	error.text[0] = '\0';
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_destroy(&arena);
	return 0;
}

static struct arena_reader *open_arena(void)
{
	struct arena_reader *reader;

	if (arena_open(arena.path, &reader, &error))
		fail_msg("%s", error.text);
	return reader;
}

static void expect_refusal(int code, const char *text)
{
	struct arena_reader *reader;

	error.text[0] = '\0';
	assert_int_equal(arena_open(arena.path, &reader, &error), code);
	assert_null(reader);
	assert_non_null(strstr(error.text, text));
}

static void counters_are_summed_over_the_shards(void **state)
{
	struct arena_counters counters[3];
	struct arena_reader *reader = open_arena();
	uint32_t site;

	(void)state;
	fixture_claim(&arena, 2, 77);
	site = fixture_add_site(&arena, 2, PSEUDO_AT_START, SEEP_KIND_HEAP);
	for (uint32_t shard = 0; shard < FIXTURE_SHARDS; shard++)
		*fixture_counters(&arena, 2, shard, site) =
			(struct arena_counters){10, 100, 1, 2, UINT64_MAX, shard, {0}};
	assert_int_equal(arena_read_counters(reader, 2, site - 1, counters, 3), 3);
	assert_int_equal(counters[0].acquired_count, 0);
	assert_int_equal(counters[1].acquired_count, 10 * FIXTURE_SHARDS);
	assert_int_equal(counters[1].released_bytes, 2 * FIXTURE_SHARDS);
	assert_int_equal(counters[1].birth_sum, (uint64_t)-FIXTURE_SHARDS); /* modulo 2^64 */
	assert_int_equal(counters[1].temporary_count, 0 + 1 + 2 + 3);
	assert_int_equal(arena_read_counters(reader, 2, FIXTURE_SITES - 1, counters, 3), 1);
	assert_int_equal(arena_read_counters(reader, FIXTURE_SLOTS, 0, counters, 3), 0);
	arena_close(reader);
}

static void events_are_summed_over_the_lines(void **state)
{
	struct arena_reader *reader = open_arena();
	uint64_t counts[EVENT_COUNT];

	(void)state;
	fixture_claim(&arena, 2, 77);
	for (uint32_t line = 0; line < ARENA_EVENT_LINES; line++)
		for (int event = 0; event < EVENT_COUNT; event++)
			fixture_events(&arena, 2, line)->count[event] = (uint64_t)event + line;
	assert_true(arena_read_events(reader, 2, counts));
	for (int event = 0; event < EVENT_COUNT; event++)
		assert_int_equal(counts[event],
				 ARENA_EVENT_LINES * event + ARENA_EVENT_LINES * (ARENA_EVENT_LINES - 1) / 2);
	assert_false(arena_read_events(reader, FIXTURE_SLOTS, counts));
	assert_int_equal(truncate(arena.path, (off_t)arena.head->slots_offset), 0);
	assert_false(arena_read_events(reader, 2, counts));
	arena_close(reader);
}

static void marks_are_summed_by_name_and_their_names_are_printable(void **state)
{
	struct arena_reader *reader = open_arena();
	struct arena_mark marks[ARENA_MARKS];

	(void)state;
	fixture_claim(&arena, 2, 77);
	fixture_add_mark(&arena, 2, "request");
	fixture_add_mark(&arena, 2, "a\nb\x1b[31m\xff\xc3\xa4");
	fixture_add_mark(&arena, 2, "request"); /* two threads at once */
	fixture_add_mark(&arena, 2, "");
	fixture_mark_name(&arena, 2, fixture_add_mark(&arena, 2, "not complete"))->ready = 0;
	memset(fixture_mark_name(&arena, 2, fixture_add_mark(&arena, 2, "x"))->name, 'x', ARENA_MARK_NAME);
	for (uint32_t shard = 0; shard < FIXTURE_SHARDS; shard++)
		for (uint32_t mark = 0; mark < 6; mark++)
			fixture_marks(&arena, 2, shard)->count[mark] = mark + 1;
	assert_int_equal(arena_read_marks(reader, 2, 6, marks), 6);
	assert_string_equal(marks[0].name, "request");
	assert_int_equal(marks[0].count, FIXTURE_SHARDS * (1 + 3));
	assert_string_equal(marks[1].name, "a?b?[31m?\xc3\xa4");
	assert_int_equal(marks[1].count, FIXTURE_SHARDS * 2);
	assert_int_equal(marks[2].count, 0);
	assert_int_equal(marks[3].count, 0);
	assert_int_equal(marks[4].count, 0);
	assert_int_equal(strlen(marks[5].name), ARENA_MARK_NAME - 1);
	assert_int_equal(arena_read_marks(reader, 2, 0, marks), 0);
	assert_int_equal(arena_read_marks(reader, 2, UINT32_MAX, marks), ARENA_MARKS);
	assert_int_equal(arena_read_marks(reader, FIXTURE_SLOTS, 6, marks), 0);
	arena_close(reader);
}

static void a_slot_is_read_with_its_tables(void **state)
{
	struct arena_reader *reader = open_arena();
	struct arena_entry entries[FIXTURE_SLOTS];
	struct slot_header header;
	struct arena_module module;
	struct arena_node nodes[8];
	struct arena_site site;
	uint32_t library, node;

	(void)state;
	fixture_claim(&arena, 1, 77);
	library = fixture_add_module(&arena, 1, "/lib/x.so");
	node = fixture_add_node(&arena, 1, 0, library, 0x1234);
	fixture_add_site(&arena, 1, node, SEEP_KIND_SOCKET);
	assert_int_equal(arena_read_directory(reader, entries, &error), 0);
	assert_int_equal(entries[1].pid, 77);
	assert_int_equal(entries[1].state, SLOT_LIVE);
	assert_int_equal(entries[0].state, SLOT_FREE);
	assert_int_equal(arena_read_slot(reader, 1, &header, &error), 0);
	assert_string_equal(header.exe, "/usr/bin/server");
	assert_int_equal(arena_read_modules(reader, 1, library, &module, 1), 1);
	assert_int_equal(arena_module_status(&module), ARENA_ENTRY_OK);
	assert_string_equal(module.path, "/lib/x.so");
	assert_int_equal(arena_read_nodes(reader, 1, 0, nodes, node + 1), node + 1);
	assert_int_equal(arena_node_status(arena_head(reader), &nodes[node], node), ARENA_ENTRY_OK);
	assert_int_equal(arena_node_module(&nodes[node]), library);
	assert_int_equal(arena_node_module(&nodes[PSEUDO_MISSING]), ARENA_MODULE_PSEUDO);
	assert_int_equal(arena_read_sites(reader, 1, header.sites_used - 1, &site, 1), 1);
	assert_int_equal(site.kind, SEEP_KIND_SOCKET);
	arena_close(reader);
}

static void a_released_slot_is_zero_and_free_and_takes_no_memory(void **state)
{
	struct arena_reader *reader = open_arena();
	int64_t before;

	(void)state;
	fixture_claim(&arena, 1, 77);
	memset(fixture_at(&arena, 1, 0), 1, arena.head->slot_size);
	before = arena_allocated_bytes(reader);
	assert_int_equal(arena_release_slot(reader, 1), 0);
	assert_int_equal(fixture_entry(&arena, 1)->state, SLOT_FREE);
	assert_int_equal(fixture_entry(&arena, 1)->pid, 0);
	assert_int_equal(fixture_entry(&arena, 1)->generation, 1);
	assert_true(arena_allocated_bytes(reader) <= before - (int64_t)arena.head->slot_size);
	assert_int_equal(*(char *)fixture_at(&arena, 1, 5000), 0);
	assert_int_equal(arena_release_slot(reader, FIXTURE_SLOTS), SEEP_ERR_DAMAGED);
	arena_close(reader);
}

static void the_recorder_sets_the_clock_and_the_recording_path(void **state)
{
	struct arena_reader *reader = open_arena();
	char path[ARENA_PATH_MAX];

	(void)state;
	assert_int_equal(arena_set_epoch(reader, 17), 0);
	assert_int_equal(arena.head->epoch, 17);
	assert_int_equal(arena_set_recording_path(reader, "/tmp/elsewhere.db"), 0);
	assert_string_equal(arena.head->recording_path, "/tmp/elsewhere.db");
	assert_int_equal(arena_read_recording_path(reader, path), 0);
	assert_string_equal(path, "/tmp/elsewhere.db");
	assert_int_equal(arena_set_recording_path(reader, "relative"), SEEP_ERR_IO);
	memset(arena.head->recording_path, 'x', ARENA_PATH_MAX);
	assert_int_equal(arena_read_recording_path(reader, path), SEEP_ERR_DAMAGED);
	arena_close(reader);
}

static void an_arena_has_one_recorder(void **state)
{
	struct arena_reader *first = open_arena();
	struct arena_reader *second = open_arena();

	(void)state;
	assert_true(arena_lock(first));
	assert_false(arena_lock(second));
	arena_close(first);
	assert_true(arena_lock(second));
	assert_true(arena_is_in_place(second));
	assert_int_equal(arena_unlink(second), 0);
	assert_false(arena_is_in_place(second));
	arena_close(second);
}

static void what_is_no_arena_is_refused_with_its_reason(void **state)
{
	struct arena_header sound = *arena.head;

	(void)state;
	arena.head->magic++;
	expect_refusal(SEEP_ERR_NOT_OURS, "is not a Seep arena");
	*arena.head = sound;
	arena.head->version = ARENA_VERSION + 1;
	expect_refusal(SEEP_ERR_NEWER, "newer libseep.so");
	*arena.head = sound;
	arena.head->ready = 0;
	expect_refusal(SEEP_ERR_DAMAGED, "is not complete");
	*arena.head = sound;
	memset(arena.head->recording_path, 'x', ARENA_PATH_MAX);
	expect_refusal(SEEP_ERR_DAMAGED, "is damaged");
	*arena.head = sound;
	assert_int_equal(truncate(arena.path, (off_t)arena.size - 1), 0);
	expect_refusal(SEEP_ERR_DAMAGED, "is damaged");
	assert_int_equal(truncate(arena.path, 100), 0);
	expect_refusal(SEEP_ERR_NOT_OURS, "is not a Seep arena");
	unlink(arena.path);
	expect_refusal(SEEP_ERR_NOT_FOUND, "does not exist");
	assert_int_equal(symlink("/etc/passwd", arena.path), 0);
	expect_refusal(SEEP_ERR_IO, "cannot open");
}

static void impossible_dimensions_are_refused(void **state)
{
	struct arena_header sound = *arena.head;
	const struct {
		uint32_t *field;
		uint32_t value;
	} faults[] = {
		{&arena.head->slot_count, 0},
		{&arena.head->slot_count, FIXTURE_SLOTS + 1},
		{&arena.head->slot_count, UINT32_MAX},
		{&arena.head->shard_count, 0},
		{&arena.head->shard_count, FIXTURE_SHARDS + 1},
		{&arena.head->shard_count, UINT32_MAX},
		{&arena.head->node_capacity, UINT32_MAX},
		{&arena.head->node_capacity, 0},
		{&arena.head->site_capacity, FIXTURE_SITES + 1},
		{&arena.head->module_capacity, 1 << 25},
		{&arena.head->counters_offset, (uint32_t)arena.head->slot_size},
		{&arena.head->nodes_offset, 0},
		{&arena.head->nodes_offset, UINT32_MAX - 7},
		{&arena.head->sites_offset, sound.sites_offset + 1},
		{&arena.head->events_offset, 0},
		{&arena.head->events_offset, (uint32_t)arena.head->slot_size - ARENA_PAGE + 8},
		{&arena.head->mark_names_offset, UINT32_MAX - 7},
		{&arena.head->marks_offset, (uint32_t)arena.head->slot_size - sizeof(struct arena_marks)},
		{(uint32_t *)&arena.head->slots_offset, 0},
		{(uint32_t *)&arena.head->slot_size, ARENA_PAGE},
		{(uint32_t *)&arena.head->slot_size + 1, UINT32_MAX},
		{(uint32_t *)&arena.head->created_realtime_ns + 1, UINT32_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		*arena.head = sound;
		*faults[i].field = faults[i].value;
		expect_refusal(SEEP_ERR_DAMAGED, "is damaged");
	}
}

static void impossible_entries_are_told(void **state)
{
	const struct arena_header *head = arena.head;
	struct arena_node node = {.parent = 3, .module_and_flags = 1};
	struct arena_site site = {.node = 1, .kind = 1, .ready = 1};
	struct arena_module module = {.ready = 1, .build_id_size = 33};
	struct arena_misuse misuse = {.kind = MISUSE_DOUBLE_CLOSE, .node = FIXTURE_NODES};

	(void)state;
	assert_int_equal(arena_node_status(head, &node, 4), ARENA_ENTRY_OK);
	assert_int_equal(arena_node_status(head, &node, 3), ARENA_ENTRY_IMPOSSIBLE);
	node.module_and_flags = 0;
	assert_int_equal(arena_node_status(head, &node, 4), ARENA_ENTRY_INCOMPLETE);
	node.module_and_flags = FIXTURE_MODULES + 1;
	assert_int_equal(arena_node_status(head, &node, 4), ARENA_ENTRY_IMPOSSIBLE);
	node = (struct arena_node){.module_and_flags = ARENA_MODULE_PSEUDO + 1, .offset = PSEUDO_COUNT};
	assert_int_equal(arena_node_status(head, &node, 4), ARENA_ENTRY_IMPOSSIBLE);
	assert_int_equal(arena_site_status(head, &site), ARENA_ENTRY_OK);
	site.kind = SEEP_KIND_COUNT;
	assert_int_equal(arena_site_status(head, &site), ARENA_ENTRY_IMPOSSIBLE);
	site = (struct arena_site){.node = FIXTURE_NODES, .ready = 1};
	assert_int_equal(arena_site_status(head, &site), ARENA_ENTRY_IMPOSSIBLE);
	memset(module.path, 'x', sizeof(module.path));
	assert_int_equal(arena_module_status(&module), ARENA_ENTRY_IMPOSSIBLE);
	assert_int_equal(strlen(module.path), sizeof(module.path) - 1);
	assert_int_equal(arena_misuse_status(head, &misuse), ARENA_ENTRY_IMPOSSIBLE);
	assert_int_equal(arena_release_status(head, &(struct arena_release){.key = 0}), ARENA_ENTRY_INCOMPLETE);
	assert_int_equal(arena_release_status(head, &(struct arena_release){.key = UINT64_C(1) << 32 | 1}),
			 ARENA_ENTRY_OK);
	assert_int_equal(arena_release_status(head, &(struct arena_release){.key = UINT64_C(1) << 32 | FIXTURE_NODES}),
			 ARENA_ENTRY_IMPOSSIBLE);
	assert_int_equal(arena_release_status(head, &(struct arena_release){.key = (uint64_t)FIXTURE_SITES << 32 | 1}),
			 ARENA_ENTRY_IMPOSSIBLE);
}

/* ---- fuzz: any bytes, no crash, no read beyond a buffer (run it under check-asan) ---- */

static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void read_slot(struct arena_reader *reader, uint32_t slot)
{
	static struct arena_module modules[FIXTURE_MODULES];
	static struct arena_node nodes[FIXTURE_NODES];
	static struct arena_site sites[FIXTURE_SITES];
	static struct arena_counters counters[FIXTURE_SITES];
	static struct arena_misuse misuse[FIXTURE_MISUSE];
	static struct arena_fd fds[FIXTURE_FDS];
	static struct arena_mark marks[ARENA_MARKS];
	uint64_t events[EVENT_COUNT];
	static struct arena_release releases[FIXTURE_RELEASES];
	const struct arena_header *head = arena_head(reader);
	struct slot_header header;
	uint32_t count;

	if (arena_read_slot(reader, slot, &header, NULL))
		return;
	assert_true(strlen(header.exe) < sizeof(header.exe) && strlen(header.allocator) < sizeof(header.allocator));
	assert_true(header.nodes_used <= head->node_capacity && header.sites_used <= head->site_capacity);
	count = arena_read_modules(reader, slot, 0, modules, FIXTURE_MODULES);
	for (uint32_t i = 0; i < count; i++) {
		if (arena_module_status(&modules[i]) == ARENA_ENTRY_OK)
			assert_true(strlen(modules[i].path) < sizeof(modules[i].path));
	}
	count = arena_read_nodes(reader, slot, 0, nodes, FIXTURE_NODES);
	for (uint32_t i = 1; i < count; i++) {
		if (arena_node_status(head, &nodes[i], i) == ARENA_ENTRY_OK)
			assert_true(nodes[i].parent < i);
	}
	count = arena_read_sites(reader, slot, 0, sites, FIXTURE_SITES);
	for (uint32_t i = 0; i < count; i++) {
		if (arena_site_status(head, &sites[i]) == ARENA_ENTRY_OK)
			assert_true(sites[i].kind < SEEP_KIND_COUNT);
	}
	arena_read_counters(reader, slot, 0, counters, FIXTURE_SITES);
	arena_read_misuse(reader, slot, misuse, FIXTURE_MISUSE);
	arena_read_fds(reader, slot, fds, FIXTURE_FDS);
	arena_read_events(reader, slot, events);
	count = arena_read_marks(reader, slot, header.marks_used, marks);
	for (uint32_t i = 0; i < count; i++)
		assert_true(strlen(marks[i].name) < ARENA_MARK_NAME);
	arena_read_releases(reader, slot, releases, FIXTURE_RELEASES);
}

static void read_all(void)
{
	static struct arena_entry entries[65536];
	struct arena_reader *reader;

	if (arena_open(arena.path, &reader, NULL))
		return;
	arena_read_directory(reader, entries, NULL);
	for (uint32_t slot = 0; slot < 3; slot++)
		read_slot(reader, slot);
	arena_close(reader);
}

static void flipped_bytes_are_refused_or_survived(void **state)
{
	struct arena_header sound;
	unsigned refused = 0;

	(void)state;
	fixture_claim(&arena, 0, 77);
	fixture_claim(&arena, 1, 78);
	sound = *arena.head;
	for (int round = 0; round < 4000; round++) {
		size_t reach = round % 4 == 0 ? arena.size : round % 4 == 1 ? 128 : 4 * ARENA_PAGE;
		struct arena_reader *reader;

		for (int i = 0; i < 1 + round % 8; i++)
			((unsigned char *)arena.head)[next_random() % reach] ^= 1u << (next_random() % 8);
		refused += arena_open(arena.path, &reader, NULL) != 0;
		arena_close(reader);
		if (round % 16 == 0)
			read_all();
		*arena.head = sound;
	}
	assert_true(refused > 500);
}

static void garbage_is_refused_or_survived(void **state)
{
	(void)state;
	for (int round = 0; round < 100; round++) {
		size_t from = round % 2 ? sizeof(uint64_t) + 2 * sizeof(uint32_t) : ARENA_PAGE;

		for (size_t at = from; at < 64 * ARENA_PAGE; at += 8)
			*(uint64_t *)((char *)arena.head + at / 8 * 8) = next_random() >> (next_random() % 64);
		if (from > ARENA_PAGE - 1)
			arena.head->ready = 1;
		read_all();
	}
}

static void a_file_cut_short_under_the_reader_is_an_error(void **state)
{
	struct arena_reader *reader = open_arena();
	struct arena_entry entries[FIXTURE_SLOTS];
	struct arena_counters counters[4];
	struct slot_header header;

	(void)state;
	fixture_claim(&arena, 0, 77);
	assert_int_equal(truncate(arena.path, ARENA_PAGE), 0);
	assert_int_equal(arena_read_directory(reader, entries, &error), SEEP_ERR_DAMAGED);
	assert_non_null(strstr(error.text, "cut short"));
	assert_int_equal(arena_read_slot(reader, 0, &header, NULL), SEEP_ERR_DAMAGED);
	assert_int_equal(arena_read_counters(reader, 0, 0, counters, 4), 0);
	arena_close(reader);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(counters_are_summed_over_the_shards),
		test(events_are_summed_over_the_lines),
		test(marks_are_summed_by_name_and_their_names_are_printable),
		test(a_slot_is_read_with_its_tables),
		test(a_released_slot_is_zero_and_free_and_takes_no_memory),
		test(the_recorder_sets_the_clock_and_the_recording_path),
		test(an_arena_has_one_recorder),
		test(what_is_no_arena_is_refused_with_its_reason),
		test(impossible_dimensions_are_refused),
		test(impossible_entries_are_told),
		test(flipped_bytes_are_refused_or_survived),
		test(garbage_is_refused_or_survived),
		test(a_file_cut_short_under_the_reader_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
