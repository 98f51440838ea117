/* SPDX-License-Identifier: MIT */
/* record.c - `seep record`: what libseep.so starts, and what goes on with an arena whose recorder has died. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../record/arenas.h"
#include "../record/recorder.h"
#include "commands.h"

static volatile sig_atomic_t stop_requests;

static void request_stop(int signal_number)
{
	(void)signal_number;
	stop_requests++;
}

static int print_help(void)
{
	puts("usage: seep record [--arena PATH | ARENA]\n"
	     "\n"
	     "Reads what recorded processes count in their arena into a recording, until the last of them has ended.\n"
	     "libseep.so starts it by itself. Run it by hand to go on with an arena whose recorder has died, or to\n"
	     "finish the recording of processes that have ended since: the totals are exact in either case. Without "
	     "an\n"
	     "arena, all of this user's that have no recorder are resumed.\n"
	     "\n"
	     "  --arena PATH  this arena only\n"
	     "  -h, --help    print this\n"
	     "\n"
	     "SIGTERM stops it: what is counted until then is stored, and another `seep record` goes on.");
	return SEEP_EXIT_OK;
}

static int fail(const char *sentence, int exit_code)
{
	fprintf(stderr, "seep record: %s\n", sentence);
	return exit_code;
}

/* ---- a guest in the system ---- */

/* Whoever started it may have closed the standard descriptors: a file must not take their place. */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/*
 * The server's signals are not the recorder's: it outlives a Ctrl-C and the terminal. Run by hand at a terminal, Ctrl-C
 * is how one stops it. A limit on file size is an error to report, not an end.
 */
static void set_signals(sigset_t *while_waiting)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction stop = {.sa_handler = request_stop};
	sigset_t blocked;

	sigaction(SIGHUP, &ignore, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, isatty(STDIN_FILENO) ? &stop : &ignore, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, while_waiting);
	sigdelset(while_waiting, SIGTERM);
	sigdelset(while_waiting, SIGINT);
}

/* ---- one arena ---- */

/* For a process that ends with it: memory is not given back, but stays known, so that a leak checker finds what is
 * lost. */
static int record_arena(const char *path)
{
	static struct recorder *recorder;
	struct error error = {""};
	enum recorder_state state;
	sigset_t while_waiting;
	int code = recorder_open(path, &recorder, &error);

	if (code)
		return fail(error.text, error_exit_code(code));
	set_signals(&while_waiting);
	if (chdir("/") < 0) /* keeps no file system busy */
		fail(strerror(errno), SEEP_EXIT_OK);
	state = recorder_run(recorder, &stop_requests, &while_waiting);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "seep record: %s %s\n", recorder_path(recorder),
			state == RECORDER_FINISHED ? "is complete" : "is left; `seep record` goes on with it");
	if (state == RECORDER_GIVEN_UP)
		fprintf(stderr,
			"seep record: %s could not be written; the figures are in %s: make room and run `seep "
			"record`\n",
			recorder_path(recorder), path);
	recorder_leave(recorder);
	return state == RECORDER_GIVEN_UP ? SEEP_EXIT_UNKNOWN : SEEP_EXIT_OK;
}

/* ---- several ---- */

static int exit_code_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : SEEP_EXIT_UNKNOWN;
}

static void pass_stop_on(const pid_t *children, size_t count)
{
	for (size_t i = 0; i < count; i++)
		kill(children[i], SIGTERM);
}

/* A signal to this process is meant for all. */
static int wait_for(const pid_t *children, size_t count)
{
	const struct timespec between_looks = {0, 200 * 1000 * 1000};
	sig_atomic_t passed_on = 0;
	sigset_t while_waiting;
	int worst = SEEP_EXIT_OK;
	int status;
	pid_t child;

	set_signals(&while_waiting);
	while ((child = waitpid(-1, &status, WNOHANG)) >= 0) {
		if (child > 0 && exit_code_of(status) > worst)
			worst = exit_code_of(status);
		if (child > 0)
			continue;
		if (stop_requests != passed_on) {
			passed_on = stop_requests;
			pass_stop_on(children, count);
		}
		ppoll(NULL, 0, &between_looks, &while_waiting);
	}
	return worst;
}

static int record_each(const struct arenas *arenas)
{
	pid_t *children = calloc(arenas->count, sizeof(*children));
	size_t started = 0;
	int worst;

	if (!children)
		return fail("out of memory; name one arena", SEEP_EXIT_UNKNOWN);
	for (; started < arenas->count; started++) {
		children[started] = fork();
		if (children[started] == 0)
			_exit(record_arena(arenas->paths[started]));
		if (children[started] < 0)
			break;
	}
	if (started < arenas->count)
		fprintf(stderr, "seep record: cannot start a recorder for each arena: %s; run it again later\n",
			strerror(errno));
	worst = wait_for(children, started);
	free(children);
	return started < arenas->count ? SEEP_EXIT_UNKNOWN : worst;
}

static int record_what_is_left(void)
{
	struct arenas arenas;
	int code;

	arenas_find(&arenas);
	if (arenas.count == 0 && arenas.recorded)
		code = fail("every arena of this user has a recorder that lives: nothing to do", SEEP_EXIT_OK);
	else if (arenas.count == 0)
		code = fail("there is no arena of this user: nothing to do", SEEP_EXIT_OK);
	else if (arenas.count == 1)
		code = record_arena(arenas.paths[0]);
	else
		code = record_each(&arenas);
	arenas_release(&arenas);
	return code;
}

static int record_named(const char *name)
{
	char *path = realpath(name, NULL);
	int code;

	if (!path) {
		fprintf(stderr, "seep record: %s: %s; its recording may be finished\n", name, strerror(errno));
		return SEEP_EXIT_UNKNOWN;
	}
	code = record_arena(path);
	free(path);
	return code;
}

/* ---- the command ---- */

static int usage(const char *what, const char *word)
{
	fprintf(stderr, "seep record: %s '%s'; `seep record --help` lists what there is\n", what, word);
	return SEEP_EXIT_USAGE;
}

int command_record(int argc, char **argv)
{
	static const struct option options[] = {
		{"arena", required_argument, NULL, 'a'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	const char *arena = NULL;
	int option;

	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h')
			return print_help();
		if (option == ':')
			return usage("a value is missing after", argv[optind - 1]);
		if (option == '?')
			return usage("unknown option", argv[optind - 1]);
		arena = optarg;
	}
	if (!arena && optind < argc)
		arena = argv[optind++];
	if (optind < argc)
		return usage("unexpected argument", argv[optind]);
	fill_standard_descriptors();
	raise_descriptor_limit();
	umask(077);
	return arena ? record_named(arena) : record_what_is_left();
}
