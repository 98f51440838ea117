/* SPDX-License-Identifier: MIT */
#include "policy.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define ALL_KINDS ((UINT32_C(1) << SEEP_KIND_COUNT) - 1)
#define BYTE_KINDS (UINT32_C(1) << SEEP_KIND_HEAP | UINT32_C(1) << SEEP_KIND_MAPPING)
#define MOST_WORDS 32

/* ---- a line's words ---- */

struct line {
	const char *file;
	unsigned number;
	char *words[MOST_WORDS];
	size_t count, next; /* next: the word to be read */
	struct error *error;
};

int policy_refuse(struct error *error, const char *file, unsigned line, const char *format, ...)
{
	char reason[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	return error_set(error, SEEP_ERR_USAGE, "%s:%u: %s", file, line, reason);
}

#define REFUSE(line, ...) policy_refuse((line)->error, (line)->file, (line)->number, __VA_ARGS__)

static const char *peek(const struct line *line)
{
	return line->next < line->count ? line->words[line->next] : "";
}

static const char *take(struct line *line)
{
	return line->next < line->count ? line->words[line->next++] : "";
}

static bool take_word(struct line *line, const char *word)
{
	if (strcmp(peek(line), word) != 0)
		return false;
	line->next++;
	return true;
}

/* One word from `*at`, to be freed; quotes are taken off. NULL: the closing quote is missing. */
static char *read_word(const char **at)
{
	char *word = memory_zeroed(strlen(*at) + 1, 1);
	size_t size = 0;
	bool quoted = false;

	for (; **at && (quoted || !strchr(" \t\r", **at)); (*at)++) {
		if (**at == '"')
			quoted = !quoted;
		else
			word[size++] = **at;
	}
	if (!quoted)
		return word;
	free(word);
	return NULL;
}

static int split(struct line *line, const char *text)
{
	for (;;) {
		char *word;

		text += strspn(text, " \t\r");
		if (!*text || *text == '#')
			return SEEP_OK;
		if (line->count == MOST_WORDS)
			return REFUSE(line, "more than %d words; split the statement", MOST_WORDS);
		word = read_word(&text);
		if (!word)
			return REFUSE(line, "a quotation mark is not closed");
		line->words[line->count++] = word;
	}
}

static void release_words(struct line *line)
{
	for (size_t i = 0; i < line->count; i++)
		free(line->words[i]);
}

static int expect_end(const struct line *line)
{
	if (line->next == line->count)
		return SEEP_OK;
	return REFUSE(line, "'%s' is too much; the statement is complete before it", peek(line));
}

/* ---- values ---- */

/* A number that begins the word; its end in *end, NULL if there is none. No sign, no exponent, no infinity. */
static double number_in(const char *word, const char **end)
{
	size_t size = strspn(word, "0123456789.");
	double value;
	char *stop;

	*end = NULL;
	if (!size || word[0] == '.')
		return 0;
	value = strtod(word, &stop);
	/* strtod() reads on in "1e5" and "0x10": those are not meant */
	if (stop == word + size && isfinite(value))
		*end = stop;
	return value;
}

static int take_duration(struct line *line, double *out)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = {{"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"", 1}};
	const char *word = take(line), *unit;
	double number = number_in(word, &unit);

	for (size_t i = 0; unit && i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(unit, units[i].unit)) {
			*out = number * units[i].seconds;
			return SEEP_OK;
		}
	return REFUSE(line, "'%s' is no duration; write 30s, 5m or 1h", word);
}

static int take_percent(struct line *line, double *out)
{
	const char *word = take(line), *unit;
	double number = number_in(word, &unit);

	if (!unit || strcmp(unit, "%") != 0)
		return REFUSE(line, "'%s' is no percentage; write 25%%", word);
	*out = number / 100;
	return SEEP_OK;
}

/* "24 bytes", "24B", "1.5kB", "64 MB", "3 objects". */
static int take_amount(struct line *line, struct rate *out)
{
	static const struct {
		const char *unit;
		double factor;
		bool in_bytes;
	} units[] = {
		{"bytes", 1, true},        {"byte", 1, true},     {"B", 1, true},        {"kB", 1024, true},
		{"MB", 1024 * 1024, true}, {"GB", 1 << 30, true}, {"objects", 1, false}, {"object", 1, false},
	};
	const char *word = take(line), *unit;
	double number = number_in(word, &unit);

	if (!unit)
		return REFUSE(line, "'%s' is no amount; write 24 bytes, 1.5kB or 3 objects", word);
	if (!*unit)
		unit = take(line);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(unit, units[i].unit)) {
			out->amount = number * units[i].factor;
			out->in_bytes = units[i].in_bytes;
			return SEEP_OK;
		}
	return REFUSE(line, "'%s' is no unit; use bytes, kB, MB, GB or objects", unit);
}

const char *policy_event_name(unsigned index)
{
	static const char *const names[] = {"accepted",   "connected",   "reset",       "read_calls",
					    "read_bytes", "write_calls", "write_bytes", "timer_expirations",
					    "forks",      "threads"};

	return index < sizeof(names) / sizeof(names[0]) ? names[index] : NULL;
}

static bool is_event(const char *name)
{
	if (!strncmp(name, "mark:", 5))
		return name[5];
	for (unsigned i = 0; policy_event_name(i); i++)
		if (!strcmp(name, policy_event_name(i)))
			return true;
	return false;
}

static int refuse_event(const struct line *line, const char *word)
{
	char known[256] = "";

	for (unsigned i = 0; policy_event_name(i); i++) {
		size_t size = strlen(known);

		snprintf(known + size, sizeof(known) - size, "%s, ", policy_event_name(i));
	}
	return REFUSE(line, "nothing counts '%s'; write per second, minute, hour, or per one of %sor mark:NAME", word,
		      known);
}

/* Behind "per". */
static int take_per(struct line *line, struct rate *out)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = {{"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86400}};
	const char *word = take(line);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(word, units[i].unit)) {
			out->per = PER_SECOND;
			out->amount /= units[i].seconds;
			return SEEP_OK;
		}
	if (!is_event(word))
		return refuse_event(line, word);
	out->per = PER_EVENT;
	out->event = memory_string(word);
	return SEEP_OK;
}

static bool same_word(const char *word, size_t size, const char *other)
{
	return strlen(other) == size && !strncmp(word, other, size);
}

/* The kinds of "heap", "sockets", "posix-timer", ...: as --type has them, without the four views of the heap. */
static uint32_t kinds_of(const char *word, size_t size)
{
	char name[32];
	struct value_type type;

	if (same_word(word, size, "any"))
		return ALL_KINDS;
	if (size >= sizeof(name))
		return 0;
	snprintf(name, sizeof(name), "%.*s", (int)size, word);
	if (strstr(name, "_space") || strstr(name, "_objects") || !value_type_find(name, &type))
		return 0;
	return type.kinds;
}

static int take_kinds(struct line *line, uint32_t *out)
{
	const char *word = take(line);

	for (const char *at = word; *word; at++) {
		size_t size = strcspn(at, ",");
		uint32_t kinds = kinds_of(at, size);

		if (!kinds)
			return REFUSE(
				line,
				"'%.*s' is no kind; use any, heap, mappings, sockets, fds, timers, threads, streams, "
				"watches or one kind (timerfd)",
				(int)size, at);
		*out |= kinds;
		at += size;
		if (!*at)
			return SEEP_OK;
	}
	return REFUSE(line, "the kind is missing: any, heap, sockets, timers, ...");
}

/* "KINDS [in PATTERN]" */
static int take_selector(struct line *line, struct selector *out)
{
	int code = take_kinds(line, &out->kinds);
	const char *pattern;

	if (code || !take_word(line, "in"))
		return code;
	pattern = take(line);
	if (!*pattern)
		return REFUSE(line, "a function, file, module or fingerprint is missing after 'in'");
	out->pattern = memory_string(pattern);
	out->form = SELECT_PATTERN;
	if (fingerprint_parse(pattern, &out->fingerprint))
		out->form = SELECT_FINGERPRINT;
	else if (!strncmp(pattern, "s1:", 3) || !strncmp(pattern, "o1:", 3))
		return REFUSE(line, "'%s' is no fingerprint; it has 16 hexadecimal digits", pattern);
	return SEEP_OK;
}

/* ---- days ---- */

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_of_month(int64_t year, int64_t month)
{
	static const int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

bool policy_day(const char *text, int64_t *out)
{
	int64_t year, month, day, days = 0;

	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || strspn(text, "0123456789") != 4 ||
	    strspn(text + 5, "0123456789") != 2 || strspn(text + 8, "0123456789") != 2)
		return false;
	year = strtol(text, NULL, 10);
	month = strtol(text + 5, NULL, 10);
	day = strtol(text + 8, NULL, 10);
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
		return false;
	for (int64_t i = 1970; i < year; i++)
		days += 365 + is_leap(i);
	for (int64_t i = 1; i < month; i++)
		days += days_of_month(year, i);
	*out = days + day - 1;
	return true;
}

/* ---- statements ---- */

static int parse_warm_up(struct line *line, struct policy *out)
{
	return take_duration(line, &out->warm_up_s);
}

static int parse_minimum(struct line *line, struct policy *out)
{
	return take_duration(line, &out->minimum_s);
}

static int parse_tolerance(struct line *line, struct policy *out)
{
	out->has_tolerance = true;
	return take_percent(line, &out->tolerance);
}

static int parse_inconclusive(struct line *line, struct policy *out)
{
	const char *word = take(line);

	if (!strcmp(word, "pass"))
		out->inconclusive = INCONCLUSIVE_PASSES;
	else if (!strcmp(word, "fail"))
		out->inconclusive = INCONCLUSIVE_FAILS;
	else if (!strcmp(word, "exit-3"))
		out->inconclusive = INCONCLUSIVE_IS_ITSELF;
	else
		return REFUSE(line, "an inconclusive run can count as pass, fail or exit-3, not as '%s'", word);
	return SEEP_OK;
}

static int parse_power(struct line *line, struct policy *out)
{
	struct rate rate = {0};
	int code = take_amount(line, &rate);

	if (code)
		return code;
	if (!take_word(line, "per"))
		return REFUSE(line, "'per second' or 'per EVENT' is missing");
	code = take_per(line, &rate);
	out->powers = memory_grow(out->powers, &out->power_capacity, out->power_count + 1, sizeof(rate));
	out->powers[out->power_count++] = rate;
	return code;
}

/* The words of the line as they were meant, for reports. */
static char *join_words(const struct line *line)
{
	char *text = memory_string("");

	for (size_t i = 1; i < line->count; i++) {
		char *longer = memory_format("%s%s%s", text, i > 1 ? " " : "", line->words[i]);

		free(text);
		text = longer;
	}
	return text;
}

static int parse_budget(struct line *line, struct policy *out)
{
	struct policy_budget *budget;
	int code;

	out->budgets = memory_grow(out->budgets, &out->budget_capacity, out->budget_count + 1, sizeof(*budget));
	budget = &out->budgets[out->budget_count++];
	*budget = (struct policy_budget){.line = line->number, .text = join_words(line)};
	code = take_selector(line, &budget->selector);
	if (!code)
		code = take_amount(line, &budget->rate);
	if (code)
		return code;
	if (budget->rate.in_bytes && !(budget->selector.kinds & BYTE_KINDS))
		return REFUSE(line, "%s have no size of their own; give their budget in objects", line->words[1]);
	if (take_word(line, "per"))
		return take_per(line, &budget->rate);
	if (!take_word(line, "at") || !take_word(line, "exit"))
		return REFUSE(line, "'per second', 'per EVENT' or 'at exit' is missing%s%s",
			      *peek(line) ? " before " : "", peek(line));
	budget->rate.per = AT_EXIT;
	return SEEP_OK;
}

static int take_expiry(struct line *line, const char *day, struct policy_suppression *out)
{
	if (out->expires)
		return REFUSE(line, "expires= is given twice");
	out->expires = memory_string(day);
	if (!policy_day(day, &out->expiry))
		return REFUSE(line, "'%s' is no day; write expires=2027-01-31", day);
	return SEEP_OK;
}

static int take_owner(struct line *line, const char *owner, struct policy_suppression *out)
{
	if (out->owner || !*owner)
		return REFUSE(line, out->owner ? "owner= is given twice" : "owner= names nobody");
	out->owner = memory_string(owner);
	return SEEP_OK;
}

static int parse_suppress(struct line *line, struct policy *out)
{
	struct policy_suppression *suppression = policy_add_suppression(out, line->file, line->number);
	int code = take_selector(line, &suppression->selector);

	if (code)
		return code;
	if (suppression->selector.form == SELECT_ALL)
		return REFUSE(line, "'in' and a function, file, module or fingerprint are missing");
	suppression->name = memory_string(suppression->selector.pattern);
	while (!code && line->next < line->count) {
		const char *word = take(line);

		if (!strncmp(word, "owner=", 6))
			code = take_owner(line, word + 6, suppression);
		else if (!strncmp(word, "expires=", 8))
			code = take_expiry(line, word + 8, suppression);
		else
			code = REFUSE(line, "'%s' is not known here; owner=NAME and expires=YYYY-MM-DD are", word);
	}
	return code;
}

static int parse_suppressions(struct line *line, struct policy *out)
{
	const char *file = take(line);

	if (!*file)
		return REFUSE(line, "the name of a suppression file is missing");
	out->files = memory_grow(out->files, &out->file_capacity, out->file_count + 1, sizeof(*out->files));
	out->files[out->file_count++] = memory_string(file);
	return SEEP_OK;
}

static const struct statement {
	const char *name;
	int (*parse)(struct line *line, struct policy *out);
} statements[] = {
	{"warm-up", parse_warm_up},     {"minimum", parse_minimum},
	{"tolerance", parse_tolerance}, {"inconclusive", parse_inconclusive},
	{"power", parse_power},         {"budget", parse_budget},
	{"suppress", parse_suppress},   {"suppressions", parse_suppressions},
};

static int parse_statement(struct line *line, struct policy *out)
{
	const char *name = take(line);

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		int code;

		if (strcmp(name, statements[i].name) != 0)
			continue;
		code = statements[i].parse(line, out);
		return code ? code : expect_end(line);
	}
	return REFUSE(line,
		      "'%s' is no statement; use budget, suppress, suppressions, warm-up, minimum, tolerance, power or "
		      "inconclusive",
		      name);
}

