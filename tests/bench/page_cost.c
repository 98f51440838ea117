/* SPDX-License-Identifier: MIT */
/*
 * page_cost CALLSITES ACTIVE [HOURS [KEEP]] - what the page's answers take, in CPU time of this process, from a made
 * recording: so many callsites, of which ACTIVE change each second, over HOURS (24). The last minutes are written
 * second by second, the time before in steps of a minute, which leaves the same rows: finer ones are rolled up. KEEP
 * names the file to write and keep.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../analyzer/base/clock.h"
#include "../../analyzer/commands/page.h"
#include "../../analyzer/store/writer.h"

enum { SECONDS = 180, MINUTES_S = 4 * 3600, INCREMENTS = 60, DEPTH = 12, SHARED_FRAMES = 8 };

static struct error error;
static struct store *store;
static uint32_t process_id;
static uint32_t *sites;
static size_t site_count, active_count;
static int64_t end_s;

static void must(int code)
{
	if (!code)
		return;
	fprintf(stderr, "page_cost: %s\n", error.text);
	exit(1);
}

/* Stacks of DEPTH frames, the outer ones shared, as in a server. */
static void add_sites(void)
{
	uint32_t module, location, node, parent = 0;

	must(store_put_module(store, "/srv/app", "abcd", 1 << 20, &module, &error));
	for (int i = 0; i < SHARED_FRAMES; i++) {
		must(store_put_location(store, module, 16 * (uint64_t)i + 16, false, &location, &error));
		must(store_put_node(store, parent, location, false, &parent, &error));
	}
	for (size_t i = 0; i < site_count; i++) {
		node = parent;
		for (int depth = SHARED_FRAMES; depth < DEPTH; depth++) {
			uint64_t offset = 4096 + 64 * (uint64_t)(i >> (DEPTH - 1 - depth)) + (uint64_t)depth;

			must(store_put_location(store, module, offset, false, &location, &error));
			must(store_put_node(store, node, location, false, &node, &error));
		}
		must(store_put_site(store, node, i % 20 ? SEEP_KIND_HEAP : SEEP_KIND_SOCKET, &sites[i], &error));
	}
}

static void put_figures(int64_t time_s, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++) {
		uint64_t n = (uint64_t)time_s % 1000000 * (i % 7 + 1);
		struct arena_counters figures = {.acquired_count = n,
						 .acquired_bytes = n * 100,
						 .released_count = n - i % 50,
						 .released_bytes = (n - i % 50) * 100,
						 .birth_sum = i % 50 * (uint64_t)(time_s % 1000)};

		must(store_put_figures(store, process_id, sites[i], &figures, &error));
	}
}

static void tick(int64_t time_s)
{
	struct store_process_sample sample = {.process_id = process_id};

	must(store_begin(store, time_s * NS_PER_S, &error));
	put_figures(time_s, 0, active_count);
	if (time_s % 1800 < 60 && time_s < end_s - SECONDS) /* the others now and then */
		put_figures(time_s, active_count, site_count - active_count);
	memset(&sample.figures, -1, sizeof(sample.figures));
	memset(sample.tcp, -1, sizeof(sample.tcp));
	sample.figures.time = time_s;
	sample.figures.rss_anon = 1000000 + time_s % 1000;
	sample.figures.swap = 0;
	sample.figures.cpu_user_ns = time_s % 1000000 * NS_PER_MS;
	sample.figures.cpu_system_ns = 0;
	must(store_put_process_sample(store, &sample, &error));
	must(store_put_event(store, process_id, "accepted", (uint64_t)time_s % 1000000, &error));
	must(store_commit(store, &error));
}

static void make(const char *path, int hours)
{
	int64_t start_s = clock_realtime_ns() / NS_PER_S - hours * INT64_C(3600);
	struct store_options options = {
		.arena_path = "/dev/shm/none", .arena_id = "1", .created_ns = start_s * NS_PER_S, .interval_ms = 1000};
	struct store_process process = {.pid = (uint32_t)getpid(),
					.generation = 1,
					.exe = "/srv/app",
					.command = "app",
					.started_ns = start_s * NS_PER_S};

	unlink(path);
	must(store_create(path, &options, &store, &error));
	must(store_begin(store, start_s * NS_PER_S, &error));
	must(store_put_process(store, &process, &process_id, &error));
	add_sites();
	put_figures(start_s, 0, site_count);
	must(store_commit(store, &error));
	end_s = start_s + hours * INT64_C(3600);
	for (int64_t time_s = start_s / 60 * 60 + 60; time_s < end_s - SECONDS;
	     time_s += time_s < end_s - MINUTES_S ? 3600 : 60)
		tick(time_s);
	for (int64_t time_s = end_s - SECONDS; time_s <= end_s; time_s++)
		tick(time_s);
}

