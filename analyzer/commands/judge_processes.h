/* SPDX-License-Identifier: MIT */
/* judge_processes.h - what the memory of a recording's processes consists of, and what of it grows. */
#ifndef SEEP_JUDGE_PROCESSES_H
#define SEEP_JUDGE_PROCESSES_H

#include "../analysis/process_growth.h"
#include "open.h"

/*
 * The process of --process, or those that lived at the end, in the session's span: the one whose private memory has
 * grown most comes first. *out is to be freed, and borrows the session's recording; the session's file is still open.
 */
int judge_processes(struct session *session, struct judged_process **out, size_t *count, struct error *error);

#endif
