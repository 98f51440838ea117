/* SPDX-License-Identifier: MIT */
/* The recording on disk: what is written is read back, bounded, and never lost by a failure. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h> /* needs the ones above */
#include <sqlite3.h>

#include "../../analyzer/analysis/judgement.h"
#include "../../analyzer/base/clock.h"
#include "../../analyzer/store/series.h"
#include "../../analyzer/store/writer.h"

#define START INT64_C(1700000040) /* at a full minute, not at a full hour */
#define START_NS (START * NS_PER_S)

static char directory[64];
static char path[128];
static struct error error;

#define must(call)                                             \
	do {                                                   \
		error.text[0] = '\0';                          \
		if (call)                                      \
			fail_msg("%s: %s", #call, error.text); \
	} while (0)

static int set_up(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/seep-store-test-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/x.db", directory);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
	char name[160];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", path, endings[i]);
		unlink(name);
	}
	return rmdir(directory);
}

/* ---- a writer with a stack of one frame for each site ---- */

struct fixture {
	struct store *store;
	uint32_t process, module;
	uint32_t sites[2000];
};

static uint32_t put_process(struct store *store, uint32_t slot, int64_t started_ns)
{
	struct store_process process = {
		.pid = 100 + slot, .slot = slot, .generation = 1, .exe = "/usr/bin/server", .started_ns = started_ns};
	uint32_t id;

	must(store_put_process(store, &process, &id, &error));
	return id;
}

static uint32_t put_site(struct fixture *fixture, uint64_t offset, enum seep_kind kind)
{
	uint32_t location, node, site;

	must(store_put_location(fixture->store, fixture->module, offset, false, &location, &error));
	must(store_put_node(fixture->store, 0, location, false, &node, &error));
	must(store_put_site(fixture->store, node, kind, &site, &error));
	return site;
}

static void fixture_open(struct fixture *fixture, size_t sites)
{
	struct store_options options = {
		.arena_path = "/dev/shm/a", .arena_id = "1.2.3", .created_ns = START_NS, .interval_ms = 1000};

	must(store_create(path, &options, &fixture->store, &error));
	must(store_begin(fixture->store, START_NS, &error));
	fixture->process = put_process(fixture->store, 0, START_NS);
	must(store_put_module(fixture->store, "/usr/bin/server", "abcd", 4096, &fixture->module, &error));
	for (size_t i = 0; i < sites; i++)
		fixture->sites[i] = put_site(fixture, 16 * i + 16, SEEP_KIND_HEAP);
	must(store_commit(fixture->store, &error));
}

static struct arena_counters counters(uint64_t acquired, uint64_t released)
{
	return (struct arena_counters){.acquired_count = acquired,
				       .acquired_bytes = acquired * 10,
				       .released_count = released,
				       .released_bytes = released * 10,
				       .birth_sum = acquired - released};
}

static void tick(struct fixture *fixture, int64_t time, uint32_t site, uint64_t acquired, uint64_t released)
{
	struct arena_counters figures = counters(acquired, released);

	must(store_begin(fixture->store, time * NS_PER_S, &error));
	if (site)
		must(store_put_figures(fixture->store, fixture->process, site, &figures, &error));
	must(store_commit(fixture->store, &error));
}

/* The only entry of the totals at a time; zeros if there is none. */
static struct model_total total_at(uint32_t process, int64_t at_ns)
{
	struct store *reader;
	struct model_total *totals, total = {0};
	size_t count;

	must(store_open(path, &reader, &error));
	must(store_read_totals(reader, process, at_ns, &totals, &count, &error));
	if (count)
		total = totals[0];
	assert_true(count <= 1);
	free(totals);
	store_close(reader);
	return total;
}

/* ---- tests ---- */

/* More than wait at once, twice: what a rollback took away is added again, and what is there is found by a second
 * writer. */
static void stacks_are_stored_once(void **state)
{
	enum { NODES = 100 };
	uint32_t ids[NODES], location, node, site;
	struct fixture fixture;
	struct recording recording;
	struct store *reader;

	(void)state;
	fixture_open(&fixture, 1);
	for (int round = 0; round < 4; round++) {
		must(store_begin(fixture.store, START_NS + round * NS_PER_S, &error));
		node = 0;
		for (uint32_t i = 0; i < NODES; i++) {
			must(store_put_location(fixture.store, fixture.module, 0x7000 + i, i & 1, &location, &error));
			must(store_put_node(fixture.store, node, location, false, &node, &error));
			must(store_put_site(fixture.store, node, SEEP_KIND_HEAP, &site, &error));
			if (round > 1)
				assert_int_equal(node, ids[i]);
			ids[i] = node;
		}
		if (round == 0) {
			store_rollback(fixture.store);
			continue;
		}
		must(store_commit(fixture.store, &error));
		if (round == 2) {
			store_close(fixture.store);
			must(store_resume(path, &fixture.store, &error));
		}
	}
	store_close(fixture.store);
	must(store_open(path, &reader, &error));
	must(store_read_recording(reader, &recording, &error));
	/* beside the fixture's one */
	assert_int_equal(recording.node_count, 1 + 1 + NODES);
	assert_int_equal(recording.location_count, 1 + 1 + NODES);
	assert_int_equal(recording.site_count, 1 + 1 + NODES);
	recording_release(&recording);
	store_close(reader);
}

