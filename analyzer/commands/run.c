/* SPDX-License-Identifier: MIT */
/* run.c - `seep run CMD`: the program with libseep.so before it, and its exit status after it. */
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "commands.h"
#include "run_finish.h"
#include "run_serve.h"
#include "run_setup.h"

static int print_help(void)
{
	puts("usage: seep run [-o FILE] [--interval S] [--sample BYTES | --max-overhead PERCENT] "
	     "[--serve[=ADDR:PORT]]\n"
	     "                [--] CMD [ARG]...\n"
	     "\n"
	     "Runs CMD and records who holds what in it, and in all its children, until the last of them has ended.\n"
	     "Exits as CMD does: with its status, or 128 and the number of the signal that killed it.\n"
	     "\n"
	     "  -o, --out FILE    the recording (default: seep.CMD.PID.db in the working directory);\n"
	     "                    an earlier one of that name is kept as FILE.old\n"
	     "  --interval S      look each S seconds, 0.01 to 3600 (default: 1)\n"
	     "  --sample BYTES    record one heap block in so many bytes (512k, 1m), and estimate the rest;\n"
	     "                    descriptors, mappings and threads stay exact (default: every block)\n"
	     "  --max-overhead PERCENT\n"
	     "                    record every heap block until Seep's hooks take more than this of the CPU time,\n"
	     "                    and then as many as fit (default: every one, whatever it costs)\n"
	     "  --serve[=ADDR:PORT]\n"
	     "                    serve a live page of it, as `seep serve` does, until the run ends; its URL is\n"
	     "                    printed on standard error (default: 127.0.0.1 and a free port)\n"
	     "  -h, --help        print this\n"
	     "\n"
	     "Signals sent to it are passed on to CMD; as a container's first process it reaps what is left by "
	     "others.");
	return SEEP_EXIT_OK;
}

/* ---- the command line ---- */

struct command_line {
	const char *out;
	const char *interval;
	const char *sample;       /* NULL: every block */
	const char *max_overhead; /* NULL: no limit */
	const char *serve;        /* where to listen; NULL: no page */
	char **program;
};

/* True: go on. Otherwise *exit_code is set. */
static bool parse(int argc, char **argv, struct command_line *out, int *exit_code)
{
	static const struct option options[] = {{"out", required_argument, NULL, 'o'},
						{"interval", required_argument, NULL, 'i'},
						{"sample", required_argument, NULL, 's'},
						{"max-overhead", required_argument, NULL, 'm'},
						{"serve", optional_argument, NULL, 'S'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	int option;

	*out = (struct command_line){.interval = "1"};
	*exit_code = SEEP_EXIT_USAGE;
	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, "+:o:h", options, NULL)) != -1) {
		switch (option) {
		case 'o':
			out->out = optarg;
			break;
		case 'i':
			out->interval = optarg;
			break;
		case 's':
			out->sample = optarg;
			break;
		case 'm':
			out->max_overhead = optarg;
			break;
		case 'S':
			out->serve = optarg ? optarg : "127.0.0.1:0";
			break;
		case 'h':
			*exit_code = print_help();
			return false;
		case ':':
			run_refuse(0, "a value is missing after '%s'; `seep run --help` shows them", argv[optind - 1]);
			return false;
		default:
			run_refuse(0, "unknown option '%s'; `seep run --help` lists what there is", argv[optind - 1]);
			return false;
		}
	}
	out->program = argv + optind;
	if (!run_is_number(out->interval, 0.01, 3600))
		run_refuse(0, "'%s' is no interval; give seconds from 0.01 to 3600", out->interval);
	else if (out->sample && !run_is_sample(out->sample))
		run_refuse(0, "'%s' is no number of bytes; give 0 to 1024g, such as 512k", out->sample);
	else if (out->max_overhead && !run_is_number(out->max_overhead, 0.01, 100))
		run_refuse(0, "'%s' is no limit; give a percentage of the CPU time from 0.01 to 100",
			   out->max_overhead);
	else if (out->sample && out->max_overhead)
		run_refuse(0, "--sample and --max-overhead exclude each other; leave one out");
	else if (!out->program[0])
		run_refuse(0, "name the program to run: seep run [-o FILE] CMD [ARG]...");
	else if (out->out && (!out->out[0] || out->out[strlen(out->out) - 1] == '/'))
		run_refuse(0, "'%s' is no file name; name the recording's file after -o", out->out);
	else
		return true;
	return false;
}

/* ---- the command ---- */

static int run_program(struct run *run)
{
	char recording[ARENA_PATH_MAX];
	int code = run_start(run);

	if (code)
		return code;
	code = run_wait(run);
	run_finish(run, recording);
	return code;
}

int command_run(int argc, char **argv)
{
	struct command_line line;
	struct run run = {.child = -1};
	int code;

	if (!parse(argc, argv, &line, &code))
		return code;
	run.program = line.program;
	run.interval = line.interval;
	run.sample = line.sample;
	run.max_overhead = line.max_overhead;
	code = run_prepare(&run, line.out);
	if (!code && line.serve)
		code = run_serve_start(&run, line.serve);
	if (!code)
		code = run_program(&run);
	run_serve_stop(&run);
	return code;
}
