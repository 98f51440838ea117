/* SPDX-License-Identifier: MIT */
/*
 * page_fixture.h - a page over a recording that is being written: what the tests of the page share. Included after
 * cmocka.h.
 */
#ifndef SEEP_PAGE_FIXTURE_H
#define SEEP_PAGE_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../analyzer/base/clock.h"
#include "../../analyzer/commands/page.h"
#include "../../analyzer/store/writer.h"

#define PAGE_START INT64_C(1700000040) /* at a full minute, not at a full hour */

#define must(call)                                                                \
	do {                                                                      \
		struct error error = {0};                                         \
		if (call)                                                         \
			fail_msg("line %d: %s: %s", __LINE__, #call, error.text); \
	} while (0)

struct page_fixture {
	char directory[64], path[128];
	struct store *store;
	uint32_t process, module, sites[8];
	size_t site_count;
	struct page *page;
	struct buffer json;
};

static inline uint32_t page_fixture_process(struct page_fixture *fixture, uint32_t slot, const char *command,
					    int64_t after)
{
	struct store_process process = {.pid = 100 + slot,
					.slot = slot,
					.generation = 1,
					.exe = "/srv/app",
					.command = command,
					.started_ns = (PAGE_START + after) * NS_PER_S};
	uint32_t id;

	must(store_put_process(fixture->store, &process, &id, &error));
	return id;
}

/* A callsite in main() of /srv/app, whose address no file explains. */
static inline uint32_t page_fixture_site(struct page_fixture *fixture, enum seep_kind kind)
{
	uint64_t offset = 16 * fixture->site_count + 16;
	uint32_t location, node, *site = &fixture->sites[fixture->site_count++];

	must(store_put_location(fixture->store, fixture->module, offset, false, &location, &error));
	must(store_put_node(fixture->store, 0, location, false, &node, &error));
	must(store_put_site(fixture->store, node, kind, site, &error));
	return *site;
}

static inline void page_fixture_put(struct page_fixture *fixture, uint32_t process, uint32_t site, uint64_t acquired,
				    uint64_t released, uint64_t size)
{
	struct arena_counters figures = {.acquired_count = acquired,
					 .acquired_bytes = acquired * size,
					 .released_count = released,
					 .released_bytes = released * size,
					 .birth_sum = acquired - released};

	must(store_put_figures(fixture->store, process, site, &figures, &error));
}

static inline void page_fixture_begin(struct page_fixture *fixture, int64_t after)
{
	must(store_begin(fixture->store, (PAGE_START + after) * NS_PER_S, &error));
}

static inline void page_fixture_commit(struct page_fixture *fixture)
{
	must(store_commit(fixture->store, &error));
}

/* A recording of one process, and no callsite yet. */
static inline void page_fixture_open(struct page_fixture *fixture)
{
	struct store_options options = {
		.arena_path = "/dev/shm/a", .arena_id = "1", .created_ns = PAGE_START * NS_PER_S, .interval_ms = 1000};

	*fixture = (struct page_fixture){.directory = "/tmp/seep-page-test-XXXXXX"};
	assert_non_null(mkdtemp(fixture->directory));
	snprintf(fixture->path, sizeof(fixture->path), "%s/x.db", fixture->directory);
	must(store_create(fixture->path, &options, &fixture->store, &error));
	page_fixture_begin(fixture, 0);
	fixture->process = page_fixture_process(fixture, 0, "app --serve", 0);
	must(store_put_module(fixture->store, "/srv/app", "abcd", 4096, &fixture->module, &error));
	page_fixture_commit(fixture);
}

static inline void page_fixture_serve(struct page_fixture *fixture)
{
	const char *const files[] = {fixture->path};
	struct page_options options = {.files = files, .file_count = 1};

	must(page_open(&options, &fixture->page, &error));
}

static inline void page_fixture_close(struct page_fixture *fixture)
{
	static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
	char name[160];

	buffer_release(&fixture->json);
	page_close(fixture->page);
	store_close(fixture->store);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", fixture->path, endings[i]);
		unlink(name);
	}
	assert_int_equal(rmdir(fixture->directory), 0);
}

/* "recording=0&since=10m"; no escapes. Returns the function's code; fixture->json has the answer. */
static inline int page_fixture_ask(struct page_fixture *fixture, page_function *function, const char *text,
				   struct error *error)
{
	struct page_query query = {0};
	char *copy = strdup(text), *rest = copy, *part;
	int code = SEEP_OK;

	buffer_release(&fixture->json);
	while (!code && (part = strsep(&rest, "&")) != NULL) {
		char *value = part;

		strsep(&value, "=");
		if (*part)
			code = page_query_add(&query, part, value, error);
	}
	if (!code)
		code = function(fixture->page, &query, &fixture->json, error);
	page_query_release(&query);
	free(copy);
	return code;
}

#endif
