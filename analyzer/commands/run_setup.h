/* SPDX-License-Identifier: MIT */
/* run_setup.h - before the program: which libseep.so, which recording, which arena. */
#ifndef SEEP_RUN_SETUP_H
#define SEEP_RUN_SETUP_H

#include "run_child.h"

/*
 * Fills the paths of a run whose program is set. `out` is the recording's file, NULL the default; an earlier recording
 * of that name is moved aside. 0, or the exit code with the sentence printed.
 */
int run_prepare(struct run *run, const char *out);

/* Prints why nothing is run, as a sentence of `seep run`; returns the exit code. */
int run_refuse(int exit_code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A plain number within the limits, as the shim reads it. */
bool run_is_number(const char *text, double least, double most);

/* A number of bytes as libseep.so reads it: digits, and k, m or g. */
bool run_is_sample(const char *text);

#endif
