/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "../analysis/memory.h"
#include "../base/clock.h"

enum { FIGURES_PART = 20, JUDGEMENT_PART = 50 }; /* of the time: one in so many */
#define JUDGEMENT_NS (5 * NS_PER_S)
/* What has stopped being written to is looked at all the same, for that is to be told. */
#define UNCHANGED_NS (3 * NS_PER_S)
#define RETRY_NS (200 * NS_PER_MS)
#define MOST_TRIES 3

struct worker {
	/* the thread's own */
	struct snapshot_source source;
	int64_t interval_ns, changed_ns;
	int64_t next_figures_ns, next_judgement_ns, read_ns;
	double refresh_s;
	bool is_judged; /* as of changed_ns */
	/* shared, under the lock */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct snapshot *posted, *returned; /* returned: a list */
	bool is_paused;
	int code;
	struct error error;
	int descriptor;
};

static int64_t thread_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* ---- posting ---- */

static void signal_view(struct worker *worker)
{
	uint64_t one = 1;
	ssize_t ignored = write(worker->descriptor, &one, sizeof(one));

	(void)ignored; /* it cannot be full: the view reads it */
}

static void post(struct worker *worker, struct snapshot *snapshot)
{
	struct snapshot *old, *returned;

	pthread_mutex_lock(&worker->lock);
	old = worker->posted;
	returned = worker->returned;
	worker->posted = snapshot;
	worker->returned = NULL;
	pthread_mutex_unlock(&worker->lock);
	worker->source.newest = snapshot;
	snapshot_release(old);
	while (returned) {
		struct snapshot *next = returned->next;

		snapshot_release(returned);
		returned = next;
	}
	signal_view(worker);
}

static void fail(struct worker *worker, int code, const struct error *error)
{
	pthread_mutex_lock(&worker->lock);
	worker->code = code;
	worker->error = *error;
	pthread_mutex_unlock(&worker->lock);
	signal_view(worker);
}

/* ---- reading ---- */

static int read_figures(struct worker *worker, struct error *error)
{
	int64_t began_ns = clock_boottime_ns(), cpu_ns = thread_cpu_ns(), wait_ns;
	struct snapshot *snapshot;
	int code = snapshot_read(&worker->source, worker->refresh_s, &snapshot, error);

	if (code) {
		snapshot_release(snapshot);
		return code;
	}
	wait_ns = FIGURES_PART * (thread_cpu_ns() - cpu_ns);
	wait_ns = wait_ns > worker->interval_ns ? wait_ns : worker->interval_ns;
	worker->read_ns = began_ns;
	worker->next_figures_ns = began_ns + wait_ns;
	worker->refresh_s = (double)wait_ns / (double)NS_PER_S;
	snapshot->head.refresh_s = worker->refresh_s;
	post(worker, snapshot);
	return SEEP_OK;
}

static int judge(struct worker *worker, struct error *error)
{
	int64_t cpu_ns = thread_cpu_ns(), wait_ns;
	int code = snapshot_judge(&worker->source, error);

	wait_ns = JUDGEMENT_PART * (thread_cpu_ns() - cpu_ns);
	worker->next_judgement_ns = clock_boottime_ns() + (wait_ns > JUDGEMENT_NS ? wait_ns : JUDGEMENT_NS);
	worker->is_judged = true;
	return code;
}

static bool is_due_unchanged(const struct worker *worker)
{
	const struct snapshot *newest = worker->source.newest;

	return !newest || (newest->head.is_live && clock_boottime_ns() - worker->read_ns >= UNCHANGED_NS);
}

/* A new judgement is shown with figures of its time. */
static int look(struct worker *worker, struct error *error)
{
	/* first: what is written while it is read is then seen the next time */
	int64_t changed_ns = session_changed_ns(worker->source.options->operands[0]);
	bool has_changed = changed_ns != worker->changed_ns || changed_ns < 0;
	int code = SEEP_OK;

	worker->is_judged &= !has_changed;
	if (worker->source.newest && !worker->is_judged && clock_boottime_ns() >= worker->next_judgement_ns) {
		code = judge(worker, error);
		has_changed = true;
	}
	if (!code && (has_changed || is_due_unchanged(worker)))
		code = read_figures(worker, error);
	if (!code)
		worker->changed_ns = changed_ns;
	return code;
}

