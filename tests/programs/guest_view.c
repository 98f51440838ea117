/* SPDX-License-Identifier: MIT */
/*
 * guest_view.c - prints what a process can see of itself, so that a run under Seep can be compared with a bare one:
 * open descriptors, threads, children that wait() finds, signals, limits, errno, and that the lowest free
 * descriptor number is what it was.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void print_descriptors(const char *when)
{
	printf("descriptors %s:", when);
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf(" %d", fd);
	printf("\n");
}

static void print_tasks(void)
{
	DIR *tasks = opendir("/proc/self/task");
	int count = 0;

	for (const struct dirent *entry; (entry = readdir(tasks));)
		count += entry->d_name[0] != '.';
	closedir(tasks);
	printf("threads: %d\n", count);
}

static void print_children(void)
{
	int reaped = 0, status = 0;
	pid_t mine = fork();

	if (!mine)
		_exit(7);
	while (waitpid(-1, &status, __WALL) > 0)
		printf("child %s, code %d\n", ++reaped == 1 ? "mine" : "NOT MINE", WEXITSTATUS(status));
	printf("children reaped: %d, then errno %d\n", reaped, errno);
}

static void print_signals(void)
{
	struct sigaction action;
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (int number = 1; number < 65; number++)
		if (sigismember(&mask, number) == 1 ||
		    (!sigaction(number, NULL, &action) && action.sa_handler != SIG_DFL))
			printf("signal %d is blocked or handled\n", number);
}

static void print_failure(const char *what, int result)
{
	printf("%s: %d errno %d\n", what, result, errno);
}

static void print_errno(void)
{
	void *block;

	errno = 4242;
	block = malloc(100);
	block = realloc(block, 100000);
	free(block);
	close(dup(0));
	printf("errno after calls that succeed: %d\n", errno);
	print_failure("close(-1)", close(-1));
	print_failure("open of nothing", open("/nonexistent", O_RDONLY));
	block = malloc((size_t)-1 / 2);
	printf("malloc of too much: %p errno %d\n", block, errno);
}

int main(int argc, char **argv)
{
	struct rlimit limit;

	setvbuf(stdout, NULL, _IOLBF, 0);
	print_descriptors("at start");
	print_tasks();
	print_children();
	print_signals();
	print_errno();
	for (int resource = 0; resource < RLIM_NLIMITS; resource++)
		if (!getrlimit((__rlimit_resource_t)resource, &limit))
			printf("limit %d: %llu %llu\n", resource, (unsigned long long)limit.rlim_cur,
			       (unsigned long long)limit.rlim_max);
	printf("umask %o, session and group are mine: %d %d\n", umask(0), getsid(0) == getpid(), getpgrp() == getpid());
	printf("the next descriptor: %d\n", open("/dev/null", O_RDONLY));
	print_descriptors("at end");
	for (int i = 0; i < argc - 1; i++)
		printf("argument %s\n", argv[i + 1]);
	return 23;
}
