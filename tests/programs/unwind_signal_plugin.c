/* SPDX-License-Identifier: MIT */
/*
 * unwind_signal_plugin.c - preloaded into any program: a timer whose handler allocates, every 0.5 ms of CPU time, so
 * that stacks are taken from wherever the program is. reentrant_plugin.so has to be preloaded as well.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

static void handler(int number)
{
	int saved = errno;

	(void)number;
	free(malloc(10));
	errno = saved;
}

static __attribute__((constructor)) void begin(void)
{
	struct itimerval every = {{0, 500}, {0, 500}};

	sigaction(SIGPROF, &(struct sigaction){.sa_handler = handler, .sa_flags = SA_RESTART}, NULL);
	setitimer(ITIMER_PROF, &every, NULL);
}
