/* SPDX-License-Identifier: MIT */
/*
 * options.h - the options of the reporting commands: one table that is parser and help at once.
 *
 * X(identifier, long name, short or 0, argument or NULL, commands, help). `commands` is a mask of
 * enum options_command: an option that a command cannot honour is refused, not ignored.
 */
#ifndef SEEP_OPTIONS_H
#define SEEP_OPTIONS_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../analysis/graph.h"
#include "../base/error.h"
#include "../render/export.h"
#include "moment.h"

enum options_command {
	FOR_TOP = 1,
	FOR_TREE = 2,
	FOR_PEEK = 4,
	FOR_LIST = 8,
	FOR_DIFF = 16,
	FOR_INFO = 32,
	FOR_GROWTH = 64,
	FOR_EXPORT = 128,
	FOR_REPORTS = FOR_TOP | FOR_TREE | FOR_PEEK | FOR_LIST | FOR_DIFF,
	FOR_FIGURES = FOR_REPORTS | FOR_GROWTH | FOR_EXPORT,
	FOR_ALL = FOR_FIGURES | FOR_INFO,
};

/* clang-format off */
#define FORMAT_OPTION(X, id, name, is_binary, has_every_type, help) X(id, #name, 0, NULL, FOR_EXPORT, help)

#define OPTIONS(X) \
	X(TYPE, "type", 0, "TYPE", FOR_FIGURES, "what to count: inuse_space (default; growth: all), inuse_objects,\n" \
	  "alloc_space, alloc_objects, sockets, fds, timers, threads, streams,\nmappings, watches, or one kind by name (file, pipe, timerfd, ...)") \
	X(BY, "by", 0, "WHAT", FOR_REPORTS, "one row for each function (default), line, file, module or stack") \
	X(CUM, "cum", 0, NULL, FOR_REPORTS, "sort by cum: what a function and all it called hold") \
	X(LIMIT, "limit", 'n', "N", FOR_FIGURES & ~FOR_EXPORT, "show N rows, 0 for all (top, diff and growth 10, tree 80, peek and list all;\n" \
	  "with --json all)") \
	X(FOCUS, "focus", 0, "REGEX", FOR_FIGURES, "only stacks with a function, file or module that matches") \
	X(IGNORE, "ignore", 0, "REGEX", FOR_FIGURES, "no stacks with one that matches") \
	X(HIDE, "hide", 0, "REGEX", FOR_FIGURES, "leave out the frames that match") \
	X(SHOW_ALL, "show-all", 0, NULL, FOR_FIGURES, "show the frames of the allocator and the C library, too") \
	X(BASE, "base", 0, "FILE", (FOR_REPORTS & ~FOR_DIFF) | FOR_EXPORT, "subtract the figures of another recording") \
	X(SINCE, "since", 0, "TIME", FOR_FIGURES, "what changed since then: 2026-11-21T14:02:03, 14:02,\n" \
	  "10m (before the end) or +30s (after the start)") \
	X(UNTIL, "until", 0, "TIME", FOR_FIGURES, "the figures as they were then") \
	X(PROCESS, "process", 0, "PID", FOR_ALL, "only this process of the recording") \
	X(PID, "pid", 0, "PID", FOR_ALL & ~FOR_DIFF, "the recording that this running process is in, instead of FILE") \
	X(STACKS, "stacks", 'v', NULL, FOR_GROWTH, "show whole stacks") \
	X(WRAPPER, "wrapper", 0, "REGEX", FOR_GROWTH, "functions that only hand on what they allocate, beside those that are\n" \
	  "found ($SEEP_WRAPPERS)") \
	X(WATCH, "watch", 0, "[S]", FOR_TOP, "refresh each S seconds (1): on a terminal callsites with their verdicts,\n" \
	  "sorted and filtered by keys (h shows them), Enter for the stacks") \
	X(AGES, "ages", 0, NULL, FOR_PEEK, "how old is what they hold, instead of callers and callees") \
	X(JSON, "json", 0, NULL, FOR_ALL, "print JSON") \
	EXPORT_FORMATS(FORMAT_OPTION, X) \
	X(SQLITE, "sqlite", 0, NULL, FOR_EXPORT, "the whole recording as one finished, compact file") \
	X(HTML, "html", 0, NULL, FOR_EXPORT, "the page of seep serve as one file, for any browser") \
	X(OUTPUT, "output", 'o', "OUT", FOR_EXPORT, "write the file OUT instead of standard output") \
	X(DEBUGINFOD, "debuginfod", 0, NULL, FOR_ALL, "ask the servers of $DEBUGINFOD_URLS for missing debug info") \
	X(HELP, "help", 'h', NULL, FOR_ALL, "print this")
/* clang-format on */

struct options {
	enum options_command command;
	const char *command_name; /* for messages */
	struct value_type type;
	bool type_is_given, by_is_given;
	enum graph_by by;
	bool by_cum, show_all, stacks, ages, json, debuginfod, help;
	size_t limit; /* 0 all */
	bool limit_is_given;
	const char *focus, *ignore, *hide, *base; /* as given; NULL not given */
	const char *output;                       /* NULL: standard output */
	enum export_format format;
	const char *wrapper; /* as given, or of the environment */
	regex_t focus_regex, ignore_regex, hide_regex, wrapper_regex;
	regex_t name_regex; /* the REGEX of peek and list */
	bool has_name;
	struct moment since, until;
	uint32_t process_pid, live_pid; /* 0 not given */
	double watch_s;                 /* 0: once */
	bool every_type;                /* set by commands: the profile is of every type at once (samples.h) */
	char **operands;                /* what is left of argv */
	int operand_count;
};

/*
 * Reads argv (argv[0] is the command's name; it is permuted, and its strings are borrowed). 0 or SEEP_ERR_USAGE
 * with the sentence. Release with options_release() in either case. With --help nothing else is checked.
 */
int options_parse(enum options_command command, int argc, char **argv, struct options *out, struct error *error);
void options_release(struct options *options);

/* What `seep COMMAND --help` prints; `arguments` and `summary` are those of commands.h. */
struct buffer;
void options_help(enum options_command command, const char *name, const char *arguments, const char *summary,
		  struct buffer *out);

#endif
