/* SPDX-License-Identifier: MIT */
/*
 * Who asks may be anybody with the token, so a query is bounded before it is parsed: how many parameters, how long, and
 * what an expression may hold. No file is named by it, only recordings by their index.
 *
 * glibc compiles an expression into a tree, copies the parts that {n,m} and + repeat, and follows a backreference by
 * trying: a{9999}, ((((a+)+)+)+)+... and (a*)*\1 take memory and time without bound.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "page_internal.h"

enum { MOST_PLUSES = 8 }; /* each may double what is compiled */

/* ---- parameters ---- */

int page_query_add(struct page_query *query, const char *name, const char *value, struct error *error)
{
	if (!value)
		value = "";
	if (strlen(name) > PAGE_MOST_BYTES || strlen(value) > PAGE_MOST_BYTES)
		return error_set(error, SEEP_ERR_USAGE, "the parameter '%.20s' is longer than %d bytes; shorten it",
				 name, PAGE_MOST_BYTES);
	for (size_t i = 0; i < query->count; i++)
		if (!strcmp(query->parameters[i].name, name))
			return error_set(error, SEEP_ERR_USAGE, "the parameter '%s' is given twice; leave one out",
					 name);
	if (query->count == PAGE_MOST_PARAMETERS)
		return error_set(error, SEEP_ERR_USAGE, "there are more than %d parameters; leave some out",
				 PAGE_MOST_PARAMETERS);
	query->parameters[query->count++] = (struct page_parameter){memory_string(name), memory_string(value)};
	return SEEP_OK;
}

void page_query_release(struct page_query *query)
{
	for (size_t i = 0; i < query->count; i++) {
		free(query->parameters[i].name);
		free(query->parameters[i].value);
	}
	*query = (struct page_query){0};
}

const char *page_query_value(const struct page_query *query, const char *name)
{
	for (size_t i = 0; i < query->count; i++)
		if (!strcmp(query->parameters[i].name, name))
			return *query->parameters[i].value ? query->parameters[i].value : NULL;
	return NULL;
}

/* The parameter's number, no blanks and no sign but '-' before it. */
static bool parse_number(const char *text, long least, long most, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	return isdigit((unsigned char)text[*text == '-']) && !*end && !errno && *out >= least && *out <= most;
}

int page_query_number(const struct page_query *query, const char *name, long least, long most, long missing, long *out,
		      struct error *error)
{
	const char *value = page_query_value(query, name);

	*out = missing;
	if (!value || parse_number(value, least, most, out))
		return SEEP_OK;
	return error_set(error, SEEP_ERR_USAGE, "%s takes a whole number from %ld to %ld, not '%s'", name, least, most,
			 value);
}

/* ---- a command line ---- */

enum form {
	FORM_WORD,
	FORM_FLAG,
	FORM_EXPRESSION,
	FORM_TIME,
	FORM_RECORDING,
	FORM_FORMAT,
};

/* Those that are options, too, and as what they are read. */
static const struct {
	const char *name;
	enum form form;
} option_parameters[] = {
	{"type", FORM_WORD},       {"by", FORM_WORD},       {"limit", FORM_WORD},       {"process", FORM_WORD},
	{"cum", FORM_FLAG},        {"show-all", FORM_FLAG}, {"focus", FORM_EXPRESSION}, {"ignore", FORM_EXPRESSION},
	{"hide", FORM_EXPRESSION}, {"since", FORM_TIME},    {"until", FORM_TIME},       {"base", FORM_RECORDING},
	{"format", FORM_FORMAT},
};

static bool is_taken(const struct page_call *call, const char *name)
{
	if (!strcmp(name, "recording"))
		return true;
	for (size_t i = 0; call->parameters[i]; i++)
		if (!strcmp(name, call->parameters[i]))
			return true;
	return false;
}

static int check_names(const struct page_query *query, const struct page_call *call, struct error *error)
{
	struct buffer names = {0};

	for (size_t i = 0; i < query->count; i++) {
		if (is_taken(call, query->parameters[i].name))
			continue;
		for (size_t j = 0; call->parameters[j]; j++)
			buffer_format(&names, ", %s", call->parameters[j]);
		error_set(error, SEEP_ERR_USAGE, "there is no parameter '%s' here; there are recording%s",
			  query->parameters[i].name, names.size ? names.text : " and nothing else");
		buffer_release(&names);
		return SEEP_ERR_USAGE;
	}
	return SEEP_OK;
}

static int check_expression(const char *name, const char *text, struct error *error)
{
	int pluses = 0;

	for (const char *at = text; *at; at++) {
		pluses += *at == '+';
		if (*at == '{' || (*at == '\\' && isdigit((unsigned char)at[1])))
			return error_set(error, SEEP_ERR_USAGE,
					 "%s may have no { and no backreference here; write it without", name);
		at += *at == '\\' && at[1];
	}
	if (pluses > MOST_PLUSES)
		return error_set(error, SEEP_ERR_USAGE, "%s may have no more than %d + here; write * instead", name,
				 MOST_PLUSES);
	return SEEP_OK;
}

static void add_word(struct page_request *request, char *word)
{
	request->words[request->word_count++] = word;
}

static bool is_seconds(const char *text)
{
	return *text && !text[strspn(text, "0123456789.")];
}

