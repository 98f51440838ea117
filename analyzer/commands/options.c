/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../render/buffer.h"
#include "nearest.h"

enum option_id {
#define X(id, name, letter, argument, commands, help) OPTION_##id,
	OPTIONS(X)
#undef X
		OPTION_COUNT
};

static const struct option_row {
	const char *name;
	char letter;
	const char *argument; /* NULL none; in brackets optional */
	unsigned commands;
	const char *help;
} rows[OPTION_COUNT] = {
#define X(id, name, letter, argument, commands, help) {name, letter, argument, commands, help},
	OPTIONS(X)
#undef X
};

#define LONG_BASE 256 /* getopt's values for long options: beyond all letters */
#define DEFAULT_TOP 10
#define DEFAULT_TREE 80

/* ---- values ---- */

static int compile(const char *what, const char *expression, regex_t *out, struct error *error)
{
	char reason[256];
	int code = regcomp(out, expression, REG_EXTENDED | REG_NOSUB);

	if (!code)
		return SEEP_OK;
	regerror(code, out, reason, sizeof(reason));
	memset(out, 0, sizeof(*out));
	return error_set(error, SEEP_ERR_USAGE, "%s '%s' is not an extended regular expression (%s); correct it", what,
			 expression, reason);
}

static int set_type(struct options *options, const char *name, struct error *error)
{
	char known[512] = "";

	options->type_is_given = true;
	if (value_type_find(name, &options->type))
		return SEEP_OK;
	for (unsigned i = 0; value_type_name(i); i++) {
		size_t size = strlen(known);

		snprintf(known + size, sizeof(known) - size, "%s%s", i ? ", " : "", value_type_name(i));
	}
	return error_set(error, SEEP_ERR_USAGE, "unknown type '%s'; the types are %s", name, known);
}

static int set_by(struct options *options, const char *name, struct error *error)
{
	int by = graph_by_name(name);

	if (by < 0)
		return error_set(error, SEEP_ERR_USAGE, "unknown --by '%s'; use function, line, file, module or stack",
				 name);
	if (options->command == FOR_LIST && by != BY_LINE)
		return error_set(error, SEEP_ERR_USAGE, "list is always by line; leave out --by %s", name);
	if ((options->command & (FOR_TREE | FOR_PEEK)) && by == BY_STACK)
		return error_set(error, SEEP_ERR_USAGE,
				 "--by stack is for top and diff; use function, line, file or module");
	options->by = (enum graph_by)by;
	options->by_is_given = true;
	return SEEP_OK;
}

static int set_number(const char *name, const char *text, unsigned long most, unsigned long *out, struct error *error)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || *out > most)
		return error_set(error, SEEP_ERR_USAGE, "%s takes a number, not '%s'", name, text);
	return SEEP_OK;
}

static int set_pid(const char *name, const char *text, uint32_t *out, struct error *error)
{
	unsigned long number;
	int code = set_number(name, text, INT32_MAX, &number, error);

	if (code)
		return code;
	if (!number)
		return error_set(error, SEEP_ERR_USAGE, "%s takes the number of a process, not 0", name);
	*out = (uint32_t)number;
	return SEEP_OK;
}

static int set_limit(struct options *options, const char *text, struct error *error)
{
	unsigned long number;
	int code = set_number("-n", text, INT32_MAX, &number, error);

	if (!code)
		options->limit = number;
	return code;
}

static int set_moment(const char *name, const char *text, struct moment *out, struct error *error)
{
	if (moment_parse(text, out))
		return SEEP_OK;
	return error_set(error, SEEP_ERR_USAGE,
			 "%s does not know the time '%s'; use 2026-11-21T14:02:03, 14:02, 10m (before the end) or "
			 "+30s (after the start)",
			 name, text);
}

static bool is_seconds(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return isdigit((unsigned char)*text) && !*end && isfinite(*out) && *out >= 0.1 && *out <= 86400;
}

