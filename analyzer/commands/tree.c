/* SPDX-License-Identifier: MIT */
/* seep tree - the calling-context tree from the outermost frame down. */
#include "commands.h"
#include "open.h"

static int add_tree(const struct session *session, struct buffer *out, struct error *error)
{
	const struct options *options = session->options;
	struct tree_options wanted = {
		.by = options->by,
		.limit = options->limit,
		.node_fraction = options->json ? 0 : GRAPH_NODE_FRACTION,
	};
	struct tree tree;

	(void)error;
	tree_build(&session->profile, &wanted, &tree);
	if (options->json)
		report_tree_json(out, &session->head, &tree);
	else
		report_tree(out, &session->head, &tree);
	tree_release(&tree);
	return SEEP_OK;
}

int command_tree(int argc, char **argv)
{
	struct options options;
	int exit_code;

	if (!command_begin(FOR_TREE, argc, argv, &options, &exit_code))
		return exit_code;
	exit_code = command_report(&options, add_tree);
	options_release(&options);
	return exit_code;
}
