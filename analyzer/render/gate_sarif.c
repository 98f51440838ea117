/* SPDX-License-Identifier: MIT */
/*
 * gate_sarif.c - SARIF 2.1.0 (OASIS standard): one run; leaks, budgets and undecided callsites as results, what is
 * about the run itself as notifications of its invocation.
 *
 * partialFingerprints: "seepCallsite/v1" is Seep's own, "primaryLocationLineHash" is what GitHub tells results apart
 * by. GitHub computes one from a line's text when it is missing; ours stays when that line is edited.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "gate_words.h"
#include "json.h"

static const struct {
	enum gate_rule rule;
	const char *id, *summary, *help;
} rules[] = {
	{GATE_LEAK, "seep/leak", "A callsite leaks",
	 "What is acquired here is not released, and grows without bound while the program serves."},
	{GATE_BUDGET, "seep/budget", "A budget is exceeded",
	 "The callsites that the budget means gain or hold more than the policy allows."},
	{GATE_UNDECIDED, "seep/undecided", "A callsite may leak",
	 "The run was too short, or too uneven, to tell whether what is acquired here grows without bound."},
	{GATE_SUPPRESSION, "seep/suppression", "A suppression is not needed, or has expired",
	 "Remove it, or renew its date."},
};

#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))

/* Index of the result's rule; RULE_COUNT: it is no result. */
static size_t rule_of(const struct gate_finding *finding)
{
	size_t i = 0;

	while (i < RULE_COUNT && rules[i].rule != finding->rule)
		i++;
	return i;
}

static const char *level_of(enum gate_outcome effect)
{
	return effect == GATE_FAIL ? "error" : effect == GATE_INCONCLUSIVE ? "warning" : "note";
}

static void add_message(struct json *json, const char *key, const char *text)
{
	json_begin_object(json, key);
	json_string(json, "text", text);
	json_end_object(json);
}

static void add_rules(struct json *json)
{
	json_begin_array(json, "rules");
	for (size_t i = 0; i < RULE_COUNT; i++) {
		json_begin_object(json, NULL);
		json_string(json, "id", rules[i].id);
		add_message(json, "shortDescription", rules[i].summary);
		add_message(json, "fullDescription", rules[i].help);
		add_message(json, "help", rules[i].help);
		json_end_object(json);
	}
	json_end_array(json);
}

/* ---- places ---- */

/* A path as a URI reference (RFC 3986): what is no plain character is '%' and its code. */
static char *uri_of(const char *path)
{
	struct buffer uri = {0};

	if (*path == '/')
		buffer_add(&uri, "file://");
	for (; *path; path++)
		if (isalnum((unsigned char)*path) || strchr("/-._~", *path))
			buffer_add_bytes(&uri, path, 1);
		else
			buffer_format(&uri, "%%%02X", (unsigned)(unsigned char)*path);
	return uri.text ? uri.text : memory_string("");
}

static void add_physical(struct json *json, const struct gate_place *place)
{
	char *uri = uri_of(place->file);

	json_begin_object(json, "physicalLocation");
	json_begin_object(json, "artifactLocation");
	json_string(json, "uri", uri);
	if (place->is_relative)
		json_string(json, "uriBaseId", "%SRCROOT%");
	json_end_object(json);
	if (place->line) {
		json_begin_object(json, "region");
		json_uint(json, "startLine", place->line);
		json_end_object(json);
	}
	json_end_object(json);
	free(uri);
}

static void add_logical(struct json *json, const char *function)
{
	json_begin_array(json, "logicalLocations");
	json_begin_object(json, NULL);
	json_string(json, "fullyQualifiedName", function);
	json_string(json, "kind", "function");
	json_end_object(json);
	json_end_array(json);
}

static void add_locations(const struct gate_report *report, const struct gate_finding *finding, struct json *json)
{
	struct gate_place place = gate_place(report, finding);

	if (!place.file) /* GitHub refuses a result without a file: the program's own is the next best */
		place = (struct gate_place){report->program ? report->program : "seep.gate", 0, true};
	json_begin_array(json, "locations");
	json_begin_object(json, NULL);
	add_physical(json, &place);
	if (finding->site)
		add_logical(json, finding->site->frame->function);
	json_end_object(json);
	json_end_array(json);
}

static void add_frame(const struct gate_report *report, const struct profile_frame *frame, struct json *json)
{
	struct gate_place place = gate_frame_place(report, frame);

	json_begin_object(json, NULL);
	json_begin_object(json, "location");
	if (place.file)
		add_physical(json, &place);
	add_logical(json, frame->function);
	json_end_object(json);
	if (frame->module[0])
		json_string(json, "module", frame->module);
	json_end_object(json);
}

