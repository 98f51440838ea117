/* SPDX-License-Identifier: MIT */
/* What stacks a profile has, and how graphs, trees, lines and types are computed from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../analyzer/analysis/graph.h"
#include "../../analyzer/analysis/lines.h"
#include "../../analyzer/analysis/paths.h"
#include "../../analyzer/analysis/process.h"
#include "../../analyzer/analysis/summary.h"
#include "../../analyzer/analysis/tree.h"
#include "../../analyzer/analysis/trust.h"
#include "recording_fixture.h"

#define HEAP SEEP_KIND_HEAP

struct test {
	struct fixture fixture;
	struct profile_options options;
	struct profile profile;
	struct graph graph;
	regex_t regexes[3];
};

static int set_up(void **state)
{
	struct test *test = memory_zeroed(1, sizeof(*test));

	fixture_init(&test->fixture);
	value_type_find("inuse_space", &test->options.type);
	*state = test;
	return 0;
}

static void set_regex(const regex_t **option, regex_t *regex, const char *text)
{
	assert_int_equal(regcomp(regex, text, REG_EXTENDED | REG_NOSUB), 0);
	*option = regex;
}

static int tear_down(void **state)
{
	struct test *test = *state;

	graph_release(&test->graph);
	profile_release(&test->profile);
	fixture_release(&test->fixture);
	if (test->options.focus)
		regfree(&test->regexes[0]);
	if (test->options.ignore)
		regfree(&test->regexes[1]);
	if (test->options.hide)
		regfree(&test->regexes[2]);
	free(test);
	return 0;
}

static void build_graph(struct test *test, const struct graph_options *options)
{
	struct profile_input input = {&test->fixture.recording, test->fixture.totals, test->fixture.count, 1};

	graph_release(&test->graph);
	profile_release(&test->profile);
	profile_build(&input, 1, &test->options, &test->profile);
	graph_build(&test->profile, options, &test->graph);
}

static void build(struct test *test)
{
	build_graph(test, &(struct graph_options){0});
}

static const struct graph_node *node_named(const struct graph *graph, const char *name)
{
	for (size_t i = 0; i < graph->node_count; i++)
		if (!strcmp(graph->nodes[i].name, name))
			return &graph->nodes[i];
	return NULL;
}

static void expect(const struct graph *graph, const char *name, int64_t flat, int64_t cum)
{
	const struct graph_node *node = node_named(graph, name);

	if (!node)
		fail_msg("no node %s", name);
	assert_int_equal(node->flat, flat);
	assert_int_equal(node->cum, cum);
}

static void expect_none(const struct graph *graph, const char *name)
{
	if (node_named(graph, name))
		fail_msg("%s is shown", name);
}

/* ---- flat and cum ---- */

static void flat_is_the_innermost_frames_and_cum_of_all_above(void **state)
{
	struct test *test = *state;

	fixture_add(&test->fixture, HEAP, 1, 100, "app!leaf; app!middle; app!main");
	fixture_add(&test->fixture, HEAP, 1, 10, "app!middle; app!main");
	build(test);
	expect(&test->graph, "leaf", 100, 100);
	expect(&test->graph, "middle", 10, 110);
	expect(&test->graph, "main", 0, 110);
	assert_int_equal(test->profile.total, 110);
}

static void recursion_is_counted_once_for_each_stack(void **state)
{
	struct test *test = *state;

	fixture_add(&test->fixture, HEAP, 1, 8, "app!walk; app!walk; app!visit; app!walk; app!main");
	build(test);
	expect(&test->graph, "walk", 8, 8);
	expect(&test->graph, "visit", 0, 8);
	assert_int_equal(test->graph.edge_count, 3); /* main-walk, walk-visit, visit-walk; none from walk to walk */
	for (size_t i = 0; i < test->graph.edge_count; i++)
		assert_int_equal(test->graph.edges[i].value, 8);
}

static void inlined_functions_are_frames_of_their_own(void **state)
{
	struct test *test = *state;

	fixture_add(&test->fixture, HEAP, 1, 64,
		    "app!grow@vec.h:12 + push@vec.h:30 + serve@main.c:77; app!main@main.c:9");
	build(test);
	expect(&test->graph, "grow", 64, 64);
	expect(&test->graph, "push", 0, 64);
	expect(&test->graph, "serve", 0, 64);
	assert_true(node_named(&test->graph, "grow")->inlined);
	assert_false(node_named(&test->graph, "grow")->called);
	assert_false(node_named(&test->graph, "serve")->inlined);
}

