/* SPDX-License-Identifier: MIT */
#include "export_html.h"

#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "../base/sha256.h"
#include "../render/json.h"
#include "page_assets.h"
#include "page_judgement.h"

/* ---- the answers ---- */

struct report {
	struct page *page;
	struct buffer data; /* the map, as far as it goes */
	struct error *error;
};

/* What the page asks for. */
struct question {
	const char *path;
	page_function *answer;
	size_t recording;
	const char *name, *value; /* a parameter more; NULL none */
	const char *base;         /* the recording to compare with, by index; NULL none */
	bool may_lack;            /* where it is not known the answer is why */
};

/* In a script element a '<' may begin what ends it, and in JSON it stands in strings only. */
static void add_inert(struct buffer *out, const struct buffer *json)
{
	for (const char *at = json->text, *end = at + json->size; at < end;) {
		const char *found = memchr(at, '<', (size_t)(end - at));

		buffer_add_bytes(out, at, (size_t)((found ? found : end) - at));
		if (found)
			buffer_add(out, "\\u003c");
		at = found ? found + 1 : end;
	}
}

static int add_parameter(struct report *report, struct page_query *query, struct buffer *request, const char *name,
			 const char *value)
{
	if (!value)
		return SEEP_OK;
	buffer_format(request, "%c%s=%s", query->count ? '&' : '?', name, value);
	return page_query_add(query, name, value, report->error);
}

static int ask(const struct report *report, const struct question *question, const struct page_query *query,
	       struct buffer *json)
{
	struct error why = {0};
	struct json refusal = {.out = json};
	int code = question->answer(report->page, query, json, &why);

	if (code != SEEP_ERR_NOT_FOUND || !question->may_lack)
		return code ? error_set(report->error, code, "%s", why.text) : SEEP_OK;
	json_begin_object(&refusal, NULL);
	json_string(&refusal, "error", why.text);
	json_end_object(&refusal);
	return SEEP_OK;
}

/* The request is the map's key: the page looks it up without regard to the order of parameters and to defaults. */
static int add_answer(struct report *report, const struct question *question)
{
	char *recording = memory_format("%zu", question->recording);
	struct buffer request = {0}, json = {0};
	struct page_query query = {0};
	int code;

	buffer_add(&request, question->path);
	code = add_parameter(report, &query, &request, "recording", recording);
	if (!code && question->name)
		code = add_parameter(report, &query, &request, question->name, question->value);
	if (!code)
		code = add_parameter(report, &query, &request, "base", question->base);
	if (!code)
		code = ask(report, question, &query, &json);
	if (!code) {
		struct buffer key = {0};

		buffer_add(&report->data, report->data.size ? ",\n" : "{");
		json_quote(&key, request.text);
		add_inert(&report->data, &key);
		buffer_add(&report->data, ":");
		add_inert(&report->data, &json);
		buffer_release(&key);
	}
	page_query_release(&query);
	buffer_release(&request);
	buffer_release(&json);
	free(recording);
	return code;
}

/* Copied, for a judgement is valid until the page is asked again. */
static int read_callsites(struct report *report, size_t recording, struct callsite_id **out, size_t *count)
{
	static const char *const parameters[] = {NULL};
	static const struct page_call call = {FOR_GROWTH, "export", parameters};
	char *index = memory_format("%zu", recording);
	struct page_query query = {.parameters = {{"recording", index}}, .count = 1};
	const struct page_judgement *judgement;
	struct page_recording *judged;
	struct error why = {0};
	int code = page_judge(report->page, &query, &call, &judgement, &judged, &why);

	free(index);
	*out = NULL;
	*count = 0;
	if (code)
		return code == SEEP_ERR_NOT_FOUND ? SEEP_OK : error_set(report->error, code, "%s", why.text);
	*count = judgement->judged.judgement.group_count;
	if (*count > EXPORT_HTML_CALLSITES)
		*count = EXPORT_HTML_CALLSITES;
	*out = memory_zeroed(*count, sizeof(**out));
	for (size_t i = 0; i < *count; i++)
		(*out)[i] = judgement->ids[i];
	return SEEP_OK;
}

static int add_callsites(struct report *report, size_t recording)
{
	struct callsite_id *ids;
	size_t count;
	int code = read_callsites(report, recording, &ids, &count);

	for (size_t i = 0; i < count && !code; i++)
		code = add_answer(report, &(struct question){"/api/callsite", page_callsite, recording, "id",
							     ids[i].text, NULL, .may_lack = true});
	free(ids);
	return code;
}

