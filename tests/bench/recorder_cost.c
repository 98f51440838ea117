/* SPDX-License-Identifier: MIT */
/*
 * recorder_cost.c - stands in for the recorder (SEEP_OPTIONS=recorder=...), runs the real one, and writes down what
 * that took.
 *
 * RECORDER names the real one, RECORDER_COST the file: a line "pid N" when it has begun, and when it has ended
 * "cpu MICROSECONDS faults N", user and system time together and page faults that read nothing from a disk.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long long microseconds(const struct timeval *time)
{
	return time->tv_sec * 1000000LL + time->tv_usec;
}

int main(int argc, char **argv)
{
	const char *recorder = getenv("RECORDER"), *path = getenv("RECORDER_COST");
	int fd = recorder && path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	struct rusage usage;
	pid_t child;
	int status;

	if (fd < 0 || argc < 2)
		return 2;
	child = fork();
	if (child == 0) {
		execv(recorder, argv);
		_exit(127);
	}
	dprintf(fd, "pid %d\n", (int)child);
	if (child < 0 || wait4(child, &status, 0, &usage) < 0)
		return 3;
	dprintf(fd, "cpu %lld faults %ld\n", microseconds(&usage.ru_utime) + microseconds(&usage.ru_stime),
		usage.ru_minflt);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}