static void a_function_that_is_inlined_here_and_called_there_is_both(void **state)
{
	struct test *test = *state;

	fixture_add(&test->fixture, HEAP, 1, 64, "app!grow@vec.h:12 + push@vec.h:30; app!main@main.c:9");
	fixture_add(&test->fixture, HEAP, 1, 64, "app!grow@vec.h:14; app!main@main.c:10");
	build(test);
	assert_true(node_named(&test->graph, "grow")->inlined);
	assert_true(node_named(&test->graph, "grow")->called);
}

/* ---- what is hidden ---- */

static void flat_falls_on_the_first_frame_outside_the_allocator(void **state)
{
	struct test *test = *state;

	fixture_add(&test->fixture, HEAP, 1, 5, "libjemalloc.so.2!imalloc; libc.so.6!strdup; app!name_copy; app!main");
	fixture_add(&test->fixture, HEAP, 1, 7,
		    "libstdc++.so.6!operator new(unsigned long); app!make_session; app!main");
	fixture_add(&test->fixture, HEAP, 1, 9, "libseep.so!hook; app!third; app!main");
	build(test);
	expect(&test->graph, "name_copy", 5, 5);
	expect(&test->graph, "make_session", 7, 7);
	expect(&test->graph, "third", 9, 9);
	expect_none(&test->graph, "strdup");
	expect_none(&test->graph, "operator new(unsigned long)");
}

static void allocator_frames_further_out_are_shown(void **state)
{
	struct test *test = *state;

	fixture_add(&test->fixture, HEAP, 1, 5, "app!compare; libc.so.6!qsort; app!main; libc.so.6!__libc_start_main");
	build(test);
	expect(&test->graph, "compare", 5, 5);
	expect(&test->graph, "qsort", 0, 5);
	expect(&test->graph, "__libc_start_main", 0, 5);
}

static void a_stack_of_allocator_frames_only_is_shown_whole(void **state)
{
	struct test *test = *state;

	fixture_add(&test->fixture, HEAP, 1, 5, "libc.so.6!calloc_tls; libc.so.6!start_thread; libc.so.6!clone3");
	build(test);
	expect(&test->graph, "calloc_tls", 5, 5);
	expect(&test->graph, "clone3", 0, 5);
}

static void an_allocator_inside_the_program_hides_nothing_of_it(void **state)
{
	struct test *test = *state;
	struct model_process *process = &test->fixture.recording.processes[1];

	free(process->allocator);
	process->allocator = memory_string("/srv/app");
	fixture_add(&test->fixture, HEAP, 1, 5, "app!put; app!main");
	build(test);
	expect(&test->graph, "put", 5, 5);
}

static void show_all_shows_the_allocators_frames(void **state)
{
	struct test *test = *state;

	test->options.show_all = true;
	fixture_add(&test->fixture, HEAP, 1, 5, "libc.so.6!strdup; app!name_copy; app!main");
	build(test);
	expect(&test->graph, "strdup", 5, 5);
	expect(&test->graph, "name_copy", 0, 5);
}

static void hide_removes_frames_and_keeps_the_value(void **state)
{
	struct test *test = *state;

	set_regex(&test->options.hide, &test->regexes[2], "^zmalloc$|wrap");
	fixture_add(&test->fixture, HEAP, 1, 5, "app!zmalloc; app!wrap_it; app!put; app!main");
	fixture_add(&test->fixture, HEAP, 1, 3, "app!zmalloc");
	build(test);
	expect(&test->graph, "put", 5, 5);
	expect_none(&test->graph, "zmalloc");
	assert_int_equal(test->profile.stack_count, 1); /* the other lost all its frames */
	assert_int_equal(test->profile.total, 8);
}

static void a_frame_whose_container_is_hidden_is_not_inlined(void **state)
{
	struct test *test = *state;

	set_regex(&test->options.hide, &test->regexes[2], "^serve$");
	fixture_add(&test->fixture, HEAP, 1, 5, "app!grow@v.h:1 + push@v.h:9 + serve@m.c:7; app!main");
	build(test);
	assert_true(node_named(&test->graph, "grow")->inlined); /* into push */
	assert_false(node_named(&test->graph, "push")->inlined);
}

