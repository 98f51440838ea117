/* SPDX-License-Identifier: MIT */
/* main.c - `seep COMMAND ...`: finds the command in the table of commands.h and runs it. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "commands/commands.h"
#include "commands/nearest.h"

static const struct command {
	const char *name, *arguments, *summary;
	int (*run)(int argc, char **argv);
} commands[] = {
#define X(name, arguments, summary) {#name, arguments, summary, command_##name},
	SEEP_COMMANDS(X)
#undef X
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int print_help(FILE *to)
{
	fputs("usage: seep COMMAND [options] ...\n\n"
	      "Seep finds what a server leaks, while it serves: memory, descriptors, timers, threads, each by the "
	      "stack\n"
	      "that acquired it.\n\n",
	      to);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fputs("\nBegin with `seep run CMD`, then `seep top`. `seep help COMMAND` explains each; `seep --version` "
	      "prints\n"
	      "the version.\n",
	      to);
	return SEEP_EXIT_OK;
}

static int unknown_command(const char *name)
{
	const char *names[COMMAND_COUNT], *near;

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		names[i] = commands[i].name;
	near = nearest_name(name, names, COMMAND_COUNT);
	if (near)
		fprintf(stderr, "seep: unknown command '%s'; did you mean `seep %s`?\n", name, near);
	else
		fprintf(stderr, "seep: unknown command '%s'; `seep --help` lists the commands\n", name);
	return SEEP_EXIT_USAGE;
}

static int run_command(int argc, char **argv)
{
	const struct command *command = find_command(argv[0]);

	return command ? command->run(argc, argv) : unknown_command(argv[0]);
}

static int help_on(char *name)
{
	char option[] = "--help";
	char *argv[] = {name, option, NULL};

	return run_command(2, argv);
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
	return !strcmp(word, a) || !strcmp(word, b);
}

static int dispatch(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return SEEP_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "help") && argc > 2)
		return help_on(argv[2]);
	if (!strcmp(argv[1], "help") || is_one_of(argv[1], "--help", "-h"))
		return print_help(stdout);
	if (is_one_of(argv[1], "--version", "-V")) {
		puts("seep " SEEP_VERSION);
		return SEEP_EXIT_OK;
	}
	return run_command(argc - 1, argv + 1);
}

/* What was printed must have been written; that nobody reads on (EPIPE) is no error, and says nothing. */
static int finish(int exit_code)
{
	bool had_error = ferror(stdout);

	errno = 0;
	had_error |= fflush(stdout) != 0;
	if (!had_error || errno == EPIPE || exit_code)
		return exit_code;
	fprintf(stderr, "seep: cannot write the output%s%s; make room or write it elsewhere\n", errno ? ": " : "",
		errno ? strerror(errno) : "");
	return SEEP_EXIT_UNKNOWN;
}

int main(int argc, char **argv)
{
	return finish(dispatch(argc, argv));
}
