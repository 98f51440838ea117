/* SPDX-License-Identifier: MIT */
#include "baseline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "policy.h"

static const char head[] = "seep-baseline ";

bool baseline_is(const char *text)
{
	while (*text == '#' || *text == '\n') {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return !strncmp(text, head, strlen(head));
}

static int compare_entries(const void *left, const void *right)
{
	const struct baseline_entry *a = left, *b = right;

	return fingerprint_compare(a->fingerprint, b->fingerprint);
}

struct baseline_entry *baseline_add(struct baseline *baseline)
{
	struct baseline_entry *entry;

	baseline->entries =
		memory_grow(baseline->entries, &baseline->capacity, baseline->count + 1, sizeof(*baseline->entries));
	entry = &baseline->entries[baseline->count++];
	*entry = (struct baseline_entry){0};
	return entry;
}

void baseline_sort(struct baseline *baseline)
{
	if (baseline->count)
		qsort(baseline->entries, baseline->count, sizeof(*baseline->entries), compare_entries);
}

const struct baseline_entry *baseline_find(const struct baseline *baseline, struct fingerprint fingerprint)
{
	struct baseline_entry wanted = {.fingerprint = fingerprint};

	return baseline->count ? bsearch(&wanted, baseline->entries, baseline->count, sizeof(wanted), compare_entries)
			       : NULL;
}

void baseline_release(struct baseline *baseline)
{
	for (size_t i = 0; i < baseline->count; i++) {
		free(baseline->entries[i].event);
		free(baseline->entries[i].functions);
	}
	free(baseline->entries);
	*baseline = (struct baseline){0};
}

/* ---- reading ---- */

/* The next word of a line, cut off in place; "" at its end. */
static char *cut_word(char **line)
{
	char *word = *line + strspn(*line, " \t\r");

	*line = word + strcspn(word, " \t\r");
	if (**line)
		*(*line)++ = '\0';
	return word;
}

static bool is_figure(const char *word, double *out)
{
	char *end;

	*out = strtod(word, &end);
	return *word && !*end && isfinite(*out) && *out >= 0;
}

/* "200 objects/s" */
static bool take_figure(char **line, const char *unit, double *out)
{
	return is_figure(cut_word(line), out) && !strcmp(cut_word(line), unit);
}

static bool take_kind(char **line, enum seep_kind *out)
{
	char *word = cut_word(line);
	int kind;

	for (char *dash = word; (dash = strchr(dash, '-'));)
		*dash = ' ';
	kind = kind_by_name(word);
	*out = kind < 0 ? SEEP_KIND_HEAP : (enum seep_kind)kind;
	return kind >= 0;
}

static bool take_word(char **line, const char *word)
{
	char *at = *line + strspn(*line, " \t\r");
	size_t size = strlen(word);

	if (strncmp(at, word, size) != 0 || (at[size] && !strchr(" \t\r", at[size])))
		return false;
	*line = at + size;
	return true;
}

static enum baseline_state take_state(char **line)
{
	if (take_word(line, "part"))
		return BASELINE_PART;
	return take_word(line, "open") ? BASELINE_OPEN : BASELINE_LEAK;
}

/* What is wrong, or NULL. */
static const char *parse_line(char *line, struct baseline_entry *out)
{
	char *comment = strchr(line, '#'), *word;

	if (comment) {
		*comment++ = '\0';
		comment += strspn(comment, " ");
	}
	out->functions = memory_string(comment ? comment : "");
	if (!fingerprint_parse(cut_word(&line), &out->fingerprint))
		return "a line begins with a fingerprint, such as s1:0123456789abcdef";
	if (!take_kind(&line, &out->kind))
		return "the second word is a kind, such as heap or posix-timer";
	out->state = take_state(&line);
	if (out->state == BASELINE_PART)
		return *cut_word(&line) ? "after part stands nothing" : NULL;
	if (!take_figure(&line, "objects/s", &out->objects) || !take_figure(&line, "bytes/s", &out->bytes))
		return "after the kind stands what leaked, such as 2 objects/s 480 bytes/s";
	word = cut_word(&line);
	if (!*word)
		return NULL;
	if (!is_figure(word, &out->ratio) || strcmp(cut_word(&line), "per") != 0)
		return "after bytes/s may stand a ratio, such as 1 per accepted";
	word = cut_word(&line);
	out->event = memory_string(word);
	return *word && !*cut_word(&line) ? NULL : "after per stands one word, the event";
}

static int parse_head(const char *file, const char *line, unsigned number, struct error *error)
{
	if (!strncmp(line, head, strlen(head)) && !strcmp(line + strlen(head), "1"))
		return SEEP_OK;
	if (!strncmp(line, head, strlen(head)))
		return policy_refuse(error, file, number, "it is of version '%s', and this Seep knows 1; write it anew",
				     line + strlen(head));
	return policy_refuse(error, file, number, "a baseline begins with 'seep-baseline 1'");
}

static int check_order(const char *file, const struct baseline *baseline, struct error *error)
{
	for (size_t i = 1; i < baseline->count; i++) {
		struct fingerprint fingerprint = baseline->entries[i].fingerprint;

		if (!fingerprint_compare(baseline->entries[i - 1].fingerprint, fingerprint))
			return error_set(error, SEEP_ERR_USAGE, "%s: %s is in it twice; leave one line out", file,
					 fingerprint_text(fingerprint).text);
	}
	return SEEP_OK;
}

int baseline_parse(const char *file, const char *text, struct baseline *out, struct error *error)
{
	bool has_head = false;
	int code = SEEP_OK;

	for (unsigned number = 1; !code && *text; number++) {
		size_t size = strcspn(text, "\n"), kept = size && text[size - 1] == '\r' ? size - 1 : size;
		char *line = memory_format("%.*s", (int)kept, text);
		const char *wrong = NULL;

		if (line[0] && line[0] != '#') {
			if (!has_head)
				code = parse_head(file, line, number, error);
			else
				wrong = parse_line(line, baseline_add(out));
			has_head = true;
		}
		if (wrong)
			code = policy_refuse(error, file, number, "%s", wrong);
		free(line);
		text += size + (text[size] == '\n');
	}
	if (!code && !has_head)
		code = error_set(error, SEEP_ERR_USAGE, "%s: a baseline begins with 'seep-baseline 1'", file);
	baseline_sort(out);
	return code ? code : check_order(file, out, error);
}