/* ---- filters ---- */

static void focus_keeps_stacks_with_a_match_in_function_file_or_module(void **state)
{
	struct test *test = *state;

	set_regex(&test->options.focus, &test->regexes[0], "^serve$|cache\\.c|libplugin");
	fixture_add(&test->fixture, HEAP, 1, 1, "app!a; app!serve; app!main");
	fixture_add(&test->fixture, HEAP, 1, 2, "app!b@src/cache.c:4; app!main");
	fixture_add(&test->fixture, HEAP, 1, 4, "libplugin.so!c; app!main");
	fixture_add(&test->fixture, HEAP, 1, 8, "app!d@src/other.c:4; app!main");
	build(test);
	expect(&test->graph, "main", 0, 7);
	expect_none(&test->graph, "d");
	assert_int_equal(test->profile.total, 15); /* percentages stay those of everything */
}

static void ignore_wins_over_focus(void **state)
{
	struct test *test = *state;

	set_regex(&test->options.focus, &test->regexes[0], "serve");
	set_regex(&test->options.ignore, &test->regexes[1], "^cache_");
	fixture_add(&test->fixture, HEAP, 1, 1, "app!cache_put; app!serve; app!main");
	fixture_add(&test->fixture, HEAP, 1, 2, "app!reply; app!serve; app!main");
	build(test);
	expect(&test->graph, "serve", 0, 2);
	expect_none(&test->graph, "cache_put");
}

static void filters_see_hidden_frames(void **state)
{
	struct test *test = *state;

	set_regex(&test->options.focus, &test->regexes[0], "^strdup$");
	fixture_add(&test->fixture, HEAP, 1, 5, "libc.so.6!strdup; app!name_copy; app!main");
	fixture_add(&test->fixture, HEAP, 1, 6, "app!other; app!main");
	build(test);
	expect(&test->graph, "name_copy", 5, 5);
	expect_none(&test->graph, "other");
}

/* ---- keys and order ---- */

static void locations_without_symbols_are_module_and_offset(void **state)
{
	struct test *test = *state;

	fixture_add(&test->fixture, HEAP, 1, 5, "libstripped.so!0x12ab; [outer frames cut]");
	build(test);
	expect(&test->graph, "libstripped.so+0x12ab", 5, 5);
	expect(&test->graph, "[outer frames cut]", 0, 5);
}

static void by_decides_what_is_one_row(void **state)
{
	struct test *test = *state;

	fixture_add(&test->fixture, HEAP, 1, 1, "app!put@/b/src/../cache.c:10; app!main@/b/main.c:1");
	fixture_add(&test->fixture, HEAP, 1, 2, "app!put@/b/src/../cache.c:20; app!main@/b/main.c:1");
	fixture_add(&test->fixture, HEAP, 1, 4, "libx.so!0x10; app!main@/b/main.c:1");
	build_graph(test, &(struct graph_options){.by = BY_LINE});
	expect(&test->graph, "put /b/cache.c:10", 1, 1);
	expect(&test->graph, "put /b/cache.c:20", 2, 2);
	build_graph(test, &(struct graph_options){.by = BY_FILE});
	expect(&test->graph, "/b/cache.c", 3, 3);
	expect(&test->graph, "[libx.so]", 4, 4);
	build_graph(test, &(struct graph_options){.by = BY_MODULE});
	expect(&test->graph, "/srv/app", 3, 7);
	expect(&test->graph, "/lib/libx.so", 4, 4);
	build_graph(test, &(struct graph_options){.by = BY_STACK});
	assert_int_equal(test->graph.node_count, 3);
	expect(&test->graph, "libx.so+0x10 < main /b/main.c:1", 4, 4);
}

static void ties_are_broken_by_name(void **state)
{
	struct test *test = *state;

	fixture_add(&test->fixture, HEAP, 1, 5, "app!zebra; app!main");
	fixture_add(&test->fixture, HEAP, 1, 5, "app!ant; app!main");
	fixture_add(&test->fixture, HEAP, 1, 5, "app!moth; app!main");
	build(test);
	assert_string_equal(test->graph.nodes[0].name, "ant");
	assert_string_equal(test->graph.nodes[1].name, "moth");
	assert_string_equal(test->graph.nodes[2].name, "zebra");
	build_graph(test, &(struct graph_options){.by_cum = true});
	assert_string_equal(test->graph.nodes[0].name, "main");
}

