/* SPDX-License-Identifier: MIT */
/*
 * limits.h - what a process may take, and what of the limits that it shares with others is used. Unknown is -1, never
 * 0.
 *
 * The memory limit is that of the control group whose limit is nearest to being reached: the process's own one, or one
 * above it (cgroup v2, or v1's memory controller). In a container the groups above cannot be seen; the limit of the
 * container is that of the group which it sees as the root.
 */
#ifndef SEEP_LIMITS_H
#define SEEP_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/model.h"

/* A text of /proc/PID/limits; fills all but memory. Pure. */
void limits_parse(const char *text, struct model_limits *out);
/* "SigQ:	3/96104" of a status: signals queued for the user, timers among them. Pure. */
int64_t limits_signals_parse(const char *status);

/* The memory controller's group of a text of /proc/PID/cgroup. False if there is none. Pure. */
struct limits_group {
	char path[1024]; /* "/system.slice/x.service" */
	bool is_first_version;
};
bool limits_group_parse(const char *text, struct limits_group *out);

/*
 * The limit and the use of a group, or of that one above it which has the least left. Use is what is charged less the
 * file cache that has not been used lately, which the kernel takes back first. `root`: where control groups are
 * mounted, /sys/fs/cgroup. limit INT64_MAX: there is none.
 */
void limits_group_read(const char *root, const struct limits_group *group, int64_t *limit, int64_t *used);

/* All of a process. `out->cgroup_bytes` and `out->signals` are filled, the rest of the look is left alone. */
void limits_read(uint32_t pid, struct model_limits *limits, struct model_look *out);

#endif
