/* SPDX-License-Identifier: MIT */
/*
 * run_child.h - the program that `seep run` runs: started, watched over, reaped.
 *
 * The struct is the run's whole state. Signals stay blocked from run_start() on: they are waited for, and passed on.
 */
#ifndef SEEP_RUN_CHILD_H
#define SEEP_RUN_CHILD_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "../../preload/arena.h"

struct arena_reader;

/* The page beside the program: run_serve.h. Zeroed: none. */
struct run_server {
	pid_t pid;
	int socket; /* its standard input */
	bool is_told, has_ended;
};

struct run {
	char **program;
	bool output_to_stderr; /* what the program prints; its own standard output otherwise */
	const char *interval;
	const char *sample;       /* NULL: every heap block is recorded */
	const char *max_overhead; /* NULL: no limit */
	char library[PATH_MAX];
	char recorder[PATH_MAX]; /* this program */
	char recording[ARENA_PATH_MAX];
	bool has_default_name; /* the recording's name wants the pid behind it */
	char arena[ARENA_PATH_MAX];
	pid_t child;
	int status; /* of the child, as wait() gave it */
	bool has_ended;
	pid_t other; /* another child, which run_reap() watches too; 0 none */
	int other_status;
	bool other_has_ended;
	struct run_server server;
	struct arena_reader *reader; /* the child's arena; NULL not seen yet */
	sigset_t waited_for;         /* the blocked signals */
};

/* Starts the program. 0, or the exit code: 127 not found, 126 not executable, or Seep's own; the sentence is printed.
 */
int run_start(struct run *run);
/* Waits for it, passing signals on. Returns the exit code. */
int run_wait(struct run *run);

/* Opens the arena if it is there by now; it stays readable when its name has gone. */
void run_look_for_arena(struct run *run);
/* Takes in what children have ended; true when the program has. */
bool run_reap(struct run *run);

#endif
