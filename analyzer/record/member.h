/* SPDX-License-Identifier: MIT */
/*
 * member.h - a process of the arena, as the recorder follows it: does it live, is it still the same program.
 *
 * Ownership: member_open() makes one, member_close() frees it with its watch.
 */
#ifndef SEEP_MEMBER_H
#define SEEP_MEMBER_H

#include "ages.h"
#include "events.h"
#include "hook_cost.h"
#include "proc.h"
#include "sampler.h"
#include "watch.h"

enum member_state {
	MEMBER_LIVE,
	MEMBER_ENDED,
	MEMBER_EXECED, /* the process goes on as a program that is no part of this slot */
};

struct member {
	struct watch *watch;
	enum member_state state;
	bool is_recorded; /* in the recording since an earlier tick */
	uint32_t attention;
	int pidfd;             /* -1: the kernel has none for us; /proc is asked instead */
	int64_t started_ns;    /* since boot: with the pid, it names the process */
	int64_t stack_start;   /* of the program; -1 unknown */
	unsigned other_stacks; /* looks in a row that saw another one */
	bool impossible_said;
	struct sample_memory sample;
	struct hook_cost_memory cost;
	struct event_memory events;
	struct age_memory ages;
};

/* What tells the process that claimed an entry from another one with its pid. */
struct member_origin {
	struct proc_file arena;                           /* it maps that file */
	int64_t created_realtime_ns, created_boottime_ns; /* of the arena: relates the entry's clock to the process's */
	bool clock_has_stepped; /* the system's clock was set since: an entry's time cannot be compared */
	uint32_t creator_pid;
	struct proc_inner inner; /* as of the search of the whole system at: */
	int64_t searched_ns;
};

/*
 * NULL: not now (memory, or a search that has to rest), try again. A process that is gone already, or whose pid belongs
 * to another one, is MEMBER_ENDED.
 */
struct member *member_open(uint32_t slot, const struct arena_entry *entry, struct member_origin *origin,
			   int64_t now_ns);
void member_close(struct member *member); /* NULL is fine */

/* Looks whether it has ended, where no pidfd tells. */
void member_check_life(struct member *member);
/* User and system time of one that has ended, until its parent has waited for it; -1 unknown. */
int64_t member_final_cpu_ns(const struct member *member);
/* Looks whether another program runs in it that Seep is not in. Once a tick. */
void member_check_program(struct member *member);

#endif