static void small_nodes_are_dropped_and_the_limit_shows_the_largest(void **state)
{
	struct test *test = *state;
	struct graph_options options = {.limit = 2, .node_fraction = GRAPH_NODE_FRACTION};

	fixture_add(&test->fixture, HEAP, 1, 9000, "app!big; app!main");
	fixture_add(&test->fixture, HEAP, 1, 990, "app!middling; app!main");
	fixture_add(&test->fixture, HEAP, 1, 10, "app!tiny; app!main");
	build_graph(test, &options);
	assert_int_equal(test->graph.dropped_count, 1);
	assert_int_equal(test->graph.known_count, 3);
	assert_int_equal(test->graph.node_count, 2);
	assert_int_equal(test->graph.shown_flat, 9990);
	expect_none(&test->graph, "tiny");
}

static void a_call_goes_over_what_is_not_shown(void **state)
{
	struct test *test = *state;
	struct graph_options options = {.limit = 2, .by_cum = true};

	fixture_add(&test->fixture, HEAP, 1, 50, "app!leaf; app!between; app!main");
	fixture_add(&test->fixture, HEAP, 1, 40, "app!leaf; app!main");
	build_graph(test, &options);
	assert_int_equal(test->graph.node_count, 2); /* leaf and main */
	assert_int_equal(test->graph.edge_count, 1);
	assert_int_equal(test->graph.edges[0].value, 90);
}

/* ---- bases and types ---- */

static void a_base_is_subtracted_and_what_vanished_is_negative(void **state)
{
	struct test *test = *state;
	struct fixture before;
	struct profile_input inputs[2];

	fixture_init(&before);
	fixture_add(&before, HEAP, 1, 100, "app!same@a.c:1; app!main");
	fixture_add(&before, HEAP, 1, 70, "app!gone; app!main");
	fixture_add(&test->fixture, HEAP, 1, 9, "app!new; app!main");
	fixture_add(&test->fixture, HEAP, 1, 130, "app!same@a.c:2; app!main");
	inputs[0] = (struct profile_input){&test->fixture.recording, test->fixture.totals, test->fixture.count, 1};
	inputs[1] = (struct profile_input){&before.recording, before.totals, before.count, -1};
	profile_build(inputs, 2, &test->options, &test->profile);
	graph_build(&test->profile, &(struct graph_options){0}, &test->graph);
	expect(&test->graph, "same", 30, 30);
	expect(&test->graph, "new", 9, 9);
	expect(&test->graph, "gone", -70, -70);
	expect(&test->graph, "main", 0, -31);
	/* two recordings meet by functions: the line that moved is no difference */
	assert_int_equal(test->profile.total, 30 + 9 + 70);
	assert_string_equal(test->graph.nodes[0].name, "gone");
	profile_release(&test->profile);
	fixture_release(&before);
}

static void earlier_figures_of_the_same_recording_cancel_what_did_not_change(void **state)
{
	struct test *test = *state;
	struct profile_input inputs[2];
	struct model_total earlier;

	fixture_add(&test->fixture, HEAP, 1, 100, "app!level; app!main");
	fixture_add(&test->fixture, HEAP, 1, 60, "app!grows; app!main");
	earlier = test->fixture.totals[0];
	inputs[0] = (struct profile_input){&test->fixture.recording, test->fixture.totals, 2, 1};
	inputs[1] = (struct profile_input){&test->fixture.recording, &earlier, 1, -1};
	profile_build(inputs, 2, &test->options, &test->profile);
	graph_build(&test->profile, &(struct graph_options){0}, &test->graph);
	expect(&test->graph, "grows", 60, 60);
	expect_none(&test->graph, "level");
	assert_int_equal(test->profile.total, 60);
}

