/* SPDX-License-Identifier: MIT */
#include "gate_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../analysis/memory.h"
#include "../base/clock.h"
#include "../base/error.h"
#include "run_finish.h"
#include "run_setup.h"

#define LOOK_NS (50 * NS_PER_MS)

/* A gate's run: the program and, beside it, its load. */
struct driven {
	struct run run;
	const struct gate_run_options *options;
	int64_t start_ns;
	bool was_stopped; /* the program's end was asked for */
	bool load_was_stopped;
	bool was_killed; /* it did not heed SIGTERM */
	bool is_interrupted;
};

/* ---- the load ---- */

/* In a process group of its own: a shell's children go with it. Its signals are as a shell expects them. */
static void become_load(const struct driven *driven)
{
	char pid[16];
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(pid, sizeof(pid), "%d", (int)driven->run.child);
	setenv("SEEP_GATE_PID", pid, 1);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execl("/bin/sh", "sh", "-c", driven->options->drive, (char *)NULL);
	_exit(127);
}

static bool start_load(struct driven *driven)
{
	pid_t pid;

	if (!driven->options->drive)
		return true;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become_load(driven);
	if (pid < 0) {
		fprintf(stderr, "seep gate: cannot start the load: %s; try again when the system has room\n",
			strerror(errno));
		return false;
	}
	setpgid(pid, pid); /* whoever of the two comes first */
	driven->run.other = pid;
	return true;
}

/* ---- waiting ---- */

/* Takes in signals for a moment: what asks this process to end ends the run. */
static void look(struct driven *driven)
{
	static const struct timespec moment = {0, LOOK_NS};
	int number;

	run_look_for_arena(&driven->run);
	number = sigtimedwait(&driven->run.waited_for, NULL, &moment);
	if (number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT)
		driven->is_interrupted = true;
	run_reap(&driven->run);
}

static bool is_over(const struct driven *driven)
{
	const struct gate_run_options *options = driven->options;
	int64_t ran_ns = clock_boottime_ns() - driven->start_ns;

	return driven->is_interrupted || driven->run.has_ended || driven->run.other_has_ended ||
	       (options->for_s > 0 && ran_ns >= (int64_t)(options->for_s * (double)NS_PER_S));
}

/* True if it has ended in that time. */
static bool wait_for(struct driven *driven, const bool *has_ended, int64_t most_ns)
{
	int64_t start_ns = clock_boottime_ns();

	while (!*has_ended && clock_boottime_ns() - start_ns < most_ns)
		look(driven);
	return *has_ended;
}

static void stop_load(struct driven *driven)
{
	struct run *run = &driven->run;

	if (run->other <= 0)
		return;
	if (!run->other_has_ended) {
		driven->load_was_stopped = true;
		kill(-run->other, SIGTERM);
		if (!wait_for(driven, &run->other_has_ended, 2 * NS_PER_S)) {
			kill(-run->other, SIGKILL);
			wait_for(driven, &run->other_has_ended, 2 * NS_PER_S);
		}
	}
	kill(-run->other, SIGKILL); /* what the shell may have left behind */
}

static void stop_program(struct driven *driven)
{
	struct run *run = &driven->run;

	if (run->has_ended)
		return;
	driven->was_stopped = true;
	kill(run->child, SIGTERM);
	if (wait_for(driven, &run->has_ended, GATE_GRACE_S * NS_PER_S))
		return;
	driven->was_killed = true;
	kill(run->child, SIGKILL);
	wait_for(driven, &run->has_ended, GATE_GRACE_S * NS_PER_S);
}

/* ---- how it went ---- */

static char *status_words(const char *who, int status)
{
	if (WIFSIGNALED(status))
		return memory_format("%s was killed by signal %d (%s)", who, WTERMSIG(status),
				     strsignal(WTERMSIG(status)));
	return memory_format("%s ended with status %d", who, WEXITSTATUS(status));
}

/* A program that was asked to end may do so by the signal, or say that it did. */
static bool has_ended_well(const struct driven *driven)
{
	int status = driven->run.status;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (!driven->was_stopped)
		return false;
	return (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) ||
	       (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGTERM);
}

/* NULL: all is well. */
static char *failure_of(const struct driven *driven)
{
	const struct run *run = &driven->run;

	if (driven->was_killed)
		return memory_format("the program did not end within %d s of SIGTERM, and was killed", GATE_GRACE_S);
	if (!has_ended_well(driven))
		return status_words("the program", run->status);
	if (driven->load_was_stopped && !driven->was_stopped)
		return memory_string("the program ended before its load");
	if (run->other > 0 && !driven->load_was_stopped && run->other_status != 0)
		return status_words("the load", run->other_status);
	return NULL;
}

int gate_run(const struct gate_run_options *options, char recording[ARENA_PATH_MAX], char **failed)
{
	struct driven driven = {
		.run = {.child = -1,
			.program = options->program,
			.output_to_stderr = true,
			.interval = options->interval,
			.sample = options->sample},
		.options = options,
	};
	bool has_load, is_complete;
	int code = run_prepare(&driven.run, options->out);

	*failed = NULL;
	if (code)
		return code;
	if (run_start(&driven.run))
		return SEEP_EXIT_UNKNOWN;
	driven.start_ns = clock_boottime_ns();
	has_load = start_load(&driven);
	while (has_load && !is_over(&driven))
		look(&driven);
	stop_load(&driven);
	stop_program(&driven);
	run_look_for_arena(&driven.run);
	is_complete = run_finish(&driven.run, recording);
	if (driven.is_interrupted)
		fputs("seep gate: interrupted; the run was not judged\n", stderr);
	if (driven.is_interrupted || !has_load)
		return SEEP_EXIT_UNKNOWN;
	*failed = failure_of(&driven);
	if (is_complete)
		return SEEP_EXIT_OK;
	if (*failed)
		fprintf(stderr, "seep gate: %s\n", *failed);
	free(*failed);
	*failed = NULL;
	fputs("seep gate: the recording is not complete; what is not recorded cannot be judged\n", stderr);
	return SEEP_EXIT_UNKNOWN;
}
