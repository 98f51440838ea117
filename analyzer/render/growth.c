/* SPDX-License-Identifier: MIT */
#include "growth.h"

#include <stdlib.h>

#include "growth_words.h"
#include "sampling.h"

static void add_group(struct buffer *out, const struct growth_report *report, const struct judged_group *group)
{
	enum verdict verdict = group->judged.verdict.verdict;
	struct style style = report->head->style;
	bool is_leak = verdict == VERDICT_LEAK;

	buffer_format(out, "%s%s%s  ", is_leak ? style_strong(style) : "", growth_verdict_word(verdict),
		      is_leak ? style_end(style) : "");
	growth_words(out, report, group);
}

static void add_processes(struct buffer *out, const struct growth_report *report)
{
	const struct judged_process *told[GROWTH_PROCESSES];
	size_t left, count = growth_processes(report, told, &left);

	for (size_t i = 0; i < count; i++)
		process_growth_text(out, told[i], report->style);
	if (left)
		buffer_format(out, "and %zu more processes whose memory grows or is kept\n", left);
}

void growth_text(struct buffer *out, const struct growth_report *report)
{
	const struct judgement *judgement = report->judgement;
	size_t count, left;
	const struct judged_group **told = growth_groups(report, &count, &left);

	report_begin(out, report->head);
	growth_words_span(out, judgement);
	sampling_add_head(out, report->head);
	report_filters(out, report->head);
	add_processes(out, report);
	growth_words_none(out, judgement);
	for (size_t i = 0; i < count; i++)
		add_group(out, report, told[i]);
	free(told);
	if (left)
		buffer_format(out, "and %zu more; -n 0 shows all\n", left);
	growth_words_counts(out, judgement);
	report_end(out, report->head);
}