static void what_is_written_is_read_back(void **state)
{
	struct fixture fixture;
	struct recording recording;
	struct store *reader;
	struct model_symbol symbols[] = {{.function = "inlined", .file = "a.c", .line = 7, .start_line = 3},
					 {.function = "caller"}};
	uint32_t pseudo, node, site, mark;

	(void)state;
	fixture_open(&fixture, 1);
	must(store_begin(fixture.store, START_NS, &error));
	must(store_put_pseudo_location(fixture.store, PSEUDO_TRUNCATED, &pseudo, &error));
	must(store_put_node(fixture.store, 0, pseudo, true, &node, &error));
	must(store_put_site(fixture.store, node, SEEP_KIND_SOCKET, &site, &error));
	must(store_put_symbols(fixture.store, 1, symbols, 2, &error));
	must(store_put_resolved(fixture.store, 1, 1, &error));
	must(store_put_symbol_status(fixture.store, fixture.module, "debug info", "/usr/lib/debug/x", &error));
	must(store_put_trust(fixture.store, fixture.process, "unseen_frees", 5, &error));
	must(store_put_misuse(fixture.store,
			      &(struct store_misuse){.process_id = fixture.process,
						     .kind = MISUSE_DOUBLE_CLOSE,
						     .node_id = node,
						     .previous_node_id = 1,
						     .count = 3,
						     .last_fd = 9},
			      &error));
	must(store_put_unseen(fixture.store, fixture.process, &(struct model_unseen){.target = "socket", .count = 2}, 1,
			      &error));
	must(store_put_mark(fixture.store,
			    &(struct store_mark){.time_ns = START_NS, .kind = "message", .text = "\xff said"}, &mark,
			    &error));
	must(store_commit(fixture.store, &error));
	store_close(fixture.store);

	must(store_open(path, &reader, &error));
	must(store_read_recording(reader, &recording, &error));
	assert_int_equal(recording.created_ns, START_NS);
	assert_int_equal(recording.ended_ns, 0);
	assert_int_equal(recording.interval_ms, 1000);
	assert_string_equal(recording.processes[fixture.process].exe, "/usr/bin/server");
	assert_int_equal(recording.processes[fixture.process].pid, 100);
	assert_int_equal(recording.processes[fixture.process].trust[TRUST_UNSEEN_FREES], 5);
	assert_string_equal(recording.modules[fixture.module].build_id, "abcd");
	assert_string_equal(recording.modules[fixture.module].symbol_status, "debug info");
	assert_true(recording.locations[1].resolved);
	assert_int_equal(recording.locations[1].symbol_count, 2);
	assert_string_equal(recording.locations[1].symbols[0].function, "inlined");
	assert_int_equal(recording.locations[1].symbols[0].line, 7);
	assert_null(recording.locations[1].symbols[1].file);
	assert_string_equal(recording.locations[pseudo].pseudo, "[outer frames cut]");
	assert_true(recording.nodes[node].guessed);
	assert_int_equal(recording.sites[site].kind, SEEP_KIND_SOCKET);
	assert_int_equal(recording.sites[site].node_id, node);
	assert_int_equal(recording.misuse_count, 1);
	assert_int_equal(recording.misuses[0].kind, MISUSE_DOUBLE_CLOSE);
	assert_int_equal(recording.misuses[0].count, 3);
	assert_int_equal(recording.unseen_count, 1);
	assert_string_equal(recording.unseen[0].target, "socket");
	recording_release(&recording);
	store_close(reader);
}

static void count_mark(const struct store_mark *mark, void *context)
{
	assert_string_equal(mark->kind, "message");
	assert_string_equal(mark->text, "? said");
	assert_int_equal(mark->descriptor_count, 1);
	++*(int *)context;
}

static void text_that_is_not_utf8_is_stored_as_question_marks(void **state)
{
	struct fixture fixture;
	struct store *reader;
	uint32_t mark;
	int marks = 0;

	(void)state;
	fixture_open(&fixture, 1);
	must(store_begin(fixture.store, START_NS, &error));
	must(store_put_mark(fixture.store,
			    &(struct store_mark){.time_ns = START_NS, .kind = "message", .text = "\xff said"}, &mark,
			    &error));
	must(store_put_descriptor(fixture.store, mark,
				  &(struct store_descriptor){.fd = 3, .kind = "socket", .age_s = -1}, &error));
	must(store_commit(fixture.store, &error));
	store_close(fixture.store);
	must(store_open(path, &reader, &error));
	must(store_each_mark(reader, count_mark, &marks, &error));
	assert_int_equal(marks, 1);
	store_close(reader);
}

static void a_row_that_is_there_keeps_its_id(void **state)
{
	struct fixture fixture;
	uint32_t site, process;
	bool has_ended;

	(void)state;
	fixture_open(&fixture, 3);
	must(store_begin(fixture.store, START_NS, &error));
	site = put_site(&fixture, 32, SEEP_KIND_HEAP);
	assert_int_equal(site, fixture.sites[1]);
	assert_int_not_equal(put_site(&fixture, 32, SEEP_KIND_SOCKET), site);
	must(store_commit(fixture.store, &error));
	store_close(fixture.store);

	must(store_resume(path, &fixture.store, &error));
	must(store_find_process(fixture.store, 0, 1, &process, &has_ended));
	assert_int_equal(process, fixture.process);
	assert_false(has_ended);
	assert_int_equal(store_find_process(fixture.store, 0, 2, &process, &has_ended), SEEP_ERR_NOT_FOUND);
	must(store_begin(fixture.store, START_NS, &error));
	assert_int_equal(put_site(&fixture, 32, SEEP_KIND_HEAP), site);
	must(store_commit(fixture.store, &error));
	store_close(fixture.store);
}

static void a_rollback_takes_back_one_tick_and_no_more(void **state)
{
	struct fixture fixture;
	struct arena_counters figures = counters(50, 0);

	(void)state;
	fixture_open(&fixture, 1);
	tick(&fixture, START + 1, fixture.sites[0], 10, 4);
	must(store_begin(fixture.store, START_NS + 2 * NS_PER_S, &error));
	put_site(&fixture, 999, SEEP_KIND_HEAP);
	must(store_put_figures(fixture.store, fixture.process, fixture.sites[0], &figures, &error));
	store_rollback(fixture.store);
	assert_int_equal(total_at(0, INT64_MAX).live_count, 6);

	/* an id handed out in what was rolled back is not used again: the row is made anew */
	must(store_begin(fixture.store, START_NS + 3 * NS_PER_S, &error));
	must(store_put_figures(fixture.store, fixture.process, put_site(&fixture, 999, SEEP_KIND_HEAP), &figures,
			       &error));
	must(store_put_figures(fixture.store, fixture.process, fixture.sites[0], &(struct arena_counters){0}, &error));
	must(store_commit(fixture.store, &error));
	store_close(fixture.store);
	assert_int_equal(total_at(0, INT64_MAX).live_count, 50);
}

static void figures_of_the_past_are_the_newest_row_not_after_it(void **state)
{
	struct fixture fixture;
	int64_t time;

	(void)state;
	fixture_open(&fixture, 1);
	for (time = START + 1; time <= START + 5 * 3600; time += time > START + 5 * 3600 - 600 ? 1 : 10)
		tick(&fixture, time, fixture.sites[0], (uint64_t)(time - START), 0);
	store_close(fixture.store);

	assert_int_equal(total_at(0, START_NS - NS_PER_S).acquired_count, 0);
	/* the last minutes: to the second */
	assert_int_equal(total_at(0, (START + 5 * 3600 - 50) * NS_PER_S).acquired_count, 5 * 3600 - 50);
	assert_int_equal(total_at(0, (START + 5 * 3600 - 50) * NS_PER_S).live_bytes, (5 * 3600 - 50) * 10);
	/* the last hours: the last change of the minute before */
	assert_in_range(total_at(0, (START + 4 * 3600 + 30) * NS_PER_S).acquired_count, 4 * 3600 - 30, 4 * 3600 + 30);
	/* before: the last change of the hour before */
	assert_in_range(total_at(0, (START + 2 * 3600) * NS_PER_S).acquired_count, 3600, 2 * 3600);
	assert_int_equal(total_at(0, INT64_MAX).acquired_count, 5 * 3600);
}

