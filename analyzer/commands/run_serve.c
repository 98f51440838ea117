/* SPDX-License-Identifier: MIT */
#include "run_serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../arena/arena_reader.h"
#include "../base/clock.h"
#include "../base/error.h"
#include "companion.h"
#include "run_setup.h"

/* It may be in the middle of an answer. */
#define END_PATIENCE_NS (3 * NS_PER_S)

enum { URL_BYTES = 1024 };

/* ---- starting ---- */

static void become_server(const char *path, const char *listen, int in, int out)
{
	static char name[] = "seep-serve", for_run[] = "--for-run", at[] = "--listen";
	char *argv[] = {name, for_run, at, (char *)(uintptr_t)listen, NULL};

	setsid();
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	execv(path, argv);
	run_refuse(0, "cannot run %s: %s; install it again", path, strerror(errno));
	_exit(SEEP_EXIT_UNKNOWN);
}

/* One line of its standard output; empty if it ends without one. */
static void read_line(int file, char out[URL_BYTES])
{
	size_t length = 0;
	ssize_t size;

	while (length < URL_BYTES - 1) {
		size = read(file, out + length, 1);
		if (size < 0 && errno == EINTR)
			continue;
		if (size != 1 || out[length] == '\n')
			break;
		length++;
	}
	out[length] = '\0';
}

/* It has said why. */
static int failed(struct run *run)
{
	int status = 0;

	waitpid(run->server.pid, &status, 0);
	run->server.has_ended = true;
	return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : SEEP_EXIT_UNKNOWN;
}

static int open_ways(int in[2], int out[2])
{
	if (!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in)) {
		if (!pipe2(out, O_CLOEXEC))
			return SEEP_EXIT_OK;
		close(in[0]);
		close(in[1]);
	}
	return run_refuse(SEEP_EXIT_UNKNOWN, "cannot make a pipe: %s; allow more descriptors", strerror(errno));
}

int run_serve_start(struct run *run, const char *listen)
{
	char path[PATH_MAX], url[URL_BYTES];
	int in[2], out[2], code;

	if (!companion_find("serve", "seep run", path))
		return SEEP_EXIT_UNKNOWN;
	code = open_ways(in, out);
	if (code)
		return code;
	fflush(NULL);
	run->server = (struct run_server){.pid = fork(), .socket = in[1]};
	if (run->server.pid == 0)
		become_server(path, listen, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	if (run->server.pid > 0)
		read_line(out[0], url);
	close(out[0]);
	if (run->server.pid < 0)
		return run_refuse(SEEP_EXIT_UNKNOWN, "cannot start a process: %s; try again when the system has room",
				  strerror(errno));
	if (!url[0])
		return failed(run);
	fprintf(stderr, "seep run: the page is at %s\n", url);
	return SEEP_EXIT_OK;
}

/* ---- beside the program ---- */

void run_serve_tell(struct run *run)
{
	char path[ARENA_PATH_MAX + 1];

	if (!run_serve_waits(run) || !run->reader)
		return;
	/* a recorder that had to go elsewhere has noted so in the arena */
	if (arena_read_recording_path(run->reader, path))
		memcpy(path, run->recording, sizeof(run->recording));
	if (access(path, F_OK) < 0)
		return;
	strcat(path, "\n");
	/* that it has ended is no trouble of the program's, and no signal of this process's */
	send(run->server.socket, path, strlen(path), MSG_NOSIGNAL);
	run->server.is_told = true;
}

bool run_serve_waits(const struct run *run)
{
	return run->server.pid > 0 && !run->server.has_ended && !run->server.is_told;
}

void run_serve_stop(struct run *run)
{
	static const struct timespec short_while = {0, 20 * NS_PER_MS};
	int64_t start_ns = clock_boottime_ns();

	if (run->server.pid <= 0)
		return;
	close(run->server.socket);
	while (!run->server.has_ended && !waitpid(run->server.pid, NULL, WNOHANG)) {
		if (clock_boottime_ns() - start_ns > END_PATIENCE_NS)
			kill(run->server.pid, SIGKILL);
		nanosleep(&short_while, NULL);
	}
}
