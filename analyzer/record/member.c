/* SPDX-License-Identifier: MIT */
#include "member.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/clock.h"
#include "proc.h"

/* /proc tells a start to a hundredth of a second; a process claims its slot after it. */
#define START_TOLERANCE_NS NS_PER_S

/* The pid is of a process that began after the entry was claimed: it is not the one that claimed it. */
static bool is_another_process(const struct arena_entry *entry, const struct proc_stat *stat,
			       const struct member_clock *clock)
{
	int64_t claimed_ns =
		(int64_t)entry->claimed_realtime_ns - clock->created_realtime_ns + clock->created_boottime_ns;

	return !clock->has_stepped && stat->started_ns > claimed_ns + START_TOLERANCE_NS;
}

static void find_process(struct member *member, const struct arena_entry *entry, const struct member_clock *clock)
{
	struct proc_stat stat;

	/* the descriptor first: what is read after it is of the process that it stands for, or that one has ended */
	member->pidfd = (int)syscall(SYS_pidfd_open, entry->pid, 0);
	member->stack_start = -1;
	if (!proc_stat_read(entry->pid, &stat)) {
		/* hidden from us (hidepid): the descriptor will tell */
		member->state = member->pidfd >= 0 ? MEMBER_LIVE : MEMBER_ENDED;
		return;
	}
	if (proc_has_ended(&stat) || is_another_process(entry, &stat, clock)) {
		member->state = MEMBER_ENDED;
		return;
	}
	member->started_ns = stat.started_ns;
	if (stat.stack_start > 1)
		member->stack_start = stat.stack_start;
}

struct member *member_open(uint32_t slot, const struct arena_entry *entry, const struct member_clock *clock)
{
	struct member *member = calloc(1, sizeof(*member));

	if (!member)
		return NULL;
	member->watch = watch_open(slot, entry);
	member->pidfd = -1;
	member->attention = entry->attention;
	if (!member->watch) {
		member_close(member);
		return NULL;
	}
	find_process(member, entry, clock);
	if (entry->state == SLOT_EXECED)
		member->state = MEMBER_EXECED;
	return member;
}

void member_close(struct member *member)
{
	if (!member)
		return;
	if (member->pidfd >= 0)
		close(member->pidfd);
	watch_close(member->watch);
	free(member);
}

void member_check_life(struct member *member)
{
	struct proc_stat stat;

	if (member->state != MEMBER_LIVE || member->pidfd >= 0)
		return;
	if (!proc_stat_read(watch_pid(member->watch), &stat) || proc_has_ended(&stat) ||
	    stat.started_ns != member->started_ns)
		member->state = MEMBER_ENDED;
}

/*
 * An exec into a program without Seep (a static one) tells the arena nothing. The new program has another stack; told
 * twice, because a slot that is given back while its owner lives would be lost for good.
 */
void member_check_program(struct member *member)
{
	struct proc_stat stat;

	if (member->state != MEMBER_LIVE || member->stack_start < 0)
		return;
	if (!proc_stat_read(watch_pid(member->watch), &stat) || stat.stack_start <= 1 ||
	    stat.started_ns != member->started_ns)
		return;
	member->other_stacks = stat.stack_start == member->stack_start ? 0 : member->other_stacks + 1;
	if (member->other_stacks >= 2)
		member->state = MEMBER_EXECED;
}
