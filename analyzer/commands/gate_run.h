/* SPDX-License-Identifier: MIT */
/*
 * gate_run.h - a program recorded for a gate: run as by `seep run`, driven or limited in time, and ended by SIGTERM.
 *
 * What the program and its load print goes to stderr: stdout is for reports. Every process that is started here is
 * ended here, by its number, also when something fails: the program by SIGTERM and after GATE_GRACE_S by SIGKILL, the
 * load with its process group.
 */
#ifndef SEEP_GATE_RUN_H
#define SEEP_GATE_RUN_H

#include <stdbool.h>

#include "../../preload/arena.h"

enum { GATE_GRACE_S = 10 };

struct gate_run_options {
	char **program;
	const char *out;      /* the recording; NULL: as `seep run` names it */
	const char *interval; /* as text, for the shim */
	const char *sample;   /* NULL: every block */
	double for_s;         /* 0: until the program or the load has ended */
	const char *drive;    /* a shell command that loads the program; NULL none */
};

/*
 * 0 with the recording's path, or the exit code with the sentence printed: the program could not be started, nothing
 * was recorded, or the user has interrupted it. `failed` gets a clause that says how the program or its load failed, to
 * be freed; NULL: neither did.
 */
int gate_run(const struct gate_run_options *options, char recording[ARENA_PATH_MAX], char **failed);

#endif