static void the_mean_age_of_what_lives_is_told_at_any_moment(void **state)
{
	struct fixture fixture;
	struct arena_counters figures = counters(2, 0);
	struct model_total total;

	(void)state;
	fixture_open(&fixture, 1);
	figures.birth_sum = 1 + 11; /* born in epochs 1 and 11 */
	must(store_begin(fixture.store, START_NS + 10 * NS_PER_S, &error));
	must(store_put_figures(fixture.store, fixture.process, fixture.sites[0], &figures, &error));
	must(store_commit(fixture.store, &error));
	tick(&fixture, START + 100, 0, 0, 0);
	store_close(fixture.store);
	total = total_at(0, (START + 10) * NS_PER_S);
	assert_true(total.mean_age_s > 4.9 && total.mean_age_s < 5.1);
	total = total_at(0, INT64_MAX);
	assert_true(total.mean_age_s > 94.9 && total.mean_age_s < 95.1);
}

static void what_is_held_counts_living_processes_only(void **state)
{
	struct fixture fixture;
	uint32_t child, execed;
	struct arena_counters one = counters(1, 0);
	int64_t end_ns = START_NS + 100 * NS_PER_S;

	(void)state;
	fixture_open(&fixture, 1);
	must(store_begin(fixture.store, START_NS + NS_PER_S, &error));
	child = put_process(fixture.store, 1, START_NS + NS_PER_S);
	execed = put_process(fixture.store, 2, START_NS + NS_PER_S);
	must(store_put_figures(fixture.store, fixture.process, fixture.sites[0], &one, &error));
	must(store_put_figures(fixture.store, child, fixture.sites[0], &one, &error));
	must(store_put_inherited(fixture.store, child, fixture.sites[0], 5, 50, 5, &error));
	must(store_put_figures(fixture.store, execed, fixture.sites[0], &one, &error));
	must(store_commit(fixture.store, &error));
	assert_int_equal(total_at(0, INT64_MAX).live_count, 8);
	assert_int_equal(total_at(child, INT64_MAX).live_count, 6);

	must(store_begin(fixture.store, START_NS + 50 * NS_PER_S, &error));
	must(store_end_process(fixture.store, child, START_NS + 50 * NS_PER_S, false, &error));
	must(store_commit(fixture.store, &error));
	assert_int_equal(total_at(0, INT64_MAX).live_count, 2);
	assert_int_equal(total_at(0, INT64_MAX).acquired_count, 3);
	assert_int_equal(total_at(0, START_NS + 20 * NS_PER_S).live_count, 8);
	assert_int_equal(total_at(child, INT64_MAX).live_count, 6);

	must(store_begin(fixture.store, end_ns - NS_PER_S, &error));
	must(store_end_process(fixture.store, fixture.process, end_ns - NS_PER_S, false, &error));
	must(store_end_process(fixture.store, execed, end_ns - NS_PER_S, true, &error));
	must(store_commit(fixture.store, &error));
	must(store_finish(fixture.store, end_ns, &error));
	store_close(fixture.store);
	/* the one that ended with the recording counts; the one that became another program does not */
	assert_int_equal(total_at(0, INT64_MAX).live_count, 1);
	assert_int_equal(total_at(0, INT64_MAX).acquired_count, 3);
}

struct held_sum {
	uint32_t process;
	int64_t heap, sockets, bytes;
	size_t rows;
};

static void take_held(const struct store_held *held, void *context)
{
	struct held_sum *sum = context;

	sum->rows++;
	if (held->process_id != sum->process)
		return;
	*(held->kind == SEEP_KIND_SOCKET ? &sum->sockets : &sum->heap) += held->count;
	sum->bytes += held->bytes;
}

static void what_a_process_holds_is_told_by_kind(void **state)
{
	struct fixture fixture;
	struct held_sum first = {.rows = 0}, second = {.rows = 0};
	struct store *reader;
	uint32_t socket;

	(void)state;
	fixture_open(&fixture, 2);
	first.process = fixture.process;
	must(store_begin(fixture.store, START_NS, &error));
	socket = put_site(&fixture, 0x900, SEEP_KIND_SOCKET);
	must(store_put_figures(
		fixture.store, fixture.process, fixture.sites[0],
		&(struct arena_counters){
			.acquired_count = 5, .acquired_bytes = 50, .released_count = 2, .released_bytes = 20},
		&error));
	must(store_put_figures(fixture.store, fixture.process, fixture.sites[1],
			       &(struct arena_counters){.acquired_count = 4, .acquired_bytes = 40}, &error));
	must(store_put_figures(fixture.store, fixture.process, socket,
			       &(struct arena_counters){.acquired_count = 3, .released_count = 1}, &error));
	second.process = put_process(fixture.store, 1, START_NS);
	must(store_put_figures(fixture.store, second.process, socket, &(struct arena_counters){.acquired_count = 1},
			       &error));
	must(store_put_inherited(fixture.store, second.process, socket, 2, 0, 2, &error));
	must(store_commit(fixture.store, &error));
	store_close(fixture.store);
	must(store_open(path, &reader, &error));
	must(store_each_held(reader, take_held, &first, &error));
	must(store_each_held(reader, take_held, &second, &error));
	store_close(reader);
	assert_int_equal(first.rows, 3);
	assert_int_equal(first.heap, 7);
	assert_int_equal(first.bytes, 70);
	assert_int_equal(first.sockets, 2);
	assert_int_equal(second.sockets, 3);
	assert_int_equal(second.heap, 0);
}

