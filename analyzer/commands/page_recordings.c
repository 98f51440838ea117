/* SPDX-License-Identifier: MIT */
/* Which recordings there are: their programs and processes, and what they can be asked for. */
#include <stdlib.h>

#include "../analysis/memory.h"
#include "../base/clock.h"
#include "../render/page.h"
#include "page_internal.h"

static const struct page_call call = {FOR_INFO, "info", (const char *const[]){NULL}};

/* What a row borrows from. */
struct opened {
	struct page_request request;
	struct session session;
	struct value_type *types;
	char *host;
};

static bool has_value(const struct session *session, const struct value_type *type)
{
	const struct session_recording *main = &session->main;

	for (size_t i = 0; i < main->count; i++) {
		const struct model_total *total = &main->totals[i];

		if (total->site_id < main->recording.site_count &&
		    value_type_has_kind(type, main->recording.sites[total->site_id].kind) && value_type_of(type, total))
			return true;
	}
	return false;
}

static size_t find_types(const struct session *session, struct value_type **out)
{
	size_t capacity = 0, count = 0;
	struct value_type type;

	*out = NULL;
	for (unsigned i = 0; value_type_name(i); i++) {
		if (!value_type_find(value_type_name(i), &type) || !has_value(session, &type))
			continue;
		*out = memory_grow(*out, &capacity, count + 1, sizeof(**out));
		(*out)[count++] = type;
	}
	return count;
}

static int open_one(struct page *page, size_t index, struct opened *opened, struct page_recording_row *row,
		    struct error *error)
{
	char *number = memory_format("%zu", index);
	struct page_query query = {.parameters = {{"recording", number}}, .count = 1};
	struct session *session = &opened->session;
	int code = page_request_init(page, &query, &call, &opened->request, error);

	free(number);
	if (!code)
		code = page_session_begin(&opened->request, session, error);
	if (!code)
		code = session_moments(session, error);
	if (!code)
		code = store_read_totals(session->main.store, 0, INT64_MAX, &session->main.totals, &session->main.count,
					 error);
	if (code)
		return code;
	session_head(session);
	opened->host = store_read_meta(session->main.store, "host");
	*row = (struct page_recording_row){
		.path = session->main.recording.path,
		.recording = &session->main.recording,
		.program = session->head.program,
		.program_path = session->head.program_path,
		.build_id = session->head.build_id,
		.host = opened->host,
		.trust = session->head.trust,
	};
	row->is_live = !session->main.recording.ended_ns && row->trust.stale_s == 0;
	row->type_count = find_types(session, &opened->types);
	row->types = opened->types;
	session_close_files(session);
	return SEEP_OK;
}

static void close_one(struct opened *opened)
{
	if (opened->request.recording)
		page_session_end(&opened->request, &opened->session);
	page_request_release(&opened->request);
	free(opened->types);
	free(opened->host);
}

int page_types(struct page *page, size_t recording, struct value_type **out, size_t *count, struct error *error)
{
	struct page_recording_row row = {0};
	struct opened opened = {0};
	int code = open_one(page, recording, &opened, &row, error);

	*out = opened.types;
	*count = row.type_count;
	opened.types = NULL;
	close_one(&opened);
	return code;
}

/* One that has gone or is damaged hides no other one: its row says why. Fails only if there is no other. */
static int open_all(struct page *page, struct opened *opened, struct page_recording_row *rows, struct error *errors)
{
	size_t failed = 0;
	int code = SEEP_OK;

	for (size_t i = 0; i < page->recording_count; i++) {
		int its = open_one(page, i, &opened[i], &rows[i], &errors[i]);

		if (!its)
			continue;
		rows[i] = (struct page_recording_row){.path = page->recordings[i].path, .error = errors[i].text};
		if (!failed++)
			code = its;
	}
	return failed < page->recording_count ? SEEP_OK : code;
}

int page_recordings(struct page *page, const struct page_query *query, struct buffer *json, struct error *error)
{
	struct opened *opened = memory_zeroed(page->recording_count, sizeof(*opened));
	struct page_recording_row *rows = memory_zeroed(page->recording_count, sizeof(*rows));
	struct error *errors = memory_zeroed(page->recording_count, sizeof(*errors));
	struct page_request request;
	int code = page_request_init(page, query, &call, &request, error);

	page_request_release(&request);
	if (!code) {
		code = open_all(page, opened, rows, errors);
		if (code)
			error_set(error, code, "%s", errors[0].text);
	}
	if (!code)
		page_recordings_json(json, rows, page->recording_count, clock_realtime_ns());
	for (size_t i = 0; i < page->recording_count; i++)
		close_one(&opened[i]);
	free(opened);
	free(rows);
	free(errors);
	return code;
}
