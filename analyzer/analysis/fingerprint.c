/* SPDX-License-Identifier: MIT */
#include "fingerprint.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "paths.h"

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

/* ---- functions ---- */

/* A name on its way from `at` to `out`, which is as long as the name at least. */
struct naming {
	const char *start, *at;
	char *out;
	size_t size;
	bool is_operator; /* what follows is part of its name */
};

static void keep(struct naming *naming, size_t size)
{
	memcpy(naming->out + naming->size, naming->at, size);
	naming->size += size;
	naming->at += size;
}

static void put(struct naming *naming, const char *text)
{
	size_t size = strlen(text);

	memcpy(naming->out + naming->size, text, size);
	naming->size += size;
}

/* The end of what begins with a bracket here, behind the closing one. "->" closes nothing. */
static const char *closing(const char *at)
{
	char open = *at, close = open == '<' ? '>' : open == '(' ? ')' : open == '{' ? '}' : ']';
	size_t depth = 0;

	for (; *at; at++) {
		if (*at == open)
			depth++;
		else if (*at == close && !(close == '>' && at[-1] == '-') && --depth == 0)
			return at + 1;
	}
	return at;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static bool follows_word(const struct naming *naming)
{
	return naming->at > naming->start && is_word(naming->at[-1]);
}

/* "operator()", "operator new[]", "operator<<", "operator std::string": the symbols are no brackets. */
static bool take_operator(struct naming *naming)
{
	static const char *const names[] = {
		"operator()",  "operator[]", "operator<=>", "operator<<=", "operator<<", "operator<=", "operator<",
		"operator>>=", "operator>>", "operator>=",  "operator->*", "operator->", "operator>"};

	if (follows_word(naming) || !starts_with(naming->at, "operator") || is_word(naming->at[strlen("operator")]))
		return false;
	naming->is_operator = true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (starts_with(naming->at, names[i])) {
			keep(naming, strlen(names[i]));
			if (starts_with(naming->at, " <")) /* "operator<< <char>" */
				naming->at++;
			return true;
		}
	keep(naming, strlen("operator"));
	return true;
}

/* "{lambda(int)#1}", "{closure#0}", "{{closure}}", "<lambda(int)>": what it is, without its number. */
static void take_unnamed(struct naming *naming)
{
	const char *end = closing(naming->at);

	put(naming, "{");
	while (naming->at < end && !is_word(*naming->at))
		naming->at++;
	while (naming->at < end && is_word(*naming->at))
		keep(naming, 1);
	put(naming, "}");
	naming->at = end;
}

static bool ends_operator(const struct naming *naming)
{
	return naming->is_operator && naming->size && naming->out[naming->size - 1] == '<';
}

/* Template arguments go; a Rust path that begins with its type ("<Vec<T> as Drop>::drop") stays, without theirs. */
static void take_angle(struct naming *naming)
{
	bool is_path = !naming->size || strchr(" (&<", naming->out[naming->size - 1]);

	if (starts_with(naming->at, "<lambda")) {
		take_unnamed(naming);
	} else if (is_path && !ends_operator(naming)) {
		naming->is_operator = true;
		keep(naming, 1);
	} else {
		naming->at = closing(naming->at);
		put(naming, "<>");
	}
}

/* Parameters go. True: what follows is still part of the name ("main()::{lambda()#1}::operator()"). */
static bool take_parameters(struct naming *naming)
{
	static const char anonymous[] = "(anonymous namespace)";

	if (starts_with(naming->at, anonymous)) {
		keep(naming, strlen(anonymous));
		return true;
	}
	naming->at = closing(naming->at);
	while (starts_with(naming->at, " const") || starts_with(naming->at, " &"))
		naming->at += *(naming->at + 1) == '&' ? 2 : strlen(" const");
	return starts_with(naming->at, "::");
}

/* Inline namespaces of the standard libraries: they are the compiler's choice. */
static bool skip_inline_namespace(struct naming *naming)
{
	static const char *const names[] = {"__cxx11::", "__1::", "_V2::"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!follows_word(naming) && starts_with(naming->at, names[i])) {
			naming->at += strlen(names[i]);
			return true;
		}
	return false;
}

/* False at the name's end. */
static bool take_next(struct naming *naming)
{
	switch (*naming->at) {
	case '\0':
		return false;
	case '<':
		take_angle(naming);
		return true;
	case '(':
		return take_parameters(naming);
	case '{':
		take_unnamed(naming);
		return true;
	case '[':
		if (starts_with(naming->at, "[abi:"))
			naming->at = closing(naming->at);
		else
			keep(naming, 1);
		return true;
	case ' ':
		if (starts_with(naming->at, " [clone "))
			return false;
		if (naming->is_operator) {
			keep(naming, 1);
			return true;
		}
		naming->size = 0; /* all before it is the return type */
		naming->at++;
		return true;
	default:
		if (!take_operator(naming) && !skip_inline_namespace(naming))
			keep(naming, 1);
		return true;
	}
}

static bool is_clone_suffix(const char *suffix)
{
	static const char *const names[] = {"part", "constprop", "isra",       "cold",     "lto_priv",
					    "llvm", "clone",     "localalias", "resolver", "warm"};

	if (suffix[strspn(suffix, "0123456789")] == '\0')
		return *suffix != '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(suffix, names[i]))
			return true;
	return false;
}

static void cut_clone_suffixes(char *name)
{
	char *dot;

	while ((dot = strrchr(name, '.')) && dot > name && is_clone_suffix(dot + 1))
		*dot = '\0';
}

char *fingerprint_function(const char *function)
{
	/* "<lambda>" and its like become longer by no more than what they lose; "<>" for "<" that never closes does */
	struct naming naming = {.start = function, .at = function, .out = memory_zeroed(2 * strlen(function) + 3, 1)};

	if (*function == '[')
		strcpy(naming.out, function);
	else
		while (take_next(&naming))
			;
	if (*function != '[')
		naming.out[naming.size] = '\0';
	if (!naming.out[0])
		strcpy(naming.out, function);
	cut_clone_suffixes(naming.out);
	return naming.out;
}

/* ---- modules ---- */

/* A version is a dash and digits, or digits with a point in them: the 11 of libX11 is none. */
static void cut_version(char *name)
{
	size_t size = strlen(name), digits = size;

	while (digits && strchr("0123456789.", name[digits - 1]))
		digits--;
	if (digits == size || !digits)
		return;
	if (name[digits - 1] == '-' && digits > 1)
		name[digits - 1] = '\0';
	else if (strchr(name + digits, '.') && isdigit((unsigned char)name[digits]))
		name[digits] = '\0';
}

char *fingerprint_module(const char *path)
{
	char *name = memory_string(path_base(path)), *end = strstr(name, " (deleted)"), *so, *whole;

	if (end)
		*end = '\0';
	so = strstr(name, ".so");
	if (so && (so[3] == '\0' || so[3] == '.'))
		*so = '\0';
	else
		so = NULL;
	cut_version(name);
	whole = memory_format("%s%s", name, so ? ".so" : "");
	free(name);
	return whole;
}

/* ---- stacks ---- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
	return hash;
}

static bool is_program(const struct recording *recording, const char *module)
{
	for (size_t i = 0; i < recording->process_count; i++)
		if (recording->processes[i].id && !strcmp(recording->processes[i].exe, module))
			return true;
	return false;
}

static const struct profile_frame *frame_at(const struct profile *profile, const struct profile_stack *stack, size_t i)
{
	return &profile->frames[profile->frame_ids[stack->first + i]];
}

static bool is_start_code(const struct profile_frame *frame)
{
	return profile_is_c_library(frame->module) || !strcmp(frame->function, "_start");
}

size_t fingerprint_frames(const struct profile *profile, const struct profile_stack *stack)
{
	size_t count = stack->count;

	while (count && is_start_code(frame_at(profile, stack, count - 1)))
		count--;
	return count ? count : stack->count;
}

/* A frame of no file (generated code, "[outer frames cut]") is as good as named. */
static bool has_name(const struct profile_frame *frame)
{
	return frame->resolved || !frame->module[0];
}

static bool has_any_name(const struct profile *profile, const struct profile_stack *stack, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (has_name(frame_at(profile, stack, i)))
			return true;
	return false;
}

/* Generated code lies elsewhere in each run: "[no file]+0x7f..." is "[no file]". */
static char *line_of_no_file(const struct profile_frame *frame)
{
	size_t size = starts_with(frame->function, "[no file]") ? strlen("[no file]") : strlen(frame->function);

	return memory_format("!%.*s\n", (int)size, frame->function);
}

/* "MODULE!FUNCTION\n", to be freed; *by_offset is set where that holds for one build only. */
static char *line_of(const struct recording *recording, const struct profile_frame *frame, bool by_offset_only,
		     bool *by_offset)
{
	bool is_own = is_program(recording, frame->module);
	const char *offset = strrchr(frame->function, '+');
	char *module, *function, *line;

	if (!frame->module[0])
		return line_of_no_file(frame);
	module = is_own ? memory_string("[program]") : fingerprint_module(frame->module);
	if (frame->resolved) {
		function = fingerprint_function(frame->function);
	} else if (is_own || by_offset_only) {
		function = memory_string(offset ? offset : frame->function);
		*by_offset = true;
	} else {
		function = memory_string("");
	}
	line = memory_format("%s!%s\n", module, function);
	free(module);
	free(function);
	return line;
}

static uint64_t hash_kind(enum seep_kind kind)
{
	return hash_text(hash_text(FNV_BASIS, kind_name(kind)), "\n");
}

struct fingerprint fingerprint_of_stack(const struct recording *recording, const struct profile *profile,
					const struct profile_stack *stack, enum seep_kind kind)
{
	size_t count = fingerprint_frames(profile, stack);
	bool by_offset_only = !has_any_name(profile, stack, count);
	struct fingerprint fingerprint = {.hash = hash_kind(kind)};
	char *previous = NULL;

	for (size_t i = 0; i < count; i++) {
		char *line = line_of(recording, frame_at(profile, stack, i), by_offset_only, &fingerprint.by_offset);

		if (!previous || strcmp(previous, line) != 0)
			fingerprint.hash = hash_text(fingerprint.hash, line);
		free(previous);
		previous = line;
	}
	free(previous);
	return fingerprint;
}

struct fingerprint fingerprint_of_frame(const struct recording *recording, const struct profile_frame *frame,
					enum seep_kind kind)
{
	struct fingerprint fingerprint = {.hash = hash_kind(kind)};
	char *line = line_of(recording, frame, !has_name(frame), &fingerprint.by_offset);

	fingerprint.hash = hash_text(fingerprint.hash, line);
	free(line);
	return fingerprint;
}

struct fingerprint fingerprint_of_node(const struct recording *recording, uint32_t node_id, enum seep_kind kind)
{
	struct profile profile;
	struct fingerprint fingerprint;

	profile_of_node(recording, node_id, false, &profile);
	fingerprint = fingerprint_of_stack(recording, &profile, &profile.stacks[0], kind);
	profile_release(&profile);
	return fingerprint;
}

/* ---- text ---- */

struct fingerprint_text fingerprint_text(struct fingerprint fingerprint)
{
	struct fingerprint_text out;

	snprintf(out.text, sizeof(out.text), "%c1:%016" PRIx64, fingerprint.by_offset ? 'o' : 's', fingerprint.hash);
	return out;
}

bool fingerprint_parse(const char *text, struct fingerprint *out)
{
	if ((!starts_with(text, "s1:") && !starts_with(text, "o1:")) || strlen(text) != 19 ||
	    strspn(text + 3, "0123456789abcdef") != 16)
		return false;
	*out = (struct fingerprint){strtoull(text + 3, NULL, 16), text[0] == 'o'};
	return true;
}

int fingerprint_compare(struct fingerprint a, struct fingerprint b)
{
	if (a.by_offset != b.by_offset)
		return a.by_offset ? 1 : -1;
	return (a.hash > b.hash) - (a.hash < b.hash);
}
