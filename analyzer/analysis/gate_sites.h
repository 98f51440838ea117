/* SPDX-License-Identifier: MIT */
/*
 * gate_sites.h - from a judged recording to the callsites that a gate decides on. Pure.
 *
 * A gate speaks of stacks, because a baseline has to; what is judged most reliably is a function with all ways to it
 * (judgement.h's group). So a function's verdict decides, and its stacks tell where:
 *  - a function that does not leak has no stack that does. One way to it may gain what another loses;
 *  - of a function that leaks the stacks count that are shown to leak by themselves; if none is, the one that grew most
 *    stands for it with the function's figures. The others that grew are part of the leak: in a baseline, but no
 *    findings of their own;
 *  - of a function that cannot be told of, the stack that grew most says so for all.
 * Then what has the same fingerprint is one callsite: figures are added, and the errors of different stacks are taken
 * to be independent.
 */
#ifndef SEEP_GATE_SITES_H
#define SEEP_GATE_SITES_H

#include "gate.h"
#include "judgement.h"

/* Zeroed is valid and empty. */
struct gate_sites {
	struct gate_site *sites; /* by fingerprint */
	size_t count;
	struct gate_event *events;
	size_t event_count;
	double span_s;
	struct profile *stacks; /* what the sites' stacks point to */
	size_t stack_count;
};

/*
 * totals: what is held at the end, by site id; what is not in it holds nothing. Borrows from the judgement and the
 * recording, which must outlive it. Release with gate_sites_release().
 */
void gate_sites_build(const struct judgement *judgement, const struct recording *recording,
		      const struct model_total *totals, size_t total_count, struct gate_sites *out);

/* Of a recording that is too short to be judged: every callsite with what it holds at the end, none of them growing. */
void gate_sites_unjudged(const struct recording *recording, const struct model_total *totals, size_t total_count,
			 struct gate_sites *out);
void gate_sites_release(struct gate_sites *sites);

#endif
