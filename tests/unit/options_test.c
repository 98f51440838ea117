/* SPDX-License-Identifier: MIT */
/* What command lines mean, and what is said of those that mean nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../analyzer/commands/nearest.h"
#include "../../analyzer/commands/options.h"
#include "../../analyzer/render/buffer.h"

#define MOST 16
#define SECOND INT64_C(1000000000)

struct line {
	struct options options;
	struct error error;
	char text[256];
	char *argv[MOST];
	int argc, code;
};

/* "top --type sockets a.db": split at blanks. */
static void parse(struct line *line, enum options_command command, const char *text)
{
	memset(line, 0, sizeof(*line));
	strncpy(line->text, text, sizeof(line->text) - 1);
	for (char *word = strtok(line->text, " "); word; word = strtok(NULL, " "))
		line->argv[line->argc++] = word;
	line->code = options_parse(command, line->argc, line->argv, &line->options, &line->error);
}

static void expect_refusal(enum options_command command, const char *text, const char *part)
{
	struct line line;

	parse(&line, command, text);
	if (line.code != SEEP_ERR_USAGE)
		fail_msg("'%s' gives %d", text, line.code);
	if (!strstr(line.error.text, part))
		fail_msg("'%s' says: %s", text, line.error.text);
	options_release(&line.options);
}

static void without_options_the_defaults_hold(void **state)
{
	struct line line;

	(void)state;
	parse(&line, FOR_TOP, "top");
	assert_int_equal(line.code, SEEP_OK);
	assert_string_equal(line.options.type.name, "inuse_space");
	assert_int_equal(line.options.by, BY_FUNCTION);
	assert_int_equal(line.options.limit, 10);
	assert_int_equal(line.options.operand_count, 0);
	assert_true(line.options.watch_s == 0);
	options_release(&line.options);
	parse(&line, FOR_TREE, "tree");
	assert_int_equal(line.options.limit, 80);
	options_release(&line.options);
	parse(&line, FOR_TOP, "top --json");
	assert_int_equal(line.options.limit, 0);
	options_release(&line.options);
}

static void options_are_found_before_and_after_operands(void **state)
{
	struct line line;

	(void)state;
	parse(&line, FOR_PEEK, "peek --type=sockets accept -n 3 x.db --cum --by line --process 12");
	assert_int_equal(line.code, SEEP_OK);
	assert_string_equal(line.options.type.name, "sockets");
	assert_int_equal(line.options.limit, 3);
	assert_int_equal(line.options.by, BY_LINE);
	assert_int_equal(line.options.process_pid, 12);
	assert_true(line.options.by_cum);
	assert_int_equal(line.options.operand_count, 2);
	assert_string_equal(line.options.operands[0], "accept");
	assert_string_equal(line.options.operands[1], "x.db");
	assert_int_equal(regexec(&line.options.name_regex, "do_accept", 0, NULL, 0), 0);
	options_release(&line.options);
}

static void expressions_are_extended_and_the_last_one_counts(void **state)
{
	struct line line;

	(void)state;
	parse(&line, FOR_TOP, "top --focus first --focus ^(a|b)+$ --hide x");
	assert_int_equal(line.code, SEEP_OK);
	assert_string_equal(line.options.focus, "^(a|b)+$");
	assert_int_equal(regexec(&line.options.focus_regex, "abba", 0, NULL, 0), 0);
	assert_int_not_equal(regexec(&line.options.focus_regex, "first", 0, NULL, 0), 0);
	options_release(&line.options);
}

static void watch_takes_seconds_in_either_form(void **state)
{
	struct line line;

	(void)state;
	parse(&line, FOR_TOP, "top --watch");
	assert_true(line.options.watch_s == 1);
	options_release(&line.options);
	parse(&line, FOR_TOP, "top --watch=0.5 x.db");
	assert_true(line.options.watch_s == 0.5);
	assert_int_equal(line.options.operand_count, 1);
	options_release(&line.options);
	parse(&line, FOR_TOP, "top --watch 5 x.db");
	assert_true(line.options.watch_s == 5);
	assert_string_equal(line.options.operands[0], "x.db");
	options_release(&line.options);
	parse(&line, FOR_TOP, "top --watch x.db");
	assert_true(line.options.watch_s == 1);
	assert_string_equal(line.options.operands[0], "x.db");
	options_release(&line.options);
}

