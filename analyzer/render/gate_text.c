/* SPDX-License-Identifier: MIT */
/* gate_text.c - for people: a line for each finding, what it means, and the run's power. */
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "gate_words.h"
#include "report.h"

enum { SHOWN_FUNCTIONS = 8 };

static const char *effect_word(enum gate_outcome effect)
{
	static const char *const words[] = {"pass", "inconclusive", "FAIL"};

	return words[effect];
}

static void add_text(struct buffer *out, char *text)
{
	report_name(out, text);
	free(text);
}

static void add_place(struct buffer *out, const struct gate_place *place)
{
	if (!place->file)
		return;
	buffer_add(out, "  ");
	report_name(out, place->file);
	if (place->line)
		buffer_format(out, ":%u", place->line);
}

static void add_finding(const struct gate_report *report, const struct gate_finding *finding, struct buffer *out)
{
	enum gate_outcome effect = gate_effect(report, finding);
	struct gate_place place = gate_place(report, finding);
	const char *status =
		finding->status == GATE_NEW && !report->input->baseline ? "" : gate_status_name(finding->status);

	buffer_format(out, "%s%s%s", effect == GATE_FAIL ? style_strong(report->style) : "",
		      effect == GATE_PASS && *status ? status : effect_word(effect),
		      effect == GATE_FAIL ? style_end(report->style) : "");
	if (effect != GATE_PASS && *status)
		buffer_format(out, " (%s)", status);
	buffer_add(out, "  ");
	add_text(out, gate_title(finding));
	add_place(out, &place);
	buffer_add(out, "\n    ");
	add_text(out, gate_message(report, finding));
	buffer_add(out, "\n");
	if (!finding->site || (finding->rule != GATE_LEAK && finding->rule != GATE_UNDECIDED))
		return;
	buffer_add(out, "    ");
	add_text(out, gate_functions(&finding->site->callsite, SHOWN_FUNCTIONS));
	buffer_format(out, "  %s\n", fingerprint_text(gate_identity(finding)).text);
}

static void add_head(const struct gate_report *report, struct buffer *out)
{
	const struct gate_result *result = report->result;

	buffer_format(out, "seep gate: %s%s%s: ", result->outcome == GATE_FAIL ? style_strong(report->style) : "",
		      effect_word(result->outcome), result->outcome == GATE_FAIL ? style_end(report->style) : "");
	if (result->was_inconclusive && result->outcome != GATE_INCONCLUSIVE)
		buffer_add(out, "inconclusive, which the policy decides; ");
	add_text(out, gate_counts(report));
	buffer_add(out, "\n");
	if (report->program) {
		report_name(out, report->program);
		buffer_add(out, ": ");
	}
	buffer_format(out, "%.0f s judged, %zu callsites", report->input->span_s, result->judged);
	if (report->recording) {
		buffer_add(out, "; recording ");
		report_name(out, report->recording);
	}
	if (report->input->policy->file) {
		buffer_add(out, "; policy ");
		report_name(out, report->input->policy->file);
	}
	if (report->input->baseline) {
		buffer_add(out, "; baseline ");
		report_name(out, report->input->baseline_name);
	}
	buffer_add(out, "\n");
}

void gate_text(const struct gate_report *report, struct buffer *out)
{
	add_head(report, out);
	for (size_t i = 0; i < report->result->finding_count; i++)
		add_finding(report, &report->result->findings[i], out);
	add_text(out, gate_power_sentence(report));
	buffer_add(out, "\n");
}
