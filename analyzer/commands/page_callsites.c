/* SPDX-License-Identifier: MIT */
/* /api/callsites - a recording's judgement, all of it. */
#include "page_judgement.h"

int page_callsites(struct page *page, const struct page_query *query, struct buffer *json, struct error *error)
{
	static const char *const parameters[] = {"process", "since", "until", NULL};
	static const struct page_call call = {FOR_GROWTH, "callsites", parameters};
	const struct page_judgement *judgement;
	struct page_recording *recording;
	struct growth_report report;
	struct page_judged judged;
	int code = page_judge(page, query, &call, &judgement, &recording, error);

	if (code)
		return code;
	judged = page_judged_of(recording, judgement, &report);
	page_callsites_json(json, &judged);
	return SEEP_OK;
}
