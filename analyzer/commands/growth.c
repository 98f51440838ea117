/* SPDX-License-Identifier: MIT */
/* seep growth - what leaks, warms up, comes and goes, is steady: a verdict for each callsite. */
#include "commands.h"
#include "judge.h"

static int add_growth(struct session *session, struct buffer *out, struct error *error)
{
	struct judgement_options options = judge_options(session->options);
	struct judged_recording judged = {0};
	int code = judge_session(session, &options, &judged, error);

	if (!code) {
		struct growth_report report = judge_report(session, &judged);

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