static void unknown_kernel_figures_are_looked_up_in_the_minute_before(void **state)
{
	struct fixture fixture;
	struct store *reader;
	struct store_process_sample sample = {.process_id = 1};
	struct store_process_figures figures;

	(void)state;
	memset(&sample.figures, -1, sizeof(sample.figures));
	memset(sample.tcp, -1, sizeof(sample.tcp));
	fixture_open(&fixture, 1);
	must(store_begin(fixture.store, START_NS + 3 * NS_PER_S, &error));
	sample.figures.time = START + 1;
	sample.figures.descriptors = 7;
	must(store_put_process_sample(fixture.store, &sample, &error));
	sample.figures.time = START + 3;
	sample.figures.descriptors = -1;
	sample.figures.rss_anon = 0;
	must(store_put_process_sample(fixture.store, &sample, &error));
	must(store_commit(fixture.store, &error));
	store_close(fixture.store);

	must(store_open(path, &reader, &error));
	must(store_read_process(reader, 1, INT64_MAX, &figures, &error));
	assert_int_equal(figures.time, START + 3);
	assert_int_equal(figures.rss_anon, 0);
	assert_int_equal(figures.descriptors, 7);
	assert_int_equal(figures.threads, -1);
	assert_int_equal(store_read_process(reader, 1, START_NS, &figures, &error), SEEP_ERR_NOT_FOUND);
	store_close(reader);
}

static void kernel_figures_get_coarser_with_age(void **state)
{
	struct fixture fixture;
	struct store *reader;
	struct store_process_sample sample = {.process_id = 1};
	struct store_process_figures figures;
	struct stat status;

	(void)state;
	fixture_open(&fixture, 1);
	for (int64_t time = START; time < START + 4 * 86400; time += 20) {
		must(store_begin(fixture.store, time * NS_PER_S, &error));
		sample.figures.time = time;
		sample.figures.rss_anon = time;
		must(store_put_process_sample(fixture.store, &sample, &error));
		must(store_commit(fixture.store, &error));
	}
	must(store_finish(fixture.store, START_NS + 4 * 86400 * NS_PER_S, &error));
	store_close(fixture.store);
	stat(path, &status);
	assert_true(status.st_size < 2000000); /* 17,280 rows would be more */
	must(store_open(path, &reader, &error));
	must(store_read_process(reader, 1, (START + 86400) * NS_PER_S, &figures, &error));
	assert_in_range(figures.rss_anon, START + 86400 - 3600, START + 86400);
	must(store_read_process(reader, 1, (START + 3 * 86400) * NS_PER_S, &figures, &error));
	assert_in_range(figures.rss_anon, START + 3 * 86400 - 60, START + 3 * 86400);
	store_close(reader);
}

static void looks_and_limits_are_read_back_as_they_were(void **state)
{
	struct model_look look = {.time = START + 2,
				  .rss_anon = 100,
				  .swap = 0,
				  .large_bytes = 20,
				  .heap = 60,
				  .other = 3,
				  .signals = -1};
	struct model_limits limits = {.memory = 5000, .descriptors = INT64_MAX, .signals = -1, .address_space = 7};
	struct model_look *looks;
	struct fixture fixture;
	struct store *reader;
	size_t count;

	(void)state;
	fixture_open(&fixture, 1);
	must(store_begin(fixture.store, START_NS + 2 * NS_PER_S, &error));
	must(store_put_look(fixture.store, 1, &look, &error));
	must(store_put_limits(fixture.store, 1, START + 2, &limits, &error));
	must(store_commit(fixture.store, &error));
	must(store_begin(fixture.store, START_NS + 9 * NS_PER_S, &error));
	look.time = START + 9;
	look.heap = -1;
	limits.memory = -1; /* cannot be read any more: what was read last stays */
	limits.descriptors = 20;
	must(store_put_look(fixture.store, 1, &look, &error));
	must(store_put_limits(fixture.store, 1, START + 9, &limits, &error));
	must(store_commit(fixture.store, &error));
	store_close(fixture.store);

	must(store_open(path, &reader, &error));
	must(store_read_looks(reader, 1, 0, INT64_MAX, &looks, &count, &error));
	assert_int_equal(count, 2);
	assert_int_equal(looks[0].time, START + 2);
	assert_int_equal(looks[0].rss_anon, 100);
	assert_int_equal(looks[0].large_bytes, 20);
	assert_int_equal(looks[0].heap, 60);
	assert_int_equal(looks[0].other, 3);
	assert_int_equal(looks[0].signals, -1);
	assert_int_equal(looks[1].heap, -1);
	free(looks);
	must(store_read_looks(reader, 1, START + 3, INT64_MAX, &looks, &count, &error));
	assert_int_equal(count, 1);
	free(looks);
	must(store_read_looks(reader, 2, 0, INT64_MAX, &looks, &count, &error));
	assert_int_equal(count, 0);
	must(store_read_limits(reader, 1, START + 3, &limits, &error));
	assert_true(limits.descriptors == INT64_MAX);
	must(store_read_limits(reader, 1, INT64_MAX, &limits, &error));
	assert_int_equal(limits.memory, 5000);
	assert_int_equal(limits.descriptors, 20);
	assert_int_equal(limits.signals, -1);
	assert_int_equal(limits.address_space, 7);
	store_close(reader);
}

static struct store_costs costs_of(uint32_t process)
{
	struct store_costs costs;
	struct store *reader;

	must(store_open(path, &reader, &error));
	must(store_read_costs(reader, process, &costs, &error));
	store_close(reader);
	return costs;
}

static void put_cost(struct fixture *fixture, int64_t time, int64_t cpu_ns)
{
	struct store_cost cost = {.cpu_ns = cpu_ns,
				  .hook_ns = {[COST_ACQUISITION] = 3 * (time - START), [COST_RELEASE] = time - START},
				  .timed = {[COST_ACQUISITION] = 2, [COST_RELEASE] = 5},
				  .error_ns = 7,
				  .captures = 11,
				  .captured_frames = 12,
				  .rule_misses = 13};

	must(store_begin(fixture->store, time * NS_PER_S, &error));
	must(store_put_cost(fixture->store, fixture->process, &cost, &error));
	must(store_commit(fixture->store, &error));
}

