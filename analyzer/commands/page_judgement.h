/* SPDX-License-Identifier: MIT */
/*
 * page_judgement.h - a recording's judgement, kept for the page and for metrics, and made again as its figures change.
 *
 * To judge is the dearest thing that a server of pages does, and a page asks each second. So a judgement is kept, with
 * all that it borrows, and is good enough until the figures have changed, 5 seconds have passed, and a hundred times
 * the CPU time that judging took: 1 % of a core at most. What was asked for since it was judged last is judged again by
 * page_tick(), so that who looks on is told of it; what nobody asks for any more is forgotten as others come.
 *
 * Verdicts that changed are remembered. Those of before the first judgement are found by judging its first points
 * alone, as far as that is cheap.
 */
#ifndef SEEP_PAGE_JUDGEMENT_H
#define SEEP_PAGE_JUDGEMENT_H

#include "../render/page_callsites.h"
#include "judge.h"
#include "page_internal.h"

/* One judgement, and what it is shown by. Valid until the next call of a function of page.h or of this file. */
struct page_judgement {
	struct session session; /* without files; its options are a request's that is kept with it */
	struct judged_recording judged;
	struct callsite_id *ids;   /* of the groups */
	struct callsite_cum *cums; /* the same */
	const struct verdict_marks *marks;
	int64_t changed_ns; /* the recording's, as it was judged */
	int64_t cost_ns; /* CPU time that it took; 0: names were looked up in it, once for all, so that it is no measure
			  */
};

/*
 * The judgement that the query's process, since and until ask for, kept or made now. `call` says what else the query
 * may have.
 */
int page_judge(struct page *page, const struct page_query *query, const struct page_call *call,
	       const struct page_judgement **out, struct page_recording **recording, struct error *error);

/* How it is rendered; `report` is filled, too, and both borrow from the judgement. */
struct page_judged page_judged_of(const struct page_recording *recording, const struct page_judgement *judgement,
				  struct growth_report *report);

/* Once a second, after page_look(): judges one of them again if it is time. */
void page_judge_again(struct page *page);

/* Forgets all judgements of a recording, and how its callsites were called. */
void page_judgements_release(struct page_recording *recording);

#endif
