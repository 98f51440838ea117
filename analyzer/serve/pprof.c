/* SPDX-License-Identifier: MIT */
#include "pprof.h"

#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "../commands/page_request.h"

#define MOST_SECONDS (10L * 366 * 86400)

void pprof_index(struct buffer *out)
{
	buffer_add(out,
		   "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Seep: "
		   "/debug/pprof/</title></head>"
		   "<body><h1>/debug/pprof/</h1>\n"
		   "<ul><li><a href=\"heap\">heap</a>: what is held: memory, and by -sample_index descriptors, timers, "
		   "...</li>\n"
		   "<li><a href=\"allocs\">allocs</a>: the same profile, beginning with what was acquired since the "
		   "start</li></ul>\n"
		   "<p>?seconds=N: the growth in the last N seconds of the recording. ?recording=N, ?process=PID, "
		   "?since=10m, ?focus=REGEX: as on the page.</p></body></html>\n");
}

/* `seconds` becomes `since`; of what else Go's servers take, a collection before (`gc`) means nothing here. */
static int take_seconds(const struct page_query *query, struct page_query *out, struct error *error)
{
	const char *text_form = page_query_value(query, "debug");
	long seconds;
	int code = page_query_number(query, "seconds", 1, MOST_SECONDS, 0, &seconds, error);
	char *since;

	if (!code && text_form && strcmp(text_form, "0") != 0)
		code = error_set(error, SEEP_ERR_USAGE,
				 "there is no text form; leave out debug=%s, and read it with `go tool pprof`",
				 text_form);
	if (code || !seconds)
		return code;
	since = memory_format("%lds", seconds);
	code = page_query_add(out, "since", since, error);
	free(since);
	return code;
}

static bool is_of_go(const char *name)
{
	return !strcmp(name, "seconds") || !strcmp(name, "gc") || !strcmp(name, "debug");
}

/* An export's query. */
static int translate(const struct page_query *query, const char *type, struct page_query *out, struct error *error)
{
	int code = page_query_add(out, "format", "pprof", error);

	for (size_t i = 0; i < query->count && !code; i++)
		if (!is_of_go(query->parameters[i].name) && *query->parameters[i].value)
			code = page_query_add(out, query->parameters[i].name, query->parameters[i].value, error);
	if (!code && !page_query_value(query, "type"))
		code = page_query_add(out, "type", type, error);
	return code ? code : take_seconds(query, out, error);
}

int pprof_profile(struct page *page, const struct page_query *query, const char *type, struct buffer *out,
		  struct error *error)
{
	struct page_query wanted = {0};
	struct page_file file; /* its name is the path's */
	int code = translate(query, type, &wanted, error);

	if (!code)
		code = page_export(page, &wanted, out, &file, error);
	page_query_release(&wanted);
	return code;
}