static void the_cost_of_hooks_is_told_of_the_end_of_a_known_moment_and_of_a_minute_before(void **state)
{
	struct fixture fixture;
	struct store_costs costs;
	struct store *reader;

	(void)state;
	fixture_open(&fixture, 1);
	must(store_open(path, &reader, &error));
	assert_int_equal(store_read_costs(reader, fixture.process, &costs, &error), SEEP_ERR_NOT_FOUND);
	store_close(reader);
	tick(&fixture, START, fixture.sites[0], 20, 10);
	put_cost(&fixture, START + 5, 500);
	costs = costs_of(fixture.process);
	assert_int_equal(costs.looked.cpu_ns, 500);
	assert_int_equal(costs.earlier.time, 0);
	put_cost(&fixture, START + 6, 600);
	put_cost(&fixture, START + 65, 900);
	put_cost(&fixture, START + 66, 1000);
	put_cost(&fixture, START + 67, -1);
	store_close(fixture.store);
	costs = costs_of(fixture.process);
	assert_int_equal(costs.events, 30);
	assert_int_equal(costs.newest.time, START + 67);
	assert_int_equal(costs.newest.cpu_ns, -1);
	assert_int_equal(costs.newest.hook_ns[COST_ACQUISITION], 3 * 67);
	assert_int_equal(costs.newest.hook_ns[COST_RELEASE], 67);
	assert_int_equal(costs.newest.timed[COST_RELEASE], 5);
	assert_int_equal(costs.newest.error_ns, 7);
	assert_int_equal(costs.newest.captures, 11);
	assert_int_equal(costs.newest.captured_frames, 12);
	assert_int_equal(costs.newest.rule_misses, 13);
	assert_int_equal(costs.looked.time, START + 66);
	assert_int_equal(costs.earlier.time, START + 6);
}

static void the_cost_of_hooks_gets_coarser_with_age(void **state)
{
	struct fixture fixture;
	struct stat status;

	(void)state;
	fixture_open(&fixture, 1);
	for (int64_t time = START; time < START + 4 * 86400; time += 20)
		put_cost(&fixture, time, time - START + 1);
	must(store_finish(fixture.store, START_NS + 4 * 86400 * NS_PER_S, &error));
	store_close(fixture.store);
	stat(path, &status);
	assert_true(status.st_size < 500000); /* 17,280 rows would be more */
	assert_int_equal(costs_of(fixture.process).newest.time, START + 4 * 86400 - 20);
}

struct event_list {
	size_t count;
	char names[8][64];
	uint64_t counts[8];
};

static void take_event(const struct store_event *event, void *context)
{
	struct event_list *list = context;

	assert_true(list->count < 8);
	snprintf(list->names[list->count], sizeof(list->names[0]), "%s", event->name);
	list->counts[list->count++] = event->count;
}

static struct event_list events_of(uint32_t process)
{
	struct event_list list = {0};
	struct store *reader;

	must(store_open(path, &reader, &error));
	must(store_each_event(reader, process, take_event, &list, &error));
	store_close(reader);
	return list;
}

static void put_events(struct fixture *fixture, int64_t time, uint32_t process, uint64_t count)
{
	must(store_begin(fixture->store, time * NS_PER_S, &error));
	must(store_put_event(fixture->store, process, "accepted", count, &error));
	must(store_put_event(fixture->store, process, "mark:a", 2 * count, &error));
	must(store_put_event(fixture->store, process, "write_calls", 3 * count, &error));
	must(store_commit(fixture->store, &error));
}

/* ---- ages ---- */

static int64_t query_integer(const char *sql)
{
	sqlite3_stmt *statement;
	sqlite3 *db;
	int64_t value;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return value;
}

struct reading_list {
	int64_t times[8];
	bool is_read[8];
	size_t count;
};

static void take_reading(const struct store_age_reading *reading, void *context)
{
	struct reading_list *list = context;

	assert_in_range(list->count, 0, 7);
	list->times[list->count] = reading->time;
	list->is_read[list->count++] = strcmp(reading->state, STORE_AGES_READ) == 0;
}

static void put_reading(struct fixture *fixture, int64_t time, const char *state, double count)
{
	struct model_ages ages = {.site_id = fixture->sites[0]};

	ages.ages[0] = (struct model_age){.count = count, .bytes = 10 * count};
	ages.ages[MODEL_AGES - 1] = (struct model_age){.count = 1, .bytes = 7};
	must(store_begin(fixture->store, time * NS_PER_S, &error));
	if (strcmp(state, STORE_AGES_READ) == 0) {
		must(store_begin_ages(fixture->store, fixture->process, &error));
		must(store_put_ages(fixture->store, fixture->process, &ages, &error));
	}
	must(store_put_age_reading(fixture->store, fixture->process, state, 5, &error));
	must(store_commit(fixture->store, &error));
}

static void of_readings_of_ages_the_newest_three_are_kept(void **state)
{
	struct reading_list list = {.count = 0};
	struct fixture fixture;
	struct store *reader;
	struct model_ages *ages;
	size_t count;

	(void)state;
	fixture_open(&fixture, 1);
	for (int i = 1; i <= 6; i++)
		put_reading(&fixture, START + i, STORE_AGES_READ, i);
	put_reading(&fixture, START + 6, STORE_AGES_READ, 66); /* asked for twice in a second */
	put_reading(&fixture, START + 7, "not permitted", 0);
	put_reading(&fixture, START + 8, "not permitted", 0);
	must(store_open(path, &reader, &error));
	must(store_each_age_reading(reader, take_reading, &list, &error));
	assert_int_equal(list.count, 3); /* a failed one takes the place of one */
	assert_int_equal(list.times[0], START + 5);
	assert_int_equal(list.times[1], START + 6);
	assert_true(list.is_read[1]);
	assert_int_equal(list.times[2], START + 8);
	assert_false(list.is_read[2]);
	must(store_read_ages(reader, fixture.process, START + 6, &ages, &count, &error));
	assert_int_equal(count, 1);
	assert_int_equal(ages[0].site_id, fixture.sites[0]);
	assert_true(ages[0].ages[0].count == 66 && ages[0].ages[0].bytes == 660);
	assert_true(ages[0].ages[MODEL_AGES - 1].count == 1 && ages[0].ages[1].count == 0);
	free(ages);
	store_close(reader);
	store_close(fixture.store);
	assert_int_equal(query_integer("SELECT count(DISTINCT time) FROM age"), 3);
	assert_int_equal(query_integer("SELECT sum(count) FROM age_histogram"), 67);
}

static void events_are_told_by_their_newest_count_marks_last(void **state)
{
	struct fixture fixture;
	struct event_list all, one;
	uint32_t other;

	(void)state;
	fixture_open(&fixture, 1);
	must(store_begin(fixture.store, START_NS, &error));
	other = put_process(fixture.store, 1, START_NS);
	must(store_commit(fixture.store, &error));
	put_events(&fixture, START + 1, fixture.process, 5);
	put_events(&fixture, START + 2, other, 100);
	put_events(&fixture, START + 3, fixture.process, 7);
	store_close(fixture.store);
	all = events_of(0);
	assert_int_equal(all.count, 3);
	assert_string_equal(all.names[0], "accepted");
	assert_string_equal(all.names[1], "write_calls");
	assert_string_equal(all.names[2], "mark:a");
	assert_int_equal(all.counts[0], 107);
	assert_int_equal(all.counts[1], 321);
	one = events_of(fixture.process);
	assert_int_equal(one.counts[0], 7);
	assert_int_equal(one.counts[2], 14);
}

