/* SPDX-License-Identifier: MIT */
#include "command_line.h"

#include <ctype.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLLOW_S 60 /* history has a row a minute */

void push_line_help(void)
{
	puts("usage: seep push --postgres URL [options] [FILE...]\n"
	     "\n"
	     "Sends recordings to a PostgreSQL database of many hosts: callsites, figures, verdicts. What is there "
	     "already\n"
	     "is not sent again, and nothing is lost or doubled by a push that was broken off.\n"
	     "\n"
	     "  --postgres URL      postgresql://USER@HOST/DATABASE, or libpq's keywords; a password is better put "
	     "into\n"
	     "                      ~/.pgpass or PGPASSWORD\n"
	     "  --follow [S]        push again each S seconds (60) until the recordings have ended; waits for a "
	     "database\n"
	     "                      that is away\n"
	     "  --host NAME         the host's name there (default: as recorded)\n"
	     "  -q, --quiet         do not say what was pushed\n"
	     "  --print-schema      print the tables and views as SQL, for somebody who may make them\n"
	     "  -h, --help          print this\n"
	     "\n"
	     "FILE is the newest seep.*.db of this directory if none is given; it may still be recorded into, and is\n"
	     "only read.\n"
	     "Exit codes: 0 all is there, 2 wrong usage, 3 could not (no such recording, the database is away, refuses "
	     "or\n"
	     "is newer).");
}

static bool is_seconds(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return isdigit((unsigned char)*text) && !*end && isfinite(*out) && *out >= 0.1 && *out <= 86400;
}

static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789.")];
}

/* `--follow 5` is as good as `--follow=5`, unless 5 is a file. */
static int set_follow(struct push_line *line, int argc, char **argv, struct error *error)
{
	const char *given = optarg;

	line->follow_s = FOLLOW_S;
	if (!given && optind < argc && is_number(argv[optind]) && access(argv[optind], F_OK) < 0)
		given = argv[optind++];
	if (given && !is_seconds(given, &line->follow_s))
		return error_set(error, SEEP_ERR_USAGE, "--follow takes seconds between 0.1 and 86400, not '%.64s'",
				 given);
	return SEEP_OK;
}

static int take(struct push_line *line, int option, int argc, char **argv, struct error *error)
{
	switch (option) {
	case 'p':
		line->url = optarg;
		return SEEP_OK;
	case 'f':
		return set_follow(line, argc, argv, error);
	case 'n':
		line->host = optarg;
		return *optarg ? SEEP_OK
			       : error_set(error, SEEP_ERR_USAGE, "--host takes a name, and this one is empty");
	case 'q':
		line->quiet = true;
		return SEEP_OK;
	case 's':
		line->print_schema = true;
		return SEEP_OK;
	case 'h':
		line->help = true;
		return SEEP_OK;
	case ':':
		return error_set(error, SEEP_ERR_USAGE, "%s needs a value; `seep push --help` explains it",
				 argv[optind - 1]);
	default:
		return error_set(error, SEEP_ERR_USAGE, "unknown option %s; `seep push --help` lists the options",
				 argv[optind - 1]);
	}
}

int push_line_parse(int argc, char **argv, struct push_line *out, struct error *error)
{
	static const struct option options[] = {{"postgres", required_argument, NULL, 'p'},
						{"follow", optional_argument, NULL, 'f'},
						{"host", required_argument, NULL, 'n'},
						{"quiet", no_argument, NULL, 'q'},
						{"print-schema", no_argument, NULL, 's'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	int option, code = SEEP_OK;

	*out = (struct push_line){0};
	opterr = 0;
	while (!code && !out->help && (option = getopt_long(argc, argv, ":qh", options, NULL)) != -1)
		code = take(out, option, argc, argv, error);
	out->files = argv + optind;
	out->file_count = (size_t)(argc - optind);
	if (code || out->help || out->print_schema || out->url)
		return code;
	return error_set(error, SEEP_ERR_USAGE,
			 "where to? Say --postgres postgresql://USER@HOST/DATABASE; `seep push --help` explains it");
}
