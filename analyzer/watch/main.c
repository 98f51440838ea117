/* SPDX-License-Identifier: MIT */
/*
 * main.c - seep-watch, which is `seep top --watch` on a terminal: brings worker, view and terminal together.
 *
 * It takes the command line of `seep top`. Where the terminal cannot show the view it says so, and whole reports follow
 * one another (commands/watch.h).
 */
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "../base/clock.h"
#include "../commands/top.h"
#include "../commands/watch.h"
#include "terminal.h"
#include "worker.h"

/* A small recording is read before the screen is changed: a mistake is then told without a flicker. */
#define PATIENCE_NS (700 * NS_PER_MS)

struct watching {
	struct worker *worker;
	struct watch_view view;
	struct snapshot *shown; /* NULL: none yet */
	struct screen screen;
};

/* ---- the command line ---- */

/* What the view cannot show. */
static int check_options(const struct options *options, struct error *error)
{
	const char *unfit = options->base ? "--base" : options->by_is_given ? "--by" : NULL;

	if (!unfit)
		return SEEP_OK;
	return error_set(error, SEEP_ERR_USAGE,
			 "--watch on a terminal shows callsites of one recording, without %s; leave one out", unfit);
}

/* The options of all that is read: this recording, whatever comes to this directory later, and every type. */
static int fix_recording(const struct options *given, struct options *out, struct error *error)
{
	char **operands = memory_zeroed(2, sizeof(*operands));
	int code = session_path(given, &operands[0], error);

	*out = *given;
	out->operands = operands;
	out->operand_count = 1;
	out->live_pid = 0;
	out->every_type = true;
	out->type_is_given = false;
	value_type_find("inuse_space", &out->type);
	return code;
}

static struct watch_options view_options(const struct options *options)
{
	return (struct watch_options){
		.type = options->type_is_given ? options->type.name : NULL,
		.order = options->by_cum ? ROWS_BY_CUM : ROWS_BY_VERDICT,
		.limit = options->limit_is_given ? options->limit : 0,
	};
}

/* ---- the view ---- */

static void take_snapshot(struct watching *watching)
{
	struct snapshot *snapshot = watching->view.is_paused ? NULL : worker_take(watching->worker), *before;
	struct watch_facts facts;

	if (!snapshot)
		return;
	facts = (struct watch_facts){
		.head = &snapshot->head,
		.profile = &snapshot->session.profile,
		.report = snapshot->judgement ? &snapshot->judgement->report : NULL,
	};
	before = watching->shown;
	watching->shown = snapshot;
	watch_view_facts(&watching->view, &facts);
	worker_give_back(watching->worker, before);
}

static void take_keys(struct watching *watching)
{
	bool was_paused = watching->view.is_paused;
	uint32_t key;

	while (!watching->view.wants_quit && (key = terminal_key()) != WATCH_KEY_NONE)
		watch_view_key(&watching->view, key);
	if (watching->view.is_paused != was_paused)
		worker_pause(watching->worker, watching->view.is_paused);
}

static void show(struct watching *watching)
{
	terminal_begin(&watching->screen);
	watch_view_draw(&watching->view, &watching->screen);
	terminal_show(&watching->screen);
}

/* Until the user, a signal, or an error ends it. */
static int watch(struct watching *watching, struct error *error)
{
	enum terminal_event event = TERMINAL_REDRAW;
	int code = SEEP_OK;

	while (event != TERMINAL_ENDED && !watching->view.wants_quit && !code) {
		take_snapshot(watching);
		show(watching);
		event = terminal_wait(watching->view.is_paused ? -1 : worker_descriptor(watching->worker));
		take_keys(watching);
		code = worker_failed(watching->worker, error);
	}
	return code;
}

static int start(const struct options *given, const struct options *fixed, struct error *error)
{
	struct watching watching = {0};
	struct watch_options options = view_options(given);
	int code = worker_start(fixed, given->watch_s, &watching.worker, error);

	if (code)
		return code;
	worker_wait(watching.worker, PATIENCE_NS);
	code = worker_failed(watching.worker, error);
	if (code)
		return code;
	code = terminal_open(error);
	if (code)
		return code;
	watch_view_init(&watching.view, &options);
	return watch(&watching, error);
}

static int print_reports(const struct options *options)
{
	const char *name = getenv("TERM");

	fprintf(stderr, "seep %s: this terminal (TERM=%s) cannot show the view; whole reports follow\n",
		options->command_name, name && *name ? name : "unset");
	return watch_report(options, top_add);
}

int main(int argc, char **argv)
{
	struct options given, fixed;
	struct error error = {0};
	char name[] = "top";
	int code, exit_code;

	argv[0] = name;
	if (!command_begin(FOR_TOP, argc, argv, &given, &exit_code))
		return exit_code;
	if (!terminal_is_capable())
		return print_reports(&given);
	code = check_options(&given, &error);
	if (!code)
		code = fix_recording(&given, &fixed, &error);
	if (!code)
		code = start(&given, &fixed, &error);
	terminal_close();
	exit_code = code ? command_fail(given.command_name, &error, code) : SEEP_EXIT_OK;
	terminal_leave(exit_code);
}
