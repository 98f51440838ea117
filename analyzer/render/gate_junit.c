/* SPDX-License-Identifier: MIT */
/*
 * gate_junit.c - JUnit's XML as Ant's task began it and CI systems read it: one test suite; a test case for the run,
 * and one for each finding. What the policy lets pass is a passed test, what is suppressed a skipped one, and what is
 * inconclusive an error, unless the policy says what that counts as.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../analysis/memory.h"
#include "../base/clock.h"
#include "../base/utf8.h"
#include "gate_words.h"

enum { SHOWN_FUNCTIONS = 64 };

/* XML 1.0 knows no control characters but three, and not the last two of the plane. */
static bool is_xml(const char *text, size_t size)
{
	unsigned char first = (unsigned char)*text;

	if (size == 1)
		return first >= 0x20 || first == '\t' || first == '\n' || first == '\r';
	return size > 0 && !(size == 3 && !memcmp(text, "\xef\xbf", 2) && ((unsigned char)text[2] & 0xfe) == 0xbe);
}

static void add_character(struct buffer *out, const char *text, size_t size)
{
	switch (*text) {
	case '&':
		buffer_add(out, "&amp;");
		return;
	case '<':
		buffer_add(out, "&lt;");
		return;
	case '>':
		buffer_add(out, "&gt;");
		return;
	case '"':
		buffer_add(out, "&quot;");
		return;
	case '\n':
	case '\r':
	case '\t':
		buffer_format(out, "&#%d;", *text);
		return;
	default:
		buffer_add_bytes(out, text, size);
	}
}

static void add_escaped(struct buffer *out, const char *text)
{
	while (*text) {
		size_t size = utf8_size(text);

		if (is_xml(text, size))
			add_character(out, text, size);
		else
			buffer_add(out, "\xef\xbf\xbd");
		text += size ? size : 1;
	}
}

static void add_attribute(struct buffer *out, const char *name, const char *value)
{
	buffer_format(out, " %s=\"", name);
	add_escaped(out, value);
	buffer_add(out, "\"");
}

static void add_owned_attribute(struct buffer *out, const char *name, char *value)
{
	add_attribute(out, name, value);
	free(value);
}

/* NULL: the test passed. */
static const char *element_of(const struct gate_report *report, const struct gate_finding *finding)
{
	enum gate_outcome effect = gate_effect(report, finding);

	if (effect == GATE_FAIL)
		return "failure";
	if (effect == GATE_INCONCLUSIVE)
		return "error";
	return finding->outcome == GATE_INCONCLUSIVE || finding->status == GATE_SUPPRESSED ? "skipped" : NULL;
}

/* The stack and the fingerprint. */
static void add_details(const struct gate_report *report, const struct gate_finding *finding, struct buffer *out)
{
	struct gate_place place = gate_place(report, finding);
	char *functions;

	if (place.file) {
		add_escaped(out, place.file);
		if (place.line)
			buffer_format(out, ":%u", place.line);
		buffer_add(out, "\n");
	}
	if (!finding->site || finding->rule == GATE_POWER)
		return;
	functions = gate_functions(&finding->site->callsite, SHOWN_FUNCTIONS);
	add_escaped(out, functions);
	buffer_format(out, "\n%s\n", fingerprint_text(gate_identity(finding)).text);
	free(functions);
}

static void add_case(const struct gate_report *report, const struct gate_finding *finding, struct buffer *out)
{
	const char *element = element_of(report, finding);
	char *class = memory_format("seep.%s", gate_rule_name(finding->rule)), *message;

	buffer_add(out, "    <testcase");
	add_owned_attribute(out, "classname", class);
	/* two callsites may be named after one function: a test's name is unique */
	if (finding->site && finding->rule != GATE_POWER) {
		char *title = gate_title(finding);

		add_owned_attribute(out, "name",
				    memory_format("%s %s", title, fingerprint_text(gate_identity(finding)).text));
		free(title);
	} else {
		add_owned_attribute(out, "name", gate_title(finding));
	}
	buffer_add(out, " time=\"0\">\n");
	message = gate_message(report, finding);
	if (element) {
		buffer_format(out, "      <%s", element);
		add_attribute(out, "message", message);
		if (strcmp(element, "skipped") != 0) {
			add_attribute(out, "type", gate_rule_name(finding->rule));
			buffer_add(out, ">");
			add_details(report, finding, out);
			buffer_format(out, "</%s>\n", element);
		} else {
			buffer_add(out, "/>\n");
		}
	} else {
		buffer_add(out, "      <system-out>");
		add_escaped(out, message);
		buffer_add(out, "\n");
		add_details(report, finding, out);
		buffer_add(out, "</system-out>\n");
	}
	buffer_add(out, "    </testcase>\n");
	free(message);
}

/* A run without findings is a test that passed, and not an empty suite that some take for an error. */
static void add_run_case(const struct gate_report *report, struct buffer *out)
{
	char *power = gate_power_sentence(report);

	buffer_add(out, "    <testcase classname=\"seep.run\" name=\"recorded and judged\"");
	buffer_format(out, " time=\"%.3f\">\n      <system-out>", report->input->span_s);
	add_escaped(out, power);
	buffer_add(out, "</system-out>\n    </testcase>\n");
	free(power);
}

static size_t count_elements(const struct gate_report *report, const char *element)
{
	size_t count = 0;

	for (size_t i = 0; i < report->result->finding_count; i++) {
		const char *its = element_of(report, &report->result->findings[i]);

		count += its && !strcmp(its, element);
	}
	return count;
}

static void add_counts(const struct gate_report *report, struct buffer *out)
{
	buffer_format(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\"",
		      report->result->finding_count + 1, count_elements(report, "failure"),
		      count_elements(report, "error"), count_elements(report, "skipped"), report->input->span_s);
}

void gate_junit(const struct gate_report *report, struct buffer *out)
{
	time_t start = (time_t)(report->start_ns / NS_PER_S);
	char when[32] = "";
	struct tm utc;

	buffer_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"seep gate\"");
	buffer_format(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"%.3f\">\n",
		      report->result->finding_count + 1, count_elements(report, "failure"),
		      count_elements(report, "error"), report->input->span_s);
	buffer_add(out, "  <testsuite");
	add_owned_attribute(
		out, "name",
		memory_format("seep gate%s%s", report->program ? " " : "", report->program ? report->program : ""));
	add_counts(report, out);
	if (gmtime_r(&start, &utc) && strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &utc))
		add_attribute(out, "timestamp", when);
	buffer_add(out, ">\n");
	add_run_case(report, out);
	for (size_t i = 0; i < report->result->finding_count; i++)
		add_case(report, &report->result->findings[i], out);
	buffer_add(out, "  </testsuite>\n</testsuites>\n");
}
