/* SPDX-License-Identifier: MIT */
/*
 * gate_github.c - for GitHub's runners: workflow commands that become annotations, and a step summary in Markdown.
 *
 * A command is "::error file=F,line=N,title=T::MESSAGE" at the start of a line. In a message '%', CR and LF are
 * escaped, in a property ':' and ',' as well, each as '%' and its code. GitHub shows ten errors and ten warnings of a
 * step; the summary has them all.
 */
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "../base/utf8.h"
#include "gate_words.h"

/* ---- annotations ---- */

static void add_escaped(struct buffer *out, const char *text, bool is_property)
{
	while (*text) {
		size_t size = utf8_size(text);

		if (strchr("%\r\n", *text) || (is_property && strchr(":,", *text)))
			buffer_format(out, "%%%02X", (unsigned)(unsigned char)*text);
		else if (!size || (unsigned char)*text < 0x20 || *text == 0x7f)
			buffer_add(out, "\xef\xbf\xbd");
		else
			buffer_add_bytes(out, text, size);
		text += size ? size : 1;
	}
}

/* NULL: not worth an annotation. */
static const char *command_of(const struct gate_report *report, const struct gate_finding *finding)
{
	enum gate_outcome effect = gate_effect(report, finding);

	if (effect == GATE_FAIL)
		return "error";
	if (effect == GATE_INCONCLUSIVE || finding->status == GATE_EXPIRED)
		return "warning";
	if (finding->status == GATE_UNUSED || finding->status == GATE_FIXED || finding->outcome == GATE_INCONCLUSIVE)
		return "notice";
	return NULL;
}

static void add_annotation(const struct gate_report *report, const struct gate_finding *finding, struct buffer *out)
{
	struct gate_place place = gate_place(report, finding);
	const char *command = command_of(report, finding);
	char *title, *message;

	if (!command)
		return;
	title = gate_title(finding);
	message = gate_message(report, finding);
	buffer_format(out, "::%s ", command);
	if (place.file && place.is_relative) {
		buffer_add(out, "file=");
		add_escaped(out, place.file, true);
		buffer_format(out, ",line=%u,", place.line ? place.line : 1);
	}
	buffer_add(out, "title=");
	add_escaped(out, title, true);
	buffer_add(out, "::");
	add_escaped(out, message, false);
	buffer_add(out, "\n");
	free(title);
	free(message);
}

void gate_github(const struct gate_report *report, struct buffer *out)
{
	for (size_t i = 0; i < report->result->finding_count; i++)
		add_annotation(report, &report->result->findings[i], out);
}

/* ---- the step summary ---- */

/* Text within a table's cell: nothing of Markdown's or HTML's in it. */
static void add_cell(struct buffer *out, const char *text)
{
	while (*text) {
		size_t size = utf8_size(text);

		if (strchr("<>&|`*_[]\\#~", *text))
			buffer_format(out, "&#%d;", *text);
		else if (!size || (unsigned char)*text < 0x20 || *text == 0x7f)
			buffer_add(out, "\xef\xbf\xbd");
		else
			buffer_add_bytes(out, text, size);
		text += size ? size : 1;
	}
}

static void add_owned_cell(struct buffer *out, char *text)
{
	buffer_add(out, " ");
	add_cell(out, text);
	buffer_add(out, " |");
	free(text);
}

static void add_row(const struct gate_report *report, const struct gate_finding *finding, struct buffer *out)
{
	struct gate_place place = gate_place(report, finding);
	const char *status =
		finding->status == GATE_NEW && !report->input->baseline ? "" : gate_status_name(finding->status);

	buffer_format(out, "| %s%s%s |", gate_outcome_name(gate_effect(report, finding)), *status ? ", " : "", status);
	add_owned_cell(out, gate_title(finding));
	add_owned_cell(out, place.file && place.line ? memory_format("%s:%u", place.file, place.line)
						     : memory_string(place.file ? place.file : ""));
	add_owned_cell(out, gate_message(report, finding));
	buffer_add(out, "\n");
}

void gate_summary(const struct gate_report *report, struct buffer *out)
{
	const struct gate_result *result = report->result;
	char *counts = gate_counts(report), *power = gate_power_sentence(report);

	buffer_format(out, "### seep gate: %s\n\n", gate_outcome_name(result->outcome));
	if (report->program) {
		add_cell(out, report->program);
		buffer_add(out, ": ");
	}
	add_cell(out, counts);
	buffer_format(out, "; %.0f s judged, %zu callsites. ", report->input->span_s, result->judged);
	add_cell(out, power);
	buffer_add(out, "\n");
	if (result->finding_count)
		buffer_add(out, "\n| outcome | finding | place | what |\n| --- | --- | --- | --- |\n");
	for (size_t i = 0; i < result->finding_count; i++)
		add_row(report, &result->findings[i], out);
	buffer_add(out, "\n");
	free(counts);
	free(power);
}
