/* SPDX-License-Identifier: MIT */
/* fd_mark.h - the mark at the first EMFILE or ENFILE of a process, with every descriptor it had. */
#ifndef SEEP_FD_MARK_H
#define SEEP_FD_MARK_H

#include "watch.h"

/*
 * If the process has met a descriptor limit: puts the mark and the table, the shim's (callsite, age) joined with
 * /proc's (path, peer, TCP state) as it is now. `lives`: the process lives, so that /proc has something to say. SEEP_OK
 * if there is no mark.
 */
int fd_mark_record(const struct watch *watch, const struct tick *tick, bool lives);

#endif
