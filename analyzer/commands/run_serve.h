/* SPDX-License-Identifier: MIT */
/*
 * run_serve.h - `seep run --serve`: the page beside the program.
 *
 * seep-serve is started first, so that a port in use is said before the program runs, and in a session of its own: the
 * terminal's Ctrl-C is the program's. It is this process's child, not the program's, and has none of the descriptors
 * that the program gets but standard error. From its standard output comes the URL; to its standard input goes the
 * recording's name once there is one, and the end of that ends it, whatever becomes of this process.
 */
#ifndef SEEP_RUN_SERVE_H
#define SEEP_RUN_SERVE_H

#include "run_child.h"

/* Starts it and prints the URL on standard error. 0, or the exit code, with the sentence printed. */
int run_serve_start(struct run *run, const char *listen);

/* It is started, and does not know yet what to serve. */
bool run_serve_waits(const struct run *run);

/* Tells it so, once there is a recording. */
void run_serve_tell(struct run *run);

/* Ends it, if it is started, and waits until it has ended. */
void run_serve_stop(struct run *run);

#endif
