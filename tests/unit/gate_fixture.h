/* SPDX-License-Identifier: MIT */
/* gate_fixture.h - runs to be judged by a gate, made of callsites as the fixtures of recordings write them. */
#ifndef SEEP_GATE_FIXTURE_H
#define SEEP_GATE_FIXTURE_H

#include "../../analyzer/analysis/gate.h"
#include "recording_fixture.h"

enum { GATE_MOST = 16 };

struct run {
	struct fixture fixture;
	struct profile stacks[GATE_MOST];
	struct gate_site sites[GATE_MOST];
	struct gate_event events[4];
	struct policy policy;
	struct baseline baseline;
	struct gate_input input;
	struct gate_result result;
};

static inline void run_init(struct run *run)
{
	fixture_init(&run->fixture);
	run->policy = (struct policy){0};
	run->baseline = (struct baseline){0};
	run->result = (struct gate_result){0};
	run->input = (struct gate_input){
		.sites = run->sites,
		.events = run->events,
		.span_s = 60,
		.policy = &run->policy,
		.today = 20778, /* 2026-11-21 */
	};
}

static inline void run_release(struct run *run)
{
	gate_release(&run->result);
	policy_release(&run->policy);
	baseline_release(&run->baseline);
	for (size_t i = 0; i < run->input.site_count; i++)
		profile_release(&run->stacks[i]);
	fixture_release(&run->fixture);
}

/* A callsite that gains so many objects a second, known to a tenth of it. */
static inline struct gate_site *run_add(struct run *run, enum seep_kind kind, enum verdict verdict, double objects,
					double bytes, const char *stack)
{
	size_t at = run->input.site_count++;
	uint32_t node = fixture_node(&run->fixture, stack);
	struct profile *profile = &run->stacks[at], hidden;
	struct gate_site *site = &run->sites[at];

	profile_of_node(&run->fixture.recording, node, true, profile);
	profile_of_node(&run->fixture.recording, node, false, &hidden);
	*site = (struct gate_site){
		.callsite = {.kind = kind,
			     .fingerprint = fingerprint_of_node(&run->fixture.recording, node, kind),
			     .stack = profile,
			     .shown = profile->stacks[0].count - hidden.stacks[0].count},
		.verdict = verdict,
		.objects = {objects, 0.9 * objects, 1.1 * objects},
		.bytes = {bytes, 0.9 * bytes, 1.1 * bytes},
		.live_objects = 60 * objects,
		.live_bytes = 60 * bytes,
		.detectable_objects = 0.1,
		.detectable_bytes = 10,
		.reason = "it is a test",
	};
	site->frame = &profile->frames[profile->frame_ids[profile->stacks[0].first + site->callsite.shown]];
	profile_release(&hidden);
	return site;
}

static inline void run_event(struct run *run, const char *name, double count)
{
	run->events[run->input.event_count++] = (struct gate_event){name, count};
}

#endif
