/* SPDX-License-Identifier: MIT */
/* seep doctor - says beforehand why Seep would not see a program, or why it does not see a process. */
#include "doctor.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "../render/json.h"
#include "commands.h"
#include "open.h"

/* ---- examinations ---- */

static const struct weight_name {
	const char *label;   /* before the finding */
	const char *verdict; /* in --json */
} weights[] = {
	[FINDING_NOTE] = {"note", "sees"},
	[FINDING_LIMITS] = {"limit", "sees with limits"},
	[FINDING_HEAP] = {"heap unseen", "does not see the heap"},
	[FINDING_BLOCKS] = {"unseen", "does not see"},
};

void finding_add(struct examination *examination, enum finding_weight weight, const char *id, const char *format, ...)
{
	struct finding *finding;
	va_list arguments;

	examination->findings = memory_grow(examination->findings, &examination->capacity, examination->count + 1,
					    sizeof(*examination->findings));
	finding = &examination->findings[examination->count++];
	*finding = (struct finding){.weight = weight, .id = id};
	va_start(arguments, format);
	if (vasprintf(&finding->text, format, arguments) < 0)
		finding->text = memory_string(id);
	va_end(arguments);
}

void examination_release(struct examination *examination)
{
	for (size_t i = 0; i < examination->count; i++)
		free(examination->findings[i].text);
	free(examination->findings);
	free(examination->subject);
	free(examination->path);
	free(examination->recording);
	*examination = (struct examination){0};
}

enum finding_weight examination_weight(const struct examination *examination)
{
	enum finding_weight heaviest = FINDING_NOTE;

	for (size_t i = 0; i < examination->count; i++)
		if (examination->findings[i].weight > heaviest)
			heaviest = examination->findings[i].weight;
	return heaviest;
}

/* ---- the command line ---- */

struct doctor_options {
	bool json;
	uint32_t pid; /* 0: a command */
	const char *command;
};

static const struct option long_options[] = {
	{"json", no_argument, NULL, 'j'},
	{"pid", required_argument, NULL, 'p'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static void print_help(void)
{
	puts("usage: seep doctor [--json] CMD [ARGS]\n"
	     "       seep doctor [--json] --pid PID\n\n"
	     "Says why Seep would not see a program, or why it does not see a process, and what to do. Runs nothing "
	     "of\n"
	     "the program.\n\n"
	     "      --pid PID  examine a running process: is libseep.so in it, does it record\n"
	     "      --json     print JSON\n"
	     "  -h, --help     print this\n\n"
	     "Exits with 0 if Seep sees the program, 1 if it does not, 2 for a mistaken command line, 3 if it could\n"
	     "not tell.");
}

static int parse_pid(const char *text, uint32_t *out, struct error *error)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || !number || number > INT32_MAX)
		return error_set(error, SEEP_ERR_USAGE, "--pid takes the number of a process, not '%s'", text);
	*out = (uint32_t)number;
	return SEEP_OK;
}

static int parse_operand(struct doctor_options *options, const char *operand, struct error *error)
{
	if (options->pid && operand)
		return error_set(error, SEEP_ERR_USAGE, "give a command or --pid, not both");
	if (!options->pid && !operand)
		return error_set(error, SEEP_ERR_USAGE,
				 "name a program, or a process with --pid; try `seep doctor --help`");
	options->command = operand;
	return SEEP_OK;
}

/* *help: it was asked for and printed. */
static int parse(int argc, char **argv, struct doctor_options *options, bool *help, struct error *error)
{
	int letter;

	*options = (struct doctor_options){0};
	*help = false;
	optind = 0; /* the GNU way to begin anew */
	/* '+': what stands behind CMD is CMD's */
	while ((letter = getopt_long(argc, argv, "+:h", long_options, NULL)) >= 0) {
		switch (letter) {
		case 'j':
			options->json = true;
			break;
		case 'p':
			if (parse_pid(optarg, &options->pid, error))
				return SEEP_ERR_USAGE;
			break;
		case 'h':
			*help = true;
			print_help();
			return SEEP_OK;
		case ':':
			return error_set(error, SEEP_ERR_USAGE, "--pid needs the number of a process");
		default:
			return error_set(error, SEEP_ERR_USAGE, "unknown option '%s'; try `seep doctor --help`",
					 argv[optind - 1]);
		}
	}
	return parse_operand(options, argv[optind], error);
}

