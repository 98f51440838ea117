/* SPDX-License-Identifier: MIT */
/*
 * gate_gitlab.c - GitLab's code quality report: an array of description, check_name, fingerprint, severity and
 * location. GitLab compares the fingerprints of two branches itself, so what is known is reported too. Only findings
 * with a place in the repository can be shown; the others are given the policy's file, or the program's name.
 */
#include <stdlib.h>

#include "../analysis/memory.h"
#include "gate_words.h"
#include "json.h"

static const char *severity_of(const struct gate_report *report, const struct gate_finding *finding)
{
	enum gate_outcome effect = gate_effect(report, finding);

	if (effect == GATE_FAIL)
		return finding->rule == GATE_LEAK || finding->rule == GATE_PROGRAM ? "critical" : "major";
	return effect == GATE_INCONCLUSIVE ? "minor" : "info";
}

static bool is_shown(const struct gate_finding *finding)
{
	if (finding->outcome != GATE_PASS)
		return true;
	return finding->status == GATE_KNOWN || finding->status == GATE_SUPPRESSED || finding->status == GATE_EXPIRED ||
	       finding->status == GATE_UNUSED;
}

static void add_issue(const struct gate_report *report, const struct gate_finding *finding, struct json *json)
{
	struct gate_place place = gate_place(report, finding);
	char *title = gate_title(finding), *message = gate_message(report, finding);
	char *description = memory_format("%s: %s", title, message);
	char *check = memory_format("seep-%s", gate_rule_name(finding->rule));
	char *fingerprint = memory_format("%016llx", (unsigned long long)gate_identity(finding).hash);

	json_begin_object(json, NULL);
	json_string(json, "description", description);
	json_string(json, "check_name", check);
	json_string(json, "fingerprint", fingerprint);
	json_string(json, "severity", severity_of(report, finding));
	json_begin_object(json, "location");
	json_string(json, "path", place.file ? place.file : report->program ? report->program : "seep.gate");
	json_begin_object(json, "lines");
	json_uint(json, "begin", place.line ? place.line : 1);
	json_end_object(json);
	json_end_object(json);
	json_end_object(json);
	free(title);
	free(message);
	free(description);
	free(check);
	free(fingerprint);
}

void gate_gitlab(const struct gate_report *report, struct buffer *out)
{
	struct json json = {.out = out};

	json_begin_array(&json, NULL);
	for (size_t i = 0; i < report->result->finding_count; i++)
		if (is_shown(&report->result->findings[i]))
			add_issue(report, &report->result->findings[i], &json);
	json_end_array(&json);
}
