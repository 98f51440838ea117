/* SPDX-License-Identifier: MIT */
#include "member.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/clock.h"
#include "proc.h"

/* /proc tells a start to a hundredth of a second; a process claims its slot after it. */
#define START_TOLERANCE_NS NS_PER_S
#define FRESH_NS (3 * NS_PER_S)

/* A search of all processes takes some milliseconds. */
#define SEARCH_REST_NS NS_PER_S
enum { RECENT_PIDS = 4096 };

static void close_pidfd(struct member *member)
{
	if (member->pidfd >= 0)
		close(member->pidfd);
	member->pidfd = -1;
}

/*
 * What the start of a process says. One that began after the entry was claimed did not claim it. All but the first of
 * an arena's processes began after the arena was made, and the first one just before, or it became the program by an
 * exec: then it is met while its claim is fresh, or has a pid that is not lower.
 */
static bool is_another_by_time(const struct arena_entry *entry, const struct proc_stat *stat,
			       const struct member_origin *origin, int64_t now_ns)
{
	int64_t claimed_ns =
		(int64_t)entry->claimed_realtime_ns - origin->created_realtime_ns + origin->created_boottime_ns;
	bool is_fresh = !origin->clock_has_stepped && now_ns - claimed_ns < FRESH_NS;

	if (!origin->clock_has_stepped && stat->started_ns > claimed_ns + START_TOLERANCE_NS)
		return true;
	return stat->started_ns < origin->created_boottime_ns - FRESH_NS &&
	       (!is_fresh || entry->pid < origin->creator_pid);
}

/*
 * The pid may be of a namespace that has gone with its container, or have been reused since. The mappings tell; where
 * they cannot be read, the time.
 */
static bool is_another(const struct arena_entry *entry, const struct proc_stat *stat,
		       const struct member_origin *origin, int64_t now_ns)
{
	enum proc_maps maps = proc_maps_file(entry->pid, &origin->arena);

	if (maps == PROC_MAPS_UNKNOWN)
		return is_another_by_time(entry, stat, origin, now_ns);
	return maps == PROC_MAPS_NOT;
}

static void know_process(struct member *member, const struct proc_stat *stat)
{
	member->started_ns = stat->started_ns;
	if (stat->stack_start > 1)
		member->stack_start = stat->stack_start;
}

/* The entry's pid as it is. False if that is another process, or none. */
static bool find_here(struct member *member, const struct arena_entry *entry, const struct member_origin *origin,
		      int64_t now_ns)
{
	struct proc_stat stat;

	/* the descriptor first: what is read after it is of the process that it stands for, or that one has ended */
	member->pidfd = (int)syscall(SYS_pidfd_open, entry->pid, 0);
	if (!proc_stat_read(entry->pid, &stat))
		return member->pidfd >= 0; /* hidden from us (hidepid): the descriptor will tell */
	if (proc_has_ended(&stat) || is_another(entry, &stat, origin, now_ns)) {
		close_pidfd(member);
		return false;
	}
	know_process(member, &stat);
	return true;
}

/*
 * A pid that is lower than that of the arena's first process, or somebody else's: then the process may be in a
 * namespace of its own, and must not be taken for dead, for its slot would go to another one. Pids that have begun
 * again from below are told by the newest one, which they are close to.
 */
static bool may_be_elsewhere(const struct arena_entry *entry, const struct member_origin *origin)
{
	uint32_t newest;

	if (kill((pid_t)entry->pid, 0) == 0 || errno != ESRCH)
		return true;
	if (entry->pid >= origin->creator_pid)
		return false;
	newest = proc_newest_pid();
	return newest >= origin->creator_pid || entry->pid > newest || newest - entry->pid > RECENT_PIDS;
}

static bool find_elsewhere(struct member *member, const struct arena_entry *entry, const struct member_origin *origin)
{
	uint32_t pid = proc_inner_find(&origin->inner, entry->pid);
	struct proc_stat stat;

	if (!pid)
		return false;
	member->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (!proc_stat_read(pid, &stat) || proc_has_ended(&stat))
		return false;
	watch_set_pid(member->watch, pid);
	know_process(member, &stat);
	return true;
}

/* One search serves all that are met in a step. False: it has to rest. */
static bool search(struct member_origin *origin, int64_t now_ns)
{
	if (origin->searched_ns == now_ns)
		return true;
	if (origin->searched_ns && now_ns - origin->searched_ns < SEARCH_REST_NS)
		return false;
	proc_inner_read(&origin->inner, &origin->arena);
	origin->searched_ns = now_ns;
	return true;
}

/* False: not to be told now. */
static bool find_process(struct member *member, const struct arena_entry *entry, struct member_origin *origin,
			 int64_t now_ns)
{
	if (entry->state == SLOT_EXECED) {
		member->state = MEMBER_EXECED;
		return true;
	}
	if (find_here(member, entry, origin, now_ns))
		return true;
	member->state = MEMBER_ENDED;
	if (!may_be_elsewhere(entry, origin))
		return true;
	if (!search(origin, now_ns))
		return false;
	if (find_elsewhere(member, entry, origin))
		member->state = MEMBER_LIVE;
	return true;
}

struct member *member_open(uint32_t slot, const struct arena_entry *entry, struct member_origin *origin, int64_t now_ns)
{
	struct member *member = calloc(1, sizeof(*member));

	if (!member)
		return NULL;
	member->pidfd = -1;
	member->stack_start = -1;
	member->attention = entry->attention;
	member->watch = watch_open(slot, entry);
	if (member->watch && find_process(member, entry, origin, now_ns))
		return member;
	member_close(member);
	return NULL;
}

void member_close(struct member *member)
{
	if (!member)
		return;
	close_pidfd(member);
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

int64_t member_final_cpu_ns(const struct member *member)
{
	struct proc_stat stat;

	if (member->state != MEMBER_ENDED || !proc_stat_read(watch_pid(member->watch), &stat) ||
	    stat.started_ns != member->started_ns || stat.user_ns < 0 || stat.system_ns < 0)
		return -1;
	return stat.user_ns + stat.system_ns;
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
