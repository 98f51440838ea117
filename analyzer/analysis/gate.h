/* SPDX-License-Identifier: MIT */
/*
 * gate.h - does a run pass? A policy, a baseline and what was judged of a run give findings and one outcome. Pure.
 *
 * The rules, in the order in which they apply to a callsite:
 *
 *  1. What a suppression means that has not expired is suppressed: neither judged nor counted in a budget.
 *  2. What a budget per second or per event means is judged by that budget alone (all callsites of a budget together):
 *     they leak so much that the lower end of the interval is over it: fail; the estimate is over it, or what cannot
 *     be told may be: inconclusive. A budget at exit is a further limit, and excuses nothing.
 *  3. A leak fails, unless the baseline has it: then it is known, and fails only if it has grown, that is, if the
 *     lower end of its interval is above the baseline's figure and the tolerance. Objects per event are compared where
 *     both go with the same event, otherwise objects and bytes a second.
 *  4. What cannot be told yet makes the run inconclusive, unless the baseline has it, as a leak or as what could not be
 *     told either, and it has not grown.
 *
 * A run that is shorter than the policy's minimum, or too weak for its demands, is inconclusive unless it fails.
 *
 * Power is the least leak that this run would have seen with 95 % certainty at a callsite that was judged. Callsites
 * differ (one that comes and goes in great numbers hides more), so two are told: that of the middle callsite, and the
 * weakest, with its name. A demand of the policy is held against the weakest that its budgets and suppressions leave.
 */
#ifndef SEEP_GATE_H
#define SEEP_GATE_H

#include "baseline.h"
#include "policy.h"
#include "verdict.h"

/* A callsite of the run: all that has one fingerprint. Borrowed strings. */
struct gate_site {
	struct callsite callsite;
	const struct profile_frame *frame; /* the function to name: never NULL */
	enum verdict verdict;
	bool is_part_of_leak; /* its function leaks, though it could not be shown of this way to it alone */
	struct growth_slope objects, bytes; /* a second */
	double live_objects, live_bytes;
	double detectable_objects, detectable_bytes; /* a second, with 95 %; 0 or NAN unknown: nothing happened there */
	double more_seconds;                         /* of an undecided one; 0 unknown */
	int64_t since_s;                             /* 0 unknown */
	const char *reason;
	const char *event; /* what its growth goes with; NULL nothing */
	double ratio, ratio_low, ratio_high;
};

struct gate_event {
	const char *name;
	double count; /* in the judged span */
};

struct gate_input {
	const struct gate_site *sites; /* by fingerprint */
	size_t site_count;
	const struct gate_event *events;
	size_t event_count;
	double span_s;        /* judged: without warm-up */
	uint64_t lost_events; /* the recording lacks so many events */
	const char
		*program_failed; /* a clause that says how the program failed; NULL: it did not, or was not run here */
	const struct policy *policy;
	const struct baseline *baseline; /* NULL: none */
	const char *baseline_name;
	int64_t today; /* days since 1970 */
};

enum gate_outcome {
	GATE_PASS,
	GATE_INCONCLUSIVE,
	GATE_FAIL,
};

/* What a finding is about. */
enum gate_rule {
	GATE_LEAK,
	GATE_BUDGET,
	GATE_UNDECIDED,   /* a callsite of which it cannot be told */
	GATE_DURATION,    /* the run was too short */
	GATE_POWER,       /* the run was too weak */
	GATE_LOST,        /* the recording lacks events */
	GATE_PROGRAM,     /* the program itself failed */
	GATE_SUPPRESSION, /* unused or expired */
};

enum gate_status {
	GATE_NONE,
	GATE_NEW, /* also: there is no baseline */
	GATE_GROWN,
	GATE_KNOWN,
	GATE_FIXED,
	GATE_SUPPRESSED,
	GATE_BUDGETED, /* leaks within its budget, or is judged there */
	GATE_UNUSED,
	GATE_EXPIRED,
};

struct gate_finding {
	enum gate_rule rule;
	enum gate_status status;
	enum gate_outcome outcome;
	const struct gate_site *site;        /* NULL: of no callsite of this run */
	const struct baseline_entry *before; /* NULL: not in the baseline */
	const struct policy_budget *budget;  /* GATE_BUDGET, GATE_BUDGETED */
	const struct policy_suppression *suppression;
	const struct rate *demand;  /* GATE_POWER */
	double measured, low, high; /* GATE_BUDGET, in the budget's unit; GATE_POWER: measured */
	size_t matched;             /* callsites in a budget; leaks that an expired suppression meant */
	bool is_measured;           /* false: none of the events came, so a rate per event is not known */
};

/* NAN unknown. */
struct gate_power {
	double objects, bytes; /* a second */
	const struct gate_site *site;
};

struct gate_result {
	enum gate_outcome outcome;     /* after what the policy makes of an inconclusive one */
	bool was_inconclusive;         /* the policy has decided */
	struct gate_finding *findings; /* failures first, then inconclusive ones; in each by rule, growth and name */
	size_t finding_count, finding_capacity;
	size_t judged, suppressed, leaks; /* callsites */
	size_t status_counts[GATE_EXPIRED + 1];
	struct gate_power middle, weakest;
	const struct gate_event *event; /* what people would divide by: a mark, requests; NULL none came */
};

/* Release with gate_release(). Borrows from the input. */
void gate_evaluate(const struct gate_input *input, struct gate_result *out);
void gate_release(struct gate_result *result);

/* The exit code (enum seep_exit) of an outcome. */
int gate_exit_code(enum gate_outcome outcome);

/* "new", "grown", ...; "" for GATE_NONE. "leak", "budget", ... "pass", "fail", "inconclusive". */
const char *gate_status_name(enum gate_status status);
const char *gate_rule_name(enum gate_rule rule);
const char *gate_outcome_name(enum gate_outcome outcome);

/* What leaks in a run, as a baseline; strings are copied. */
void gate_make_baseline(const struct gate_site *sites, size_t count, struct baseline *out);

/* "a < b < c": the shown functions of a stack from within, at most `most` of them; to be freed. */
char *gate_functions(const struct callsite *callsite, size_t most);

/* How often an event came in the judged span; 0 also if nothing counted it. */
double gate_events(const struct gate_input *input, const char *name);

#endif
