/* SPDX-License-Identifier: MIT */
/* leak_thread.c - a thread a request, which ends but is neither joined nor detached: its stack stays. */
#include "lines.h"

#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>

struct work {
	const struct request *request;
	sem_t is_done;
	bool is_good;
};

static void *work_do(void *argument)
{
	struct work *work = argument;

	work->is_good = work->request->value != NULL;
	sem_post(&work->is_done);
	return NULL;
}

static bool work_start(struct work *work)
{
	pthread_t thread;

	return !pthread_create(&thread, NULL, work_do, work);
}

static bool work_answer(const struct request *request)
{
	static struct work work; /* not on this stack: the thread may still be in sem_post() when it is over */

	work.request = request;
	sem_init(&work.is_done, 0, 0);
	if (!work_start(&work))
		return false;
	while (sem_wait(&work.is_done)) {
	}
	return work.is_good;
}

const struct service service = {.answer = work_answer};
