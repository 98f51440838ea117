/* SPDX-License-Identifier: MIT */
/*
 * events_threads.c - more threads than have counters of their own, all counting at once; some are cancelled in a read,
 * some are interrupted there by a signal whose handler counts as well.
 */
#include "events.h"

#include <pthread.h>
#include <signal.h>
#include <threads.h>

#include "../../preload/seep.h"

enum { THREADS = 24, TURNS = 2000, CANCELLED = 5, SIGNALS = 20 };

static int signal_fds[2];

static void *work(void *unused)
{
	int fds[2];
	char bytes[4];

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	for (int i = 0; i < TURNS; i++) {
		REQUIRE(write(fds[0], "xyz", 3) == 3 && read(fds[1], bytes, sizeof(bytes)) == 3);
		seep_mark("odd_and_even");
	}
	close(fds[0]);
	close(fds[1]);
	return unused;
}

static int work_c11(void *unused)
{
	work(unused);
	return 0;
}

static void *wait_for_cancellation(void *fd)
{
	char byte;

	read(*(int *)fd, &byte, 1);
	return NULL;
}

static void cancel_in_read(void)
{
	int fds[2];

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	for (int i = 0; i < CANCELLED; i++) {
		pthread_t thread;
		void *result;

		REQUIRE(pthread_create(&thread, NULL, wait_for_cancellation, &fds[0]) == 0);
		usleep(2000);
		REQUIRE(pthread_cancel(thread) == 0 && pthread_join(thread, &result) == 0);
		REQUIRE(result == PTHREAD_CANCELED);
	}
	close(fds[0]);
	close(fds[1]);
}

static void on_signal(int number)
{
	int error = errno;

	(void)number;
	REQUIRE(write(signal_fds[0], "s", 1) == 1);
	seep_mark("signal");
	errno = error;
}

static void *interrupted(void *fd)
{
	char byte;

	for (int i = 0; i < SIGNALS; i++)
		REQUIRE(read(*(int *)fd, &byte, 1) == -1 && errno == EINTR);
	return NULL;
}

/* One signal after the other, each when the one before has been handled. */
static void interrupt_reads(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	int fds[2];
	pthread_t thread;
	char byte;

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, signal_fds) == 0);
	REQUIRE(sigaction(SIGUSR1, &action, NULL) == 0);
	REQUIRE(pthread_create(&thread, NULL, interrupted, &fds[0]) == 0);
	for (int i = 0; i < SIGNALS; i++) {
		usleep(5000);
		REQUIRE(pthread_kill(thread, SIGUSR1) == 0 && read(signal_fds[1], &byte, 1) == 1);
	}
	REQUIRE(pthread_join(thread, NULL) == 0);
}

int main(void)
{
	pthread_t threads[THREADS];
	thrd_t c11;

	for (int i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, NULL) == 0);
	REQUIRE(thrd_create(&c11, work_c11, NULL) == thrd_success && thrd_join(c11, NULL) == thrd_success);
	for (int i = 0; i < THREADS; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	cancel_in_read();
	interrupt_reads();

	expect_event("threads", THREADS + 1 + CANCELLED + 1);
	expect_event("write_calls", (THREADS + 1) * TURNS + SIGNALS);
	expect_event("write_bytes", (THREADS + 1) * TURNS * 3 + SIGNALS);
	expect_event("read_calls", (THREADS + 1) * TURNS + SIGNALS);
	expect_event("read_bytes", (THREADS + 1) * TURNS * 3 + SIGNALS);
	expect_event("mark:odd_and_even", (THREADS + 1) * TURNS);
	expect_event("mark:signal", SIGNALS);
	return 0;
}
