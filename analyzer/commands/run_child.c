/* SPDX-License-Identifier: MIT */
#include "run_child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../arena/arena_reader.h"
#include "../base/error.h"
#include "run_serve.h"

enum { NOT_FOUND = 127, NOT_EXECUTABLE = 126 };
enum { ENVIRONMENT_SIZE = 8 * ARENA_PATH_MAX };

static const int passed_on[] = {SIGINT,  SIGTERM, SIGHUP,   SIGQUIT, SIGUSR1,
				SIGUSR2, SIGCONT, SIGWINCH, SIGTSTP, SIGALRM};

/* ---- the child's side ---- */

static void complete_name(struct run *run, pid_t pid)
{
	size_t length = strlen(run->recording);

	if (run->has_default_name)
		snprintf(run->recording + length, sizeof(run->recording) - length, ".%d.db", (int)pid);
	run->has_default_name = false;
}

/* What the user set comes first: ours is read after it. */
static void set_environment(const struct run *run)
{
	char value[ENVIRONMENT_SIZE];
	const char *preloaded = getenv("LD_PRELOAD");
	const char *options = getenv(ARENA_OPTIONS_ENV);

	snprintf(value, sizeof(value), "%s%s%s", run->library, preloaded && *preloaded ? ":" : "",
		 preloaded ? preloaded : "");
	setenv("LD_PRELOAD", value, 1);
	snprintf(value, sizeof(value), "%s%sout=%s:interval=%s:arena=%s", options ? options : "",
		 options && *options ? ":" : "", run->recording, run->interval, run->arena);
	if (run->sample)
		snprintf(value + strlen(value), sizeof(value) - strlen(value), ":sample=%s", run->sample);
	if (run->max_overhead)
		snprintf(value + strlen(value), sizeof(value) - strlen(value), ":max_overhead=%s", run->max_overhead);
	if (!strchr(run->recorder, ':'))
		snprintf(value + strlen(value), sizeof(value) - strlen(value), ":recorder=%s", run->recorder);
	setenv(ARENA_OPTIONS_ENV, value, 1);
	unsetenv(ARENA_ENV);
}

/* The pipe closes with a successful exec; otherwise it brings errno. */
static void become_program(struct run *run, const sigset_t *mask, int report)
{
	int error;

	complete_name(run, getpid());
	set_environment(run);
	if (run->output_to_stderr)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(run->program[0], run->program);
	error = errno;
	if (write(report, &error, sizeof(error)) < 0)
		_exit(NOT_FOUND);
	_exit(NOT_FOUND);
}

/* ---- starting ---- */

static int say_not_started(const char *program, int error)
{
	if (error == ENOENT) {
		fprintf(stderr, "seep run: there is no program '%s'; check its name and PATH\n", program);
		return NOT_FOUND;
	}
	fprintf(stderr, "seep run: cannot run '%s': %s; check that it is a program, and its permissions\n", program,
		strerror(error));
	return NOT_EXECUTABLE;
}

static int say_system(const char *what)
{
	fprintf(stderr, "seep run: cannot start a process: %s: %s; try again when the system has room\n", what,
		strerror(errno));
	return SEEP_EXIT_UNKNOWN;
}

static void block_signals(struct run *run, sigset_t *before)
{
	sigemptyset(&run->waited_for);
	sigaddset(&run->waited_for, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(&run->waited_for, passed_on[i]);
	sigprocmask(SIG_BLOCK, &run->waited_for, before);
	/* an ignored SIGCHLD (some supervisors leave it so) would have the kernel reap, and the status lost */
	signal(SIGCHLD, SIG_DFL);
}

int run_start(struct run *run)
{
	sigset_t before;
	int report[2], error = 0;

	if (pipe2(report, O_CLOEXEC) < 0)
		return say_system("pipe");
	block_signals(run, &before);
	fflush(NULL);
	run->child = fork();
	if (run->child == 0)
		become_program(run, &before, report[1]);
	close(report[1]);
	if (run->child < 0) {
		close(report[0]);
		return say_system("fork");
	}
	complete_name(run, run->child);
	if (read(report[0], &error, sizeof(error)) != sizeof(error))
		error = 0;
	close(report[0]);
	if (!error)
		return SEEP_EXIT_OK;
	waitpid(run->child, NULL, 0);
	return say_not_started(run->program[0], error);
}

/* ---- watching over it ---- */

void run_look_for_arena(struct run *run)
{
	if (!run->reader)
		arena_open(run->arena, &run->reader, NULL);
}

bool run_reap(struct run *run)
{
	int status;
	pid_t pid;

	/* as a container's first process, also what others have left */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == run->child) {
			run->status = status;
			run->has_ended = true;
		} else if (pid == run->other) {
			run->other_status = status;
			run->other_has_ended = true;
		} else if (pid == run->server.pid) {
			run->server.has_ended = true;
		}
	}
	return run->has_ended;
}

/*
 * Only what was sent to this process by somebody: what the terminal sends goes to all of the foreground, the program
 * included, and twice would be once too often (redis takes a second Ctrl-C for impatience).
 */
static void pass_on(const struct run *run, const siginfo_t *signal)
{
	bool is_sent = signal->si_code <= 0;

	if (is_sent && signal->si_pid != run->child)
		kill(run->child, signal->si_signo);
	if (signal->si_signo == SIGTSTP)
		raise(SIGSTOP);
}

/* Until the arena is seen it is looked for often: a short program has it for half a second. So is a page's recording.
 */
static const struct timespec *patience(const struct run *run)
{
	static const struct timespec short_while = {0, 20 * 1000 * 1000};

	return run->reader && !run_serve_waits(run) ? NULL : &short_while;
}

static int exit_code_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int run_wait(struct run *run)
{
	siginfo_t signal;

	while (!run_reap(run)) {
		int number;

		run_look_for_arena(run);
		run_serve_tell(run);
		number = patience(run) ? sigtimedwait(&run->waited_for, &signal, patience(run))
				       : sigwaitinfo(&run->waited_for, &signal);
		if (number > 0 && number != SIGCHLD)
			pass_on(run, &signal);
	}
	run_look_for_arena(run);
	return exit_code_of(run->status);
}
