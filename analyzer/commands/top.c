/* SPDX-License-Identifier: MIT */
/* seep top - callsites by what they hold. */
#include "top.h"

#include <unistd.h>

#include "commands.h"
#include "companion.h"
#include "watch.h"

int top_add(const struct session *session, struct buffer *out, struct error *error)
{
	struct graph_options wanted = session_graph_options(session);
	struct graph graph;

	(void)error;
	graph_build(&session->profile, &wanted, &graph);
	if (session->options->json)
		report_top_json(out, &session->head, &graph);
	else
		report_top(out, &session->head, &graph);
	graph_release(&graph);
	return SEEP_OK;
}

static bool is_on_terminal(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

int command_top(int argc, char **argv)
{
	struct options options;
	int exit_code;

	if (!command_begin(FOR_TOP, argc, argv, &options, &exit_code))
		return exit_code;
	if (options.watch_s > 0 && is_on_terminal())
		exit_code = companion_become("watch", "seep top --watch", argv);
	else if (options.watch_s > 0)
		exit_code = watch_report(&options, top_add);
	else
		exit_code = command_report(&options, top_add);
	options_release(&options);
	return exit_code;
}