static void types_choose_kinds_and_figures(void **state)
{
	struct test *test = *state;
	static const struct {
		const char *type;
		int64_t total;
	} expected[] = {{"inuse_space", 100}, {"inuse_objects", 2}, {"alloc_space", 200}, {"alloc_objects", 4},
			{"sockets", 5},       {"fds", 5 + 7 + 11},  {"timers", 7 + 13},   {"posix timer", 13},
			{"posix_timer", 13},  {"posix-timer", 13},  {"mappings", 4096},   {"file", 11},
			{"watches", 0},       {"timerfd", 7}};

	fixture_add(&test->fixture, SEEP_KIND_HEAP, 2, 100, "app!a");
	fixture_add(&test->fixture, SEEP_KIND_SOCKET, 5, 0, "app!b");
	fixture_add(&test->fixture, SEEP_KIND_TIMERFD, 7, 0, "app!c");
	fixture_add(&test->fixture, SEEP_KIND_FILE, 11, 0, "app!d");
	fixture_add(&test->fixture, SEEP_KIND_TIMER, 13, 0, "app!e");
	fixture_add(&test->fixture, SEEP_KIND_MAPPING, 1, 4096, "app!f");
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_true(value_type_find(expected[i].type, &test->options.type));
		build(test);
		if (test->profile.total != expected[i].total)
			fail_msg("%s: %lld", expected[i].type, (long long)test->profile.total);
	}
	assert_false(value_type_find("posix.timer", &test->options.type));
	assert_false(value_type_find("inuse_spac", &test->options.type));
	assert_false(value_type_find("", &test->options.type));
}

/* ---- what can be wrong with a recording ---- */

static void an_empty_recording_is_an_empty_profile(void **state)
{
	struct test *test = *state;

	build_graph(test, &(struct graph_options){.limit = 10, .node_fraction = GRAPH_NODE_FRACTION});
	assert_int_equal(test->profile.total, 0);
	assert_int_equal(test->graph.node_count, 0);
	build_graph(test, &(struct graph_options){.by = BY_STACK});
	assert_int_equal(test->graph.node_count, 0);
}

static void cycles_and_ids_out_of_range_do_no_harm(void **state)
{
	struct test *test = *state;
	struct recording *recording = &test->fixture.recording;
	uint32_t site = fixture_add(&test->fixture, HEAP, 1, 5, "app!a; app!b");
	uint32_t node = recording->sites[site].node_id;

	fixture_add(&test->fixture, HEAP, 1, 6, "app!lost");
	recording->sites[site + 1].node_id = 9999;
	test->fixture.totals[test->fixture.count++] = (struct model_total){.site_id = 12345, .live_bytes = 1};
	recording->nodes[recording->nodes[node].parent_id].parent_id = node;
	build(test);
	expect(&test->graph, "a", 5, 5);
	expect(&test->graph, "[unknown stack]", 6, 6);
	assert_int_equal(test->profile.total, 11);
}

/* ---- tree ---- */

static void a_tree_keeps_contexts_apart_and_orders_siblings(void **state)
{
	struct test *test = *state;
	struct tree tree;

	fixture_add(&test->fixture, HEAP, 1, 10, "app!alloc; app!get; app!main");
	fixture_add(&test->fixture, HEAP, 1, 30, "app!alloc; app!set; app!main");
	fixture_add(&test->fixture, HEAP, 1, 2, "app!set; app!main");
	build(test);
	tree_build(&test->profile, &(struct tree_options){0}, &tree);
	assert_int_equal(tree.node_count, 5);
	assert_string_equal(tree.nodes[0].name, "main");
	assert_int_equal(tree.nodes[0].cum, 42);
	assert_string_equal(tree.nodes[1].name, "set");
	assert_int_equal(tree.nodes[1].cum, 32);
	assert_int_equal(tree.nodes[1].flat, 2);
	assert_string_equal(tree.nodes[2].name, "alloc");
	assert_int_equal(tree.nodes[2].parent, 1);
	assert_string_equal(tree.nodes[3].name, "get");
	assert_true(tree.nodes[3].last);
	assert_int_equal(tree.shown_flat, 42);
	tree_release(&tree);
}

