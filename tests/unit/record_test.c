/* SPDX-License-Identifier: MIT */
/* The recorder: from an arena to its recording, exactly, whatever dies in between. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h> /* needs the ones above */

#include "../../analyzer/record/fd_survey.h"
#include "../../analyzer/record/place.h"
#include "../../analyzer/record/proc.h"
#include "../../analyzer/record/recorder.h"
#include "../../analyzer/record/sockets.h"
#include "../../analyzer/store/store.h"
#include "arena_fixture.h"

static char directory[64], recording[128];
static struct arena_fixture arena;
static struct error error;
static pid_t children[8];
static int child_count;

#define must(call)                                             \
	do {                                                   \
		error.text[0] = '\0';                          \
		if (call)                                      \
			fail_msg("%s: %s", #call, error.text); \
	} while (0)

static int set_up(void **state)
{
	char path[160];

	(void)state;
	strcpy(directory, "/tmp/seep-record-test-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	setenv("TMPDIR", directory, 1);
	snprintf(recording, sizeof(recording), "%s/x.db", directory);
	snprintf(path, sizeof(path), "%s/test.arena", directory);
	fixture_create(&arena, path, recording);
	child_count = 0;
	return 0;
}

static int tear_down(void **state)
{
	char command[96];

	(void)state;
	for (int i = 0; i < child_count; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
	fixture_destroy(&arena);
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

/* ---- processes and steps ---- */

/* What a child has of the recorder's open file would keep the recorder's lock. */
static void close_arena(void)
{
	char name[32], target[256];

	for (int fd = 3; fd < 64; fd++) {
		ssize_t length;

		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		length = readlink(name, target, sizeof(target) - 1);
		target[length > 0 ? length : 0] = '\0';
		if (strstr(target, ".arena"))
			close(fd);
	}
}

/* A process that lives until it is killed; by fork, it maps the arena. */
static uint32_t start_child(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		close_arena();
		close(ready[0]);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0); /* the end: the child has closed its side */
	close(ready[0]);
	children[child_count++] = pid;
	return (uint32_t)pid;
}

static void end_child(uint32_t pid)
{
	kill((pid_t)pid, SIGKILL);
	waitpid((pid_t)pid, NULL, 0);
	for (int i = 0; i < child_count; i++) {
		if (children[i] == (pid_t)pid)
			children[i--] = children[--child_count];
	}
}

static struct recorder *open_recorder(void)
{
	struct recorder *recorder;

	must(recorder_open(arena.path, &recorder, &error));
	return recorder;
}

static void finish_recorder(struct recorder *recorder)
{
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (int i = 0; i < 100; i++) {
		if (recorder_step(recorder, false) == RECORDER_FINISHED) {
			recorder_close(recorder);
			return;
		}
		recorder_wait(recorder, &mask);
	}
	fail_msg("the recorder has not finished in ten seconds");
}

/* Starts a child in a slot with a stack of two frames and a heap site, which it returns. */
static uint32_t start_process(uint32_t slot, uint32_t *pid)
{
	uint32_t module, node;

	*pid = start_child();
	fixture_claim(&arena, slot, *pid);
	module = fixture_add_module(&arena, slot, "/usr/bin/server");
	node = fixture_add_node(&arena, slot, 0, module, 0x100);
	node = fixture_add_node(&arena, slot, node, module, 0x200);
	return fixture_add_site(&arena, slot, node, SEEP_KIND_HEAP);
}

/* ---- what is in the recording ---- */

struct found {
	struct model_total total; /* summed over all sites */
	size_t sites;
	size_t processes, ended;
	bool is_finished;
};

static struct found read_recording(const char *path)
{
	struct recording read;
	struct model_total *totals;
	struct found found = {.sites = 0};
	struct store *store;

	must(store_open(path, &store, &error));
	must(store_read_recording(store, &read, &error));
	must(store_read_totals(store, 0, INT64_MAX, &totals, &found.sites, &error));
	for (size_t i = 0; i < found.sites; i++) {
		/* an arena of random bytes gives any numbers */
		found.total.live_count = (int64_t)((uint64_t)found.total.live_count + (uint64_t)totals[i].live_count);
		found.total.live_bytes = (int64_t)((uint64_t)found.total.live_bytes + (uint64_t)totals[i].live_bytes);
		found.total.acquired_count += totals[i].acquired_count;
		found.total.released_count += totals[i].released_count;
	}
	for (size_t i = 1; i < read.process_count; i++) {
		found.processes += read.processes[i].id != 0;
		found.ended += read.processes[i].ended_ns != 0;
	}
	found.is_finished = read.ended_ns != 0;
	free(totals);
	recording_release(&read);
	store_close(store);
	return found;
}

struct mark_count {
	const char *kind;
	int count;
	uint32_t descriptors;
	char text[1100];
};

static void count_mark(const struct store_mark *mark, void *context)
{
	struct mark_count *wanted = context;

	if (strcmp(mark->kind, wanted->kind) != 0)
		return;
	wanted->count++;
	wanted->descriptors = mark->descriptor_count;
	snprintf(wanted->text, sizeof(wanted->text), "%s", mark->text);
}

static struct mark_count marks_of(const char *kind)
{
	struct mark_count wanted = {.kind = kind};
	struct store *store;

	must(store_open(recording, &store, &error));
	must(store_each_mark(store, count_mark, &wanted, &error));
	store_close(store);
	return wanted;
}

/* ---- the recorder ---- */

static void a_process_is_recorded_to_its_last_event(void **state)
{
	struct recorder *recorder = open_recorder();
	struct found found;
	uint32_t pid, site = start_process(0, &pid);

	(void)state;
	fixture_acquire(&arena, 0, site, 10, 1000);
	assert_int_equal(recorder_step(recorder, true), RECORDER_WORKS);
	found = read_recording(recording);
	assert_int_equal(found.total.live_count, 10);
	assert_int_equal(found.processes, 1);
	assert_int_equal(found.ended, 0);

	fixture_release(&arena, 0, site, 4, 400);
	fixture_acquire(&arena, 0, site, 1, 7);
	end_child(pid);
	finish_recorder(recorder);
	found = read_recording(recording);
	assert_int_equal(found.total.acquired_count, 11);
	assert_int_equal(found.total.live_count, 7);
	assert_int_equal(found.total.live_bytes, 607);
	assert_int_equal(found.ended, 1);
	assert_true(found.is_finished);
	assert_int_equal(access(arena.path, F_OK), -1);
}

struct event_sums {
	uint64_t accepted, reads, forks, mark;
	size_t names;
};

static void sum_event(const struct store_event *event, void *context)
{
	struct event_sums *sums = context;

	sums->names++;
	if (strcmp(event->name, "accepted") == 0)
		sums->accepted = event->count;
	else if (strcmp(event->name, "read_calls") == 0)
		sums->reads = event->count;
	else if (strcmp(event->name, "forks") == 0)
		sums->forks = event->count;
	else if (strcmp(event->name, "mark:turn") == 0)
		sums->mark = event->count;
}

static struct event_sums events_of(const char *path)
{
	struct event_sums sums = {0};
	struct store *store;

	must(store_open(path, &store, &error));
	must(store_each_event(store, 0, sum_event, &sums, &error));
	store_close(store);
	return sums;
}

static void events_are_recorded_to_the_last_and_by_the_next_recorder_too(void **state)
{
	struct recorder *recorder = open_recorder();
	struct event_sums sums;
	uint32_t pid, mark;

	(void)state;
	start_process(0, &pid);
	recorder_step(recorder, true);
	assert_int_equal(events_of(recording).names, 0);
	mark = fixture_add_mark(&arena, 0, "turn");
	fixture_events(&arena, 0, 1)->count[EVENT_ACCEPTED] = 3;
	fixture_events(&arena, 0, ARENA_EVENT_LINES - 1)->count[EVENT_ACCEPTED] = 4;
	fixture_events(&arena, 0, 0)->count[EVENT_FORKS] = UINT64_MAX; /* damage: nobody counts that far */
	fixture_marks(&arena, 0, 2)->count[mark] = 9;
	recorder_step(recorder, true);
	recorder_close(recorder);
	fixture_events(&arena, 0, 0)->count[EVENT_READ_CALLS] = 5;
	recorder = open_recorder();
	end_child(pid);
	finish_recorder(recorder);
	sums = events_of(recording);
	assert_int_equal(sums.accepted, 7);
	assert_int_equal(sums.reads, 5);
	assert_int_equal(sums.forks, 0);
	assert_int_equal(sums.mark, 9);
	assert_int_equal(sums.names, 3);
}

static void a_site_without_events_takes_no_row(void **state)
{
	struct recorder *recorder = open_recorder();
	uint32_t pid, site = start_process(0, &pid);

	(void)state;
	recorder_step(recorder, true);
	assert_int_equal(read_recording(recording).sites, 0);
	fixture_acquire(&arena, 0, site, 1, 1);
	recorder_step(recorder, true);
	assert_int_equal(read_recording(recording).sites, 1);
	recorder_close(recorder);
}

static void an_entry_that_was_not_complete_is_recorded_when_it_is(void **state)
{
	struct recorder *recorder = open_recorder();
	uint32_t pid, site = start_process(0, &pid), late, child, other;

	(void)state;
	late = fixture_add_node(&arena, 0, 0, 1, 0x300);
	child = fixture_add_node(&arena, 0, late, 1, 0x400);
	fixture_node(&arena, 0, late)->module_and_flags = 0;
	other = fixture_add_site(&arena, 0, child, SEEP_KIND_SOCKET);
	fixture_acquire(&arena, 0, site, 1, 1);
	fixture_acquire(&arena, 0, other, 5, 0);
	recorder_step(recorder, true);
	assert_int_equal(read_recording(recording).total.live_count, 1);
	fixture_node(&arena, 0, late)->module_and_flags = 2;
	recorder_step(recorder, true);
	assert_int_equal(read_recording(recording).total.live_count, 6);
	recorder_close(recorder);
}

static void events_of_a_stack_that_was_never_completed_are_kept(void **state)
{
	struct recorder *recorder = open_recorder();
	uint32_t pid, node;

	(void)state;
	start_process(0, &pid);
	node = fixture_add_node(&arena, 0, 0, 1, 0x300);
	fixture_node(&arena, 0, node)->module_and_flags = 0;
	fixture_acquire(&arena, 0, fixture_add_site(&arena, 0, node, SEEP_KIND_HEAP), 5, 50);
	recorder_step(recorder, true);
	end_child(pid);
	finish_recorder(recorder);
	assert_int_equal(read_recording(recording).total.acquired_count, 5);
}

static void a_dead_recorder_is_resumed_with_exact_totals(void **state)
{
	struct recorder *recorder = open_recorder();
	uint32_t pid, site = start_process(0, &pid);
	struct found found;

	(void)state;
	fixture_acquire(&arena, 0, site, 10, 100);
	recorder_step(recorder, true);
	recorder_close(recorder); /* the lock goes, the arena stays: what a SIGKILL leaves */
	fixture_acquire(&arena, 0, site, 5, 50);

	recorder = open_recorder();
	recorder_step(recorder, true);
	found = read_recording(recording);
	assert_int_equal(found.total.acquired_count, 15);
	assert_int_equal(found.processes, 1);
	fixture_release(&arena, 0, site, 15, 150);
	end_child(pid);
	finish_recorder(recorder);
	found = read_recording(recording);
	assert_int_equal(found.total.live_count, 0);
	assert_int_equal(found.total.released_count, 15);
	assert_int_equal(found.processes, 1);
	assert_int_equal(marks_of("recorder resumed").count, 1);
}

static void an_orphan_of_dead_processes_is_finished_exactly(void **state)
{
	uint32_t pids[3];

	(void)state;
	for (uint32_t slot = 0; slot < 3; slot++) {
		uint32_t site = start_process(slot, &pids[slot]);

		fixture_acquire(&arena, slot, site, 10 + slot, 100);
	}
	for (uint32_t slot = 0; slot < 3; slot++)
		end_child(pids[slot]);
	finish_recorder(open_recorder());
	assert_int_equal(read_recording(recording).total.acquired_count, 33);
	assert_int_equal(read_recording(recording).ended, 3);
}

/* The recorder before died between the commit of an end and the giving back of the slot. */
static void a_process_whose_end_is_stored_is_not_counted_twice(void **state)
{
	struct recorder *recorder = open_recorder();
	uint32_t pid, other, site = start_process(0, &pid);
	struct arena_entry entry;
	static char slot[1 << 22];

	(void)state;
	start_process(1, &other);
	fixture_acquire(&arena, 0, site, 10, 100);
	recorder_step(recorder, true);
	end_child(pid);
	assert_true(arena.head->slot_size <= sizeof(slot));
	entry = *fixture_entry(&arena, 0);
	memcpy(slot, fixture_at(&arena, 0, 0), arena.head->slot_size);
	recorder_step(recorder, true);
	recorder_wait(recorder, &(sigset_t){0});
	recorder_step(recorder, true);
	assert_int_equal(fixture_entry(&arena, 0)->state, SLOT_FREE);
	recorder_close(recorder);
	memcpy(fixture_at(&arena, 0, 0), slot, arena.head->slot_size);
	*fixture_entry(&arena, 0) = entry;

	recorder = open_recorder();
	recorder_step(recorder, true);
	assert_int_equal(fixture_entry(&arena, 0)->state, SLOT_FREE);
	assert_int_equal(read_recording(recording).total.acquired_count, 10);
	assert_int_equal(read_recording(recording).processes, 2);
	recorder_close(recorder);
}

static void a_slot_serves_one_process_after_the_other(void **state)
{
	struct recorder *recorder = open_recorder();
	uint32_t first, second, keeper;

	(void)state;
	start_process(3, &keeper);
	fixture_acquire(&arena, 0, start_process(0, &first), 1, 10);
	recorder_step(recorder, true);
	end_child(first);
	for (int i = 0; i < 20 && fixture_entry(&arena, 0)->state != SLOT_FREE; i++) {
		recorder_wait(recorder, &(sigset_t){0});
		recorder_step(recorder, false);
	}
	assert_int_equal(fixture_entry(&arena, 0)->state, SLOT_FREE);
	assert_int_equal(fixture_slot(&arena, 0)->sites_used, 0);
	fixture_acquire(&arena, 0, start_process(0, &second), 2, 20);
	recorder_step(recorder, true);
	end_child(second);
	end_child(keeper);
	finish_recorder(recorder);
	assert_int_equal(read_recording(recording).processes, 3);
	assert_int_equal(read_recording(recording).total.acquired_count, 3);
}

/* Its name is a part of its directory's: a process that lives must not be taken for another one. */
static void an_arena_may_have_any_name(void **state)
{
	struct recorder *recorder;
	char name[160];
	uint32_t pid, site;

	(void)state;
	snprintf(name, sizeof(name), "%s/e", directory);
	assert_int_equal(rename(arena.path, name), 0);
	snprintf(arena.path, sizeof(arena.path), "%s", name);
	site = start_process(0, &pid);
	recorder = open_recorder();
	for (int i = 0; i < 3; i++) {
		fixture_acquire(&arena, 0, site, 1, 10);
		recorder_step(recorder, true);
	}
	assert_int_equal(fixture_entry(&arena, 0)->state, SLOT_LIVE);
	assert_int_equal(read_recording(recording).total.live_count, 3);
	recorder_close(recorder);
}

static void a_forked_child_holds_what_it_inherited(void **state)
{
	struct recorder *recorder = open_recorder();
	uint32_t pid, site = start_process(0, &pid);
	struct found found;

	(void)state;
	fixture_slot(&arena, 0)->forked_epoch = 1;
	fixture_site(&arena, 0, site)->inherited_count = 5;
	fixture_site(&arena, 0, site)->inherited_bytes = 50;
	recorder_step(recorder, true);
	found = read_recording(recording);
	assert_int_equal(found.sites, 1);
	assert_int_equal(found.total.live_count, 5);
	assert_int_equal(found.total.acquired_count, 0);
	fixture_release(&arena, 0, site, 2, 20);
	recorder_step(recorder, true);
	assert_int_equal(read_recording(recording).total.live_bytes, 30);
	recorder_close(recorder);
}

static void a_program_that_execs_has_ended_though_its_process_lives(void **state)
{
	struct recorder *recorder = open_recorder();
	uint32_t pid, keeper, site = start_process(0, &pid);

	(void)state;
	start_process(1, &keeper);
	fixture_acquire(&arena, 0, site, 5, 50);
	recorder_step(recorder, true);
	fixture_entry(&arena, 0)->state = SLOT_EXECED;
	recorder_step(recorder, true);
	assert_int_equal(fixture_entry(&arena, 0)->state, SLOT_FREE);
	assert_int_equal(read_recording(recording).total.live_count, 0);
	assert_int_equal(read_recording(recording).total.acquired_count, 5);
	recorder_close(recorder);
}

static void a_pid_that_belongs_to_another_process_has_ended(void **state)
{
	struct recorder *recorder = open_recorder();
	pid_t other = fork();

	(void)state;
	if (other == 0) {
		execlp("sleep", "sleep", "100", (char *)NULL);
		_exit(127);
	}
	children[child_count++] = other;
	usleep(100 * 1000); /* for the exec, which leaves the arena's mapping behind */
	fixture_claim(&arena, 0, (uint32_t)other);
	fixture_acquire(&arena, 0, fixture_add_site(&arena, 0, PSEUDO_AT_START, SEEP_KIND_FILE), 3, 0);
	for (int i = 0; i < 30 && fixture_entry(&arena, 0)->state != SLOT_FREE; i++) {
		recorder_step(recorder, true);
		usleep(100 * 1000);
	}
	assert_int_equal(fixture_entry(&arena, 0)->state, SLOT_FREE);
	assert_int_equal(read_recording(recording).total.acquired_count, 3);
	recorder_close(recorder);
}

/* The last of them may come after the last tick. */
static void processes_without_a_slot_are_counted_to_the_end(void **state)
{
	struct recorder *recorder = open_recorder();
	struct store *store;
	uint32_t pid;
	char *count;

	(void)state;
	start_process(0, &pid);
	recorder_step(recorder, true);
	arena.head->unslotted_processes = 3;
	end_child(pid);
	finish_recorder(recorder);
	must(store_open(recording, &store, &error));
	count = store_read_meta(store, "unslotted_processes");
	assert_non_null(count);
	assert_string_equal(count, "3");
	free(count);
	store_close(store);
}

static void trust_and_misuse_are_recorded(void **state)
{
	struct recorder *recorder = open_recorder();
	struct recording read;
	struct store *store;
	uint32_t pid;

	(void)state;
	start_process(0, &pid);
	fixture_slot(&arena, 0)->trust[TRUST_UNSEEN_FREES] = 9;
	fixture_slot(&arena, 0)->misuse_used = 2;
	*fixture_misuse(&arena, 0, 0) = (struct arena_misuse){.kind = MISUSE_DOUBLE_CLOSE,
							      .node = PSEUDO_COUNT,
							      .previous_node = PSEUDO_COUNT + 1,
							      .count = 4,
							      .last_fd = 7,
							      .first_epoch = 1,
							      .last_epoch = 1};
	fixture_misuse(&arena, 0, 1)->kind = 77;
	recorder_step(recorder, true);
	recorder_close(recorder);
	must(store_open(recording, &store, &error));
	must(store_read_recording(store, &read, &error));
	assert_int_equal(read.processes[1].trust[TRUST_UNSEEN_FREES], 9);
	assert_int_equal(read.misuse_count, 1);
	assert_int_equal(read.misuses[0].count, 4);
	assert_int_equal(read.misuses[0].last_fd, 7);
	recording_release(&read);
	store_close(store);
}

static void the_first_descriptor_limit_brings_the_whole_table(void **state)
{
	struct recorder *recorder = open_recorder();
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct mark_count mark;
	uint32_t pid, site;

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	site = start_process(0, &pid);
	*fixture_fd(&arena, 0, 0) =
		(struct arena_fd){.fd = listener, .site = site, .birth_epoch = 1, .kind = SEEP_KIND_SOCKET};
	fixture_slot(&arena, 0)->fds_used = 1;
	fixture_slot(&arena, 0)->fd_mark_epoch = 1;
	fixture_slot(&arena, 0)->fd_mark = EMFILE;
	recorder_step(recorder, true);
	recorder_step(recorder, true);
	recorder_close(recorder);
	close(listener);
	mark = marks_of("descriptor limit");
	assert_int_equal(mark.count, 1);
	assert_true(mark.descriptors > 3); /* the standard ones are in /proc only */
	assert_non_null(strstr(mark.text, "EMFILE"));
}

static void kernel_figures_come_with_each_tick(void **state)
{
	struct recorder *recorder = open_recorder();
	struct store_process_figures figures;
	struct store *store;
	uint32_t pid;

	(void)state;
	start_process(0, &pid);
	recorder_step(recorder, true);
	recorder_close(recorder);
	must(store_open(recording, &store, &error));
	must(store_read_process(store, 1, INT64_MAX, &figures, &error));
	assert_true(figures.rss_anon > 0);
	assert_int_equal(figures.threads, 1);
	assert_true(figures.descriptors >= 3);
	store_close(store);
}

/* ---- what may go wrong ---- */

static void the_cost_of_hooks_comes_with_each_tick_and_at_the_end(void **state)
{
	struct recorder *recorder = open_recorder();
	struct store_costs costs;
	struct store *store;
	uint32_t pid, site = start_process(0, &pid);
	struct slot_header *header = fixture_slot(&arena, 0);

	(void)state;
	fixture_acquire(&arena, 0, site, 1000, 1000);
	header->cost = (struct arena_cost){.timed = {4, 0}, .cycles = {4000000, 0}, .squares = 1000};
	recorder_step(recorder, true);
	must(store_open(recording, &store, &error));
	must(store_read_costs(store, 1, &costs, &error));
	store_close(store);
	assert_int_equal(costs.events, 1000);
	assert_int_equal(costs.newest.timed[COST_ACQUISITION], 4);
	assert_true(costs.newest.hook_ns[COST_ACQUISITION] > 0);
	assert_true(costs.looked.cpu_ns >= 0);

	header->cost.timed[COST_RELEASE] = 9;
	header->captures = 1024;
	end_child(pid);
	finish_recorder(recorder);
	must(store_open(recording, &store, &error));
	must(store_read_costs(store, 1, &costs, &error));
	store_close(store);
	assert_int_equal(costs.newest.timed[COST_RELEASE], 9);
	assert_int_equal(costs.newest.captures, 1024);
}

static void a_full_disk_is_waited_for(void **state)
{
	struct recorder *recorder = open_recorder();
	struct rlimit limit, full;
	struct stat status;
	uint32_t pid, site = start_process(0, &pid);
	char journal[160];

	(void)state;
	fixture_acquire(&arena, 0, site, 10, 100);
	recorder_step(recorder, true);
	snprintf(journal, sizeof(journal), "%s-wal", recording);
	stat(journal, &status);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	full = limit;
	full.rlim_cur = (rlim_t)status.st_size;
	setrlimit(RLIMIT_FSIZE, &full);
	for (uint32_t i = 0; i < 1000; i++)
		fixture_acquire(&arena, 0,
				fixture_add_site(&arena, 0, fixture_add_node(&arena, 0, 0, 1, 0x1000 + 16 * i), 0), 1,
				1);
	fixture_acquire(&arena, 0, site, 10, 100);
	assert_int_equal(recorder_step(recorder, true), RECORDER_WORKS);
	assert_int_equal(read_recording(recording).total.acquired_count, 10);
	setrlimit(RLIMIT_FSIZE, &limit);
	end_child(pid);
	finish_recorder(recorder);
	assert_int_equal(read_recording(recording).total.acquired_count, 1020);
	assert_int_equal(marks_of("message").count, 2);
}

static void a_deleted_recording_comes_back_whole(void **state)
{
	struct recorder *recorder = open_recorder();
	uint32_t pid, site = start_process(0, &pid);

	(void)state;
	fixture_acquire(&arena, 0, site, 10, 100);
	recorder_step(recorder, true);
	unlink(recording);
	fixture_acquire(&arena, 0, site, 1, 10);
	recorder_step(recorder, true);
	assert_int_equal(read_recording(recording).total.acquired_count, 11);
	assert_int_equal(read_recording(recording).processes, 1);
	recorder_close(recorder);
}

static void a_directory_that_refuses_has_the_recording_elsewhere(void **state)
{
	struct recorder *recorder;
	uint32_t pid;

	(void)state;
	snprintf(arena.head->recording_path, ARENA_PATH_MAX, "%s/not/there/x.db", directory);
	recorder = open_recorder();
	start_process(0, &pid);
	recorder_step(recorder, true);
	snprintf(recording, sizeof(recording), "%s/seep-%u/x.db", directory, (unsigned)geteuid());
	assert_string_equal(arena.head->recording_path, recording);
	assert_string_equal(recorder_path(recorder), recording);
	assert_int_equal(read_recording(recording).processes, 1);
	assert_int_equal(marks_of("message").count, 1);
	recorder_close(recorder);
}

static void another_recording_of_the_name_is_kept(void **state)
{
	struct recorder *recorder;
	char second[160];
	FILE *file = fopen(recording, "w");
	uint32_t pid;

	(void)state;
	fputs("somebody's", file);
	fclose(file);
	recorder = open_recorder();
	start_process(0, &pid);
	recorder_step(recorder, true);
	recorder_close(recorder);
	snprintf(second, sizeof(second), "%s/x.2.db", directory);
	assert_int_equal(read_recording(second).processes, 1);
	assert_string_equal(arena.head->recording_path, second);
	file = fopen(recording, "r");
	assert_int_equal(fgetc(file), 's');
	fclose(file);
}

static void an_arena_that_is_cut_short_ends_the_recording(void **state)
{
	struct recorder *recorder = open_recorder();
	uint32_t pid, site = start_process(0, &pid);

	(void)state;
	fixture_acquire(&arena, 0, site, 10, 100);
	recorder_step(recorder, true);
	end_child(pid);
	assert_int_equal(truncate(arena.path, ARENA_PAGE), 0);
	assert_int_equal(recorder_step(recorder, true), RECORDER_FINISHED);
	recorder_close(recorder);
	assert_int_equal(read_recording(recording).total.acquired_count, 10);
	assert_true(read_recording(recording).is_finished);
}

static void any_bytes_in_a_slot_are_survived(void **state)
{
	struct recorder *recorder = open_recorder();
	uint64_t random = 88172645463325252u;
	uint32_t pid, site = start_process(0, &pid);
	unsigned char *slot = fixture_at(&arena, 0, 0);

	(void)state;
	for (uint32_t i = 0; i < 200; i++)
		fixture_acquire(&arena, 0, fixture_add_site(&arena, 0, fixture_add_node(&arena, 0, i, 1, 16 * i), 0), 1,
				1);
	fixture_acquire(&arena, 0, site, 10, 100);
	for (int round = 0; round < 200; round++) {
		size_t reach = round % 2 ? arena.head->slot_size : arena.head->nodes_offset + 8192;

		for (int i = 0; i < 200; i++) {
			random ^= random << 13, random ^= random >> 7, random ^= random << 17;
			slot[random % reach] = (unsigned char)(random >> 40);
		}
		if (round % 20 == 0) {
			recorder_close(recorder);
			recorder = open_recorder();
		}
		assert_int_equal(recorder_step(recorder, true), RECORDER_WORKS);
	}
	end_child(pid);
	finish_recorder(recorder);
	assert_int_equal(read_recording(recording).processes, 1);
}

/* ---- the pure parts ---- */

static void a_process_name_may_hold_anything(void **state)
{
	struct proc_stat stat;
	char text[] =
		"77 (a) b) R 1 77 77 0 -1 4194560 99 0 0 0 150 25 0 0 20 0 3 0 5000 1000 50 1 4096 8192 140737488 0 0";

	(void)state;
	assert_true(proc_stat_parse(text, &stat));
	assert_int_equal(stat.state, 'R');
	assert_int_equal(stat.ppid, 1);
	assert_int_equal(stat.user_ns, INT64_C(1500000000));
	assert_int_equal(stat.threads, 3);
	assert_int_equal(stat.started_ns, INT64_C(50000000000));
	assert_int_equal(stat.stack_start, 140737488);
	for (size_t length = 0; length < sizeof(text); length++) {
		char cut[sizeof(text)];

		memcpy(cut, text, length);
		cut[length] = '\0';
		proc_stat_parse(cut, &stat);
	}
	assert_false(proc_stat_parse("", &stat));
	assert_int_equal(stat.threads, -1);
}

static void memory_that_is_not_told_is_unknown(void **state)
{
	struct proc_memory memory;

	(void)state;
	proc_memory_parse("Name:\tx\nVmSize:\t  100 kB\nRssAnon:\t       0 kB\n", &memory);
	assert_int_equal(memory.vm_size, 102400);
	assert_int_equal(memory.rss_anon, 0);
	assert_int_equal(memory.swap, -1);
}

static void the_inner_pid_is_the_last_one(void **state)
{
	(void)state;
	assert_int_equal(proc_inner_pid_parse("Name:\tx\nNSpid:\t4321\t9\t7\nNSpgid:\t1\n"), 7);
	assert_int_equal(proc_inner_pid_parse("Name:\tx\nNSpid:\t4321\nNSpgid:\t1\n"), 0);
	assert_int_equal(proc_inner_pid_parse("Name:\tx\n"), 0);
}

static void a_mapping_is_known_by_its_file(void **state)
{
	const char *line = "7f00-7f01 rw-s 00000000 00:1b 2                    /dev/shm/seep-0/a.d/ab12.arena\n";
	struct proc_file file = {.name = "ab12.arena", .device_minor = 0x1c, .inode = 3};

	(void)state;
	assert_true(proc_maps_line(line, &file));
	assert_true(proc_maps_line("7f00-7f01 rw-s 0 00:1b 2  /x/ab12.arena (deleted)\n", &file));
	file.name = "b12.arena";
	assert_false(proc_maps_line(line, &file));
	file.name = "ab12.aren";
	assert_false(proc_maps_line(line, &file));
	file.name = "a"; /* which is in the directories, too */
	assert_false(proc_maps_line(line, &file));
	assert_true(proc_maps_line("7f00-7f01 rw-s 0 00:1b 2  /a/mama/a\n", &file));
	assert_false(proc_maps_line("7f00-7f01 rw-p 00000000 00:00 0\n", &file));
	file.device_minor = 0x1b; /* renamed: the inode says it */
	file.inode = 2;
	assert_true(proc_maps_line(line, &file));
}

static void a_socket_is_named_by_its_addresses(void **state)
{
	struct socket_entry entry;
	char name[SOCKET_NAME_SIZE];

	(void)state;
	assert_true(sockets_parse_inet(
		"   1: 0100007F:18EB 0100007F:C350 01 00000000:00000000 00:00000000 00000000  0  0 777 1", true, &entry,
		name));
	assert_string_equal(name, "127.0.0.1:6379 -> 127.0.0.1:50000");
	assert_int_equal(entry.tcp_state, 1);
	assert_int_equal(entry.inode, 777);
	assert_true(sockets_parse_inet(
		"   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A "
		"00000000:00000000 00:00000000 00000000  0  0 778 1",
		true, &entry, name));
	assert_string_equal(name, "[::1]:80");
	assert_string_equal(tcp_state_name(entry.tcp_state), "LISTEN");
	assert_false(sockets_parse_inet("  sl  local_address rem_address   st", true, &entry, name));
	assert_null(tcp_state_name(200));
}

static uint64_t inode_of(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	return status.st_ino;
}

/* A listener, and a connection whose client has closed its side. */
static void states_are_the_same_with_names_and_without(void **state)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET6, SOCK_STREAM, 0), client = socket(AF_INET6, SOCK_STREAM, 0);
	int other = socket(AF_INET, SOCK_STREAM, 0), server;
	char byte;

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
	server = accept(listener, NULL, NULL);
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	assert_int_equal(read(server, &byte, 1),
			 0); /* now the server's side knows; the answer to the client may be under way */
	assert_int_equal(bind(other, (struct sockaddr *)&ipv4, sizeof(ipv4)), 0);
	assert_int_equal(listen(other, 1), 0);
	for (int names = 0; names <= 1; names++) {
		struct sockets sockets = {0};

		assert_true(sockets_read(&sockets, (uint32_t)getpid(), names));
		assert_string_equal(tcp_state_name(sockets_find(&sockets, inode_of(listener))->tcp_state), "LISTEN");
		assert_string_equal(tcp_state_name(sockets_find(&sockets, inode_of(other))->tcp_state), "LISTEN");
		assert_string_equal(tcp_state_name(sockets_find(&sockets, inode_of(server))->tcp_state), "CLOSE_WAIT");
		assert_non_null(
			strstr(tcp_state_name(sockets_find(&sockets, inode_of(client))->tcp_state), "FIN_WAIT"));
		assert_int_equal(sockets_find(&sockets, inode_of(client))->name != NULL, names);
		sockets_release(&sockets);
	}
	close(listener);
	close(client);
	close(server);
	close(other);
}

static void what_the_shim_does_not_count_is_unseen(void **state)
{
	struct fd_counts in_proc = {{0}}, in_shim = {{0}};
	struct unseen_list list, other;

	(void)state;
	assert_int_equal(fd_kind_of_target("socket:[12]"), SEEP_KIND_SOCKET);
	assert_int_equal(fd_kind_of_target("anon_inode:[eventpoll]"), SEEP_KIND_EPOLL);
	assert_int_equal(fd_kind_of_target("anon_inode:[io_uring]"), SEEP_KIND_OTHERFD);
	assert_int_equal(fd_kind_of_target("/memfd:x (deleted)"), SEEP_KIND_MEMFD);
	assert_int_equal(fd_kind_of_target("/etc/passwd"), SEEP_KIND_FILE);
	in_proc.by_kind[SEEP_KIND_SOCKET] = 5;
	in_shim.by_kind[SEEP_KIND_SOCKET] = 3;
	in_proc.by_kind[SEEP_KIND_FILE] = in_shim.by_kind[SEEP_KIND_FILE] = 7;
	in_shim.by_kind[SEEP_KIND_HEAP] = 1000;
	list = fd_unseen(&in_proc, &in_shim);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.entries[0].target, "socket");
	assert_int_equal(list.entries[0].count, 2);
	in_shim.by_kind[SEEP_KIND_OTHERFD] = 2; /* two of which the shim knows only that they are descriptors */
	assert_int_equal(fd_unseen(&in_proc, &in_shim).count, 0);
	other = list;
	other.entries[0].count = 1;
	assert_int_equal(unseen_in_both(&list, &other).entries[0].count, 1);
	other.count = 0;
	assert_int_equal(unseen_in_both(&list, &other).count, 0);
}