static void mistakes_are_told_with_what_to_do(void **state)
{
	(void)state;
	expect_refusal(FOR_TOP, "top --tpye x", "did you mean --type?");
	expect_refusal(FOR_TOP, "top --frobnicate", "seep top --help");
	expect_refusal(FOR_TOP, "top -x", "unknown option -x");
	expect_refusal(FOR_EXPORT, "export x.db", "which format? Say one of --pprof, ");
	expect_refusal(FOR_EXPORT, "export --json --pprof", "one format at a time: --json or --pprof");
	expect_refusal(FOR_TOP, "top --pprof", "--pprof is for other commands");
	expect_refusal(FOR_TOP, "top --type", "needs a value");
	expect_refusal(FOR_TOP, "top --cum=yes", "takes no value");
	expect_refusal(FOR_TOP, "top --type memory", "inuse_space, inuse_objects, alloc_space");
	expect_refusal(FOR_TOP, "top --by thread", "function, line, file, module or stack");
	expect_refusal(FOR_TREE, "tree --by stack", "top and diff");
	expect_refusal(FOR_LIST, "list x --by file", "always by line");
	expect_refusal(FOR_TOP, "top --focus (", "extended regular expression");
	expect_refusal(FOR_PEEK, "peek [", "extended regular expression");
	expect_refusal(FOR_TOP, "top -n many", "takes a number");
	expect_refusal(FOR_TOP, "top -n -3", "takes a number");
	expect_refusal(FOR_TOP, "top --pid 0", "not 0");
	expect_refusal(FOR_TOP, "top --process 99999999999999999999", "takes a number");
	expect_refusal(FOR_TOP, "top --since yesterday", "does not know the time");
	expect_refusal(FOR_TOP, "top --watch=fast", "takes seconds");
	expect_refusal(FOR_TOP, "top --watch --json", "exclude each other");
	expect_refusal(FOR_TOP, "top a.db b.db", "one argument too many");
	expect_refusal(FOR_TOP, "top --pid 12 a.db", "leave out 'a.db'");
	expect_refusal(FOR_PEEK, "peek", "a regular expression is missing");
	expect_refusal(FOR_DIFF, "diff a.db", "two recordings are needed");
	expect_refusal(FOR_DIFF, "diff a.db b.db --base c.db", "for other commands");
	expect_refusal(FOR_INFO, "info --type sockets", "for other commands");
	expect_refusal(FOR_TREE, "tree --watch", "for other commands");
}

static void help_needs_nothing_else_to_be_right(void **state)
{
	struct line line;

	(void)state;
	parse(&line, FOR_PEEK, "peek --help");
	assert_int_equal(line.code, SEEP_OK);
	assert_true(line.options.help);
	options_release(&line.options);
}

static void help_lists_exactly_the_commands_own_options(void **state)
{
	struct buffer top = {0}, info = {0};

	(void)state;
	options_help(FOR_TOP, "top", "[options] [FILE]", "summary", &top);
	options_help(FOR_INFO, "info", "[options] [FILE]", "summary", &info);
	assert_non_null(strstr(top.text, "usage: seep top [options] [FILE]"));
	assert_non_null(strstr(top.text, "-n, --limit N"));
	assert_non_null(strstr(top.text, "--watch[=S]"));
	assert_non_null(strstr(info.text, "--json"));
	assert_null(strstr(info.text, "--watch"));
	assert_null(strstr(info.text, "--type"));
	for (const char *line = top.text; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 100);
	buffer_release(&top);
	buffer_release(&info);
}

/* ---- times ---- */