static void a_limited_tree_shows_no_node_without_its_parent(void **state)
{
	struct test *test = *state;
	struct tree tree;

	/* growth of one child and shrinking of the other: the parent's cum is smaller than both */
	fixture_add(&test->fixture, HEAP, 1, 500, "app!up; app!parent; app!main");
	fixture_add(&test->fixture, HEAP, 1, -499, "app!down; app!parent; app!main");
	build(test);
	for (size_t limit = 1; limit <= 4; limit++) {
		tree_build(&test->profile, &(struct tree_options){.limit = limit}, &tree);
		assert_true(tree.node_count <= limit);
		for (size_t i = 0; i < tree.node_count; i++)
			assert_true(tree.nodes[i].parent == TREE_NONE || tree.nodes[i].parent < i);
		tree_release(&tree);
	}
}

/* ---- lines ---- */

static void lines_count_each_stack_once(void **state)
{
	struct test *test = *state;
	struct routines routines;
	regex_t walk;

	fixture_add(&test->fixture, HEAP, 1, 8, "app!walk@t.c:12; app!walk@t.c:20; app!walk@t.c:20; app!main@t.c:90");
	fixture_add(&test->fixture, HEAP, 1, 2, "app!node_new@t.c:5; app!walk@t.c:12; app!main@t.c:90");
	build(test);
	assert_int_equal(regcomp(&walk, "^walk$", REG_EXTENDED | REG_NOSUB), 0);
	routines_build(&test->profile, &walk, &routines);
	assert_int_equal(routines.count, 1);
	assert_int_equal(routines.items[0].flat, 8);
	assert_int_equal(routines.items[0].cum, 10);
	assert_int_equal(routines.items[0].line_count, 2);
	assert_int_equal(routines.items[0].lines[0].line, 12);
	assert_int_equal(routines.items[0].lines[0].flat, 8);
	assert_int_equal(routines.items[0].lines[0].cum, 10);
	assert_int_equal(routines.items[0].lines[1].cum, 8);
	routines_release(&routines);
	regfree(&walk);
}

/* ---- the rest ---- */

static void paths_are_cleaned(void **state)
{
	static const char *const pairs[][2] = {
		{"/a/b/../c.c", "/a/c.c"},
		{"/a/./b//c.c", "/a/b/c.c"},
		{"./a.c", "a.c"},
		{"../a.c", "../a.c"},
		{"a/../../b", "../b"},
		{"/../a", "/a"},
		{"a/..", "."},
		{"/", "/"},
		{"", ""},
		{"/a/..", "/"},
		{"a/b/../..", "."},
		{"..a/b", "..a/b"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char *path = memory_string(pairs[i][0]);

		path_clean(path);
		assert_string_equal(path, pairs[i][1]);
		free(path);
	}
}

static void only_locations_that_can_be_shown_are_worth_resolving(void **state)
{
	struct test *test = *state;
	struct profile_input input = {&test->fixture.recording, test->fixture.totals, 0, 1};
	bool needed[FIXTURE_MOST] = {false};

	fixture_add(&test->fixture, HEAP, 1, 8, "app!a; app!main");             /* locations 2 and 1 */
	fixture_add(&test->fixture, SEEP_KIND_SOCKET, 1, 0, "app!b; app!main"); /* 3 */
	fixture_add(&test->fixture, HEAP, 0, 0, "app!c; app!main");             /* 4 */
	input.count = test->fixture.count;
	profile_mark_needed(&input, &test->options.type, needed);
	assert_true(needed[1]);
	assert_true(needed[2]);
	assert_false(needed[3]);
	assert_false(needed[4]);
}

static void trust_is_summed_and_unknown_memory_stays_unknown(void **state)
{
	struct test *test = *state;
	struct recording *recording = &test->fixture.recording;
	struct trust trust;

	recording->processes[1].trust[TRUST_UNSEEN_FREES] = 3;
	trust = trust_sum(recording, 0, 0);
	assert_int_equal(trust.process_count, 1);
	assert_int_equal(trust.counts[TRUST_UNSEEN_FREES], 3);
	assert_int_equal(trust.private_bytes, -1);
	recording->processes[1].private_bytes = 4096;
	assert_int_equal(trust_sum(recording, 0, 0).private_bytes, 4096);
	assert_int_equal(trust_sum(recording, 2, 0).process_count, 0);
}

static void a_program_is_called_what_it_was_started_as(void **state)
{
	static const char *const pairs[][2] = {{"redis-server *:6379", "redis-server"},
					       {"/usr/sbin/nginx -g x", "nginx"},
					       {"nginx: master process /usr/sbin/nginx", "nginx"},
					       {"-bash", "bash"},
					       {"", "redis-check-rdb"},
					       {"/opt/dir/ x", "redis-check-rdb"}};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct model_process process = {.command = (char *)pairs[i][0],
						.exe = (char *)"/usr/bin/redis-check-rdb"};
		char *name = process_program(&process);

		assert_string_equal(name, pairs[i][1]);
		free(name);
	}
}

