/* SPDX-License-Identifier: MIT */
/*
 * recording FILE SITES FROM TO [--end] [--children N] - writes a recording as a recorder would have, but at once: of a
 * server with SITES callsites that all change each minute (each second in the last four), from FROM to TO seconds after
 * its start. With FROM 0 it is a new one; otherwise the one that is there goes on. --end: the server ends then. N
 * children begin and end in the meantime.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../analyzer/base/clock.h"
#include "../../analyzer/store/writer.h"

#define START INT64_C(1700000040) /* at a full minute, not at a full hour */
enum { SERVER = 1, FINE_S = 240, STEP_S = 60 };

static struct error error;

#define must(call)                                                      \
	do {                                                            \
		if (call) {                                             \
			fprintf(stderr, "recording: %s\n", error.text); \
			exit(1);                                        \
		}                                                       \
	} while (0)

struct maker {
	struct store *store;
	uint32_t site_count, children;
	int64_t from, to;
};

/* ---- what does not change ---- */

static uint32_t put_frame(struct store *store, uint32_t module, uint32_t parent, uint64_t offset, const char *function)
{
	struct model_symbol symbol = {.function = (char *)function, .file = "/src/server.c", .line = (uint32_t)offset};
	uint32_t location, node;

	must(store_put_location(store, module, offset, false, &location, &error));
	must(store_put_symbols(store, location, &symbol, 1, &error));
	must(store_put_node(store, parent, location, false, &node, &error));
	return node;
}

/* main calls worker, which calls each of the functions that acquire. */
static void put_sites(const struct maker *maker)
{
	uint32_t module, worker, site;
	char name[32];

	must(store_put_module(maker->store, "/usr/bin/server", "abcd", 4096, &module, &error));
	worker = put_frame(maker->store, module, put_frame(maker->store, module, 0, 1, "main"), 2, "worker");
	for (uint32_t i = 0; i < maker->site_count; i++) {
		snprintf(name, sizeof(name), "acquire_%u", i);
		must(store_put_site(maker->store, put_frame(maker->store, module, worker, 16 + i, name), SEEP_KIND_HEAP,
				    &site, &error));
	}
}

static uint32_t put_process(const struct maker *maker, uint32_t slot, int64_t time)
{
	struct store_process process = {.pid = 100 + slot,
					.parent_id = slot ? SERVER : 0,
					.slot = slot,
					.generation = 1,
					.exe = "/usr/bin/server",
					.command = "server --all",
					.started_ns = time * NS_PER_S};
	uint32_t id;

	must(store_put_process(maker->store, &process, &id, &error));
	return id;
}

static void begin(struct maker *maker, const char *path)
{
	struct store_options options = {
		.arena_path = "/dev/shm/a", .arena_id = path, .created_ns = START * NS_PER_S, .interval_ms = 1000};

	must(store_create(path, &options, &maker->store, &error));
	must(store_begin(maker->store, START * NS_PER_S, &error));
	must(store_put_meta(maker->store, "host", "synthetic", &error));
	put_process(maker, 0, START);
	put_sites(maker);
	must(store_commit(maker->store, &error));
}

/* ---- what does ---- */

static void put_kernel_figures(const struct maker *maker, int64_t time)
{
	int64_t passed = time - START;
	struct store_process_sample sample = {
		.process_id = SERVER,
		.figures = {.time = time, .rss_anon = passed * 4096, .cpu_user_ns = passed * 1000, .threads = 3}};
	struct model_look look = {.time = time, .rss_anon = passed * 4096, .heap = passed * 4000, .descriptors = 7};
	struct store_cost cost = {.time = time, .cpu_ns = passed * 1000, .hook_ns = {passed, passed}};

	must(store_put_process_sample(maker->store, &sample, &error));
	must(store_put_look(maker->store, SERVER, &look, &error));
	must(store_put_cost(maker->store, SERVER, &cost, &error));
	must(store_put_event(maker->store, SERVER, "accepted", (uint64_t)passed, &error));
}

static void put_figures(const struct maker *maker, int64_t time)
{
	uint64_t passed = (uint64_t)(time - START) + 1;

	for (uint32_t i = 1; i <= maker->site_count; i++) {
		struct arena_counters figures = {passed * 1000,       passed * 64000, passed * 999, passed * 63000 + i,
						 passed * passed / 2, passed * 500,   {0}};

		must(store_put_figures(maker->store, SERVER, i, &figures, &error));
	}
}

/* Those whose time has come: each lives for this step alone. */
static void put_children(const struct maker *maker, int64_t time, int64_t next)
{
	int64_t span = maker->to - maker->from;
	struct arena_counters figures = {3, 30, 1, 10, 0, 0, {0}};

	for (uint32_t i = 0; i < maker->children; i++) {
		int64_t at = START + maker->from + span * i / maker->children;
		uint32_t id;

		if (at < time || at >= next)
			continue;
		id = put_process(maker, 1 + (uint32_t)maker->from + i, time);
		must(store_put_figures(maker->store, id, 1 + i % maker->site_count, &figures, &error));
		must(store_put_event(maker->store, id, "accepted", 2, &error));
		must(store_end_process(maker->store, id, time * NS_PER_S, false, &error));
	}
}

static void run(const struct maker *maker)
{
	int64_t end = START + maker->to;

	for (int64_t time = START + maker->from, next; time < end; time = next) {
		next = time + (time < end - FINE_S ? STEP_S : 1);
		must(store_begin(maker->store, time * NS_PER_S, &error));
		put_kernel_figures(maker, time);
		put_figures(maker, time);
		put_children(maker, time, next);
		must(store_commit(maker->store, &error));
	}
}

int main(int argc, char **argv)
{
	struct maker maker = {0};
	bool ends = false;

	if (argc < 5) {
		fputs("usage: recording FILE SITES FROM TO [--end] [--children N]\n", stderr);
		return 2;
	}
	maker.site_count = (uint32_t)atol(argv[2]);
	maker.from = atol(argv[3]);
	maker.to = atol(argv[4]);
	for (int i = 5; i < argc; i++) {
		if (!strcmp(argv[i], "--end"))
			ends = true;
		else if (!strcmp(argv[i], "--children") && i + 1 < argc)
			maker.children = (uint32_t)atol(argv[++i]);
	}
	if (maker.from)
		must(store_resume(argv[1], &maker.store, &error));
	else
		begin(&maker, argv[1]);
	run(&maker);
	if (ends)
		must(store_finish(maker.store, (START + maker.to) * NS_PER_S, &error));
	store_close(maker.store);
	return 0;
}
