/* SPDX-License-Identifier: MIT */
/* run_finish.h - after the program: the recording is complete before `seep run` returns, or it says why not. */
#ifndef SEEP_RUN_FINISH_H
#define SEEP_RUN_FINISH_H

#include "run_child.h"

/*
 * Waits for the recorder, and takes its place if it has died. Returns early when processes of the program live on in
 * the background, or at a signal. Prints one line that says where the recording is, and fills that in. False: nothing
 * was recorded, or not all of it.
 */
bool run_finish(struct run *run, char recording[ARENA_PATH_MAX]);

#endif
