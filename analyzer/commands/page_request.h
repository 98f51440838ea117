/* SPDX-License-Identifier: MIT */
/*
 * page_request.h - what a query means: a recording, and options as a command line would give them. For the functions of
 * page.h, each of which begins with page_request_init() and ends with page_request_release().
 *
 * There is one parser, options_parse(): a query's parameters become a command line, so that `type`, `since`, ... are
 * what --type, --since, ... are, and a mistake gets the same sentence. What comes over the network is bounded first:
 * see page_query.c.
 */
#ifndef SEEP_PAGE_REQUEST_H
#define SEEP_PAGE_REQUEST_H

#include "open.h"
#include "page.h"

struct page_recording;

/*
 * What a function takes. Parameters that become options: type, by, cum, limit, focus, ignore, hide, show-all, since,
 * until, process, base (an index) and format (of an export), of those that `command` has; times may also be seconds
 * since 1970. Any other name is the function's own, which reads it from the query. `recording` is always taken.
 */
struct page_call {
	enum options_command command;
	const char *command_name;
	const char *const *parameters; /* NULL ends them */
};

enum { PAGE_MOST_WORDS = PAGE_MOST_PARAMETERS + 8 };

/* Zeroed is valid and empty. */
struct page_request {
	struct page_recording *recording;
	struct options options; /* with the recording as operand */
	bool has_options;
	char *words[PAGE_MOST_WORDS]; /* the command line; options borrow from it */
	int word_count;
};

/*
 * 0; SEEP_ERR_USAGE if a parameter is not taken or its value is wrong; SEEP_ERR_NOT_FOUND if there is no such
 * recording. Release in either case.
 */
int page_request_init(struct page *page, const struct page_query *query, const struct page_call *call,
		      struct page_request *out, struct error *error);
void page_request_release(struct page_request *request);

/* A whole number of a function's own; `missing` if it is not given, SEEP_ERR_USAGE if it is none or out of bounds. */
int page_query_number(const struct page_query *query, const char *name, long least, long most, long missing, long *out,
		      struct error *error);

/*
 * session_open() of a request, with the names that earlier sessions of the recording have looked up. Call
 * page_session_end() in any case, before the request is released: it closes the session, and keeps its names.
 */
int page_session_begin(struct page_request *request, struct session *session, struct error *error);
void page_session_end(struct page_request *request, struct session *session);

#endif
