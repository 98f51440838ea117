/* SPDX-License-Identifier: MIT */
/*
 * page_callsites.h - a judgement as the page gets it: /api/callsites and /api/callsite. Pure.
 *
 * The JSON has no blanks, for there may be 10,000 callsites. Figures are those of `seep growth --json`, words those of
 * its text: growth_words.h makes them. What is not known is null.
 */
#ifndef SEEP_PAGE_CALLSITES_H
#define SEEP_PAGE_CALLSITES_H

#include "../analysis/callsite_curves.h"
#include "../analysis/verdict_marks.h"
#include "growth.h"

/* A judged recording; everything is borrowed. */
struct page_judged {
	size_t recording; /* its index */
	uint32_t version;
	const struct growth_report *report;
	struct callsite_series series;
	const struct callsite_id *ids;   /* of the judgement's groups */
	const struct callsite_cum *cums; /* the same */
	const struct verdict_marks *marks;
};

void page_callsites_json(struct buffer *out, const struct page_judged *judged);

/* How old is what a callsite holds. */
struct page_ages {
	int64_t time_s;      /* of the oldest reading; 0: there is none */
	const char *because; /* why not: a sentence; NULL: there is one */
	struct model_age ages[MODEL_AGES];
};

/* One callsite in detail. Of its stacks those come that matter most. */
enum { PAGE_STACKS_MOST = 20 };
struct page_callsite {
	const struct page_judged *judged;
	size_t group; /* its index */
	/* by frame id of the judgement's profile: the file's lines, NULL where it was not found */
	const struct report_source *const *sources;
	const struct page_ages *ages;
};

void page_callsite_json(struct buffer *out, const struct page_callsite *callsite);

/* So many stacks of the group are shown: the first ones. */
size_t page_stacks_shown(const struct judged_group *group);

#endif
