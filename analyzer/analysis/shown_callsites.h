/* SPDX-License-Identifier: MIT */
/*
 * shown_callsites.h - which callsites a monitoring system is shown, and what is counted for each of them.
 *
 * Every series costs a time-series database memory for as long as it is kept. So at most `limit` callsites have series
 * of their own, and the rest of each kind is one more, "other".
 *
 * Who is shown: callsites in the judgement's order (leaks first, by their share of the growth), but one that is shown
 * stays while it is among the first 3/2 of the limit, for series that come and go are worse than a second-best choice.
 * Only the first half of the limit takes the place of any that is not among the first `limit`.
 *
 * Invariants (shown_callsites_check)
 *  - The sum over a kind's callsites and its "other" is the kind's own figure, exactly, whoever is shown.
 *  - No counter falls. What was acquired and released since the last update is added to the callsite that it belongs to
 *    now: a callsite's counters begin with 0 when it is first shown. One that loses its place leaves its counts to
 *    "other". What was there at the first update is "other", too: after a restart of `seep serve` callsites' counters
 * then begin anew, and databases know how to take that.
 *
 * Pure. Owns its memory until shown_callsites_release().
 */
#ifndef SEEP_SHOWN_CALLSITES_H
#define SEEP_SHOWN_CALLSITES_H

#include "callsite_id.h"
#include "judgement.h"

struct shown_figures {
	int64_t live_objects, live_bytes;
	/* of kinds since the recording began */
	uint64_t acquired_objects, acquired_bytes;
	uint64_t released_objects, released_bytes;
};

struct shown_callsite {
	struct callsite_id id;
	enum seep_kind kind;
	size_t group; /* of the newest judgement */
	struct shown_figures figures;
};

struct shown_kind {
	bool is_any; /* something of it was ever acquired or held */
	struct shown_figures all, other;
};

/* Zeroed is valid: nothing was shown yet. */
struct shown_callsites {
	struct shown_callsite *items; /* by id */
	size_t count, capacity;
	struct shown_kind kinds[SEEP_KIND_COUNT];
	struct shown_figures *seen; /* by site id: what is counted already */
	size_t seen_count;
};

/* All is borrowed for the call. */
struct shown_input {
	const struct recording *recording;
	const struct model_total *totals; /* of all its processes */
	size_t total_count;
	const struct judgement *judgement; /* NULL: there is none yet, and no callsite is shown */
	const struct callsite_id *ids;     /* of its groups */
	size_t limit;
};

void shown_callsites_update(struct shown_callsites *shown, const struct shown_input *input);
void shown_callsites_release(struct shown_callsites *shown);

/* True if the invariants that can be seen hold. */
bool shown_callsites_check(const struct shown_callsites *shown, size_t limit);

#endif