/* A single integer that a query of the public views gives. */
static void events_get_coarser_with_age_as_callsites_do(void **state)
{
	struct fixture fixture;
	char sql[160];
	const int64_t end = START + 86400;

	(void)state;
	fixture_open(&fixture, 1);
	for (int64_t time = START; time < end; time += time < end - 3 * 3600 ? 20 : 2)
		put_events(&fixture, time, fixture.process, (uint64_t)(time - START + 1));
	must(store_finish(fixture.store, end * NS_PER_S, &error));
	store_close(fixture.store);
	assert_int_equal(events_of(0).counts[0], 86400 - 1);
	/* 12 minutes of seconds at most, three hours of minutes, the rest in hours: not 9,360 rows */
	assert_in_range(query_integer("SELECT count(*) FROM event_series WHERE name = 'accepted'"), 200, 700);
	assert_true(query_integer("SELECT min(time) FROM event_series WHERE resolution = 1") <= end - 120);
	assert_true(query_integer("SELECT min(time) FROM event_series WHERE resolution = 60") <= end - 7200);
	/* every row is true at its own time */
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM event_series WHERE name = 'accepted' AND count <> time - %lld",
		 (long long)START - 1);
	assert_int_equal(query_integer(sql), 0);
	assert_int_equal(
		query_integer("SELECT max(abs(per_second - 1) > 1e-9) FROM event_rate WHERE name = 'accepted'"), 0);
	assert_int_equal(query_integer("SELECT count FROM event_total WHERE name = 'write_calls'"), 3 * (86400 - 1));
}

static void a_recording_of_the_schema_before_has_no_events(void **state)
{
	struct fixture fixture;
	sqlite3 *db;

	(void)state;
	fixture_open(&fixture, 1);
	tick(&fixture, START + 1, fixture.sites[0], 5, 1);
	must(store_finish(fixture.store, START_NS + 2 * NS_PER_S, &error));
	store_close(fixture.store);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "DROP VIEW event_total; DROP VIEW event_rate; DROP TABLE event_series;"
				      "PRAGMA user_version=2",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(total_at(0, INT64_MAX).live_count, 4);
	assert_int_equal(events_of(0).count, 0);
}

static const struct store_series_options all_series = {.since_ns = INT64_MIN, .until_ns = INT64_MAX};

/* What `seep growth` does, and the CPU time that it takes. */
static size_t count_leaks(double *seconds)
{
	clock_t started = clock();
	struct judgement_input input = {0};
	struct judgement_options options = {0};
	struct judgement judgement;
	struct judgement_site sites[2000];
	struct recording recording;
	struct store_series series;
	struct store *reader;
	size_t leaks;

	must(store_open(path, &reader, &error));
	must(store_read_recording(reader, &recording, &error));
	must(store_read_series(reader, &all_series, &series, &error));
	assert_int_equal(series.site_count, 2000);
	for (size_t i = 0; i < series.site_count; i++) {
		double *const *values = series.sites[i].values;

		sites[i].site_id = series.sites[i].site_id;
		sites[i].series = (struct growth_series){.live_objects = values[SERIES_LIVE_OBJECTS],
							 .live_bytes = values[SERIES_LIVE_BYTES],
							 .acquired_objects = values[SERIES_ACQUIRED_OBJECTS],
							 .acquired_bytes = values[SERIES_ACQUIRED_BYTES],
							 .released_objects = values[SERIES_RELEASED_OBJECTS],
							 .mean_age_s = values[SERIES_MEAN_AGE_S]};
	}
	input.recording = &recording;
	input.grid = (struct growth_grid){series.grid.start_s, series.grid.step_s, series.grid.count};
	input.sites = sites;
	input.site_count = series.site_count;
	judgement_build(&input, &options, &judgement);
	leaks = judgement.verdict_counts[VERDICT_LEAK];
	judgement_release(&judgement);
	store_series_release(&series);
	recording_release(&recording);
	store_close(reader);
	*seconds = (double)(clock() - started) / CLOCKS_PER_SEC;
	return leaks;
}

/* Each site changes in each step: hours, then the last three in minutes, then the last minutes in seconds. */
static void four_days_of_2000_active_callsites_stay_below_64_megabytes_and_are_judged_in_2_seconds(void **state)
{
	struct fixture fixture;
	struct arena_counters figures = counters(0, 0);
	struct stat status;
	int64_t end = START + 4 * 86400;
	double seconds;

	(void)state;
	fixture_open(&fixture, 2000);
	for (int64_t time = START; time < end; time += time < end - 4 * 3600 ? 3600 : time < end - 240 ? 60 : 1) {
		uint64_t passed = (uint64_t)(time - START);

		figures = (struct arena_counters){passed * 1000,       passed * 64000, passed * 999, passed * 63000,
						  passed * passed / 2, passed * 500,   {0}};
		must(store_begin(fixture.store, time * NS_PER_S, &error));
		for (size_t i = 0; i < 2000; i++)
			must(store_put_figures(fixture.store, fixture.process, fixture.sites[i], &figures, &error));
		must(store_commit(fixture.store, &error));
	}
	stat(path, &status);
	print_message("live: %.1f MB, ", (double)status.st_size / 1e6);
	must(store_finish(fixture.store, end * NS_PER_S, &error));
	store_close(fixture.store);
	stat(path, &status);
	print_message("finished: %.1f MB\n", (double)status.st_size / 1e6);
	assert_true(status.st_size < 64 * 1000 * 1000);
	assert_int_equal(count_leaks(&seconds), 2000);
	print_message("judged in %.2f s\n", seconds);
	assert_true(seconds < 2);
}