/* `--watch 5` is as good as `--watch=5`, unless 5 is a file. */
static int set_watch(struct options *options, const char *value, int argc, char **argv, struct error *error)
{
	options->watch_s = 1;
	if (!value && optind < argc && is_seconds(argv[optind], &options->watch_s)) {
		if (access(argv[optind], F_OK) < 0)
			optind++;
		else
			options->watch_s = 1;
		return SEEP_OK;
	}
	if (!value) {
		options->watch_s = 1;
		return SEEP_OK;
	}
	if (is_seconds(value, &options->watch_s))
		return SEEP_OK;
	return error_set(error, SEEP_ERR_USAGE, "--watch takes seconds between 0.1 and 86400, not '%s'", value);
}

static int set_regex(const char *name, const char *value, const char **text, regex_t *out, struct error *error)
{
	if (*text)
		regfree(out);
	*text = NULL;
	if (compile(name, value, out, error))
		return SEEP_ERR_USAGE;
	*text = value;
	return SEEP_OK;
}

static int set_format(struct options *options, enum export_format format, struct error *error)
{
	if (options->format && options->format != format)
		return error_set(error, SEEP_ERR_USAGE, "one format at a time: --%s or --%s",
				 export_row(options->format)->name, export_row(format)->name);
	options->format = format;
	return SEEP_OK;
}

static int take(struct options *options, enum option_id id, const char *value, struct error *error)
{
	switch (id) {
	case OPTION_TYPE:
		return set_type(options, value, error);
	case OPTION_BY:
		return set_by(options, value, error);
	case OPTION_CUM:
		options->by_cum = true;
		return SEEP_OK;
	case OPTION_LIMIT:
		return set_limit(options, value, error);
	case OPTION_FOCUS:
		return set_regex("--focus", value, &options->focus, &options->focus_regex, error);
	case OPTION_IGNORE:
		return set_regex("--ignore", value, &options->ignore, &options->ignore_regex, error);
	case OPTION_HIDE:
		return set_regex("--hide", value, &options->hide, &options->hide_regex, error);
	case OPTION_SHOW_ALL:
		options->show_all = true;
		return SEEP_OK;
	case OPTION_BASE:
		options->base = value;
		return SEEP_OK;
	case OPTION_SINCE:
		return set_moment("--since", value, &options->since, error);
	case OPTION_UNTIL:
		return set_moment("--until", value, &options->until, error);
	case OPTION_PROCESS:
		return set_pid("--process", value, &options->process_pid, error);
	case OPTION_PID:
		return set_pid("--pid", value, &options->live_pid, error);
	case OPTION_STACKS:
		options->stacks = true;
		return SEEP_OK;
	case OPTION_WRAPPER:
		return set_regex("--wrapper", value, &options->wrapper, &options->wrapper_regex, error);
	case OPTION_AGES:
		options->ages = true;
		return SEEP_OK;
	case OPTION_JSON:
		options->json = true;
		return options->command == FOR_EXPORT ? set_format(options, EXPORT_JSON, error) : SEEP_OK;
#define FORMAT(X, id, name, is_binary, has_every_type, help) \
	case OPTION_##id:                                    \
		return set_format(options, EXPORT_##id, error);
		EXPORT_FORMATS(FORMAT, )
#undef FORMAT
	case OPTION_SQLITE:
		return set_format(options, EXPORT_SQLITE, error);
	case OPTION_HTML:
		return set_format(options, EXPORT_HTML, error);
	case OPTION_OUTPUT:
		options->output = value;
		return SEEP_OK;
	case OPTION_DEBUGINFOD:
		options->debuginfod = true;
		return SEEP_OK;
	case OPTION_HELP:
		options->help = true;
		return SEEP_OK;
	default: /* OPTION_WATCH: see set_watch() */
		return SEEP_OK;
	}
}

/* ---- the parser ---- */

static int unknown_option(const struct options *options, const char *given, struct error *error)
{
	const char *names[OPTION_COUNT], *near;
	char word[64];
	size_t count = 0;

	for (int i = 0; i < OPTION_COUNT; i++)
		if (rows[i].commands & options->command)
			names[count++] = rows[i].name;
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(given + strspn(given, "-"), "="), given + strspn(given, "-"));
	near = nearest_name(word, names, count);
	if (near)
		return error_set(error, SEEP_ERR_USAGE, "unknown option %s; did you mean --%s?", given, near);
	return error_set(error, SEEP_ERR_USAGE, "unknown option %s; `seep %s --help` lists the options", given,
			 options->command_name);
}

