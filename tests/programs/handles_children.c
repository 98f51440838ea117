/* SPDX-License-Identifier: MIT */
/*
 * handles_children.c - what a child closes is the child's: a forked one has a table of its own, a vforked one shares
 * the parent's memory but not its descriptors, and timers and threads are not inherited at all.
 */
#include "handles.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum { FILES = 6, TIMERS = 3 };

static int files[FILES];
static timer_t timers[TIMERS];

static FRAME void files_open(void)
{
	for (int i = 0; i < FILES; i++)
		REQUIRE((files[i] = open("/dev/null", O_RDONLY)) >= 0);
}

static FRAME timer_t timer_make(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	timer_t timer;

	REQUIRE(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	return timer;
}

static FRAME timer_t child_timer_make(void)
{
	return timer_make();
}

static void *work(void *argument)
{
	return argument;
}

static FRAME pthread_t thread_make(void)
{
	pthread_t thread;

	REQUIRE(pthread_create(&thread, NULL, work, NULL) == 0);
	return thread;
}

static void child_run(void)
{
	close(files[0]);
	close(files[1]);
	/* the child's first timers have the numbers that the parent's had */
	timer_delete(child_timer_make());
	child_timer_make();
	pthread_join(thread_make(), NULL);
	thread_make();

	expect_handles("files_open", "file", 0, 2);
	expect_handles("timer_make", "posix-timer", 2, 1);
	expect_handles("thread_make", "thread", 2, 1);
	expect_misuses(0);
	_exit(0);
}

/* All it does is what may be done there: system calls, and _exit. */
static void vfork_run(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		for (int i = 0; i < FILES; i++)
			close(files[i]);
		close(files[0]);
		_exit(0);
	}
	REQUIRE(pid > 0 && waitpid(pid, NULL, 0) == pid);
}

int main(void)
{
	int status;
	pid_t pid;

	files_open();
	for (int i = 0; i < TIMERS; i++)
		timers[i] = timer_make();
	thread_make();
	vfork_run();
	pid = fork();
	if (pid == 0)
		child_run();
	REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
	close(files[2]);
	timer_delete(timers[0]);

	expect_handles("files_open", "file", FILES, 1);
	expect_handles("timer_make", "posix-timer", TIMERS, 1);
	expect_handles("thread_make", "thread", 1, 0);
	expect_misuses(0);
	expect_trust("unseen_closes", 0);
	return 0;
}