int policy_parse(const char *file, const char *text, struct policy *out, struct error *error)
{
	struct line line = {.file = file, .error = error};
	int code = SEEP_OK;

	free(out->file);
	out->file = memory_string(file);
	while (!code && *text) {
		size_t size = strcspn(text, "\n");
		char *content = memory_format("%.*s", (int)size, text);

		line.number++;
		line.count = line.next = 0;
		code = split(&line, content);
		if (!code && line.count)
			code = parse_statement(&line, out);
		release_words(&line);
		free(content);
		text += size + (text[size] == '\n');
	}
	return code;
}

/* ---- the struct ---- */

struct policy_suppression *policy_add_suppression(struct policy *policy, const char *file, unsigned line)
{
	struct policy_suppression *suppression;

	policy->suppressions = memory_grow(policy->suppressions, &policy->suppression_capacity,
					   policy->suppression_count + 1, sizeof(*suppression));
	suppression = &policy->suppressions[policy->suppression_count++];
	*suppression = (struct policy_suppression){.file = memory_string(file), .line = line};
	return suppression;
}

void policy_release(struct policy *policy)
{
	for (size_t i = 0; i < policy->budget_count; i++) {
		selector_release(&policy->budgets[i].selector);
		free(policy->budgets[i].rate.event);
		free(policy->budgets[i].text);
	}
	for (size_t i = 0; i < policy->suppression_count; i++) {
		selector_release(&policy->suppressions[i].selector);
		free(policy->suppressions[i].name);
		free(policy->suppressions[i].owner);
		free(policy->suppressions[i].expires);
		free(policy->suppressions[i].file);
	}
	for (size_t i = 0; i < policy->power_count; i++)
		free(policy->powers[i].event);
	for (size_t i = 0; i < policy->file_count; i++)
		free(policy->files[i]);
	free(policy->file);
	free(policy->budgets);
	free(policy->suppressions);
	free(policy->powers);
	free(policy->files);
	*policy = (struct policy){0};
}
