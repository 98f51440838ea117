/* SPDX-License-Identifier: MIT */
/* growth_fixture.h - judgements made by hand, of which the tests of reports and of the page are made. Included after
 * cmocka.h. */
#ifndef SEEP_GROWTH_FIXTURE_H
#define SEEP_GROWTH_FIXTURE_H

#include <math.h>
#include <time.h>

#include "../../analyzer/render/growth.h"
#include "recording_fixture.h"

#define GROWTH_START 1700000040

enum { RESETS, WRITES, REQUESTS };

struct growth_test {
	struct fixture fixture;
	struct judgement judgement;
	struct judged_group groups[8];
	struct judged_site sites[12];
	uint32_t nodes[12];
	struct judged_release releases[2];
	struct judged_event events[3];
	struct report_head head;
	struct growth_report report;
	struct buffer out;
};

/* A callsite of the last group, which has no figures of its own yet. */
static inline struct judged_site *growth_site(struct growth_test *test, enum seep_kind kind, size_t wrappers,
					      const char *stack)
{
	struct judgement *judgement = &test->judgement;
	size_t at = judgement->site_count++;

	test->nodes[at] = fixture_node(&test->fixture, stack);
	test->sites[at] = (struct judged_site){.site_id = (uint32_t)at + 1,
					       .node_id = test->nodes[at],
					       .kind = kind,
					       .group = judgement->group_count - 1,
					       .stack = at,
					       .wrapper_count = wrappers};
	test->groups[judgement->group_count - 1].site_count++;
	return &test->sites[at];
}

static inline struct judged_group *growth_group(struct growth_test *test, enum seep_kind kind, struct judged judged,
						size_t wrappers, const char *stack)
{
	struct judgement *judgement = &test->judgement;
	struct judged_group *group = &test->groups[judgement->group_count++];

	judged.verdict.p_value = 0.001;
	*group = (struct judged_group){.kind = kind, .first_site = judgement->site_count, .judged = judged};
	growth_site(test, kind, wrappers, stack)->judged = judged;
	judgement->verdict_counts[judged.verdict.verdict]++;
	return group;
}

static inline struct verdict_result growth_leaking(double objects, double bytes, int counter, double ratio)
{
	return (struct verdict_result){
		.verdict = VERDICT_LEAK,
		.reason = "grows",
		.objects = {objects, objects * 0.99, objects * 1.01},
		.bytes = {bytes, bytes * 0.99, bytes * 1.01},
		.since_s = GROWTH_START + 7,
		.mean_age_s = 31,
		.mean_lifetime_s = NAN,
		.goes_with = {.counter = counter, .ratio = ratio, .low = ratio - 0.01, .high = ratio + 0.01},
	};
}

static inline void growth_leaks(struct growth_test *test)
{
	struct judged_group *group;

	growth_group(test, SEEP_KIND_TIMERFD,
		     (struct judged){.verdict = growth_leaking(200, 0, WRITES, 1), .live_objects = 12040, .share = 1},
		     0,
		     "app!timer_start@src/chat.c:18; app!turn_set_timer@src/turn.c:8; app!write_turn@src/chat.c:150; "
		     "app!write_loop@src/chat.c:170; app!main@src/chat.c:300; app!_start");
	group = growth_group(test, SEEP_KIND_HEAP,
			     (struct judged){.verdict = growth_leaking(40.0 / 60, 5000, RESETS, 1),
					     .live_objects = 2000,
					     .live_bytes = 12.5 * 1048576,
					     .share = 0.913},
			     2,
			     "app!zmalloc@src/mem.c:3; app!text_new@src/text.c:9; app!op_new@src/op.c:44 + "
			     "op_start@src/op.c:60; app!conn_read@src/conn.c:70; app!main@src/main.c:9");
	group->judged.verdict.mean_lifetime_s = 0.25;
	group->judged.released_objects = 50000;
	group->releases = test->releases;
	group->release_count = 2;
	test->sites[group->first_site].judged.share = 0.5;
	growth_site(test, SEEP_KIND_HEAP, 0,
		    "app!op_new@src/op.c:44; app!conn_write@src/conn.c:99; app!main@src/main.c:9")
		->judged.share = 0.4;
	growth_site(test, SEEP_KIND_HEAP, 0, "app!op_new@src/op.c:44; app!rare@src/conn.c:120; app!main@src/main.c:9")
		->judged.share = 0.013;
	growth_group(
		test, SEEP_KIND_HEAP,
		(struct judged){.verdict = growth_leaking(0, 3.0 / 3600, -1, 0), .live_objects = 1, .live_bytes = 800},
		0, "libplugin.so!0x1f40; [outer frames cut]");
}