/* ---- measuring ---- */

struct cost {
	double first_ms, median_ms, most_ms;
	size_t bytes;
};

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double ask(struct page *page, page_function *function, const char *name, const char *value, size_t *bytes)
{
	struct page_query query = {0};
	struct buffer json = {0};
	int64_t before_ns = clock_cpu_ns();
	double took_ms;

	if (name)
		must(page_query_add(&query, name, value, &error));
	must(function(page, &query, &json, &error));
	took_ms = (double)(clock_cpu_ns() - before_ns) / 1e6;
	*bytes = json.size;
	buffer_release(&json);
	page_query_release(&query);
	return took_ms;
}

static void report(const char *what, const struct cost *cost)
{
	printf("%-34s %9.1f %9.2f %9.2f %10zu\n", what, cost->first_ms, cost->median_ms, cost->most_ms, cost->bytes);
}

static void measure(struct page *page, const char *what, page_function *function)
{
	double took_ms[5];
	struct cost cost;

	cost.first_ms = ask(page, function, NULL, NULL, &cost.bytes);
	for (int i = 0; i < 5; i++)
		took_ms[i] = ask(page, function, NULL, NULL, &cost.bytes);
	qsort(took_ms, 5, sizeof(took_ms[0]), by_size);
	cost.median_ms = took_ms[2];
	cost.most_ms = took_ms[4];
	report(what, &cost);
}

/* What a page that looks on costs each second: the tick, and the points that came. */
static void measure_live(struct page *page)
{
	double tick_ms[INCREMENTS], series_ms[INCREMENTS];
	struct cost ticks = {0}, series = {0};

	for (int i = 0; i < INCREMENTS; i++) {
		struct buffer event = {0};
		char since[32];
		int64_t before_ns;

		snprintf(since, sizeof(since), "%lld", (long long)end_s);
		tick(++end_s);
		before_ns = clock_cpu_ns();
		page_tick(page, &event);
		tick_ms[i] = (double)(clock_cpu_ns() - before_ns) / 1e6;
		ticks.bytes = event.size;
		buffer_release(&event);
		series_ms[i] = ask(page, page_series, "since", since, &series.bytes);
	}
	ticks.first_ms = tick_ms[0];
	series.first_ms = series_ms[0];
	qsort(tick_ms, INCREMENTS, sizeof(tick_ms[0]), by_size);
	qsort(series_ms, INCREMENTS, sizeof(series_ms[0]), by_size);
	ticks.median_ms = tick_ms[INCREMENTS / 2];
	series.median_ms = series_ms[INCREMENTS / 2];
	ticks.most_ms = tick_ms[INCREMENTS - 1];
	series.most_ms = series_ms[INCREMENTS - 1];
	report("a tick", &ticks);
	report("/api/series, a second", &series);
}

int main(int argc, char **argv)
{
	char path[] = "/tmp/seep-page-cost-XXXXXX";
	const char *file = argc > 4 ? argv[4] : path;
	struct page_options options = {.files = &file, .file_count = 1};
	struct page *page;
	struct stat status;
	int64_t before_ns;

	if (argc < 3) {
		fprintf(stderr, "usage: page_cost CALLSITES ACTIVE [HOURS [KEEP]]\n");
		return 2;
	}
	site_count = strtoul(argv[1], NULL, 10);
	active_count = strtoul(argv[2], NULL, 10);
	sites = calloc(site_count, sizeof(*sites));
	if (argc <= 4)
		close(mkstemp(path));
	make(file, argc > 3 ? atoi(argv[3]) : 24);
	before_ns = clock_cpu_ns();
	must(page_open(&options, &page, &error));
	stat(file, &status);
	printf("%zu callsites, %zu active; a recording of %.1f MB, opened in %.1f ms\n", site_count, active_count,
	       (double)status.st_size / 1e6, (double)(clock_cpu_ns() - before_ns) / 1e6);
	printf("%-34s %9s %9s %9s %10s\n", "CPU, ms", "first", "median", "most", "bytes");
	measure(page, "/api/recordings", page_recordings);
	measure(page, "/api/series", page_series);
	measure_live(page);
	measure(page, "/api/callsites", page_callsites);
	measure(page, "/api/flame", page_flame);
	measure_live(page);
	page_close(page);
	store_close(store);
	free(sites);
	if (argc <= 4)
		unlink(path);
	return 0;
}