/* ---- the report ---- */

static void add_verdict(const struct examination *examination, bool is_process, struct buffer *out)
{
	const char *subject = examination->subject;
	const char *will = is_process ? "does" : "will";

	switch (examination_weight(examination)) {
	case FINDING_BLOCKS:
		buffer_format(out, "Seep %s not see %s.\n", will, subject);
		return;
	case FINDING_HEAP:
		buffer_format(out, "Seep %s see the descriptors, timers and threads of %s, but not its heap.\n", will,
			      subject);
		return;
	case FINDING_LIMITS:
		buffer_format(out, "Seep %s %s, within the limits above", is_process ? "sees" : "will see", subject);
		break;
	default:
		buffer_format(out, "Seep %s %s", is_process ? "sees" : "will see", subject);
	}
	if (examination->recording)
		buffer_format(out, ", and records it into %s", examination->recording);
	buffer_add(out, ".\n");
}

static void add_text(const struct examination *examination, bool is_process, struct buffer *out)
{
	for (size_t i = 0; i < examination->count; i++)
		buffer_format(out, "%s: %s.\n", weights[examination->findings[i].weight].label,
			      examination->findings[i].text);
	add_verdict(examination, is_process, out);
}

static void add_json(const struct examination *examination, const struct doctor_options *options, struct buffer *out)
{
	struct json json = {.out = out};
	enum finding_weight weight = examination_weight(examination);

	json_begin_object(&json, NULL);
	json_string(&json, "subject", examination->subject);
	json_string(&json, "program", examination->path);
	if (options->pid)
		json_uint(&json, "pid", options->pid);
	json_string(&json, "recording", examination->recording);
	json_string(&json, "verdict", weights[weight].verdict);
	json_bool(&json, "sees", weight < FINDING_HEAP);
	json_begin_array(&json, "findings");
	for (size_t i = 0; i < examination->count; i++) {
		json_begin_object(&json, NULL);
		json_string(&json, "id", examination->findings[i].id);
		json_string(&json, "weight", weights[examination->findings[i].weight].label);
		json_string(&json, "text", examination->findings[i].text);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_end_object(&json);
	buffer_add(out, "\n");
}

static int examine(const struct doctor_options *options, struct examination *out, struct error *error)
{
	int code;

	if (options->pid)
		return doctor_examine_process(options->pid, out, error);
	code = doctor_examine_command(options->command, out, error);
	if (!code)
		doctor_examine_host(out);
	return code;
}

static int print_report(const struct doctor_options *options, const struct examination *examination)
{
	struct options output = {.command = FOR_INFO, .command_name = "doctor", .json = options->json};
	struct buffer report = {0};
	int exit_code;

	if (options->json)
		add_json(examination, options, &report);
	else
		add_text(examination, options->pid != 0, &report);
	exit_code = command_print(&output, &report);
	if (exit_code)
		return exit_code;
	return examination_weight(examination) >= FINDING_HEAP ? SEEP_EXIT_FINDING : SEEP_EXIT_OK;
}

int command_doctor(int argc, char **argv)
{
	struct doctor_options options;
	struct examination examination = {0};
	struct error error = {0};
	bool help;
	int code = parse(argc, argv, &options, &help, &error), exit_code;

	if (help)
		return SEEP_EXIT_OK;
	if (!code)
		code = examine(&options, &examination, &error);
	exit_code = code ? command_fail(argv[0], &error, code) : print_report(&options, &examination);
	examination_release(&examination);
	return exit_code;
}