/* A recording that is just being finished may be unreadable for a moment. */
static int look_again(struct worker *worker, struct error *error)
{
	int code = SEEP_OK;

	for (int i = 0; i < MOST_TRIES; i++) {
		struct timespec pause = {.tv_nsec = RETRY_NS};

		*error = (struct error){0};
		code = look(worker, error);
		if (!code || code == SEEP_ERR_NOT_FOUND)
			return code;
		nanosleep(&pause, NULL);
	}
	return code;
}

/* The first judgement follows the first figures at once. */
static int64_t next_look_ns(const struct worker *worker, int64_t now_ns)
{
	int64_t next_ns = worker->next_figures_ns > now_ns ? worker->next_figures_ns : now_ns + worker->interval_ns;

	if (!worker->is_judged && worker->next_judgement_ns < next_ns)
		next_ns = worker->next_judgement_ns > now_ns ? worker->next_judgement_ns : now_ns;
	return next_ns;
}

static void wait_for_next(struct worker *worker)
{
	int64_t now_ns = clock_boottime_ns(), wait_ns = next_look_ns(worker, now_ns) - now_ns;
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	wait_ns += until.tv_nsec;
	until.tv_sec += wait_ns / NS_PER_S;
	until.tv_nsec = wait_ns % NS_PER_S;
	pthread_mutex_lock(&worker->lock);
	while (pthread_cond_timedwait(&worker->wake, &worker->lock, &until) != ETIMEDOUT)
		;
	while (worker->is_paused)
		pthread_cond_wait(&worker->wake, &worker->lock);
	pthread_mutex_unlock(&worker->lock);
}

static void *work(void *context)
{
	struct worker *worker = context;
	struct error error;
	int code;

	while (!(code = look_again(worker, &error)))
		wait_for_next(worker);
	fail(worker, code, &error);
	return NULL;
}

/* ---- the view's side ---- */

static int start_thread(struct worker *worker)
{
	sigset_t all, before;
	pthread_t thread;
	int cause;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	cause = pthread_create(&thread, NULL, work, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!cause)
		pthread_detach(thread);
	return cause;
}

int worker_start(const struct options *options, double interval_s, struct worker **out, struct error *error)
{
	struct worker *worker = memory_zeroed(1, sizeof(*worker));
	pthread_condattr_t attributes;
	int cause;

	worker->source.options = options;
	worker->interval_ns = (int64_t)(interval_s * (double)NS_PER_S);
	worker->refresh_s = interval_s;
	worker->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&worker->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&worker->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	cause = worker->descriptor < 0 ? errno : start_thread(worker);
	*out = worker;
	return cause ? error_set(error, SEEP_ERR_IO, "cannot start the thread that reads: %s; try again with more room",
				 strerror(cause))
		     : SEEP_OK;
}

int worker_descriptor(const struct worker *worker)
{
	return worker->descriptor;
}

void worker_wait(struct worker *worker, int64_t most_ns)
{
	struct pollfd posted = {.fd = worker->descriptor, .events = POLLIN};

	poll(&posted, 1, (int)(most_ns / NS_PER_MS));
}

struct snapshot *worker_take(struct worker *worker)
{
	struct snapshot *snapshot;
	uint64_t count;
	ssize_t ignored = read(worker->descriptor, &count, sizeof(count));

	(void)ignored; /* nothing was posted */
	pthread_mutex_lock(&worker->lock);
	snapshot = worker->posted;
	worker->posted = NULL;
	pthread_mutex_unlock(&worker->lock);
	return snapshot;
}

void worker_give_back(struct worker *worker, struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	pthread_mutex_lock(&worker->lock);
	snapshot->next = worker->returned;
	worker->returned = snapshot;
	pthread_mutex_unlock(&worker->lock);
}

void worker_pause(struct worker *worker, bool is_paused)
{
	pthread_mutex_lock(&worker->lock);
	worker->is_paused = is_paused;
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->lock);
}

int worker_failed(struct worker *worker, struct error *error)
{
	int code;

	pthread_mutex_lock(&worker->lock);
	code = worker->code;
	*error = worker->error;
	pthread_mutex_unlock(&worker->lock);
	return code;
}