/* An option of other commands: better told than "unknown". */
static int misplaced_option(const struct options *options, enum option_id id, struct error *error)
{
	return error_set(error, SEEP_ERR_USAGE, "--%s is for other commands; `seep %s --help` lists this one's options",
			 rows[id].name, options->command_name);
}

static void fill_getopt(struct option *out, char *letters)
{
	*letters++ = ':'; /* a missing argument is told apart from an unknown option */
	for (int i = 0; i < OPTION_COUNT; i++) {
		int argument = !rows[i].argument            ? no_argument
			       : rows[i].argument[0] == '[' ? optional_argument
							    : required_argument;

		out[i] = (struct option){rows[i].name, argument, NULL, LONG_BASE + i};
		if (!rows[i].letter)
			continue;
		*letters++ = rows[i].letter;
		if (rows[i].argument)
			*letters++ = ':';
	}
	out[OPTION_COUNT] = (struct option){0};
	*letters = '\0';
}

static enum option_id id_of(int value)
{
	int id = value - LONG_BASE;

	for (int i = 0; id < 0 && i < OPTION_COUNT; i++)
		if (rows[i].letter == value)
			return (enum option_id)i;
	return (enum option_id)id;
}

static int parse_all(struct options *options, int argc, char **argv, struct error *error)
{
	struct option table[OPTION_COUNT + 1];
	char letters[2 * OPTION_COUNT + 2];
	int value, code = SEEP_OK;

	fill_getopt(table, letters);
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while (!code && !options->help && (value = getopt_long(argc, argv, letters, table, NULL)) != -1) {
		enum option_id id;

		if (value == '?' || value == ':') {
			char letter[3] = {'-', (char)optopt, 0};
			const char *given = optopt && optopt < LONG_BASE ? letter : argv[optind - 1];

			if (value == ':' || optopt >= LONG_BASE)
				return error_set(error, SEEP_ERR_USAGE, "%s %s; `seep %s --help` explains it", given,
						 value == ':' ? "needs a value" : "takes no value",
						 options->command_name);
			return unknown_option(options, given, error);
		}
		id = id_of(value);
		if (!(rows[id].commands & options->command))
			return misplaced_option(options, id, error);
		code = id == OPTION_WATCH ? set_watch(options, optarg, argc, argv, error)
					  : take(options, id, optarg, error);
	}
	return code;
}

static int check_operands(const struct options *options, struct error *error)
{
	bool takes_regex = options->command & (FOR_PEEK | FOR_LIST);
	int most = options->command == FOR_DIFF ? 2 : 1 + takes_regex - (options->live_pid != 0);
	int fewest = options->command == FOR_DIFF ? 2 : takes_regex;

	if (options->operand_count < fewest && options->command == FOR_DIFF)
		return error_set(error, SEEP_ERR_USAGE, "two recordings are needed: seep diff BEFORE.db AFTER.db");
	if (options->operand_count < fewest)
		return error_set(error, SEEP_ERR_USAGE, "a regular expression is missing: seep %s REGEX [FILE]",
				 options->command_name);
	if (options->operand_count <= most)
		return SEEP_OK;
	if (options->live_pid)
		return error_set(error, SEEP_ERR_USAGE, "--pid %u names the recording already; leave out '%s'",
				 options->live_pid, options->operands[most]);
	return error_set(error, SEEP_ERR_USAGE, "'%s' is one argument too many; `seep %s --help` shows the usage",
			 options->operands[most], options->command_name);
}

static int no_format(struct error *error)
{
	struct buffer names = {0};
	int code;

	for (int format = EXPORT_NONE + 1; format < EXPORT_COUNT; format++)
		buffer_format(&names, "%s--%s", names.size ? ", " : "", export_row((enum export_format)format)->name);
	code = error_set(error, SEEP_ERR_USAGE, "which format? Say one of %s", names.text);
	buffer_release(&names);
	return code;
}

