/* SPDX-License-Identifier: MIT */
/* seep growth - what leaks, warms up, comes and goes, is steady: a verdict for each callsite. */
#include "../render/growth.h"

#include "commands.h"
#include "judge.h"

/* The process's memory is none of a selection of callsites. */
static bool is_of_all(const struct options *options)
{
	return !options->type_is_given && !options->focus && !options->ignore;
}

static int add_growth(struct session *session, struct buffer *out, struct error *error)
{
	struct judgement_options options = judge_options(session->options);
	struct judged_recording judged = {0};
	int code = judge_session(session, &options, &judged, error);

	if (!code) {
		struct growth_report report = {
			.head = &session->head,
			.judgement = &judged.judgement,
			.with_stacks = session->options->stacks,
			.limit = session->options->limit,
			.processes = judged.processes,
			.process_count = is_of_all(session->options) ? judged.process_count : 0,
			.style = command_style(),
			.time_wait = judged.series.process[SERIES_TCP_TIME_WAIT][judged.series.grid.count - 1],
		};

		if (!session->options->type_is_given)
			session->head.type.name = NULL; /* it is of all kinds */
		if (session->options->json)
			growth_json(out, &report);
		else
			growth_text(out, &report);
	}
	judge_release(&judged);
	return code;
}

int command_growth(int argc, char **argv)
{
	struct options options;
	struct session session = {0};
	struct error error = {0};
	struct buffer out = {0};
	int code, exit_code;

	if (!command_begin(FOR_GROWTH, argc, argv, &options, &exit_code))
		return exit_code;
	code = session_open(&options, &session, &error);
	if (!code)
		code = add_growth(&session, &out, &error);
	session_close(&session);
	exit_code = code ? command_fail(options.command_name, &error, code) : command_print(&options, &out);
	if (code)
		buffer_release(&out);
	options_release(&options);
	return exit_code;
}