static void a_number_goes_before_the_ending(void **state)
{
	char name[64];

	(void)state;
	place_numbered("/a/x.db", 2, name, sizeof(name));
	assert_string_equal(name, "/a/x.2.db");
	place_numbered("/a/x", 3, name, sizeof(name));
	assert_string_equal(name, "/a/x.3");
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_process_is_recorded_to_its_last_event),
		test(events_are_recorded_to_the_last_and_by_the_next_recorder_too),
		test(a_site_without_events_takes_no_row),
		test(an_entry_that_was_not_complete_is_recorded_when_it_is),
		test(events_of_a_stack_that_was_never_completed_are_kept),
		test(a_dead_recorder_is_resumed_with_exact_totals),
		test(an_orphan_of_dead_processes_is_finished_exactly),
		test(a_process_whose_end_is_stored_is_not_counted_twice),
		test(a_slot_serves_one_process_after_the_other),
		test(an_arena_may_have_any_name),
		test(a_forked_child_holds_what_it_inherited),
		test(a_program_that_execs_has_ended_though_its_process_lives),
		test(a_pid_that_belongs_to_another_process_has_ended),
		test(processes_without_a_slot_are_counted_to_the_end),
		test(trust_and_misuse_are_recorded),
		test(the_first_descriptor_limit_brings_the_whole_table),
		test(kernel_figures_come_with_each_tick),
		test(the_cost_of_hooks_comes_with_each_tick_and_at_the_end),
		test(a_full_disk_is_waited_for),
		test(a_deleted_recording_comes_back_whole),
		test(a_directory_that_refuses_has_the_recording_elsewhere),
		test(another_recording_of_the_name_is_kept),
		test(an_arena_that_is_cut_short_ends_the_recording),
		test(any_bytes_in_a_slot_are_survived),
		cmocka_unit_test(a_process_name_may_hold_anything),
		cmocka_unit_test(memory_that_is_not_told_is_unknown),
		cmocka_unit_test(the_inner_pid_is_the_last_one),
		cmocka_unit_test(a_mapping_is_known_by_its_file),
		cmocka_unit_test(a_socket_is_named_by_its_addresses),
		cmocka_unit_test(states_are_the_same_with_names_and_without),
		cmocka_unit_test(what_the_shim_does_not_count_is_unseen),
		cmocka_unit_test(a_number_goes_before_the_ending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
