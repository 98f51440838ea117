/* SPDX-License-Identifier: MIT */
/* policy_foreign.c - the suppression files of LeakSanitizer and Valgrind. Their formats are those of their manuals. */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "policy.h"

#define HEAP_KINDS (UINT32_C(1) << SEEP_KIND_HEAP)

struct reader {
	const char *file, *at;
	unsigned number; /* of the line that was read last */
	char *line;      /* without blanks around it */
};

/* The next line that is neither empty nor a comment; false at the end. */
static bool next_line(struct reader *reader)
{
	while (*reader->at) {
		size_t size = strcspn(reader->at, "\n"), left = strspn(reader->at, " \t\r"), right = size;

		if (left > size)
			left = size;
		while (right > left && strchr(" \t\r", reader->at[right - 1]))
			right--;
		free(reader->line);
		reader->line = memory_format("%.*s", (int)(right - left), reader->at + left);
		reader->at += size + (reader->at[size] == '\n');
		reader->number++;
		if (reader->line[0] && reader->line[0] != '#')
			return true;
	}
	return false;
}

/* ---- LeakSanitizer ---- */

int policy_parse_lsan(const char *file, const char *text, struct policy *out, struct error *error)
{
	struct reader reader = {.file = file, .at = text};
	int code = SEEP_OK;

	while (!code && next_line(&reader)) {
		struct policy_suppression *suppression;

		if (strncmp(reader.line, "leak:", 5) != 0 || !reader.line[5]) {
			code = policy_refuse(error, file, reader.number, "'%s' is no suppression; write leak:PATTERN",
					     reader.line);
			break;
		}
		suppression = policy_add_suppression(out, file, reader.number);
		suppression->name = memory_string(reader.line + 5);
		suppression->selector = (struct selector){
			.kinds = HEAP_KINDS, .form = SELECT_PATTERN, .pattern = memory_string(reader.line + 5)};
	}
	free(reader.line);
	return code;
}

/* ---- Valgrind ---- */

/* "Memcheck:Leak", or "Helgrind,Memcheck:Leak". */
static bool is_leak(const char *line)
{
	const char *colon = strchr(line, ':'), *tool = strstr(line, "Memcheck");

	return colon && tool && tool < colon && !strcmp(colon + 1, "Leak");
}

static void add_frame(struct selector *selector, enum selector_frame_form form, const char *pattern)
{
	selector->frames = memory_grow(selector->frames, &selector->frame_capacity, selector->frame_count + 1,
				       sizeof(*selector->frames));
	selector->frames[selector->frame_count++] = (struct selector_frame){form, memory_string(pattern)};
}

static int take_frame(const struct reader *reader, struct selector *selector, struct error *error)
{
	const char *line = reader->line;

	if (!strcmp(line, "..."))
		add_frame(selector, SELECT_ANY_FRAMES, "");
	else if (!strncmp(line, "fun:", 4) && line[4])
		add_frame(selector, SELECT_FUNCTION, line + 4);
	else if (!strncmp(line, "obj:", 4) && line[4])
		add_frame(selector, SELECT_OBJECT, line + 4);
	else if (!strncmp(line, "src:", 4) && line[4])
		add_frame(selector, SELECT_SOURCE, line + 4);
	else
		return policy_refuse(error, reader->file, reader->number,
				     "'%s' is no frame; a frame is fun:NAME, obj:FILE, src:FILE or ...", line);
	return SEEP_OK;
}

static int ends_early(const struct reader *reader, struct error *error)
{
	return policy_refuse(error, reader->file, reader->number,
			     "the file ends within a suppression; a '}' is missing");
}

/* The frames of a leak, up to the closing brace. */
static int take_frames(struct reader *reader, struct policy_suppression *suppression, struct error *error)
{
	int code = SEEP_OK;

	while (!code) {
		if (!next_line(reader))
			return ends_early(reader, error);
		if (!strcmp(reader->line, "}"))
			break;
		/* how a block can still be reached is not known, and no matter: it grows */
		if (strncmp(reader->line, "match-leak-kinds:", 17) != 0)
			code = take_frame(reader, &suppression->selector, error);
	}
	if (!code && !suppression->selector.frame_count)
		code = policy_refuse(error, reader->file, suppression->line, "the suppression '%s' has no frames",
				     suppression->name);
	return code;
}

static int skip_suppression(struct reader *reader, struct error *error)
{
	while (next_line(reader))
		if (!strcmp(reader->line, "}"))
			return SEEP_OK;
	return ends_early(reader, error);
}

/* Behind the opening brace: a name, a tool and its kind, frames. Other tools' are read over. */
static int take_suppression(struct reader *reader, struct policy *out, struct error *error)
{
	struct policy_suppression *suppression;
	unsigned line = reader->number;
	char *name;

	if (!next_line(reader))
		return ends_early(reader, error);
	name = memory_string(reader->line);
	if (!next_line(reader)) {
		free(name);
		return ends_early(reader, error);
	}
	if (!strchr(reader->line, ':')) {
		free(name);
		return policy_refuse(error, reader->file, reader->number,
				     "'%s' is no tool and kind, such as Memcheck:Leak", reader->line);
	}
	if (!is_leak(reader->line)) {
		free(name);
		return skip_suppression(reader, error);
	}
	suppression = policy_add_suppression(out, reader->file, line);
	suppression->name = name;
	suppression->selector = (struct selector){.kinds = HEAP_KINDS, .form = SELECT_FRAMES};
	return take_frames(reader, suppression, error);
}

int policy_parse_valgrind(const char *file, const char *text, struct policy *out, struct error *error)
{
	struct reader reader = {.file = file, .at = text};
	int code = SEEP_OK;

	while (!code && next_line(&reader)) {
		if (!strcmp(reader.line, "{"))
			code = take_suppression(&reader, out, error);
		else
			code = policy_refuse(error, file, reader.number,
					     "'%s' stands where a '{' should begin a suppression", reader.line);
	}
	free(reader.line);
	return code;
}

/* ---- which one ---- */

int policy_parse_suppressions(const char *file, const char *text, struct policy *out, struct error *error)
{
	struct reader reader = {.file = file, .at = text};
	bool is_valgrind = next_line(&reader) && !strcmp(reader.line, "{");

	free(reader.line);
	return (is_valgrind ? policy_parse_valgrind : policy_parse_lsan)(file, text, out, error);
}
