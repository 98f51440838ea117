/* SPDX-License-Identifier: MIT */
/* command_line.h - the options of `seep push`. */
#ifndef SEEP_PUSH_COMMAND_LINE_H
#define SEEP_PUSH_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/error.h"

/* Everything is borrowed from argv. */
struct push_line {
	char *url;
	const char *host; /* NULL: the recording's */
	double follow_s;  /* 0: once */
	bool print_schema, quiet, help;
	char **files;
	size_t file_count;
};

/* SEEP_ERR_USAGE with the sentence. */
int push_line_parse(int argc, char **argv, struct push_line *out, struct error *error);

void push_line_help(void);

#endif