static void a_recording_without_its_recorder_is_stale(void **state)
{
	struct test *test = *state;
	struct recording *recording = &test->fixture.recording;

	recording->newest_ns = INT64_C(1000000000000);
	recording->interval_ms = 1000;
	assert_true(trust_sum(recording, 0, recording->newest_ns + INT64_C(12000000000)).stale_s == 0);
	assert_true(trust_sum(recording, 0, recording->newest_ns + INT64_C(60000000000)).stale_s == 60);
	recording->ended_ns = recording->newest_ns;
	assert_true(trust_sum(recording, 0, recording->newest_ns + INT64_C(60000000000)).stale_s == 0);
}

static void a_summary_counts_by_kind_and_module(void **state)
{
	struct test *test = *state;
	struct summary summary;

	fixture_add(&test->fixture, HEAP, 2, 100, "app!a@x.c:1; app!main");
	fixture_add(&test->fixture, SEEP_KIND_SOCKET, 1, 0, "libx.so!0x10; app!main");
	summary_build(&test->fixture.recording, test->fixture.totals, test->fixture.count, &summary);
	assert_int_equal(summary.callsites, 2);
	assert_int_equal(summary.kinds[HEAP].live_bytes, 100);
	assert_int_equal(summary.kinds[SEEP_KIND_SOCKET].live_count, 1);
	assert_int_equal(summary.events, 4 + 2 + 2 + 1);
	assert_int_equal(summary.modules[1].addresses, 2); /* app */
	assert_int_equal(summary.modules[1].named, 2);
	assert_int_equal(summary.modules[1].lined, 1);
	assert_int_equal(summary.modules[2].named, 0); /* libx.so */
	summary_release(&summary);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(flat_is_the_innermost_frames_and_cum_of_all_above),
		TEST(recursion_is_counted_once_for_each_stack),
		TEST(inlined_functions_are_frames_of_their_own),
		TEST(a_function_that_is_inlined_here_and_called_there_is_both),
		TEST(flat_falls_on_the_first_frame_outside_the_allocator),
		TEST(allocator_frames_further_out_are_shown),
		TEST(a_stack_of_allocator_frames_only_is_shown_whole),
		TEST(an_allocator_inside_the_program_hides_nothing_of_it),
		TEST(show_all_shows_the_allocators_frames),
		TEST(hide_removes_frames_and_keeps_the_value),
		TEST(a_frame_whose_container_is_hidden_is_not_inlined),
		TEST(focus_keeps_stacks_with_a_match_in_function_file_or_module),
		TEST(ignore_wins_over_focus),
		TEST(filters_see_hidden_frames),
		TEST(locations_without_symbols_are_module_and_offset),
		TEST(by_decides_what_is_one_row),
		TEST(ties_are_broken_by_name),
		TEST(small_nodes_are_dropped_and_the_limit_shows_the_largest),
		TEST(a_call_goes_over_what_is_not_shown),
		TEST(a_base_is_subtracted_and_what_vanished_is_negative),
		TEST(earlier_figures_of_the_same_recording_cancel_what_did_not_change),
		TEST(types_choose_kinds_and_figures),
		TEST(an_empty_recording_is_an_empty_profile),
		TEST(cycles_and_ids_out_of_range_do_no_harm),
		TEST(a_tree_keeps_contexts_apart_and_orders_siblings),
		TEST(a_limited_tree_shows_no_node_without_its_parent),
		TEST(lines_count_each_stack_once),
		TEST(paths_are_cleaned),
		TEST(only_locations_that_can_be_shown_are_worth_resolving),
		TEST(trust_is_summed_and_unknown_memory_stays_unknown),
		TEST(a_program_is_called_what_it_was_started_as),
		TEST(a_recording_without_its_recorder_is_stale),
		TEST(a_summary_counts_by_kind_and_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
