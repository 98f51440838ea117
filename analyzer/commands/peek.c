/* SPDX-License-Identifier: MIT */
/* seep peek REGEX - callers and callees of matching functions; with --ages, how old is what they hold. */
#include "ages.h"
#include "commands.h"
#include "open.h"

static int add_peek(const struct session *session, struct buffer *out, struct error *error)
{
	const struct options *options = session->options;
	/* Nothing is dropped: a small caller of a large function is what one peeks for. */
	struct graph_options wanted = {.by = options->by, .by_cum = options->by_cum};
	struct graph graph;
	size_t matched;

	graph_build(&session->profile, &wanted, &graph);
	if (options->json)
		matched = report_peek_json(out, &session->head, &graph, &options->name_regex, options->limit);
	else
		matched = report_peek(out, &session->head, &graph, &options->name_regex, options->limit);
	graph_release(&graph);
	if (matched)
		return SEEP_OK;
	return error_set(error, SEEP_ERR_NOT_FOUND,
			 "'%s' matches nothing with %s in %s; `seep top -n 0 --cum` lists what there is",
			 options->operands[0], options->type.name, session->head.recording);
}

int command_peek(int argc, char **argv)
{
	struct options options;
	int exit_code;

	if (!command_begin(FOR_PEEK, argc, argv, &options, &exit_code))
		return exit_code;
	exit_code = options.ages ? command_ages(&options) : command_report(&options, add_peek);
	options_release(&options);
	return exit_code;
}
