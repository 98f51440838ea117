/* SPDX-License-Identifier: MIT */
/*
 * gate_tap.c - the Test Anything Protocol, version 13: a test for the run and one for each finding, with a YAML block
 * for what is not simply fine. JSON's strings serve as YAML's double-quoted ones.
 */
#include <stdlib.h>

#include "../base/utf8.h"
#include "gate_words.h"
#include "json.h"

enum { SHOWN_FUNCTIONS = 64 };

/* A description is one line, in which '#' would begin a directive; its escape is TAP's. */
static void add_description(struct buffer *out, const char *text)
{
	while (*text) {
		size_t size = utf8_size(text);

		if (*text == '#' || *text == '\\')
			buffer_add(out, "\\");
		if (!size)
			buffer_add(out, "\xef\xbf\xbd");
		else if ((unsigned char)*text < 0x20 || *text == 0x7f)
			buffer_add(out, "?");
		else
			buffer_add_bytes(out, text, size);
		text += size ? size : 1;
	}
}

static void add_yaml(struct buffer *out, const char *key, char *value)
{
	buffer_format(out, "  %s: ", key);
	json_quote(out, value);
	buffer_add(out, "\n");
	free(value);
}

static void add_block(const struct gate_report *report, const struct gate_finding *finding, struct buffer *out)
{
	struct gate_place place = gate_place(report, finding);

	buffer_add(out, "  ---\n");
	add_yaml(out, "message", gate_message(report, finding));
	buffer_format(out, "  severity: %s\n", gate_outcome_name(gate_effect(report, finding)));
	if (place.file) {
		buffer_add(out, "  file: ");
		json_quote(out, place.file);
		buffer_format(out, "\n  line: %u\n", place.line);
	}
	if (finding->site && finding->rule != GATE_POWER) {
		add_yaml(out, "stack", gate_functions(&finding->site->callsite, SHOWN_FUNCTIONS));
		buffer_format(out, "  fingerprint: \"%s\"\n", fingerprint_text(gate_identity(finding)).text);
	}
	buffer_add(out, "  ...\n");
}

static void add_test(const struct gate_report *report, const struct gate_finding *finding, size_t number,
		     struct buffer *out)
{
	bool passes = gate_effect(report, finding) == GATE_PASS;
	char *title = gate_title(finding);

	buffer_format(out, "%s %zu - ", passes ? "ok" : "not ok", number);
	add_description(out, title);
	if (passes && (finding->outcome != GATE_PASS || finding->status == GATE_SUPPRESSED))
		buffer_format(out, " # SKIP %s", finding->outcome != GATE_PASS ? "inconclusive" : "suppressed");
	buffer_add(out, "\n");
	add_block(report, finding, out);
	free(title);
}

void gate_tap(const struct gate_report *report, struct buffer *out)
{
	const struct gate_result *result = report->result;
	char *power = gate_power_sentence(report);

	buffer_format(out, "TAP version 13\n1..%zu\nok 1 - recorded and judged\n", result->finding_count + 1);
	buffer_add(out, "# ");
	add_description(out, power);
	buffer_add(out, "\n");
	for (size_t i = 0; i < result->finding_count; i++)
		add_test(report, &result->findings[i], i + 2, out);
	free(power);
}