static void many_processes_that_end_are_added_together_exactly(void **state)
{
	enum { PROCESSES = 3000 };
	struct fixture fixture;
	struct recording recording;
	struct store *reader;
	struct arena_counters one = counters(3, 1);
	struct store_cost cost = {.cpu_ns = 100, .hook_ns = {[COST_RELEASE] = 7}, .captures = 2};
	struct store_costs costs;
	int64_t hook_ns = 0;
	size_t left = 0;
	uint32_t child;

	(void)state;
	fixture_open(&fixture, 1);
	for (uint32_t i = 1; i <= PROCESSES; i++) {
		int64_t now_ns = START_NS + i * NS_PER_S;

		must(store_begin(fixture.store, now_ns, &error));
		child = put_process(fixture.store, i, now_ns);
		must(store_put_figures(fixture.store, child, fixture.sites[0], &one, &error));
		must(store_put_inherited(fixture.store, child, fixture.sites[0], 5, 50, 5, &error));
		must(store_put_trust(fixture.store, child, "unseen_frees", 1, &error));
		must(store_put_cost(fixture.store, child, &cost, &error));
		must(store_put_event(fixture.store, child, "accepted", 2, &error));
		must(store_put_event(fixture.store, child, "mark:a", 4, &error));
		must(store_put_age_reading(fixture.store, child, STORE_AGES_READ, 1, &error));
		must(store_end_process(fixture.store, child, now_ns, false, &error));
		must(store_commit(fixture.store, &error));
	}
	assert_int_equal(total_at(0, INT64_MAX).acquired_count, 3 * PROCESSES);
	assert_int_equal(total_at(0, INT64_MAX).released_count, PROCESSES);
	assert_int_equal(total_at(0, INT64_MAX).live_count, 0);
	/* an hour ago is told to the hour, and never more than there was */
	assert_in_range(total_at(0, START_NS + 2000 * NS_PER_S).acquired_count, 3, 3 * 2000);
	assert_in_range(total_at(0, START_NS + 2900 * NS_PER_S).acquired_count, 3 * 2700, 3 * 2900);
	store_close(fixture.store);
	assert_int_equal(query_integer("SELECT count(*) FROM age_reading WHERE process_id NOT IN"
				       " (SELECT id FROM process WHERE slot >= 0)"),
			 0);
	assert_int_equal(events_of(0).counts[0], 2 * PROCESSES);
	assert_int_equal(events_of(0).counts[1], 4 * PROCESSES);
	/* of the folded ones a row an hour */
	assert_in_range(query_integer("SELECT count(*) FROM event_series e JOIN process p ON p.id = process_id"
				      " WHERE slot = -1"),
			2, 4);

	must(store_open(path, &reader, &error));
	must(store_read_recording(reader, &recording, &error));
	for (size_t i = 0; i < recording.process_count; i++) {
		left += recording.processes[i].id != 0;
		if (store_read_costs(reader, (uint32_t)i, &costs, &error) == SEEP_OK)
			hook_ns += costs.newest.hook_ns[COST_RELEASE];
	}
	assert_in_range(left, 256, 1000);
	assert_int_equal(hook_ns, 7 * PROCESSES);
	recording_release(&recording);
	store_close(reader);
}

static void a_finished_recording_is_one_file(void **state)
{
	struct fixture fixture;
	struct store *reader;
	struct recording recording;
	char name[160];

	(void)state;
	fixture_open(&fixture, 1);
	tick(&fixture, START + 1, fixture.sites[0], 1, 0);
	must(store_finish(fixture.store, START_NS + 2 * NS_PER_S, &error));
	store_close(fixture.store);
	snprintf(name, sizeof(name), "%s-wal", path);
	assert_int_equal(access(name, F_OK), -1);
	snprintf(name, sizeof(name), "%s-shm", path);
	assert_int_equal(access(name, F_OK), -1);
	must(store_open(path, &reader, &error));
	must(store_read_recording(reader, &recording, &error));
	assert_int_equal(recording.ended_ns, START_NS + 2 * NS_PER_S);
	recording_release(&recording);
	store_close(reader);
}

static void a_reader_sees_one_moment_while_the_writer_goes_on(void **state)
{
	struct fixture fixture;
	struct recording recording;
	struct model_total *totals;
	struct store *reader;
	size_t count;

	(void)state;
	fixture_open(&fixture, 2);
	tick(&fixture, START + 1, fixture.sites[0], 1, 0);
	must(store_open(path, &reader, &error));
	must(store_read_recording(reader, &recording, &error));
	recording_release(&recording);
	tick(&fixture, START + 2, fixture.sites[1], 7, 0);
	must(store_read_totals(reader, 0, INT64_MAX, &totals, &count, &error));
	assert_int_equal(count, 1);
	free(totals);
	must(store_read_recording(reader, &recording, &error));
	recording_release(&recording);
	must(store_read_totals(reader, 0, INT64_MAX, &totals, &count, &error));
	assert_int_equal(count, 2);
	free(totals);
	store_close(reader);
	store_close(fixture.store);
}

static void a_deleted_recording_is_written_again_with_all_it_had(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, 1);
	tick(&fixture, START + 1, fixture.sites[0], 10, 0);
	assert_true(store_is_in_place(fixture.store));
	unlink(path);
	assert_false(store_is_in_place(fixture.store));
	tick(&fixture, START + 2, fixture.sites[0], 20, 0);
	must(store_restore(fixture.store, &error));
	assert_true(store_is_in_place(fixture.store));
	assert_int_equal(total_at(0, INT64_MAX).acquired_count, 20);
	tick(&fixture, START + 3, fixture.sites[0], 30, 0);
	must(store_finish(fixture.store, START_NS + 4 * NS_PER_S, &error));
	store_close(fixture.store);
	assert_int_equal(total_at(0, INT64_MAX).acquired_count, 30);
	assert_int_equal(total_at(0, START_NS + NS_PER_S).acquired_count, 10);
}

static void another_file_under_the_name_is_not_touched(void **state)
{
	struct fixture fixture;
	FILE *other;

	(void)state;
	fixture_open(&fixture, 1);
	assert_int_equal(store_create(path, &(struct store_options){0}, &(struct store *){NULL}, &error),
			 SEEP_ERR_USAGE);
	unlink(path);
	other = fopen(path, "w");
	fputs("mine", other);
	fclose(other);
	error.text[0] = '\0';
	assert_int_equal(store_restore(fixture.store, &error), SEEP_ERR_IO);
	store_close(fixture.store);
	other = fopen(path, "r");
	assert_int_equal(fgetc(other), 'm');
	fclose(other);
}