static void add_stack(const struct gate_report *report, const struct gate_site *site, struct json *json)
{
	const struct profile *stack = site->callsite.stack;

	json_begin_array(json, "stacks");
	json_begin_object(json, NULL);
	json_begin_array(json, "frames");
	for (size_t i = site->callsite.shown; i < stack->stacks[0].count; i++)
		add_frame(report, &stack->frames[stack->frame_ids[stack->stacks[0].first + i]], json);
	json_end_array(json);
	json_end_object(json);
	json_end_array(json);
}

/* ---- results ---- */

static void add_fingerprints(const struct gate_finding *finding, struct json *json)
{
	struct fingerprint identity = gate_identity(finding);
	char *line_hash = memory_format("%016llx:1", (unsigned long long)identity.hash);

	json_begin_object(json, "partialFingerprints");
	json_string(json, "primaryLocationLineHash", line_hash);
	json_string(json, "seepCallsite/v1", fingerprint_text(identity).text);
	json_end_object(json);
	free(line_hash);
}

/* Against the baseline; NULL: there is none, or it does not know of such. */
static const char *baseline_state(const struct gate_finding *finding)
{
	switch (finding->status) {
	case GATE_NEW:
		return "new";
	case GATE_GROWN:
		return "updated";
	case GATE_KNOWN:
		return "unchanged";
	case GATE_FIXED:
		return "absent";
	default:
		return NULL;
	}
}

static void add_suppression(const struct policy_suppression *suppression, struct json *json)
{
	char *why = memory_format("%s:%u%s%s", suppression->file, suppression->line,
				  suppression->owner ? ", owner " : "", suppression->owner ? suppression->owner : "");

	json_begin_array(json, "suppressions");
	json_begin_object(json, NULL);
	json_string(json, "kind", "external");
	json_string(json, "justification", why);
	json_end_object(json);
	json_end_array(json);
	free(why);
}

static void add_result(const struct gate_report *report, const struct gate_finding *finding, struct json *json)
{
	size_t rule = rule_of(finding);
	const char *state = report->input->baseline ? baseline_state(finding) : NULL;
	char *title = gate_title(finding), *message = gate_message(report, finding);
	char *text = memory_format("%s: %s", title, message);

	json_begin_object(json, NULL);
	json_string(json, "ruleId", rules[rule].id);
	json_uint(json, "ruleIndex", rule);
	json_string(json, "level", level_of(gate_effect(report, finding)));
	add_message(json, "message", text);
	add_locations(report, finding, json);
	add_fingerprints(finding, json);
	if (state)
		json_string(json, "baselineState", state);
	if (finding->status == GATE_SUPPRESSED)
		add_suppression(finding->suppression, json);
	if (finding->site && finding->rule != GATE_BUDGET)
		add_stack(report, finding->site, json);
	json_end_object(json);
	free(title);
	free(message);
	free(text);
}

static void add_notification(const struct gate_report *report, const struct gate_finding *finding, struct json *json)
{
	char *title = gate_title(finding), *message = gate_message(report, finding);
	char *text = memory_format("%s: %s", title, message);

	json_begin_object(json, NULL);
	json_string(json, "level", level_of(gate_effect(report, finding)));
	add_message(json, "message", text);
	json_end_object(json);
	free(title);
	free(message);
	free(text);
}

static void add_invocation(const struct gate_report *report, struct json *json)
{
	json_begin_array(json, "invocations");
	json_begin_object(json, NULL);
	json_bool(json, "executionSuccessful", !report->input->program_failed);
	json_begin_array(json, "toolExecutionNotifications");
	for (size_t i = 0; i < report->result->finding_count; i++)
		if (rule_of(&report->result->findings[i]) == RULE_COUNT)
			add_notification(report, &report->result->findings[i], json);
	json_end_array(json);
	json_end_object(json);
	json_end_array(json);
}

/* A budget that holds is no result: a result says that something is the matter. */
static bool is_result(const struct gate_finding *finding)
{
	return rule_of(finding) < RULE_COUNT && !(finding->rule == GATE_BUDGET && finding->outcome == GATE_PASS);
}

void gate_sarif(const struct gate_report *report, struct buffer *out)
{
	struct json json = {.out = out};

	json_begin_object(&json, NULL);
	json_string(&json, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	json_string(&json, "version", "2.1.0");
	json_begin_array(&json, "runs");
	json_begin_object(&json, NULL);
	json_begin_object(&json, "tool");
	json_begin_object(&json, "driver");
	json_string(&json, "name", "Seep");
	json_string(&json, "version", SEEP_VERSION);
	add_rules(&json);
	json_end_object(&json);
	json_end_object(&json);
	add_invocation(report, &json);
	json_string(&json, "columnKind", "utf16CodeUnits");
	json_begin_array(&json, "results");
	for (size_t i = 0; i < report->result->finding_count; i++)
		if (is_result(&report->result->findings[i]))
			add_result(report, &report->result->findings[i], &json);
	json_end_array(&json);
	json_end_object(&json);
	json_end_array(&json);
	json_end_object(&json);
}
