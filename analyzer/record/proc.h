/* SPDX-License-Identifier: MIT */
/*
 * proc.h - what the kernel says of a process, from /proc. Unknown is -1, never 0.
 *
 * Stateless. The parsers are pure: text in, figures out; the text may be cut anywhere.
 */
#ifndef SEEP_PROC_H
#define SEEP_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../preload/arena.h"

/* /proc/PID/stat */
struct proc_stat {
	char state; /* 'Z' zombie; 0 unknown */
	int64_t ppid, threads;
	int64_t user_ns, system_ns;
	int64_t started_ns;  /* since boot */
	int64_t stack_start; /* changes with each exec; -1 or 0: not to be told */
};
bool proc_stat_parse(const char *text, struct proc_stat *out);
/* False if there is no such process. */
bool proc_stat_read(uint32_t pid, struct proc_stat *out);
/* All threads have ended, though its parent may not have waited for it yet. */
bool proc_has_ended(const struct proc_stat *stat);

/* /proc/PID/status, bytes */
struct proc_memory {
	int64_t rss_anon, rss_file, rss_shmem, swap, vm_size, vm_hwm;
};
void proc_memory_parse(const char *text, struct proc_memory *out);
bool proc_memory_read(uint32_t pid, struct proc_memory *out);

/* Command line with spaces, "" if unknown. */
void proc_command_read(uint32_t pid, char *out, size_t size);
/* A link of /proc/PID ("exe", "cwd"), "" if unknown. */
void proc_link_read(uint32_t pid, const char *name, char *out, size_t size);

/*
 * Whether a process maps a file. Only then can a pid of an arena be trusted, which may be of another namespace, or long
 * reused. The file is known by device and inode, or by its name without directories: mount namespaces show other
 * directories, some file systems another device, and a file may be renamed.
 */
enum proc_maps { PROC_MAPS_IT, PROC_MAPS_NOT, PROC_MAPS_UNKNOWN };
struct proc_file {
	const char *name; /* borrowed */
	uint32_t device_major, device_minor;
	uint64_t inode;
};
enum proc_maps proc_maps_file(uint32_t pid, const struct proc_file *file);
/* A line of /proc/PID/maps. Pure. */
bool proc_maps_line(const char *line, const struct proc_file *file);

/* The processes in pid namespaces below ours that map a file. Zeroed is valid and empty; proc_inner_release() frees. */
struct proc_inner {
	struct proc_inner_pid {
		uint32_t inner_pid, pid; /* in its own namespace, and as seen from here */
	} * entries;
	size_t count;
};
/* Looks at every process of the system: some milliseconds. */
void proc_inner_read(struct proc_inner *inner, const struct proc_file *mapped);
/* The pid as seen from here; 0 if there is none. */
uint32_t proc_inner_find(const struct proc_inner *inner, uint32_t inner_pid);
void proc_inner_release(struct proc_inner *inner);
/* The last number of the NSpid line of a status, 0 if the process is in the reader's own namespace. Pure. */
uint32_t proc_inner_pid_parse(const char *status);

/* The newest pid of our namespace, 0 unknown. */
uint32_t proc_newest_pid(void);

/*
 * Bytes of the ranges that are resident or swapped out. -1 if /proc/PID/pagemap cannot be read, or there is too much of
 * it.
 */
int64_t proc_resident_bytes(uint32_t pid, const struct arena_range *ranges, size_t count);

#endif
