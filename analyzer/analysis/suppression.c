/* SPDX-License-Identifier: MIT */
#include "suppression.h"

#include <stdlib.h>
#include <string.h>

#include "../symbols/names.h"
#include "memory.h"
#include "paths.h"

/* ---- patterns ---- */

bool pattern_is_all(const char *pattern, const char *text)
{
	const char *star = NULL, *retry = NULL;

	/* greedy with one place to go back to: the last star */
	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			retry = text;
		} else if (*pattern == *text || *pattern == '?') {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++retry;
		} else {
			return false;
		}
	}
	return !pattern[strspn(pattern, "*")];
}

/* The piece of a pattern up to its next star or its end. */
static const char *find_piece(const char *text, const char *piece, size_t size)
{
	for (; *text; text++)
		if (!strncmp(text, piece, size))
			return text;
	return size ? NULL : text;
}

bool pattern_is_in(const char *pattern, const char *text)
{
	bool is_held = *pattern == '^';

	for (pattern += is_held; *pattern && strcmp(pattern, "$") != 0;) {
		size_t size = strcspn(pattern, "*");
		bool is_last = !pattern[size], holds_end = is_last && size && pattern[size - 1] == '$';
		size_t literal = size - holds_end;
		const char *found = find_piece(text, pattern, literal);

		if (holds_end) {
			size_t left = strlen(text);

			found = left >= literal ? text + left - literal : NULL;
			if (found && strncmp(found, pattern, literal) != 0)
				found = NULL;
		}
		if (!found || (is_held && found != text))
			return false;
		if (is_last)
			return true;
		text = found + literal;
		pattern += size + 1;
		is_held = false;
	}
	return !*pattern || !is_held || !*text;
}

static bool function_has(const char *pattern, const char *function, bool (*matches)(const char *, const char *))
{
	char *plain;
	bool found = matches(pattern, function);

	if (found)
		return true;
	plain = fingerprint_function(function);
	found = matches(pattern, plain);
	free(plain);
	return found;
}

static bool frame_has(const char *pattern, const struct profile_frame *frame)
{
	return (frame->resolved && function_has(pattern, frame->function, pattern_is_in)) ||
	       (frame->file && pattern_is_in(pattern, frame->file)) ||
	       (frame->module[0] && pattern_is_in(pattern, frame->module));
}

/* ---- Valgrind's frames ---- */

static bool is_allocation(const char *pattern)
{
	static const char *const names[] = {"malloc",        "calloc", "realloc", "memalign",    "posix_memalign",
					    "aligned_alloc", "valloc", "pvalloc", "reallocarray"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (pattern_is_all(pattern, names[i]))
			return true;
	return !strncmp(pattern, "_Zn", 3) || !strncmp(pattern, "operator new", strlen("operator new")) ||
	       !strncmp(pattern, "*alloc", strlen("*alloc"));
}

static bool same_function(const char *pattern, const char *function)
{
	char *readable, *plain, *other;
	bool same;

	if (strncmp(pattern, "_Z", 2) != 0)
		return function_has(pattern, function, pattern_is_all);
	readable = name_readable(pattern);
	plain = fingerprint_function(readable ? readable : pattern);
	other = fingerprint_function(function);
	same = !strcmp(plain, other);
	free(readable);
	free(plain);
	free(other);
	return same;
}

static bool same_source(const char *pattern, const struct profile_frame *frame)
{
	char *place;
	bool same;

	if (!frame->file)
		return false;
	place = memory_format("%s:%u", path_base(frame->file), frame->line);
	same = pattern_is_all(pattern, path_base(frame->file)) || pattern_is_all(pattern, place);
	free(place);
	return same;
}

static bool frame_is(const struct selector_frame *wanted, const struct profile_frame *frame)
{
	switch (wanted->form) {
	case SELECT_FUNCTION:
		return frame->resolved ? same_function(wanted->pattern, frame->function)
				       : !strcmp(wanted->pattern, "*");
	case SELECT_OBJECT:
		return pattern_is_all(wanted->pattern, frame->module);
	case SELECT_SOURCE:
		return same_source(wanted->pattern, frame);
	case SELECT_ANY_FRAMES:
		break;
	}
	return true;
}

static const struct profile_frame *frame_at(const struct profile *profile, size_t i)
{
	return &profile->frames[profile->frame_ids[profile->stacks[0].first + i]];
}

/* The frames wanted from `wanted` on begin at frame `at`. As with patterns: one "..." to go back to is enough. */
static bool frames_begin(const struct selector *selector, size_t wanted, const struct profile *stack, size_t at)
{
	size_t count = stack->stacks[0].count, dots = SIZE_MAX, retry = 0;

	while (wanted < selector->frame_count) {
		const struct selector_frame *frame = &selector->frames[wanted];

		if (frame->form == SELECT_ANY_FRAMES) {
			dots = wanted++;
			retry = at;
		} else if (at < count && frame_is(frame, frame_at(stack, at))) {
			wanted++;
			at++;
		} else if (dots != SIZE_MAX && retry < count) {
			wanted = dots + 1;
			at = ++retry;
		} else {
			return false;
		}
	}
	return true;
}

static bool frames_match(const struct selector *selector, const struct callsite *callsite)
{
	const struct selector_frame *first = &selector->frames[0];

	if (frames_begin(selector, 0, callsite->stack, 0) ||
	    frames_begin(selector, 0, callsite->stack, callsite->shown))
		return true;
	return selector->frame_count > 1 && first->form == SELECT_FUNCTION && is_allocation(first->pattern) &&
	       (frames_begin(selector, 1, callsite->stack, 0) ||
		frames_begin(selector, 1, callsite->stack, callsite->shown));
}

/* ---- selectors ---- */

bool selector_matches(const struct selector *selector, const struct callsite *callsite)
{
	const struct profile *stack = callsite->stack;

	if (!(selector->kinds >> callsite->kind & 1))
		return false;
	switch (selector->form) {
	case SELECT_ALL:
		return true;
	case SELECT_FINGERPRINT:
		return !fingerprint_compare(selector->fingerprint, callsite->fingerprint);
	case SELECT_FRAMES:
		return frames_match(selector, callsite);
	case SELECT_PATTERN:
		break;
	}
	for (size_t i = 0; i < stack->stacks[0].count; i++)
		if (frame_has(selector->pattern, frame_at(stack, i)))
			return true;
	return false;
}

void selector_release(struct selector *selector)
{
	for (size_t i = 0; i < selector->frame_count; i++)
		free(selector->frames[i].pattern);
	free(selector->frames);
	free(selector->pattern);
	*selector = (struct selector){0};
}
