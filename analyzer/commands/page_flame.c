/* SPDX-License-Identifier: MIT */
/* /api/flame - the stacks of a type, with their values: of a moment, of what changed, or against another recording. */
#include "../render/page_flame.h"
#include "page_internal.h"

static void add_flame(const struct session *session, struct buffer *json)
{
	struct samples_options wanted = {.type = session->options->type, .several_recordings = session->has_base};
	struct samples samples;

	samples_build(&session->profile, &wanted, &samples);
	page_flame_json(json, &session->head, &samples);
	samples_release(&samples);
}

int page_flame(struct page *page, const struct page_query *query, struct buffer *json, struct error *error)
{
	static const char *const parameters[] = {"type",   "process", "since",    "until", "focus",
						 "ignore", "hide",    "show-all", "base",  NULL};
	static const struct page_call call = {FOR_TOP, "flame", parameters};
	struct page_request request;
	struct session session = {0};
	int code = page_request_init(page, query, &call, &request, error);

	if (!code) {
		code = page_session_begin(&request, &session, error);
		if (!code)
			code = session_build(&session, NULL, error);
		if (!code)
			add_flame(&session, json);
		page_session_end(&request, &session);
	}
	page_request_release(&request);
	return code;
}