static inline void growth_others(struct growth_test *test)
{
	growth_group(test, SEEP_KIND_HEAP,
		     (struct judged){.verdict = {.verdict = VERDICT_UNDECIDED,
						 .reason = "grows, but for less than two minutes",
						 .more_seconds = 39.2,
						 .bytes = {1200, -300, 2700},
						 .mean_age_s = NAN,
						 .mean_lifetime_s = NAN,
						 .goes_with.counter = -1},
				     .live_objects = 30,
				     .live_bytes = 90000,
				     .share = 0.05},
		     0, "app!session_new@src/session.c:7; app!main@src/main.c:9");
	growth_group(test, SEEP_KIND_HEAP,
		     (struct judged){.verdict = {.verdict = VERDICT_WARM_UP,
						 .reason = "grew, and is level now",
						 .goes_with.counter = -1},
				     .live_objects = 5000,
				     .live_bytes = 64 * 1048576.0},
		     0, "app!cache_put@src/cache.c:21; app!main@src/main.c:9");
	growth_group(test, SEEP_KIND_SOCKET,
		     (struct judged){.verdict = {.verdict = VERDICT_CHURN, .reason = "level", .goes_with.counter = -1},
				     .live_objects = 1,
				     .acquired_objects = 119 * 40},
		     0, "app!client_connect@src/client.c:12; app!main@src/main.c:9");
	growth_group(test, SEEP_KIND_HEAP,
		     (struct judged){.verdict = {.verdict = VERDICT_CHURN, .reason = "level", .goes_with.counter = -1},
				     .live_objects = 10,
				     .live_bytes = 640,
				     .acquired_objects = 119 * 4000},
		     0, "app!parse@src/parse.c:2; app!main@src/main.c:9");
	growth_group(test, SEEP_KIND_HEAP,
		     (struct judged){.verdict = {.verdict = VERDICT_STEADY,
						 .reason = "nothing came or went",
						 .goes_with.counter = -1},
				     .live_objects = 1,
				     .live_bytes = 1048576},
		     0, "app!table_make@src/table.c:2; app!main@src/main.c:9");
}

static inline int growth_set_up(void **state)
{
	struct growth_test *test = memory_zeroed(1, sizeof(*test));

	fixture_init(&test->fixture);
	test->judgement = (struct judgement){.grid = {.start_s = GROWTH_START, .step_s = 1, .count = 120},
					     .groups = test->groups,
					     .sites = test->sites,
					     .events = test->events,
					     .event_count = sizeof(test->events) / sizeof(test->events[0])};
	test->events[RESETS] = (struct judged_event){"reset", 79};
	test->events[WRITES] = (struct judged_event){"write_calls", 24080};
	test->events[REQUESTS] = (struct judged_event){"mark:request", 0};
	test->releases[0] = (struct judged_release){"conn_close", 17};
	test->releases[1] = (struct judged_release){"op_done", 4};
	test->report = (struct growth_report){
		.head = &test->head, .judgement = &test->judgement, .limit = 10, .time_wait = 1210};
	*state = test;
	return 0;
}

static inline int growth_tear_down(void **state)
{
	struct growth_test *test = *state;

	buffer_release(&test->out);
	profile_release(&test->judgement.profile);
	fixture_release(&test->fixture);
	free(test);
	return 0;
}

/* The stacks of all that was added. */
static inline void growth_finish(struct growth_test *test)
{
	struct judgement *judgement = &test->judgement;

	profile_of_nodes(&test->fixture.recording, test->nodes, judgement->site_count, &(struct profile_options){0},
			 &judgement->profile);
	for (size_t i = 0; i < judgement->group_count; i++) {
		const struct judged_site *site = &test->sites[test->groups[i].first_site];
		const struct profile_stack *stack = &judgement->profile.stacks[site->stack];

		test->groups[i].frame =
			&judgement->profile.frames[judgement->profile.frame_ids[stack->first + site->wrapper_count]];
	}
	test->head = (struct report_head){.recording = "fixture.db",
					  .program = "app-server",
					  .program_path = "/srv/app",
					  .trust = trust_sum(&test->fixture.recording, 0, 0)};
}

/* Clock times are local ones. */
static inline int growth_set_zone(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

#endif
