/* SPDX-License-Identifier: MIT */
/* live.h - from a running process to the recording that it is recorded into. */
#ifndef SEEP_LIVE_H
#define SEEP_LIVE_H

#include <stdint.h>

#include "../base/error.h"

/*
 * The path of the recording, to be freed. The process maps its arena, wherever that lies, and the arena names the
 * recording; both paths are as the process sees them, so for one with a root of its own they are tried below
 * /proc/PID/root.
 */
int live_recording_path(uint32_t pid, char **out, struct error *error);

#endif
