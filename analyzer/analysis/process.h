/* SPDX-License-Identifier: MIT */
/* process.h - what reports want to know of a recorded process. Pure. */
#ifndef SEEP_PROCESS_H
#define SEEP_PROCESS_H

#include "../base/model.h"

/* True if the process still runs, or ended with the recording. */
bool process_lasted(const struct recording *recording, const struct model_process *process);

/*
 * What people call the program, to be freed: the name that it was started by, for the file may have another one
 * (redis-server is a link); "nginx" of "nginx: master process"; the file's name where there is no command line.
 */
char *process_program(const struct model_process *process);

#endif
