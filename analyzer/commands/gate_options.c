/* SPDX-License-Identifier: MIT */
#include "gate_options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "nearest.h"
#include "run_setup.h"

enum gate_option {
#define X(id, name, letter, argument, help) OPTION_##id,
	GATE_OPTIONS(X)
#undef X
		OPTION_COUNT
};

static const struct row {
	const char *name;
	char letter;
	const char *argument, *help;
} rows[OPTION_COUNT] = {
#define X(id, name, letter, argument, help) {name, letter, argument, help},
	GATE_OPTIONS(X)
#undef X
};

#define LONG_BASE 256

/* ---- values ---- */

/* "F" or "F=FILE" */
static int add_output(struct gate_options *options, const char *text, struct error *error)
{
	size_t size = strcspn(text, "=");
	char *name = memory_format("%.*s", (int)size, text);
	const char *names[GATE_FORMAT_COUNT], *near;
	int format = gate_format_by_name(name);

	for (int i = 0; i < GATE_FORMAT_COUNT; i++)
		names[i] = gate_format_name((enum gate_format)i);
	near = nearest_name(name, names, GATE_FORMAT_COUNT);
	free(name);
	if (format < 0)
		return error_set(error, SEEP_ERR_USAGE, "unknown format '%.*s'; %s%s", (int)size, text,
				 near ? "did you mean " : "`seep gate --help` lists the formats", near ? near : "");
	if (text[size] == '=' && !text[size + 1])
		return error_set(error, SEEP_ERR_USAGE, "a file's name is missing after '%s'", text);
	options->outputs = memory_grow(options->outputs, &options->output_capacity, options->output_count + 1,
				       sizeof(*options->outputs));
	options->outputs[options->output_count++] =
		(struct gate_output){(enum gate_format)format, text[size] ? text + size + 1 : NULL};
	return SEEP_OK;
}

static void add_suppressions(struct gate_options *options, const char *path)
{
	options->suppressions = memory_grow(options->suppressions, &options->suppression_capacity,
					    options->suppression_count + 1, sizeof(*options->suppressions));
	options->suppressions[options->suppression_count++] = path;
}

static int set_seconds(const char *text, double *out, struct error *error)
{
	if (!run_is_number(text, 0.1, 1e6))
		return error_set(error, SEEP_ERR_USAGE, "--for takes seconds, at least 0.1, not '%s'", text);
	*out = strtod(text, NULL);
	return SEEP_OK;
}

static int take(struct gate_options *options, enum gate_option id, const char *value, struct error *error)
{
	switch (id) {
	case OPTION_POLICY:
		options->policy = value;
		break;
	case OPTION_BASELINE:
		options->baseline = value;
		break;
	case OPTION_WRITE_BASELINE:
		options->write_baseline = value;
		break;
	case OPTION_SUPPRESSIONS:
		add_suppressions(options, value);
		break;
	case OPTION_FORMAT:
		return add_output(options, value, error);
	case OPTION_JSON:
		return add_output(options, "json", error);
	case OPTION_SOURCE_ROOT:
		options->source_root = value;
		break;
	case OPTION_OUT:
		options->run.out = value;
		break;
	case OPTION_INTERVAL:
		if (!run_is_number(value, 0.01, 3600))
			return error_set(error, SEEP_ERR_USAGE, "'%s' is no interval; give seconds from 0.01 to 3600",
					 value);
		options->run.interval = value;
		break;
	case OPTION_SAMPLE:
		if (!run_is_sample(value))
			return error_set(error, SEEP_ERR_USAGE,
					 "'%s' is no number of bytes; give 0 to 1024g, such as 512k", value);
		options->run.sample = value;
		break;
	case OPTION_FOR:
		return set_seconds(value, &options->run.for_s, error);
	case OPTION_DRIVE:
		options->run.drive = value;
		break;
	case OPTION_HELP:
	case OPTION_COUNT:
		options->help = true;
		break;
	}
	return SEEP_OK;
}

/* ---- the parser ---- */

static int refuse_option(const char *given, bool lacks_value, struct error *error)
{
	const char *names[OPTION_COUNT], *near;
	char word[64];

	if (lacks_value)
		return error_set(error, SEEP_ERR_USAGE, "%s needs a value; `seep gate --help` explains it", given);
	for (int i = 0; i < OPTION_COUNT; i++)
		names[i] = rows[i].name;
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(given + strspn(given, "-"), "="), given + strspn(given, "-"));
	near = nearest_name(word, names, OPTION_COUNT);
	if (near)
		return error_set(error, SEEP_ERR_USAGE, "unknown option %s; did you mean --%s?", given, near);
	return error_set(error, SEEP_ERR_USAGE, "unknown option %s; `seep gate --help` lists the options", given);
}

static void fill_table(struct option *out)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		out[i] = (struct option){rows[i].name, rows[i].argument ? required_argument : no_argument, NULL,
					 rows[i].letter ? rows[i].letter : LONG_BASE + i};
	out[OPTION_COUNT] = (struct option){0};
}

