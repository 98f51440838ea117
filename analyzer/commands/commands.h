/* SPDX-License-Identifier: MIT */
/*
 * commands.h - the commands of `seep`, written once: main.c's dispatch and its help come from this list.
 *
 * X(name, arguments, summary). Each is `int command_NAME(int argc, char **argv)` in a file of its own,
 * argv[0] being the command's name; it returns the exit code (enum seep_exit, or for `run` the program's). serve and
 * push are programs of their own: companion.h.
 */
#ifndef SEEP_COMMANDS_H
#define SEEP_COMMANDS_H

#define SEEP_COMMANDS(X)                                                                                    \
	X(run, "[-o FILE] [--interval S] [--] CMD...", "run a program and record what it holds")            \
	X(record, "[ARENA]", "read arenas into recordings; resumes one whose recorder died")                \
	X(top, "[options] [FILE]", "callsites by what they hold, as pprof -top prints them")                \
	X(growth, "[options] [FILE]", "what leaks, warms up, is steady: since when, how fast, with what")   \
	X(tree, "[options] [FILE]", "the calling-context tree from the outermost frame down")               \
	X(peek, "[options] REGEX [FILE]", "callers and callees of matching functions")                      \
	X(list, "[options] REGEX [FILE]", "source lines of matching functions, annotated")                  \
	X(diff, "[options] A B", "what came, grew, shrank and went from A to B")                            \
	X(export, "--FORMAT [options] [-o OUT] [FILE]",                                                     \
	  "a file for pprof, heaptrack, speedscope, ..., or a flame graph")                                 \
	X(serve, "[options] [FILE...]", "a live page of recordings, for a browser and for tools")           \
	X(push, "--postgres URL [options] [FILE...]", "send recordings to a database of many hosts")        \
	X(gate, "[options] [FILE] | -- CMD...",                                                             \
	  "pass or fail for CI: a recording or a run against policy and baseline")                          \
	X(info, "[options] [FILE]", "what a recording contains, its processes, marks, misuse, Seep's cost") \
	X(doctor, "CMD | --pid PID", "say beforehand why Seep would not see a program")

#define X(name, arguments, summary) int command_##name(int argc, char **argv);
SEEP_COMMANDS(X)
#undef X

#endif
