/* SPDX-License-Identifier: MIT */
/*
 * events_children.c - a forked child counts from 0, and what it did before a signal ended it is kept; a child of
 * vfork() counts nothing; the parent counts its forks.
 */
#include "events.h"

#include <signal.h>
#include <sys/wait.h>

#include "../../preload/seep.h"

static int fds[2];

static void talk(int turns)
{
	char byte;

	for (int i = 0; i < turns; i++) {
		REQUIRE(write(fds[0], "x", 1) == 1 && read(fds[1], &byte, 1) == 1);
		seep_mark("turn");
	}
}

static void expect_talk(unsigned turns)
{
	expect_event("write_calls", turns);
	expect_event("write_bytes", turns);
	expect_event("read_calls", turns);
	expect_event("read_bytes", turns);
	expect_event("mark:turn", turns);
}

static void child_talks(void)
{
	talk(7);
	expect_talk(7);
	if (fork() == 0) {
		talk(3);
		seep_mark("grandchild");
		expect_talk(3);
		expect_event("mark:grandchild", 1);
		_exit(0);
	}
	REQUIRE(wait(NULL) > 0);
	expect_event("forks", 1);
	_exit(0);
}

/* Its write meets nobody: no call tells of that, the signal does. */
static void child_is_killed(void)
{
	int gone[2];

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, gone) == 0);
	talk(11);
	expect_talk(11);
	close(gone[1]);
	signal(SIGPIPE, SIG_DFL);
	write(gone[0], "x", 1);
	_exit(1);
}

static void child_of_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		char byte;

		write(fds[0], "x", 1);
		read(fds[1], &byte, 1);
		seep_mark("vfork");
		_exit(0);
	}
	REQUIRE(pid > 0 && waitpid(pid, NULL, 0) == pid);
}

int main(void)
{
	int status;

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	talk(5);
	if (fork() == 0)
		child_talks();
	REQUIRE(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	if (_Fork() == 0)
		child_is_killed();
	REQUIRE(wait(&status) > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	child_of_vfork();
	talk(1);
	expect_talk(6);
	expect_event("forks", 3);
	return 0;
}