static int find_recording(struct page *page, const struct page_query *query, const char *name, long missing,
			  struct page_recording **out, struct error *error)
{
	long index;
	int code = page_query_number(query, name, 0, INT32_MAX, missing, &index, error);

	if (code)
		return code;
	if ((size_t)index >= page->recording_count)
		return error_set(error, SEEP_ERR_NOT_FOUND, "there is no recording %ld; there are %zu, from 0 on",
				 index, page->recording_count);
	*out = &page->recordings[index];
	return SEEP_OK;
}

/* The table's words are all that may come: no sqlite, whose copy is a file of its own. */
static int add_format(struct page_request *request, const char *value, struct error *error)
{
	struct buffer names = {0};

	for (int format = EXPORT_NONE + 1; format < EXPORT_SQLITE; format++) {
		const char *name = export_row((enum export_format)format)->name;

		buffer_format(&names, "%s%s", names.size ? ", " : "", name);
		if (strcmp(value, name) != 0)
			continue;
		add_word(request, memory_format("--%s", value));
		buffer_release(&names);
		return SEEP_OK;
	}
	error_set(error, SEEP_ERR_USAGE, "unknown format '%s'; the formats are %s", value, names.text);
	buffer_release(&names);
	return SEEP_ERR_USAGE;
}

static int add_option(struct page *page, struct page_request *request, const struct page_query *query, size_t which,
		      struct error *error)
{
	const char *name = option_parameters[which].name, *value = page_query_value(query, name);
	struct page_recording *base = NULL;
	int code = SEEP_OK;

	if (!value)
		return SEEP_OK;
	switch (option_parameters[which].form) {
	case FORM_FLAG:
		if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
			return error_set(error, SEEP_ERR_USAGE, "%s is 1 or 0, not '%s'", name, value);
		if (*value == '1')
			add_word(request, memory_format("--%s", name));
		return SEEP_OK;
	case FORM_FORMAT:
		return add_format(request, value, error);
	case FORM_RECORDING:
		code = find_recording(page, query, name, 0, &base, error);
		if (!code)
			add_word(request, memory_format("--%s=%s", name, base->path));
		return code;
	case FORM_EXPRESSION:
		code = check_expression(name, value, error);
		break;
	case FORM_TIME:
	case FORM_WORD:
		break;
	}
	if (code)
		return code;
	add_word(request,
		 memory_format("--%s=%s%s", name,
			       option_parameters[which].form == FORM_TIME && is_seconds(value) ? "@" : "", value));
	return SEEP_OK;
}

/* What `seep serve` was told, where the query says nothing else. */
static void add_defaults(const struct page *page, struct page_request *request, const struct page_query *query,
			 enum options_command command)
{
	if (page->type && command != FOR_GROWTH && command != FOR_INFO && !page_query_value(query, "type"))
		add_word(request, memory_format("--type=%s", page->type));
	if (page->wrapper && command == FOR_GROWTH)
		add_word(request, memory_format("--wrapper=%s", page->wrapper));
	if (page->debuginfod)
		add_word(request, memory_string("--debuginfod"));
}

static int add_words(struct page *page, const struct page_query *query, const struct page_call *call,
		     struct page_request *request, struct error *error)
{
	int code = SEEP_OK;

	add_word(request, memory_string(call->command_name));
	for (size_t i = 0; i < sizeof(option_parameters) / sizeof(option_parameters[0]) && !code; i++)
		if (is_taken(call, option_parameters[i].name))
			code = add_option(page, request, query, i, error);
	add_defaults(page, request, query, call->command);
	add_word(request, memory_string("--"));
	add_word(request, memory_string(request->recording->path));
	return code;
}

int page_request_init(struct page *page, const struct page_query *query, const struct page_call *call,
		      struct page_request *out, struct error *error)
{
	int code = check_names(query, call, error);

	*out = (struct page_request){0};
	if (!code)
		code = find_recording(page, query, "recording", 0, &out->recording, error);
	if (!code)
		code = add_words(page, query, call, out, error);
	if (code)
		return code;
	out->has_options = true;
	return options_parse(call->command, out->word_count, out->words, &out->options, error);
}

void page_request_release(struct page_request *request)
{
	if (request->has_options)
		options_release(&request->options);
	for (int i = 0; i < request->word_count; i++)
		free(request->words[i]);
	*request = (struct page_request){0};
}

/* ---- sessions ---- */

/* Another recording under the same name has other names. */
static bool is_same_recording(const struct session *a, const struct session *b)
{
	return a->main.recording.path && b->main.recording.path &&
	       a->main.recording.created_ns == b->main.recording.created_ns;
}

int page_session_begin(struct page_request *request, struct session *session, struct error *error)
{
	int code = session_open(&request->options, session, error);

	if (!code && is_same_recording(session, &request->recording->names))
		session_adopt_names(session, &request->recording->names);
	return code;
}

void page_session_end(struct page_request *request, struct session *session)
{
	struct session *names = &request->recording->names;

	if (!session->main.recording.path) {
		session_close(session);
		return;
	}
	session_close(names);
	names->main.recording = session->main.recording;
	names->symbolizer = session->symbolizer;
	session->main.recording = (struct recording){0};
	session->symbolizer = NULL;
	session_close(session);
}
