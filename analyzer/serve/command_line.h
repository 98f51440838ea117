/* SPDX-License-Identifier: MIT */
/* command_line.h - the options of `seep serve`. */
#ifndef SEEP_SERVE_COMMAND_LINE_H
#define SEEP_SERVE_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/error.h"

enum { SERVE_HOSTS_MOST = 32 };

/* Everything is borrowed from argv. */
struct serve_line {
	const char *listen;
	const char *token_file; /* NULL: a new token each time */
	const char *hosts[SERVE_HOSTS_MOST];
	size_t host_count;
	size_t metrics_callsites; /* of a recording */
	const char *wrapper;      /* NULL: none */
	bool debuginfod;
	bool for_run; /* started by `seep run --serve`: see main.c */
	bool help;
	char **files;
	size_t file_count;
};

/* SEEP_ERR_USAGE with the sentence. */
int serve_line_parse(int argc, char **argv, struct serve_line *out, struct error *error);

void serve_line_help(void);

#endif