/* What is said on the command line counts. */
static int take_environment(struct options *options, struct error *error)
{
	const char *wrappers = getenv("SEEP_WRAPPERS");

	if (!(options->command & rows[OPTION_WRAPPER].commands) || options->wrapper || !wrappers || !*wrappers)
		return SEEP_OK;
	return set_regex("SEEP_WRAPPERS", wrappers, &options->wrapper, &options->wrapper_regex, error);
}

/* They are those of a moment, of functions, and of what is held. */
static int check_ages(const struct options *options, struct error *error)
{
	const char *other = options->base                         ? "--base"
			    : options->since.form                 ? "--since"
			    : options->until.form                 ? "--until"
			    : options->by != BY_FUNCTION          ? "--by"
			    : value_type_is_alloc(&options->type) ? "--type alloc_space and alloc_objects"
								  : NULL;

	if (!options->ages || !other)
		return SEEP_OK;
	return error_set(error, SEEP_ERR_USAGE,
			 "--ages is of what functions hold now, which excludes %s; leave one out", other);
}

int options_parse(enum options_command command, int argc, char **argv, struct options *out, struct error *error)
{
	int code;

	*out = (struct options){.command = command, .command_name = argv[0], .limit = SIZE_MAX};
	value_type_find("inuse_space", &out->type);
	code = parse_all(out, argc, argv, error);
	if (code || out->help)
		return code;
	out->limit_is_given = out->limit != SIZE_MAX;
	if (!out->limit_is_given) {
		bool is_ranking = command & (FOR_TOP | FOR_DIFF | FOR_GROWTH);

		out->limit = out->json ? 0 : is_ranking ? DEFAULT_TOP : command == FOR_TREE ? DEFAULT_TREE : 0;
	}
	out->operands = argv + optind;
	out->operand_count = argc - optind;
	if (out->watch_s > 0 && out->json)
		return error_set(error, SEEP_ERR_USAGE, "--watch and --json exclude each other; leave one out");
	if (command == FOR_EXPORT && !out->format)
		return no_format(error);
	code = check_ages(out, error);
	if (!code)
		code = take_environment(out, error);
	if (!code)
		code = check_operands(out, error);
	if (code || !(command & (FOR_PEEK | FOR_LIST)))
		return code;
	code = compile("REGEX", out->operands[0], &out->name_regex, error);
	out->has_name = !code;
	return code;
}

void options_release(struct options *options)
{
	if (options->has_name)
		regfree(&options->name_regex);
	if (options->focus)
		regfree(&options->focus_regex);
	if (options->ignore)
		regfree(&options->ignore_regex);
	if (options->hide)
		regfree(&options->hide_regex);
	if (options->wrapper)
		regfree(&options->wrapper_regex);
	*options = (struct options){0};
}

/* ---- help ---- */

static void add_option_help(struct buffer *out, const struct option_row *row)
{
	char left[64];
	const char *line = row->help;

	snprintf(left, sizeof(left), "%s%c%s--%s%s%s", row->letter ? "-" : "", row->letter ? row->letter : ' ',
		 row->letter ? ", " : "   ", row->name, row->argument ? (row->argument[0] == '[' ? "" : " ") : "",
		 !row->argument            ? ""
		 : row->argument[0] == '[' ? "[=S]"
					   : row->argument);
	buffer_format(out, "  %-21s", left);
	while (line) {
		const char *end = strchr(line, '\n');

		buffer_format(out, " %.*s\n", (int)(end ? end - line : (long)strlen(line)), line);
		line = end ? end + 1 : NULL;
		if (line)
			buffer_format(out, "  %-21s", "");
	}
}

void options_help(enum options_command command, const char *name, const char *arguments, const char *summary,
		  struct buffer *out)
{
	buffer_format(out, "usage: seep %s %s\n\n%s.\n\n", name, arguments, summary);
	for (int i = 0; i < OPTION_COUNT; i++)
		if (rows[i].commands & command)
			add_option_help(out, &rows[i]);
	if (command != FOR_DIFF)
		buffer_add(out, "\nFILE is the newest seep.*.db of this directory if not given; it may still be "
				"recorded into.\n");
	buffer_add(out, command == FOR_DIFF ? "\n" : "");
	buffer_add(out,
		   "Exit codes: 0 fine, 2 wrong usage, 3 could not tell (no such recording, unreadable, damaged).\n");
}
