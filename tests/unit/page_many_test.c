/* SPDX-License-Identifier: MIT */
/* The page over a program with 10,000 callsites: what an answer takes and how large it is. Prints what it measured. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h> /* needs the ones above */

#include "../../analyzer/analysis/memory.h"
#include "page_fixture.h"

enum { CALLSITES = 10000, SECONDS = 60, DEPTH = 12, CALLERS = 2000, BUSY = 10 /* one in so many changes */ };

struct many {
	struct page_fixture fixture;
	uint32_t locations[CALLERS + CALLSITES], sites[CALLSITES];
};

/* Function i, in a file of its own for each hundred. */
static void put_location(struct many *many, size_t i)
{
	struct store *store = many->fixture.store;
	char function[64], file[96];
	struct model_symbol symbol = {.function = function, .file = file, .line = (uint32_t)i % 1000 + 1};

	snprintf(function, sizeof(function), "%s_handler_%zu", i % 3 ? "connection" : "request", i);
	snprintf(file, sizeof(file), "/home/someone/src/server/module_%zu/source.c", i / 100);
	must(store_put_location(store, many->fixture.module, 16 * i + 16, false, &many->locations[i], &error));
	must(store_put_symbols(store, many->locations[i], &symbol, 1, &error));
}

/* Each callsite in a function of its own; their callers are a tree. */
static void put_site(struct many *many, size_t i)
{
	struct store *store = many->fixture.store;
	uint32_t node = 0;

	for (size_t level = 1; level < DEPTH; level++)
		must(store_put_node(store, node, many->locations[(i >> (DEPTH - level)) % CALLERS], false, &node,
				    &error));
	must(store_put_node(store, node, many->locations[CALLERS + i], false, &node, &error));
	must(store_put_site(store, node, i % 10 ? SEEP_KIND_HEAP : SEEP_KIND_SOCKET, &many->sites[i], &error));
}

static void put_second(struct many *many, int second)
{
	page_fixture_begin(&many->fixture, second);
	for (size_t i = 0; i < CALLSITES; i++) {
		uint64_t released = 10 * (uint64_t)second, grown = i % 50 ? 0 : 3 * (uint64_t)second;

		if (second == 1 || i % BUSY == 1)
			page_fixture_put(&many->fixture, many->fixture.process, many->sites[i],
					 100 + released + grown + (uint64_t)second * i % 7, released, 16 + i % 1000);
	}
	page_fixture_commit(&many->fixture);
}

static int set_up(void **state)
{
	struct many *many = memory_zeroed(1, sizeof(*many));

	page_fixture_open(&many->fixture);
	page_fixture_begin(&many->fixture, 0);
	for (size_t i = 0; i < CALLERS + CALLSITES; i++)
		put_location(many, i);
	must(store_put_resolved(many->fixture.store, many->locations[0], many->locations[CALLERS + CALLSITES - 1],
				&error));
	for (size_t i = 0; i < CALLSITES; i++)
		put_site(many, i);
	page_fixture_commit(&many->fixture);
	for (int second = 1; second < SECONDS; second++)
		put_second(many, second);
	page_fixture_serve(&many->fixture);
	*state = many;
	return 0;
}

static int tear_down(void **state)
{
	struct many *many = *state;

	page_fixture_close(&many->fixture);
	free(many);
	return 0;
}

/* CPU time: others may be at work beside the test. */
static double ask(struct many *many, page_function *function, const char *query, const char *what)
{
	struct error error = {0};
	struct timespec from, to;
	double seconds;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	if (page_fixture_ask(&many->fixture, function, query, &error))
		fail_msg("%s: %s", what, error.text);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / NS_PER_S;
	print_message("%s: %.0f ms, %.2f MB\n", what, seconds * 1000, (double)many->fixture.json.size / 1e6);
	return seconds;
}

/* Bounds that hold on a slow machine, too, and under the sanitizers; what is usual is printed. */
static void ten_thousand_callsites_are_answered_soon_and_in_some_megabytes(void **state)
{
	struct many *many = *state;
	size_t rows = 0;

	assert_true(ask(many, page_callsites, "", "callsites, judged") < 10);
	assert_true(ask(many, page_callsites, "", "callsites, judged before") < 2);
	assert_true(many->fixture.json.size < 8000000);
	for (const char *at = many->fixture.json.text; (at = strstr(at, "\"spark\":[")); at++)
		rows++;
	assert_int_equal(rows, CALLSITES);
	assert_true(ask(many, page_flame, "type=inuse_space", "flame graph") < 5);
	assert_true(many->fixture.json.size < 4000000);
	assert_true(ask(many, page_flame, "type=alloc_space&since=1700000060&until=1700000090", "flame graph, a span") <
		    5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ten_thousand_callsites_are_answered_soon_and_in_some_megabytes, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
