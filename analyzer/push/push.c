/* SPDX-License-Identifier: MIT */
#include "push.h"

#include <stdlib.h>

#include "../analysis/memory.h"
#include "../base/clock.h"
#include "send.h"

/* Where a recording is followed, judging it takes at most a hundredth of a processor. */
#define REST_AFTER_JUDGING 100

int pushed_init(struct pushed *pushed, const char *path, struct error *error)
{
	*pushed = (struct pushed){.path = memory_string(path)};
	pushed->argv[0] = memory_string("push");
	pushed->argv[1] = memory_string("--"); /* whatever the file is called */
	pushed->argv[2] = pushed->path;
	return options_parse(FOR_GROWTH, 3, pushed->argv, &pushed->options, error);
}

void pushed_release(struct pushed *pushed)
{
	session_close(&pushed->names);
	options_release(&pushed->options);
	sites_forget(&pushed->sites);
	free(pushed->argv[0]);
	free(pushed->argv[1]);
	free(pushed->path);
	*pushed = (struct pushed){0};
}

/* What ends a transaction: with an error nothing of it is there. */
static int settle(struct database *database, struct pushed *pushed, const struct batch *batch,
		  struct push_counts *counts, int code, struct error *error)
{
	if (!code)
		code = database_commit(database, error);
	if (code) {
		database_rollback(database);
		sites_discard(&pushed->sites);
		return code;
	}
	sites_keep(&pushed->sites);
	counts->rows += (int64_t)batch_size(batch);
	counts->transactions++;
	return SEEP_OK;
}

static bool is_due_for_judging(const struct pushed *pushed)
{
	return clock_boottime_ns() - pushed->judged_ns >= REST_AFTER_JUDGING * pushed->judging_ns;
}

static int gather_and_send(struct database *database, struct pushed *pushed, const char *host,
			   struct identity *identity, struct marks *marks, struct batch *batch, struct error *error)
{
	struct gathering gathering = {.options = &pushed->options,
				      .marks = *marks,
				      .sites = &pushed->sites,
				      .names = &pushed->names,
				      .with_verdicts = true};
	int64_t folded, began_ns = clock_boottime_ns();
	int code;

	/* the end is judged in any case */
	if (!identity->ended_ns)
		gathering.with_verdicts = is_due_for_judging(pushed);
	if (!marks->id)
		sites_forget(&pushed->sites);
	code = gather_state(&gathering, identity, batch, &folded, error);
	if (gathering.with_verdicts) {
		pushed->judged_ns = clock_boottime_ns();
		pushed->judging_ns = pushed->judged_ns - began_ns;
	}
	return code ? code : send_state(database, identity, host ? host : identity->host, marks, folded, batch, error);
}

/* Somebody else may have pushed a newer state: then there is nothing to add to it. */
static int push_state(struct database *database, struct pushed *pushed, const char *host, struct identity *identity,
		      struct push_counts *counts, struct error *error)
{
	struct batch batch = {0};
	struct marks marks;
	int code = send_lock(database, identity, &marks, error);

	if (!code && (!marks.id || marks.newest_ns <= identity->newest_ns))
		code = gather_and_send(database, pushed, host, identity, &marks, &batch, error);
	code = settle(database, pushed, &batch, counts, code, error);
	batch_release(&batch);
	return code;
}

/* *more: there may be another span. */
static int push_span(struct database *database, struct pushed *pushed, const struct identity *identity, bool *more,
		     struct push_counts *counts, struct error *error)
{
	struct gathering gathering = {.options = &pushed->options};
	struct batch batch = {0};
	int64_t history_s = 0;
	int code = send_lock(database, identity, &gathering.marks, error);

	if (!code)
		code = gather_history(&gathering, pushed->path, &batch, &history_s, error);
	*more = !code && history_s != gathering.marks.history_s;
	if (*more)
		code = send_history(database, &gathering.marks, history_s, &batch, error);
	code = settle(database, pushed, &batch, counts, code, error);
	batch_release(&batch);
	return code;
}

int push_recording(struct database *database, struct pushed *pushed, const char *host, struct push_counts *counts,
		   struct error *error)
{
	struct identity identity;
	bool more = true;
	int code;

	database_clear_trouble(database);
	code = gather_identity(pushed->path, &identity, error);
	if (!code)
		code = database_connect(database, error);
	if (!code)
		code = push_state(database, pushed, host, &identity, counts, error);
	while (!code && more)
		code = push_span(database, pushed, &identity, &more, counts, error);
	/* as it was when its state was read: what came after that comes with the next push */
	pushed->has_ended = !code && identity.ended_ns;
	identity_release(&identity);
	return code;
}