static int add_flames(struct report *report, size_t recording, const char *base)
{
	struct value_type *types;
	size_t count;
	int code = page_types(report->page, recording, &types, &count, report->error);

	for (size_t i = 0; i < count && !code; i++)
		code = add_answer(report, &(struct question){"/api/flame", page_flame, recording, "type", types[i].name,
							     base, .may_lack = false});
	free(types);
	return code;
}

static int add_recording(struct report *report, size_t recording)
{
	int code = add_answer(report, &(struct question){"/api/series", page_series, recording, .name = NULL});

	/* one that is too short to be judged has its curves and flame graphs all the same */
	if (!code)
		code = add_answer(report,
				  &(struct question){"/api/callsites", page_callsites, recording, .may_lack = true});
	if (!code)
		code = add_callsites(report, recording);
	if (!code)
		code = add_flames(report, recording, NULL);
	if (!code && page_recording_count(report->page) > 1)
		code = add_flames(report, recording, recording ? "0" : "1");
	return code;
}

/* Not by add_answer(): it is no recording's. */
static int add_recordings(struct report *report)
{
	struct page_query query = {0};
	struct buffer json = {0};
	int code = page_recordings(report->page, &query, &json, report->error);

	if (!code) {
		buffer_add(&report->data, "{\"/api/recordings\":");
		add_inert(&report->data, &json);
	}
	buffer_release(&json);
	return code;
}

static int collect(struct report *report)
{
	int code = add_recordings(report);

	for (size_t i = 0; i < page_recording_count(report->page) && !code; i++)
		code = add_recording(report, i);
	buffer_add(&report->data, "}");
	return code;
}

/* ---- the file ---- */

/* What stands in the shell in the place of a line of it. */
enum part { PART_STYLE, PART_DATA, PART_SCRIPT, PART_COUNT };
static const char *const lines[PART_COUNT] = {PAGE_STYLE_LINE, PAGE_DATA_LINE, PAGE_SCRIPT_LINE};

static void add_policy(struct buffer *out, struct page_asset script, struct page_asset style)
{
	char script_digest[SHA256_BASE64], style_digest[SHA256_BASE64];

	sha256_base64(script.bytes, script.size, script_digest);
	sha256_base64(style.bytes, style.size, style_digest);
	buffer_format(
		out,
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-%s'; "
		"style-src 'sha256-%s'; img-src data:; base-uri 'none'; form-action 'none'\">\n",
		script_digest, style_digest);
}

static void add_element(struct buffer *out, const char *begin, const char *bytes, size_t size, const char *end)
{
	buffer_add(out, begin);
	buffer_add_bytes(out, bytes, size);
	buffer_add(out, end);
}

static void add_part(struct buffer *out, enum part part, const struct buffer *data)
{
	struct page_asset script = page_asset(PAGE_ASSET_SCRIPT), style = page_asset(PAGE_ASSET_STYLE);

	switch (part) {
	case PART_STYLE:
		add_policy(out, script, style);
		add_element(out, "<style>", style.bytes, style.size, "</style>");
		break;
	case PART_DATA:
		add_element(out, "<script type=\"application/json\" id=\"seep-data\">", data->text, data->size,
			    "</script>");
		break;
	case PART_SCRIPT:
		add_element(out, "<script>", script.bytes, script.size, "</script>");
		break;
	case PART_COUNT:
		break;
	}
}

/* The shell has each line once, in this order: page_assets_test holds the built files to that. */
static void assemble(struct buffer *out, const struct buffer *data)
{
	struct page_asset shell = page_asset(PAGE_ASSET_INDEX);
	const char *at = shell.bytes, *end = at + shell.size;

	for (int part = 0; part < PART_COUNT; part++) {
		size_t length = strlen(lines[part]);
		const char *line = memmem(at, (size_t)(end - at), lines[part], length);

		if (!line)
			break;
		buffer_add_bytes(out, at, (size_t)(line - at));
		add_part(out, (enum part)part, data);
		at = line + length;
	}
	buffer_add_bytes(out, at, (size_t)(end - at));
}

int export_html(const char *path, const char *base, bool debuginfod, struct buffer *out, struct error *error)
{
	const char *files[] = {path, base};
	struct page_options options = {.files = files, .file_count = base ? 2 : 1, .debuginfod = debuginfod};
	struct report report = {.error = error};
	int code = page_open(&options, &report.page, error);

	if (!code)
		code = collect(&report);
	if (!code)
		assemble(out, &report.data);
	page_close(report.page);
	buffer_release(&report.data);
	return code;
}
