/* SPDX-License-Identifier: MIT */
/* handles_threads.c - threads that nobody joins, beside all the ways in which one is given back. */
#include "handles.h"

#include <errno.h>
#include <pthread.h>
#include <threads.h>
#include <time.h>

static pthread_mutex_t hold = PTHREAD_MUTEX_INITIALIZER;

static void *work(void *argument)
{
	return argument;
}

static void *work_until_released(void *argument)
{
	pthread_mutex_lock(&hold);
	pthread_mutex_unlock(&hold);
	return argument;
}

static void *work_detached(void *argument)
{
	pthread_detach(pthread_self());
	return argument;
}

static int work_c11(void *argument)
{
	(void)argument;
	return 7;
}

/* Joins in vain, and is cancelled while it waits. */
static void *join_forever(void *argument)
{
	pthread_join(*(pthread_t *)argument, NULL);
	return NULL;
}

static FRAME pthread_t thread_forgotten(void)
{
	pthread_t thread;

	REQUIRE(pthread_create(&thread, NULL, work, NULL) == 0);
	return thread;
}

static FRAME pthread_t thread_joined(void *(*start)(void *), void *argument)
{
	pthread_t thread;

	REQUIRE(pthread_create(&thread, NULL, start, argument) == 0);
	return thread;
}

static FRAME void thread_detaches_itself(void)
{
	pthread_t thread;

	REQUIRE(pthread_create(&thread, NULL, work_detached, NULL) == 0);
}

static FRAME void thread_created_detached(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	/* its pthread_detach() fails, and says nothing of the next thread that gets its stack */
	REQUIRE(pthread_create(&thread, &attributes, work_detached, NULL) == 0);
	pthread_attr_destroy(&attributes);
}

static FRAME thrd_t thread_c11(void)
{
	thrd_t thread;

	REQUIRE(thrd_create(&thread, work_c11, NULL) == thrd_success);
	return thread;
}

static void join_in_vain(pthread_t thread)
{
	struct timespec past = {1, 0};

	REQUIRE(pthread_tryjoin_np(thread, NULL) == EBUSY);
	REQUIRE(pthread_timedjoin_np(thread, NULL, &past) == ETIMEDOUT);
	REQUIRE(pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &past) == ETIMEDOUT);
}

int main(void)
{
	struct timespec soon = {0, 50000000};
	pthread_t busy, joiner;
	thrd_t c11;
	int status;
	void *result;

	for (int i = 0; i < 50; i++) {
		REQUIRE(pthread_join(thread_joined(work, &busy), &result) == 0 && result == &busy);
		thread_detaches_itself();
		thread_created_detached();
	}
	REQUIRE(pthread_detach(thread_joined(work, NULL)) == 0);
	nanosleep(&soon, NULL);
	for (int i = 0; i < 20; i++)
		thread_forgotten();

	pthread_mutex_lock(&hold);
	busy = thread_joined(work_until_released, NULL);
	join_in_vain(busy);
	joiner = thread_joined(join_forever, &busy);
	nanosleep(&soon, NULL);
	pthread_cancel(joiner);
	REQUIRE(pthread_join(joiner, &result) == 0 && result == PTHREAD_CANCELED);
	pthread_mutex_unlock(&hold);

	c11 = thread_c11();
	REQUIRE(thrd_join(c11, &status) == thrd_success && status == 7);
	thrd_detach(thread_c11());
	thread_c11();

	/* `busy` is joined by nobody in the end */
	expect_handles("thread_joined", "thread", 53, 52);
	expect_handles("thread_detaches_itself", "thread", 50, 50);
	expect_handles("thread_created_detached", "thread", 50, 50);
	expect_handles("thread_forgotten", "thread", 20, 0);
	expect_handles("thread_c11", "thread", 3, 2);
	return 0;
}
