/* SPDX-License-Identifier: MIT */
#include "command_line.h"

#include <ctype.h>
#include <getopt.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../http/http.h"
#include "metrics.h"

void serve_line_help(void)
{
	puts("usage: seep serve [options] [FILE...]\n"
	     "\n"
	     "Serves a live page of recordings, and what pprof and Prometheus read; prints its URL.\n"
	     "\n"
	     "  --listen ADDR:PORT  where to listen (default: 127.0.0.1 and a free port)\n"
	     "  --token-file FILE   the token that whoever reads must have; FILE is made with a random one if it is\n"
	     "                      not there (default: a random token each time)\n"
	     "  --allow-host NAME   answer to this name, too: a proxy's, or this host's (may be repeated)\n"
	     "  --metrics-callsites N  at most N callsites of a recording in /metrics (50); the rest is \"other\"\n"
	     "  --wrapper REGEX     functions that only hand on what they allocate, beside those that are found\n"
	     "  --debuginfod        ask the servers of $DEBUGINFOD_URLS for missing debug info\n"
	     "  -h, --help          print this\n"
	     "\n"
	     "FILE is the newest seep.*.db of this directory if none is given; it may still be recorded into, and is\n"
	     "only read. SIGINT and SIGTERM end it.\n"
	     "Exit codes: 0 ended, 2 wrong usage, 3 could not (no such recording, the port is in use).");
}

/* What a Host header can say. */
static bool is_host(const char *name)
{
	return *name && strlen(name) <= 255 && !name[strcspn(name, "/@ \t?#")] && (*name == '[' || !strchr(name, ':'));
}

static int add_host(struct serve_line *line, const char *name, struct error *error)
{
	if (!is_host(name))
		return error_set(error, SEEP_ERR_USAGE,
				 "'%.64s' is no host; give --allow-host a name or an address without port", name);
	if (line->host_count == SERVE_HOSTS_MOST)
		return error_set(error, SEEP_ERR_USAGE, "--allow-host is given more than %d times; leave some out",
				 SERVE_HOSTS_MOST);
	line->hosts[line->host_count++] = name;
	return SEEP_OK;
}

static int set_callsites(struct serve_line *line, const char *text, struct error *error)
{
	char *end;

	line->metrics_callsites = strtoul(text, &end, 10);
	if (isdigit((unsigned char)*text) && !*end && line->metrics_callsites <= METRICS_CALLSITES_MOST)
		return SEEP_OK;
	return error_set(error, SEEP_ERR_USAGE, "--metrics-callsites takes a number from 0 to %d, not '%.64s'",
			 METRICS_CALLSITES_MOST, text);
}

static int check_expression(const char *text, struct error *error)
{
	regex_t regex;

	if (regcomp(&regex, text, REG_EXTENDED | REG_NOSUB))
		return error_set(error, SEEP_ERR_USAGE,
				 "--wrapper '%.64s' is not an extended regular expression; correct it", text);
	regfree(&regex);
	return SEEP_OK;
}

static int take(struct serve_line *line, int option, const char *given, struct error *error)
{
	switch (option) {
	case 'l':
		line->listen = optarg;
		return SEEP_OK;
	case 't':
		line->token_file = optarg;
		return SEEP_OK;
	case 'a':
		return add_host(line, optarg, error);
	case 'm':
		return set_callsites(line, optarg, error);
	case 'w':
		line->wrapper = optarg;
		return check_expression(optarg, error);
	case 'd':
		line->debuginfod = true;
		return SEEP_OK;
	case 'r':
		line->for_run = true;
		return SEEP_OK;
	case 'h':
		line->help = true;
		return SEEP_OK;
	case ':':
		return error_set(error, SEEP_ERR_USAGE, "%s needs a value; `seep serve --help` explains it", given);
	default:
		return error_set(error, SEEP_ERR_USAGE, "unknown option %s; `seep serve --help` lists the options",
				 given);
	}
}

int serve_line_parse(int argc, char **argv, struct serve_line *out, struct error *error)
{
	static const struct option options[] = {{"listen", required_argument, NULL, 'l'},
						{"token-file", required_argument, NULL, 't'},
						{"allow-host", required_argument, NULL, 'a'},
						{"metrics-callsites", required_argument, NULL, 'm'},
						{"wrapper", required_argument, NULL, 'w'},
						{"debuginfod", no_argument, NULL, 'd'},
						{"for-run", no_argument, NULL, 'r'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	int option, code = SEEP_OK;

	*out = (struct serve_line){.listen = "127.0.0.1:0", .metrics_callsites = METRICS_CALLSITES};
	opterr = 0;
	while (!code && !out->help && (option = getopt_long(argc, argv, ":h", options, NULL)) != -1)
		code = take(out, option, argv[optind - 1], error);
	out->files = argv + optind;
	out->file_count = (size_t)(argc - optind);
	return code;
}