/* A file-size limit stands for a full disk: SQLite meets the same failing write. */
static void a_full_disk_loses_nothing_that_was_committed(void **state)
{
	struct fixture fixture;
	struct rlimit limit, full;
	struct arena_counters figures = counters(20, 0);
	struct stat status;
	char name[160];
	int code = 0;

	(void)state;
	fixture_open(&fixture, 2000);
	tick(&fixture, START + 1, fixture.sites[0], 10, 0);
	snprintf(name, sizeof(name), "%s-wal", path);
	stat(name, &status);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	full = limit;
	full.rlim_cur = (rlim_t)status.st_size + 8192;
	setrlimit(RLIMIT_FSIZE, &full);
	error.text[0] = '\0';
	code = store_begin(fixture.store, START_NS + 2 * NS_PER_S, &error);
	for (size_t i = 0; i < 2000 && code == SEEP_OK; i++)
		code = store_put_figures(fixture.store, fixture.process, fixture.sites[i], &figures, &error);
	if (code == SEEP_OK)
		code = store_commit(fixture.store, &error);
	assert_int_not_equal(code, SEEP_OK);
	assert_true(strlen(error.text) > 0);
	store_rollback(fixture.store);
	assert_int_equal(total_at(0, INT64_MAX).acquired_count, 10);
	setrlimit(RLIMIT_FSIZE, &limit);
	tick(&fixture, START + 3, fixture.sites[0], 30, 0);
	store_close(fixture.store);
	assert_int_equal(total_at(0, INT64_MAX).acquired_count, 30);
}

/* ---- what is not a recording ---- */

static void expect_refusal(int code, const char *text)
{
	struct store *reader = NULL;

	error.text[0] = '\0';
	assert_int_equal(store_open(path, &reader, &error), code);
	assert_null(reader);
	assert_non_null(strstr(error.text, text));
}

static void write_file(const char *text, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, size), (ssize_t)size);
	close(fd);
}

static void a_file_that_is_no_recording_is_refused_with_what_to_do(void **state)
{
	(void)state;
	expect_refusal(SEEP_ERR_NOT_FOUND, "does not exist");
	write_file("", 0);
	expect_refusal(SEEP_ERR_NOT_OURS, "is not a Seep recording");
	write_file("hello, world, this is not a database at all", 43);
	expect_refusal(SEEP_ERR_NOT_OURS, "is not a Seep recording");
}

static void poke(long offset, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY);

	assert_int_equal(pwrite(fd, bytes, size, offset), (ssize_t)size);
	close(fd);
}

static void make_finished(void)
{
	struct fixture fixture;

	fixture_open(&fixture, 200);
	for (size_t i = 0; i < 200; i++)
		tick(&fixture, START + 1 + (int64_t)i, fixture.sites[i], i + 1, 0);
	must(store_finish(fixture.store, START_NS + 300 * NS_PER_S, &error));
	store_close(fixture.store);
}

static void a_newer_schema_is_refused(void **state)
{
	(void)state;
	make_finished();
	poke(60, "\0\0\0\4", 4);
	expect_refusal(SEEP_ERR_NEWER, "newer Seep");
}

static void another_database_is_refused(void **state)
{
	(void)state;
	make_finished();
	poke(68, "\0\0\0\0", 4);
	expect_refusal(SEEP_ERR_NOT_OURS, "is not a Seep recording");
}

static void read_everything(void)
{
	struct store_series series;
	struct store *reader;
	struct recording recording;
	struct model_total *totals;
	size_t count;

	error.text[0] = '\0';
	if (store_open(path, &reader, &error))
		return;
	if (store_read_recording(reader, &recording, &error) == SEEP_OK) {
		for (size_t i = 1; i < recording.site_count; i++) {
			if (recording.sites[i].id)
				assert_true(recording.sites[i].node_id < recording.node_count);
		}
		recording_release(&recording);
	}
	if (store_read_totals(reader, 0, START_NS + 5 * NS_PER_S, &totals, &count, &error) == SEEP_OK)
		free(totals);
	store_each_held(reader, take_held, &(struct held_sum){.rows = 0}, &error);
	store_read_series(reader, &all_series, &series, &error);
	store_series_release(&series);
	store_close(reader);
}

static void a_truncated_recording_is_damaged(void **state)
{
	struct stat status;

	(void)state;
	make_finished();
	stat(path, &status);
	assert_int_equal(truncate(path, status.st_size / 2), 0);
	expect_refusal(SEEP_ERR_DAMAGED, "is damaged");
}

static void flipped_bytes_are_refused_or_survived(void **state)
{
	static char original[1 << 20];
	uint64_t random = 88172645463325252u;
	ssize_t size;
	int fd;

	(void)state;
	make_finished();
	fd = open(path, O_RDONLY);
	size = read(fd, original, sizeof(original));
	close(fd);
	for (int round = 0; round < 1500; round++) {
		write_file(original, (size_t)size);
		for (int i = 0; i < 4; i++) {
			unsigned char byte;

			random ^= random << 13, random ^= random >> 7, random ^= random << 17;
			byte = (unsigned char)(random >> 40);
			poke((long)(random % (uint64_t)(round % 2 ? size : 4096)), &byte, 1);
		}
		read_everything();
	}
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(stacks_are_stored_once),
		test(what_is_written_is_read_back),
		test(text_that_is_not_utf8_is_stored_as_question_marks),
		test(a_row_that_is_there_keeps_its_id),
		test(a_rollback_takes_back_one_tick_and_no_more),
		test(figures_of_the_past_are_the_newest_row_not_after_it),
		test(the_mean_age_of_what_lives_is_told_at_any_moment),
		test(what_is_held_counts_living_processes_only),
		test(what_a_process_holds_is_told_by_kind),
		test(unknown_kernel_figures_are_looked_up_in_the_minute_before),
		test(kernel_figures_get_coarser_with_age),
		test(looks_and_limits_are_read_back_as_they_were),
		test(the_cost_of_hooks_is_told_of_the_end_of_a_known_moment_and_of_a_minute_before),
		test(the_cost_of_hooks_gets_coarser_with_age),
		test(of_readings_of_ages_the_newest_three_are_kept),
		test(events_are_told_by_their_newest_count_marks_last),
		test(events_get_coarser_with_age_as_callsites_do),
		test(a_recording_of_the_schema_before_has_no_events),
		test(four_days_of_2000_active_callsites_stay_below_64_megabytes_and_are_judged_in_2_seconds),
		test(many_processes_that_end_are_added_together_exactly),
		test(a_finished_recording_is_one_file),
		test(a_reader_sees_one_moment_while_the_writer_goes_on),
		test(a_deleted_recording_is_written_again_with_all_it_had),
		test(another_file_under_the_name_is_not_touched),
		test(a_full_disk_loses_nothing_that_was_committed),
		test(a_file_that_is_no_recording_is_refused_with_what_to_do),
		test(a_newer_schema_is_refused),
		test(another_database_is_refused),
		test(a_truncated_recording_is_damaged),
		test(flipped_bytes_are_refused_or_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
