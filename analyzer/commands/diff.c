/* SPDX-License-Identifier: MIT */
/*
 * seep diff A B - what came, grew, shrank and went, callsite by callsite; with an option that is about functions, what
 * `seep top --base A B` prints.
 */
#include "../render/comparison.h"
#include "commands.h"
#include "open.h"
#include "top.h"

static bool is_about_functions(const struct options *options)
{
	return options->by_is_given || options->by_cum || options->hide || options->show_all || options->since.form;
}

static int add_comparison(const struct session *session, struct buffer *out, struct error *error)
{
	const struct options *options = session->options;
	const struct session_recording *main = &session->main, *base = &session->base;
	struct profile_input before = {&base->recording, base->totals, base->count, -1};
	struct profile_input after = {&main->recording, main->totals, main->count, +1};
	struct comparison_options wanted = {
		.type = options->type,
		.focus = options->focus ? &options->focus_regex : NULL,
		.ignore = options->ignore ? &options->ignore_regex : NULL,
	};
	struct comparison comparison;

	(void)error;
	comparison_build(&before, &after, &wanted, &comparison);
	if (options->json)
		comparison_json(out, &session->head, &comparison, options->limit);
	else
		comparison_text(out, &session->head, &comparison, options->limit);
	comparison_release(&comparison);
	return SEEP_OK;
}

int command_diff(int argc, char **argv)
{
	struct options options;
	int exit_code;

	if (!command_begin(FOR_DIFF, argc, argv, &options, &exit_code))
		return exit_code;
	exit_code = command_report(&options, is_about_functions(&options) ? top_add : add_comparison);
	options_release(&options);
	return exit_code;
}
