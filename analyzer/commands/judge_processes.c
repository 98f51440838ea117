/* SPDX-License-Identifier: MIT */
#include "judge_processes.h"

#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "../analysis/process.h"
#include "../base/clock.h"

static bool is_glibc(const struct model_process *process)
{
	return strstr(process->allocator, "/libc.so") || strstr(process->allocator, "/libc-");
}

static int64_t grown(const struct judged_process *judged)
{
	return judged->growth.is_known ? judged->growth.last.total - judged->growth.first.total : 0;
}

static int by_growth(const void *a, const void *b)
{
	const struct judged_process *left = a, *right = b;

	if (grown(left) != grown(right))
		return grown(left) > grown(right) ? -1 : 1;
	return (left->process->id > right->process->id) - (left->process->id < right->process->id);
}

static int judge_process(const struct session *session, const struct model_process *process, struct judged_process *out,
			 struct error *error)
{
	int64_t since_s = session->since_ns / NS_PER_S, until_s = (session->until_ns + NS_PER_S - 1) / NS_PER_S;
	struct process_history history = {.is_glibc = is_glibc(process)};
	struct model_look *looks = NULL;
	int code = store_read_looks(session->main.store, process->id, since_s, until_s, &looks, &history.look_count,
				    error);

	if (!code)
		code = store_read_limits(session->main.store, process->id, until_s, &history.limits, error);
	history.looks = looks;
	if (!code)
		*out = (struct judged_process){process, process_growth_of(&history)};
	free(looks);
	return code;
}

static bool is_wanted(const struct session *session, const struct model_process *process)
{
	if (!process->id || !process->pid) /* a gap, or the sum of many that ended */
		return false;
	return session->process_id ? process->id == session->process_id
				   : process_lasted(&session->main.recording, process);
}

int judge_processes(struct session *session, struct judged_process **out, size_t *count, struct error *error)
{
	const struct recording *recording = &session->main.recording;
	struct judged_process *processes = memory_zeroed(recording->process_count, sizeof(*processes));
	int code = SEEP_OK;

	*count = 0;
	for (size_t i = 0; i < recording->process_count && !code; i++) {
		if (is_wanted(session, &recording->processes[i]))
			code = judge_process(session, &recording->processes[i], &processes[(*count)++], error);
	}
	if (code) {
		free(processes);
		processes = NULL;
		*count = 0;
	} else {
		qsort(processes, *count, sizeof(*processes), by_growth);
	}
	*out = processes;
	return code;
}