static int64_t at(int year, int month, int day, int hour, int minute, int second)
{
	struct tm parts = {.tm_year = year - 1900,
			   .tm_mon = month - 1,
			   .tm_mday = day,
			   .tm_hour = hour,
			   .tm_min = minute,
			   .tm_sec = second,
			   .tm_isdst = -1};

	return mktime(&parts) * SECOND;
}

static void times_are_absolute_of_the_day_or_relative(void **state)
{
	int64_t start = at(2026, 11, 20, 23, 0, 0), end = at(2026, 11, 21, 14, 30, 0);
	struct {
		const char *text;
		int64_t ns;
	} expected[] = {
		{"2026-11-21T14:02:03", at(2026, 11, 21, 14, 2, 3)},
		{"2026-11-21T14:02", at(2026, 11, 21, 14, 2, 0)},
		{"2026-11-21", at(2026, 11, 21, 0, 0, 0)},
		{"2026-11-21T13:02:03Z", at(2026, 11, 21, 14, 2, 3)}, /* the zone is one hour east */
		{"14:02", at(2026, 11, 21, 14, 2, 0)},
		{"14:02:03", at(2026, 11, 21, 14, 2, 3)},
		{"23:30", at(2026, 11, 20, 23, 30, 0)}, /* not yet reached on the last day */
		{"10m", end - 600 * SECOND},
		{"-10m", end - 600 * SECOND},
		{"1h30m", end - 5400 * SECOND},
		{"1.5h", end - 5400 * SECOND},
		{"2d", end - 172800 * SECOND},
		{"+30s", start + 30 * SECOND},
		{"@1700000000", 1700000000 * SECOND},
		{"@1700000000.5", 1700000000 * SECOND + SECOND / 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct moment moment = {0};

		if (!moment_parse(expected[i].text, &moment))
			fail_msg("%s is no time", expected[i].text);
		if (moment_resolve(moment, start, end) != expected[i].ns)
			fail_msg("%s is %lld s off", expected[i].text,
				 (long long)(moment_resolve(moment, start, end) - expected[i].ns) / SECOND);
	}
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const texts[] = {
		"",      "10",      "m",          "+",           "-",        "1h30",        "--10m",
		"25:00", "1:2:3:4", "2026-13-01", "2026-11-21T", "1e3s",     "99999999d",   "now",
		"@",     "@-1",     "@1.5.5",     "@1e9",        "20-11-21", "20262-11-21", "36500d36500d36500d"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct moment moment;

		if (moment_parse(texts[i], &moment))
			fail_msg("'%s' is taken for a time", texts[i]);
	}
}

static void a_slip_of_the_finger_has_a_nearest_name(void **state)
{
	static const char *const names[] = {"run", "record", "top", "tree", "peek", "list", "diff", "info", "doctor"};
	size_t count = sizeof(names) / sizeof(names[0]);

	(void)state;
	assert_string_equal(nearest_name("tpo", names, count), "top");
	assert_string_equal(nearest_name("docter", names, count), "doctor");
	assert_string_equal(nearest_name("lists", names, count), "list");
	assert_null(nearest_name("growth", names, count));
	assert_null(nearest_name("a-word-that-is-longer-than-any-name-could-be", names, count));
}

static int set_zone(void **state)
{
	(void)state;
	return setenv("TZ", "XXX-1", 1); /* one hour east of Greenwich, no summer time */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_the_defaults_hold),
		cmocka_unit_test(options_are_found_before_and_after_operands),
		cmocka_unit_test(expressions_are_extended_and_the_last_one_counts),
		cmocka_unit_test(watch_takes_seconds_in_either_form),
		cmocka_unit_test(mistakes_are_told_with_what_to_do),
		cmocka_unit_test(help_needs_nothing_else_to_be_right),
		cmocka_unit_test(help_lists_exactly_the_commands_own_options),
		cmocka_unit_test(times_are_absolute_of_the_day_or_relative),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(a_slip_of_the_finger_has_a_nearest_name),
	};

	return cmocka_run_group_tests(tests, set_zone, NULL);
}