static enum gate_option id_of(int value)
{
	for (int i = 0; value < LONG_BASE && i < OPTION_COUNT; i++)
		if (rows[i].letter == value)
			return (enum gate_option)i;
	return (enum gate_option)(value - LONG_BASE);
}

/* What is before "--". */
static int parse_options(int argc, char **argv, struct gate_options *out, struct error *error)
{
	struct option table[OPTION_COUNT + 1];
	int value, code = SEEP_OK;

	fill_table(table);
	optind = 0;
	opterr = 0;
	while (!code && !out->help && (value = getopt_long(argc, argv, ":o:h", table, NULL)) != -1) {
		if (value == '?' || value == ':')
			return refuse_option(argv[optind - 1], value == ':', error);
		code = take(out, id_of(value), optarg, error);
	}
	if (code || out->help)
		return code;
	out->recording = optind < argc ? argv[optind] : NULL;
	if (optind + 1 < argc)
		return error_set(error, SEEP_ERR_USAGE,
				 "'%s' is one argument too many; a program to be run comes after --", argv[optind + 1]);
	return SEEP_OK;
}

static int check_command(const struct gate_options *options, struct error *error)
{
	const struct gate_run_options *run = &options->run;
	bool has_run_option = run->out || run->interval || run->sample || run->for_s > 0 || run->drive;

	if (run->program && !run->program[0])
		return error_set(error, SEEP_ERR_USAGE,
				 "name the program to run after --: seep gate [options] -- CMD [ARG]...");
	if (run->program && options->recording)
		return error_set(error, SEEP_ERR_USAGE,
				 "a recording (%s) and a program (%s) exclude each other; leave one out",
				 options->recording, run->program[0]);
	if (!run->program && has_run_option)
		return error_set(
			error, SEEP_ERR_USAGE,
			"--out, --interval, --sample, --for and --drive are for a program that is run: seep gate "
			"[options] -- CMD [ARG]...");
	return SEEP_OK;
}

static int check_outputs(const struct gate_options *options, struct error *error)
{
	const char *first = NULL;

	for (size_t i = 0; i < options->output_count; i++) {
		enum gate_format format = options->outputs[i].format;

		/* annotations are lines between a report's lines; everything else is a whole document */
		if (options->outputs[i].path || format == GATE_TEXT || format == GATE_GITHUB)
			continue;
		if (first)
			return error_set(error, SEEP_ERR_USAGE,
					 "%s and %s cannot both go to standard output; write --format %s=FILE", first,
					 gate_format_name(format), gate_format_name(format));
		first = gate_format_name(format);
	}
	if (options->baseline && options->write_baseline)
		return error_set(error, SEEP_ERR_USAGE,
				 "--baseline and --write-baseline exclude each other; leave one out");
	return SEEP_OK;
}

int gate_options_parse(int argc, char **argv, struct gate_options *out, struct error *error)
{
	int before = 0, code;

	*out = (struct gate_options){0};
	while (before < argc && strcmp(argv[before], "--") != 0)
		before++;
	code = parse_options(before, argv, out, error);
	if (code || out->help)
		return code;
	if (before < argc)
		out->run.program = argv + before + 1;
	code = check_command(out, error);
	if (!out->run.interval)
		out->run.interval = "1";
	return code ? code : check_outputs(out, error);
}

void gate_options_release(struct gate_options *options)
{
	free(options->suppressions);
	free(options->outputs);
	*options = (struct gate_options){0};
}

/* ---- help ---- */

static void add_row(struct buffer *out, const struct row *row)
{
	char left[64];
	const char *line = row->help;

	snprintf(left, sizeof(left), "%s%c%s--%s%s%s", row->letter ? "-" : "", row->letter ? row->letter : ' ',
		 row->letter ? ", " : "   ", row->name, row->argument ? " " : "", row->argument ? row->argument : "");
	buffer_format(out, "  %-25s", left);
	while (line) {
		const char *end = strchr(line, '\n');

		buffer_format(out, " %.*s\n", (int)(end ? end - line : (long)strlen(line)), line);
		line = end ? end + 1 : NULL;
		if (line)
			buffer_format(out, "  %-25s", "");
	}
}

void gate_options_help(struct buffer *out)
{
	buffer_add(out,
		   "usage: seep gate [options] [FILE]\n"
		   "       seep gate [options] -- CMD [ARG]...\n\n"
		   "Judges a recording, or runs CMD and judges it: passes, fails, or says that it cannot be told.\n\n");
	for (int i = 0; i < OPTION_COUNT; i++) {
		add_row(out, &rows[i]);
		for (int format = 0; i == OPTION_FORMAT && format < GATE_FORMAT_COUNT; format++)
			buffer_format(out, "  %-25s   %-8s %s\n", "", gate_format_name((enum gate_format)format),
				      gate_format_summary((enum gate_format)format));
	}
	buffer_add(out, "\nFILE is the newest seep.*.db of this directory if not given. The policy's language is in "
			"seep-gate(1).\n"
			"Exit codes: 0 pass, 1 fail, 2 wrong usage or policy, 3 inconclusive, or nothing to judge.\n");
}
