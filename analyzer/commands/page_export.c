/* SPDX-License-Identifier: MIT */
/* /api/export - a recording's figures as a file for other tools, to be kept. */
#include "export.h"
#include "page_internal.h"

/* What a browser calls the file, and what it is. */
static const struct page_file files[EXPORT_COUNT] = {
	[EXPORT_PPROF] = {"seep.pb.gz", "application/octet-stream"},
	[EXPORT_COLLAPSED] = {"seep.collapsed.txt", "text/plain; charset=utf-8"},
	[EXPORT_SPEEDSCOPE] = {"seep.speedscope.json", "application/json"},
	[EXPORT_HEAPTRACK] = {"seep.heaptrack", "text/plain; charset=utf-8"},
	[EXPORT_CSV] = {"seep.csv", "text/csv; charset=utf-8"},
	[EXPORT_SVG] = {"seep.svg", "image/svg+xml"},
	[EXPORT_JSON] = {"seep.json", "application/json"},
};

static int add_file(struct page_request *request, struct buffer *out, struct error *error)
{
	struct session session = {0};
	int code = export_check(&request->options, error);

	if (code)
		return code;
	code = page_session_begin(request, &session, error);
	if (!code)
		code = export_session(&session, out, error);
	page_session_end(request, &session);
	return code;
}

int page_export(struct page *page, const struct page_query *query, struct buffer *out, struct page_file *file,
		struct error *error)
{
	static const char *const parameters[] = {"format", "type", "process",  "since", "until", "focus",
						 "ignore", "hide", "show-all", "base",  NULL};
	static const struct page_call call = {FOR_EXPORT, "export", parameters};
	struct page_request request;
	int code;

	if (!page_query_value(query, "format"))
		return error_set(error, SEEP_ERR_USAGE, "export as what? give a format");
	code = page_request_init(page, query, &call, &request, error);
	if (!code)
		code = add_file(&request, out, error);
	if (!code)
		*file = files[request.options.format];
	page_request_release(&request);
	return code;
}
